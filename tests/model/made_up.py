"""Policies that many tests make up, whether two of them are the same to the last bit, and a small training by command."""

from pathlib import Path

import torch

from model import StateSpaceModel
from model.__main__ import main
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


SMALL = ["--num_epochs", "2", "--tasks_per_epoch", "2", "--episodes_per_task", "2", "--long_episodes_share", "0"]
SMALL += ["--max_steps_per_episode", "20", "--polish_epochs", "0"]


def train(out: Path, *options: str) -> int:
    return main(["train", "--json", "--out", str(out), *SMALL, *options])
