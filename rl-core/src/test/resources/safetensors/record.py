"""Writes the file that SafetensorsFileTest reads.

    python3 -m venv .venv && .venv/bin/pip install safetensors numpy
    .venv/bin/python record.py
"""

import pathlib

import numpy
from safetensors.numpy import save_file

save_file(
    {
        "policy.0.weight": numpy.arange(6, dtype=numpy.float32).reshape(2, 3) / 4 - 0.5,
        "policy.0.bias": numpy.array([1e-30, -3.4e38], dtype=numpy.float32),
        "temperature": numpy.array(0.1, dtype=numpy.float32),
        "nothing": numpy.zeros((0, 3), dtype=numpy.float32),
    },
    pathlib.Path(__file__).with_name("python.safetensors"),
    metadata={"algorithm": "ppo", "author": "Ada \u00fc \u2713"},
)
