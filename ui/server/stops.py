"""Stop flags of long runs, one for each visitor and kind of run.

They can't live in gr.State, which copies its first value for every visitor; so they stand here while the run lasts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_flags: dict[str, threading.Event] = {}


@contextmanager
def running(key: str) -> Iterator[threading.Event]:
    """A flag to look at during a run; a run of the same key that is still under way is told to stop."""
    stop(key)
    flag = _flags[key] = threading.Event()
    try:
        yield flag
    finally:
        if _flags.get(key) is flag:
            del _flags[key]


def stop(key: str) -> bool:
    """Tell the run of this key to stop; False if there is none."""
    flag = _flags.get(key)
    if flag is not None:
        flag.set()
    return flag is not None
