"""Training to a file: the checkpoint, its log, the state of an unfinished training, and the lock that keeps a second one away."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import hashlib
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from model.allocator import keep_freed_memory
from model.maml.recipes import RECIPES
from model.maml.training import MetaEpoch
from model.policy.checkpoint import CheckpointError, first_line, save, write_atomically
from model.policy.ssm import StateSpaceModel

try:
    import fcntl
except ImportError:  # Windows has none: there nothing is held
    fcntl = None

DIGEST = 32  # bytes of SHA-256 at the end of a state: a zip alone does not notice every damage
LOG_COLUMNS = tuple(f.name for f in dataclasses.fields(MetaEpoch))
Config = Any  # a frozen dataclass of settings with num_epochs, such as MetaTrainingConfig
Record = Any  # a frozen dataclass with at least epoch, episodes, env_steps and seconds, such as MetaEpoch
Learner = Any  # trains as MetaMAML does: train(model, resume), best, state_dict(), and Record, the class of its records


def log_row(record: Record) -> list[str]:
    """One row of the training log, in the order of the record's fields."""
    values = (getattr(record, f.name) for f in dataclasses.fields(record))
    return [" ".join(f"{x:.2f}" for x in v) if isinstance(v, tuple) else f"{v:.6g}" if isinstance(v, float) else str(v) for v in values]


def read_log(checkpoint: Path) -> list[dict[str, str]]:
    """The training log beside a checkpoint, a dictionary for each epoch."""
    with log_path(checkpoint).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def log_path(checkpoint: Path) -> Path:
    """Where the log of a checkpoint lies: <name>_log.csv beside it."""
    return checkpoint.with_name(f"{checkpoint.stem}_log.csv")


def state_path(checkpoint: Path) -> Path:
    """Where an unfinished training of a checkpoint keeps its state: <name>.state beside it."""
    return checkpoint.with_suffix(".state")


def read_state(checkpoint: Path, recipe: str, configs: Sequence[Config]) -> dict[str, Any]:
    """The state of an unfinished training. Raises CheckpointError if it is missing, damaged or of another training."""
    path = state_path(checkpoint)
    if not path.is_file():
        raise CheckpointError(f"there is no unfinished training at {path}")
    try:
        data = path.read_bytes()
        if hashlib.sha256(data[:-DIGEST]).digest() != data[-DIGEST:]:
            raise ValueError("its content is not what was written")
        state = torch.load(io.BytesIO(data[:-DIGEST]), weights_only=True)
        same = (state["recipe"], state["configs"]) == (recipe, [dataclasses.asdict(c) for c in configs])
        list(state["training"]["learner"])
    except Exception as error:  # a damaged file may fail in any way inside the reader
        raise CheckpointError(f"the training state {path} is damaged: {first_line(error)}; train without --resume") from None
    if not same:
        raise CheckpointError(f"the training state {path} has another recipe or settings; name those, or train without --resume")
    return state


def lock_path(out: Path) -> Path:
    """Where a training to `out` says that it is at work: <name>.lock beside it, the number of its process inside."""
    return out.with_suffix(".lock")


@contextlib.contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the lock of a checkpoint. CheckpointError when another process has it; the system frees it when its holder dies."""
    if fcntl is None:
        yield
        return
    path = lock_path(out)
    with open(path, "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise CheckpointError(f"{out} is being trained by process {file.read().strip()}; wait for it, or name another --out") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


@dataclasses.dataclass
class Training:
    """A training to a file: one config after the other, each from the best parameters of the one before.

    out: the checkpoint (.safetensors), its configs in the metadata; the log goes beside it as <name>_log.csv. After every epoch
    the state is written beside it, so that a killed training can go on (`read_state` gives `resume`); a finished one removes
    it. learner: what trains with a config, so many epochs after the beginning; by default that of the meta-training recipe so named.
    """

    recipe: str
    configs: tuple[Config, ...]
    out: Path
    resume: Mapping[str, Any] | None = None
    learner: Callable[[Config, int], Learner] | None = None

    @property
    def epochs_done(self) -> int:
        """Epochs behind a resumed training, of all configs."""
        return 0 if self.resume is None else self.resume["done"]["epoch"] + self.resume["training"]["epoch"]

    def epochs(self) -> Iterator[Record]:
        """Train and yield the epochs, counted over all configs; however it ends (also by Ctrl-C or close), the best is written.

        Raises CheckpointError when another process trains to the same file, OSError when it can't be written.
        """
        with locked(self.out):
            yield from self._epochs()

    def _epochs(self) -> Iterator[Record]:
        keep_freed_memory()
        state = self.resume
        first = state["phase"] if state else 0
        make = self.learner or RECIPES[self.recipe].learner
        self._log = io.StringIO(state["log"] if state else "")
        self._log.seek(0, io.SEEK_END)
        done = dict(state["done"]) if state else {"epoch": 0, "episodes": 0, "env_steps": 0, "seconds": 0.0}
        start = state["start"] if state else None  # the parameters that this config's training starts from
        learner = record = None
        try:
            for phase in range(first, len(self.configs)):
                config = self.configs[phase]
                learner = make(config, done["epoch"] + (state["training"]["epoch"] if state else 0))
                model = None if start is None else learner.best.with_params(start)
                for own in learner.train(model, state["training"] if state else None):
                    record = dataclasses.replace(own, **{name: getattr(own, name) + before for name, before in done.items()})
                    rows = csv.writer(self._log, lineterminator="\n")
                    if self._log.tell() == 0:
                        rows.writerow(f.name for f in dataclasses.fields(record))
                    rows.writerow(log_row(record))
                    self._write_state(phase, start, done, learner, record)
                    yield record
                if record is None:  # killed between the last epoch's state and the checkpoint: only that is left to do
                    record = learner.Record(**state["record"])
                    if phase == len(self.configs) - 1:
                        yield record
                done = {"epoch": record.epoch + 1, **{name: getattr(record, name) for name in ("episodes", "env_steps", "seconds")}}
                start, state = learner.best.params(), None
        finally:
            if record is not None:
                self._write(learner.best, record)

    def _write_state(self, phase: int, start: Mapping[str, Any] | None, done: Mapping[str, Any], learner: Learner, record: Record) -> None:
        state = {"recipe": self.recipe, "configs": [dataclasses.asdict(c) for c in self.configs], "phase": phase, "start": start}
        data = io.BytesIO()
        now = {"done": dict(done), "record": dataclasses.asdict(record), "log": self._log.getvalue(), "training": learner.state_dict()}
        torch.save({**state, **now}, data)
        write_atomically(state_path(self.out), data.getvalue() + hashlib.sha256(data.getvalue()).digest())

    def _write(self, best: StateSpaceModel, record: Record) -> None:
        metadata = {
            "recipe": self.recipe,
            "configs": [dataclasses.asdict(c) for c in self.configs],
            "epochs": record.epoch + 1,
            "env_steps": record.env_steps,
            "episodes": record.episodes,
        }
        save(best, self.out, metadata)
        write_atomically(log_path(self.out), self._log.getvalue().encode())
        if record.epoch + 1 == sum(c.num_epochs for c in self.configs):
            state_path(self.out).unlink()
