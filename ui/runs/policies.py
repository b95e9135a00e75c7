"""The policies that a visitor can watch. The shipped models are loaded once and only ever read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import MappingProxyType

import torch

from model import StateSpaceModel, load_pretrained

POLICIES: MappingProxyType[str, str] = MappingProxyType(
    {
        "meta": "Meta-trained",
        "memory": "Memory (adapts within the episode)",
        "standard": "Standard (trained on the standard world only)",
        "untrained": "Untrained (random weights)",
        "random": "Random actions",
        "yours": "Yours (adapted or trained in this visit)",
    }
)
SHIPPED = ("meta", "memory", "standard")


def choices(yours: bool = False, leave_out: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Policies as a list to choose from, (text, name). yours: whether the visitor has a policy of their own."""
    return [(text, name) for name, text in POLICIES.items() if name not in leave_out and (yours or name != "yours")]


def short_name(policy: str) -> str:
    """A policy's name without its explanation; a name of no policy stays as it is."""
    return POLICIES.get(policy, policy).split(" (")[0]


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
