"""Settings of glibc's allocator, for work that allocates much and for servers that stay; without effect where the C library is another."""

from __future__ import annotations

import ctypes
import sys

# The parameters' numbers in glibc's malloc.h (man mallopt).
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8


def _set(parameter: int, value: int) -> None:
    """Set one parameter of the allocator."""
    if sys.platform.startswith("linux"):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(parameter, value)


def keep_freed_memory() -> None:
    """Keep freed memory for the next tensor instead of returning it to the system.

    Meta-training allocates and frees hundreds of megabytes each second; giving them back and asking for them again spent half
    of the time in page faults.
    """
    _set(M_MMAP_THRESHOLD, 2**30)
    _set(M_TRIM_THRESHOLD, 2**31 - 1)


def share_arenas() -> None:
    """Let all threads allocate from two arenas.

    By default each thread gets an arena of its own, up to eight for each core, and each holds what was freed in it. A server whose
    pool of threads takes turns at the same work would so hold several times what the work needs.
    """
    _set(M_ARENA_MAX, 2)
