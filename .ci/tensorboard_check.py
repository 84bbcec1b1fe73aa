#!/usr/bin/env python3
"""Reads a run's TensorBoard event files with Google's tensorboard and compares them with metrics.csv.

usage: tensorboard_check.py RUN_DIRECTORY
needs: pip install tensorboard
"""
import csv
import math
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def as_float32(number):
    try:
        return struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        return math.copysign(math.inf, number)


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


def expected(path):
    """{metric: [(step, value)]} in the order of the file."""
    metrics = {}
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            step = int(row.pop("environment_steps"))
            row.pop("wall_seconds")
            for name, cell in row.items():
                if cell:
                    value = as_float32(float(cell.replace("Infinity", "inf")))
                    metrics.setdefault(name, []).append((step, value))
    return metrics


def main(run):
    run = pathlib.Path(run)
    events = EventAccumulator(str(run), size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    table = expected(run / "metrics.csv")
    if not table:
        return f"{run / 'metrics.csv'} has no values"
    tags = events.Tags()["scalars"]
    if set(tags) != set(table):
        return f"names differ: only in one of both {sorted(set(tags) ^ set(table))}"
    for name, points in table.items():
        read = [(event.step, event.value) for event in events.Scalars(name)]
        if len(read) != len(points):
            return f"{name}: {len(read)} events but {len(points)} rows"
        for (step, value), (row_step, row_value) in zip(read, points):
            if step != row_step or not same(value, row_value):
                return f"{name}: event {value} at {step} but row {row_value} at {row_step}"
    count = sum(len(points) for points in table.values())
    print(f"{run}: {count} values of {len(table)} metrics are the same in both")
    return None


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
