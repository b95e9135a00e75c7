"""One training to a file at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from model.policy.checkpoint import CheckpointError

try:
    import fcntl
except ImportError:  # Windows has none: there nothing is held
    fcntl = None


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
    with open(path, "a+") as file:
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
