"""The recipes of the shipped weights, and training to a file with a log."""

from __future__ import annotations

import csv
import ctypes
import dataclasses
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from model.cartpole import World
from model.checkpoint import save, write_atomically
from model.maml import MetaEpoch, MetaMAML, MetaTrainingConfig, WorldSampler
from model.worlds import standard_worlds, training_worlds

LOG_COLUMNS = tuple(f.name for f in dataclasses.fields(MetaEpoch))


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How one of the shipped checkpoints is made: settings, and where its worlds come from."""

    help: str
    config: MetaTrainingConfig
    worlds: Callable[[], WorldSampler]


def two_motors_first() -> WorldSampler:
    """The training distribution, after 80 epochs on the standard cart with normal and reversed motor only.

    Domain randomisation over everything at once settles on serving one direction of the motor and never learns the other.
    """
    drawn = 0

    def sample(n: int, generator: np.random.Generator) -> list[World]:
        nonlocal drawn
        drawn += 1
        return two_motors(n, generator) if drawn <= 80 else training_worlds(n, generator)

    return sample


RECIPES = {
    "meta": Recipe("meta-trained with inner steps", MetaTrainingConfig(), lambda: training_worlds),
    "memory": Recipe(
        "the same worlds, zero inner steps (domain randomisation)",
        MetaTrainingConfig(
            inner_steps=0, num_epochs=1300, outer_updates=3, entropy_bonus=0.005, length_exponent=1.0, normalise_per_task=True
        ),
        two_motors_first,
    ),
    "standard": Recipe(
        "the standard world only, zero inner steps",
        MetaTrainingConfig(inner_steps=0, num_epochs=60, outer_updates=3),
        lambda: standard_worlds,
    ),
}


def two_motors(n: int, generator: np.random.Generator) -> list[World]:
    """n standard worlds, every second one with the motor reversed."""
    return [World(reversed_motor=bool(i % 2)) for i in range(n)]


THIRTY_SECONDS = MetaTrainingConfig(
    num_epochs=60,
    tasks_per_epoch=20,
    min_support_episodes=10,
    inner_steps=1,
    outer_lr=0.003,
    outer_updates=3,
    long_episodes_share=0.0,
)
"""The quickest meta-training worth watching, on `two_motors`: how well it ends is measured by python -m model benchmark."""


def keep_freed_memory() -> None:
    """Let glibc keep freed memory for the next tensor instead of returning it to the system.

    Meta-training allocates and frees hundreds of megabytes each second; giving them back and asking for them again spent half
    of the time in page faults. Does nothing where the C library is not glibc.
    """
    if sys.platform.startswith("linux"):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(-3, 2**30)  # M_MMAP_THRESHOLD
            mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD


def log_row(record: MetaEpoch) -> list[str]:
    """One row of the training log, in the order of LOG_COLUMNS."""
    values = (getattr(record, name) for name in LOG_COLUMNS)
    return [" ".join(f"{x:.2f}" for x in v) if isinstance(v, tuple) else f"{v:.6g}" if isinstance(v, float) else str(v) for v in values]


def read_log(checkpoint: Path) -> list[dict[str, str]]:
    """The training log beside a checkpoint, a dictionary for each epoch."""
    with log_path(checkpoint).open(newline="") as file:
        return list(csv.DictReader(file))


def log_path(checkpoint: Path) -> Path:
    """Where the log of a checkpoint lies: <name>_log.csv beside it."""
    return checkpoint.with_name(f"{checkpoint.stem}_log.csv")


def train_to_file(learner: MetaMAML, recipe: str, out: Path) -> Iterator[MetaEpoch]:
    """Train and yield the epochs; however it ends (also by Ctrl-C or close), the best parameters and the log are written.

    out: the checkpoint (.safetensors), its config in the metadata; the log goes beside it as <name>_log.csv.
    """
    keep_freed_memory()
    table = io.StringIO()
    log = csv.writer(table, lineterminator="\n")
    log.writerow(LOG_COLUMNS)
    record = None
    try:
        for record in learner.train():
            log.writerow(log_row(record))
            yield record
    finally:
        if record is not None:
            metadata = {
                "recipe": recipe,
                "config": dataclasses.asdict(learner.config),
                "epochs": record.epoch + 1,
                "env_steps": record.env_steps,
                "episodes": record.episodes,
            }
            save(learner.best, out, metadata)
            write_atomically(log_path(out), table.getvalue().encode())
