"""Files of visitors: made for one's download, which need not live long, for Gradio serves a copy; and those that they upload."""

import atexit
import os
import shutil
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

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


def is_uploaded(path: Any) -> bool:
    """Whether a path lies where Gradio puts what is uploaded."""
    folder = os.environ.get("GRADIO_TEMP_DIR") or os.path.join(tempfile.gettempdir(), "gradio")
    try:
        return isinstance(path, str) and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
    except ValueError:  # what can't be a path
        return False


def uploaded(file: Any) -> bytes:
    """What a visitor has uploaded; nothing where `file` is no upload, whatever else it is."""
    path = file.get("path") if isinstance(file, dict) else None
    return Path(path).read_bytes() if is_uploaded(path) and os.path.isfile(path) else b""
