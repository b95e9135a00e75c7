"""How many visits the server can remember, from the memory that it has."""

from __future__ import annotations

import os
from pathlib import Path

VISIT = 2.0  # MB; a usual visit holds 0.4 (tests/load.py), one that has adapted a hundred steps in both ways 7
GIVEN = "SSM_METARL_VISITS"  # an environment variable: how many visits to remember, whatever the memory
SHARE = 0.125  # of the memory: 2 GB of a Space; it would hold even if all visits were of the largest
LIMITS = (300, 4000)  # visits
CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def memory() -> float:
    """The memory that this process may use, MB: the machine's, or its container's where that is less."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")] if hasattr(os, "sysconf") else [4e9]
    for path in map(Path, CGROUPS):
        text = path.read_text().strip() if path.is_file() else ""
        sizes += [int(text)] if text.isdigit() else []
    return min(sizes) / 1e6


def session_capacity() -> int:
    """Visits to remember; which are forgotten first says ui/server/lean.py."""
    given = os.environ.get(GIVEN, "")
    if given.isascii() and given.isdigit() and int(given):
        return int(given)
    low, high = LIMITS
    return int(min(high, max(low, memory() * SHARE / VISIT)))
