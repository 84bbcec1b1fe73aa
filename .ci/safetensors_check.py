#!/usr/bin/env python3
"""Reads a run's newest checkpoint with Python's safetensors.

    python .ci/safetensors_check.py RUN

The policy computed from the file with NumPy alone must be finite and of the shapes that its
description names; the optimizer's moments must have the parameters' shapes.
"""

import json
import pathlib
import sys

import numpy
from safetensors import safe_open


def tensors(path):
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()


def main(run):
    checkpoint = sorted(pathlib.Path(run, "checkpoints").glob("step-*"))[-1]
    policy, metadata = tensors(checkpoint / "policy.safetensors")
    described = json.loads(metadata["mobula.policy"])
    hidden = numpy.zeros((1, described["network"]["inputs"]), numpy.float32)
    layer = 0
    while f"policy.{layer + 1}.weight" in policy:
        hidden = numpy.tanh(hidden @ policy[f"policy.{layer}.weight"].T + policy[f"policy.{layer}.bias"])
        layer += 1
    mean = hidden @ policy[f"policy.{layer}.weight"].T + policy[f"policy.{layer}.bias"]
    assert numpy.isfinite(mean).all(), mean
    assert mean.shape == (1, described["action-space"]["shape"][0]), mean.shape

    moments, steps = tensors(checkpoint / "optimizer.safetensors")
    assert int(steps["steps"]) > 0
    for name, moment in moments.items():
        parameter = policy[name.split("/", 1)[1]]
        assert moment.shape == parameter.shape, name
        assert numpy.isfinite(moment).all(), name
    print(f"{checkpoint.name}: {len(policy)} tensors of the policy, {len(moments)} moments")


if __name__ == "__main__":
    main(sys.argv[1])
