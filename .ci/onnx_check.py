#!/usr/bin/env python3
"""Runs exported policies in onnxruntime, and from their JSON by NumPy alone.

    python .ci/onnx_check.py FOLDER

The folder holds, as org.mobula.core.export.OnnxPolicies writes it, NAME.onnx, NAME.json and
NAME.answers.json. Actions, values and distributions must be those of Java, to 1e-5 of their scale, for
batches of any size.
"""

import json
import math
import pathlib
import sys

import numpy
import onnxruntime

TOLERANCE = 1e-5
ACTIVATIONS = {
    "IDENTITY": lambda x: x,
    "TANH": numpy.tanh,
    "RELU": lambda x: numpy.maximum(x, 0),
    "ELU": lambda x: numpy.where(x > 0, x, numpy.expm1(numpy.minimum(x, 0))),
    "SILU": lambda x: x / (1 + numpy.exp(-x)),
    "GELU": lambda x: 0.5 * x * (1 + numpy.vectorize(math.erf)(x / math.sqrt(2))),
}


def leaves(space):
    parts = space.get("parts", {})
    inner = list(parts.values()) if isinstance(parts, dict) else parts
    return [leaf for part in inner for leaf in leaves(part)] if inner else [space]


def choices(leaf):
    n = leaf.get("n")
    return n if leaf["type"] == "multi-discrete" else [n] if leaf["type"] == "discrete" else []


def close(what, actual, expected):
    actual, expected = numpy.asarray(actual, float), numpy.asarray(expected, float)
    assert actual.shape == expected.shape, (what, actual.shape, expected.shape)
    worst = numpy.max(numpy.abs(actual - expected) / numpy.maximum(1, numpy.abs(expected)), initial=0)
    assert worst <= TOLERANCE, f"{what} differs by {worst}"
    return worst


def softmax(logits):
    weights = numpy.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def distribution(policy, outputs):
    """As ActionEvaluation has it: probabilities of choices, means and deviations of numbers."""
    columns = []
    logit = number = 0
    for leaf in leaves(policy["action-space"]):
        if leaf["type"] == "box":
            size = len(leaf["low"])
            columns += [outputs["mean"][:, number : number + size]]
            columns += [numpy.exp(outputs["log_std"][:, number : number + size])]
            number += size
        elif leaf["type"] == "multi-binary":
            columns += [1 / (1 + numpy.exp(-outputs["logits"][:, logit : logit + leaf["n"]].astype(float)))]
            logit += leaf["n"]
        for n in choices(leaf):
            columns += [softmax(outputs["logits"][:, logit : logit + n])]
            logit += n
    return numpy.concatenate(columns, axis=1)


def same_actions(name, actual, rows, sizes):
    expected = numpy.array([row["action"] for row in rows])
    actual = actual.reshape(len(rows), -1)
    if actual.dtype == numpy.int64:
        assert (actual == expected).all(), f"{name} chooses {actual.tolist()}, not {expected.tolist()}"
        return 0
    return close(f"{name}: action", actual / sizes, expected / sizes)


