"""Files made for one visitor's download. Gradio serves its own copy, so ours need not live long."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
from functools import cache
from pathlib import Path

KEEP_SECONDS = 600
_made: dict[Path, float] = {}  # each file's directory, and when it was made


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ssm-metarl-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def new_file(name: str, data: bytes) -> str:
    """Write `data` to a file of this name in a new directory of its own; those older than ten minutes go. OSError leaves nothing behind."""
    now = time.monotonic()  # which no change of the clock can jump
    for old in [folder for folder, made in list(_made.items()) if now - made > KEEP_SECONDS]:
        _made.pop(old, None)
        shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=_folder()))
    _made[folder], path = now, folder / name
    try:
        path.write_bytes(data)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return str(path)
