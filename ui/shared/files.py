"""Files made for one visitor's download. Gradio serves its own copy, so ours need not live long."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
from functools import cache
from pathlib import Path

KEEP_SECONDS = 600


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ssm-metarl-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def new_file(name: str, data: bytes) -> str:
    """Write `data` to a file of this name in a new directory of its own, and forget those older than ten minutes."""
    for old in _folder().iterdir():
        if time.time() - old.stat().st_mtime > KEEP_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    path = Path(tempfile.mkdtemp(dir=_folder())) / name
    path.write_bytes(data)
    return str(path)