def check(folder, name):
    session = onnxruntime.InferenceSession(folder / f"{name}.onnx", providers=["CPUExecutionProvider"])
    policy = json.loads(session.get_modelmeta().custom_metadata_map["mobula.policy"])
    assert session.get_modelmeta().custom_metadata_map["mobula.run"] == name
    rows = json.loads((folder / f"{name}.answers.json").read_text())["rows"]
    (observation, *masks) = session.get_inputs()
    assert observation.name == "observation" and [mask.name for mask in masks] == ["mask"] * len(masks)
    feed = {"observation": numpy.array([row["observation"] for row in rows], numpy.float32)}
    feed["observation"] = feed["observation"].reshape(-1, *observation.shape[1:])
    if masks:
        feed["mask"] = numpy.array([row["mask"] for row in rows])
    names = [output.name for output in session.get_outputs()]
    outputs = dict(zip(names, session.run(None, feed)))
    one = dict(zip(names, session.run(None, {key: value[:1] for key, value in feed.items()})))
    for key, value in outputs.items():
        close(f"{name}: the first {key} of a batch", one[key], value[:1])
    sizes = []
    for leaf in leaves(policy["action-space"]):
        bounds = [abs(x) for x in leaf.get("low", []) + leaf.get("high", []) if x is not None]
        sizes += [max([1, *bounds])] * (len(leaf["low"]) if leaf["type"] == "box" else len(choices(leaf)) or leaf["n"])
    worst = same_actions(name, outputs["action"], rows, numpy.array(sizes))
    if "value" in rows[0]:
        worst = max(worst, close(f"{name}: value", outputs["value"], [row["value"] for row in rows]))
    else:
        assert "value" not in names
    head = policy.get("head", {"type": "sampled"})["type"]
    if head == "sampled":
        expected = numpy.array([row["distribution"] for row in rows])
        worst = max(worst, close(f"{name}: distribution", distribution(policy, outputs), expected))
    elif head == "squashed":
        expected = numpy.array([row["distribution"] for row in rows])
        actual = numpy.concatenate([outputs["mean"], numpy.exp(outputs["log_std"])], axis=1)
        worst = max(worst, close(f"{name}: distribution", actual, expected))
    elif head == "greedy":
        values = outputs["action_value"]
        allowed = numpy.where(feed["mask"], values, -1e30) if masks else values
        assert (allowed.argmax(axis=1) == outputs["action"]).all()
    print(f"{name}: {len(rows)} rows of {', '.join(names)} agree to {worst:.1e}")
    if policy["network"]["type"] == "mlp":
        from_json(folder, name, feed, outputs)


def from_json(folder, name, feed, outputs):
    """The output row of a perceptron by NumPy, in as few lines as the README says."""
    file = json.loads((folder / f"{name}.json").read_text())
    assert file["format"] == "mobula-policy-1"
    network = file["policy"]["network"]
    tensors = {key: numpy.reshape(t["values"], t["shape"]) for key, t in file["tensors"].items()}
    if file["policy"]["observation-space"]["type"] != "box":
        return
    activation = ACTIVATIONS[network["activation"]]
    x = feed["observation"].reshape(len(feed["observation"]), -1).astype(float)
    if "normalizer" in file["policy"]:
        normalizer = file["policy"]["normalizer"]
        x = (x - normalizer["mean"]) / numpy.sqrt(numpy.array(normalizer["variance"]) + 1e-8)
        x = numpy.clip(x, -normalizer["clip"], normalizer["clip"])

    def layers(x, name, count):
        for i in range(count):
            x = activation(x @ tensors[f"{name}.{i}.weight"].T + tensors[f"{name}.{i}.bias"])
        return x

    trunk = layers(x, "trunk", len(network["trunk"]))
    row = []
    for column in network["columns"]:
        if column["type"] == "constant":
            row += [numpy.tile(tensors[column["name"]], (len(x), 1))]
        else:
            last = len(column["hidden"])
            weight, bias = (tensors[f"{column['name']}.{last}.{part}"] for part in ("weight", "bias"))
            row += [layers(trunk, column["name"], last) @ weight.T + bias]
    row = numpy.concatenate(row, axis=1)
    if "logits" in outputs and "mask" not in feed and "mean" not in outputs:
        close(f"{name}: logits of its JSON", row[:, : outputs["logits"].shape[1]], outputs["logits"])
    elif "action_value" in outputs and row.shape[1] == outputs["action_value"].shape[1]:
        close(f"{name}: values of its JSON", row, outputs["action_value"])
    elif "mean" in outputs and not file["policy"].get("scaled-actions"):
        size = outputs["mean"].shape[1]
        close(f"{name}: mean of its JSON", row[:, :size], outputs["mean"])


def main(folder):
    folder = pathlib.Path(folder)
    names = sorted(path.stem for path in folder.glob("*.onnx"))
    assert names, f"{folder} holds no policies"
    for name in names:
        check(folder, name)


if __name__ == "__main__":
    main(sys.argv[1])
