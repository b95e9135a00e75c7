"""Parameters as values: dictionaries of named tensors, with a leading task axis where many tasks are computed at once."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

Params = Mapping[str, Tensor]
"""Parameters as values: name -> tensor, with a leading task axis (M or 1) wherever `step` or `sequence_outputs` take them."""

GROUPS = ("A", "B", "C", "D", "other layers")


with_gradients = torch.inference_mode(False)
"""Decorates a function that differentiates: it does so under the caller's `no_grad` and `inference_mode` too."""


def group_of(name: str) -> str:
    """Which of GROUPS a parameter belongs to."""
    return name if name in GROUPS else "other layers"


def with_task_axis(params: Params, tasks: int = 1) -> dict[str, Tensor]:
    """Add the leading task axis: name -> (...) becomes name -> (tasks, ...)."""
    return {name: p.unsqueeze(0).expand(tasks, *p.shape) for name, p in params.items()}
