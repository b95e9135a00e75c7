"""The tasks of an epoch split among processes: torchrun --nproc-per-node N -m model train. Alone, every function is the identity.

All processes draw the same worlds, first states and noise, and each keeps those of its own tasks; the loss is normalised over
all of them, so that the sum of the processes' gradients is the gradient that one process would have computed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor


def start() -> None:
    """Join the other processes if torchrun started this one (gloo, on the CPU)."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        dist.init_process_group("gloo")


def stop() -> None:
    """Leave the other processes, once all are done: one that ended early would take the connection from those still at work."""
    if together():
        dist.barrier()
        dist.destroy_process_group()


def together() -> bool:
    """Whether this is one of several processes."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def is_first() -> bool:
    """Whether this process prints and writes files."""
    return not together() or dist.get_rank() == 0


def share(tasks: int) -> slice:
    """Which of an epoch's tasks belong to this process. Raises ValueError if there are fewer tasks than processes."""
    if not together():
        return slice(0, tasks)
    size, rank = dist.get_world_size(), dist.get_rank()
    if tasks < size:
        raise ValueError(f"tasks_per_epoch must be at least the number of processes = {size}, got {tasks}")
    return slice(tasks * rank // size, tasks * (rank + 1) // size)


def total(value: Tensor) -> Tensor:
    """The sum of a tensor over all processes."""
    if together():
        value = value.clone()
        dist.all_reduce(value)
    return value


def sum_gradients(parameters: Iterable[Tensor]) -> None:
    """Replace every gradient by its sum over all processes."""
    if together():
        for p in parameters:
            p.grad = total(p.grad if p.grad is not None else torch.zeros_like(p))
