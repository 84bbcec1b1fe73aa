"""Records what PyTorch's optimizers do, for PyTorchReferenceTest.

    python3 -m venv .venv && .venv/bin/pip install torch numpy
    .venv/bin/python record.py

The gradient of parameter i at step t is ((7 t + 13 i i + 5 i t) mod 101 - 50) / 64, exact in float32,
so that the test can make it again. Parameters 8 to 11 form a group of their own where a case has one.
"""

import json
import pathlib

import torch

COUNT = 12
SNAPSHOTS = (1, 2, 10, 100)
GROUP = {"learning-rate-factor": 0.5, "weight-decay": 0.0}

CASES = {
    "sgd": (torch.optim.SGD, dict()),
    "sgd-weight-decay": (torch.optim.SGD, dict(weight_decay=0.1)),
    "sgd-momentum": (torch.optim.SGD, dict(momentum=0.9, dampening=0.3, weight_decay=0.01)),
    "sgd-nesterov": (torch.optim.SGD, dict(momentum=0.9, nesterov=True)),
    "rmsprop": (torch.optim.RMSprop, dict(alpha=0.99, eps=1e-8)),
    "rmsprop-weight-decay": (torch.optim.RMSprop, dict(alpha=0.9, eps=1e-5, weight_decay=0.1)),
    "rmsprop-momentum": (torch.optim.RMSprop, dict(alpha=0.95, eps=1e-5, momentum=0.9)),
    "rmsprop-centered": (
        torch.optim.RMSprop,
        dict(alpha=0.9, eps=1e-2, momentum=0.5, centered=True, weight_decay=0.01),
    ),
    "adam": (torch.optim.Adam, dict(eps=1e-5)),
    "adam-weight-decay": (torch.optim.Adam, dict(betas=(0.8, 0.99), weight_decay=0.1)),
    "adam-amsgrad": (torch.optim.Adam, dict(betas=(0.9, 0.9), amsgrad=True)),
    "adamw": (torch.optim.AdamW, dict(weight_decay=0.1)),
    "adamw-amsgrad": (torch.optim.AdamW, dict(betas=(0.9, 0.9), weight_decay=0.1, amsgrad=True)),
    "adamw-group": (torch.optim.AdamW, dict(weight_decay=0.1)),
    "sgd-group": (torch.optim.SGD, dict(momentum=0.9, weight_decay=0.1)),
}


def learning_rate(step):
    return 0.01 if step <= 50 else 0.002


def gradient(step):
    numbers = [((7 * step + 13 * i * i + 5 * i * step) % 101 - 50) / 64 for i in range(COUNT)]
    return torch.tensor(numbers, dtype=torch.float32)


def numbers(tensors):
    return [float(x) for tensor in tensors for x in tensor.detach()]


def record(name, make, options):
    start = torch.tensor([((29 * i) % 23 - 11) / 16 for i in range(COUNT)], dtype=torch.float32)
    parameters = [start[:8].clone().requires_grad_(), start[8:].clone().requires_grad_()]
    groups = [{"params": [parameters[0]]}, {"params": [parameters[1]]}]
    factors = [1.0, 1.0]
    if name.endswith("-group"):
        groups[1]["weight_decay"] = GROUP["weight-decay"]
        factors[1] = GROUP["learning-rate-factor"]
    optimizer = make(groups, lr=1.0, foreach=False, **options)
    result = {"parameters": {}}
    for step in range(1, max(SNAPSHOTS) + 1):
        whole = gradient(step)
        parameters[0].grad, parameters[1].grad = whole[:8], whole[8:]
        for group, factor in zip(optimizer.param_groups, factors):
            group["lr"] = learning_rate(step) * factor
        optimizer.step()
        if step in SNAPSHOTS:
            result["parameters"][str(step)] = numbers(parameters)
    states = [optimizer.state[parameter] for parameter in parameters]
    result["moments"] = {
        key: numbers(state[key] for state in states)
        for key, value in states[0].items()
        if key != "step" and torch.is_tensor(value)
    }
    return result


def main():
    recorded = {name: record(name, *case) for name, case in CASES.items()}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(case)}" for name, case in recorded.items())
    text = f'{{\n  "torch": "{torch.__version__}",\n{lines}\n}}\n'
    pathlib.Path(__file__).with_name("pytorch.json").write_text(text)


if __name__ == "__main__":
    main()
