"""Writes the TorchScript files of the tests beside them: python torchscript.py (with torch 2.x)."""

from pathlib import Path

import torch
from torch import Tensor, nn

OUT = Path(__file__).parent.parent / "resources" / "org" / "mobula" / "serve" / "djl"


class Double(nn.Module):
    """One FP32 input of four numbers, doubled by a linear layer."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4, bias=False)
        with torch.no_grad():
            self.linear.weight.copy_(2 * torch.eye(4))

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x)


class Triple(Double):
    """The same with another factor: a newer version."""

    def __init__(self):
        super().__init__()
        with torch.no_grad():
            self.linear.weight.copy_(3 * torch.eye(4))


class Mixed(nn.Module):
    """FP32, INT64 and BOOL inputs; three outputs, one of which does not lie row-major."""

    def forward(self, x: Tensor, index: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        picked = x.gather(1, index.unsqueeze(1)).squeeze(1)
        turned = torch.where(mask.unsqueeze(1), x, -x).t().contiguous().t()
        return turned, index + 1, mask.logical_not() | (picked > 0)


class Picky(nn.Module):
    """Raises an error on negative numbers."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        if bool((x < 0).any()):
            raise ValueError("negative")
        return x * self.weight


class Total(nn.Module):
    """Its output has no rows, so batches cannot be taken apart."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sum()


for name, module in {
    "double": Double(),
    "triple": Triple(),
    "mixed": Mixed(),
    "picky": Picky(),
    "total": Total(),
}.items():
    torch.jit.save(torch.jit.script(module.eval()), OUT / f"{name}.pt")
