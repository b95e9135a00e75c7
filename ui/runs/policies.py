"""The models behind the policies' names. The shipped ones are loaded once and only ever read."""

from functools import cache

import torch

from model import StateSpaceModel, load_pretrained
from ui.fields import SHIPPED


@cache
def shared_model(policy: str) -> StateSpaceModel | None:
    """The model behind a policy's name, the same object for all visitors: read it, never train it. None for random actions."""
    if policy == "random":
        return None
    if policy == "untrained":
        return StateSpaceModel(generator=torch.Generator().manual_seed(0)).eval().requires_grad_(False)
    return load_pretrained(policy).requires_grad_(False)


def load_all() -> None:
    """Read every shipped model now, so that a missing or damaged file shows at the start. Raises CheckpointError."""
    for policy in SHIPPED:
        shared_model(policy)
