"""The page's lines for light work, shared fairly: few jobs of an address stand in each, and its others wait outside until they may.

Gradio's queue takes them as they come. So a visitor who asks once would wait until all that another asked for before is done.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary

from ui.server.pace import LONGEST, TooOften
from ui.server.visitors import address_of

IN_LINE = 2  # jobs of an address in one line: as many as the server has cores
LOOK = 0.02  # s between two looks


def came_from(event: Any) -> str:
    """The address of a job in Gradio's queue; worked out once."""
    if not hasattr(event, "address"):
        event.address = address_of(event.request)
    return event.address


class Lines:
    """Those who wait outside of `page`'s queue."""

    def __init__(self, page: Any):
        self.page = page
        self._outside: Counter[str] = Counter()
        self._doors: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def outside(self, address: str) -> int:
        """How many of this address wait."""
        return self._outside[address]

    @asynccontextmanager
    async def entering(self, fn: Any, address: str) -> AsyncIterator[None]:
        """A context in which a job joins its line; one of an address at a time, in order. TooOften when it can't soon."""
        until, door = time.monotonic() + LONGEST, self._doors.setdefault((address, fn.concurrency_id), asyncio.Lock())
        self._outside[address] += 1
        try:
            async with door:
                while self._inside(fn, address) >= IN_LINE:
                    if time.monotonic() > until:
                        raise TooOften(1)
                    await asyncio.sleep(LOOK)
                yield
        finally:
            self._outside -= Counter([address])

    def _inside(self, fn: Any, address: str) -> int:
        events = list(self.page._queue.event_ids_to_events.values())
        return sum(e.concurrency_id == fn.concurrency_id and came_from(e) == address for e in events)
