"""Policies that many tests make up, and whether two of them are the same to the last bit."""

import torch

from model import StateSpaceModel
from model.policy.params import with_task_axis


def random_model(seed: int = 0, **sizes: int) -> StateSpaceModel:
    return StateSpaceModel(**sizes, generator=torch.Generator().manual_seed(seed))


def random_params(tasks: int = 1, seed: int = 0) -> dict[str, torch.Tensor]:
    """The same parameters for so many tasks."""
    return with_task_axis(random_model(seed).params(), tasks)


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(p, b[n]) for n, p in a.items())


def same_parameters(a: StateSpaceModel, b: StateSpaceModel) -> bool:
    return same(a.params(), b.params())
