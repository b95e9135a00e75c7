"""How often one address may do what costs the server something: a number at once, and then one after another."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict

LONGEST = 10.0  # s that anyone waits; who would wait longer is refused
REMEMBERED = 10_000  # addresses


class TooOften(Exception):
    """It would take too long; `seconds` until it would not."""

    def __init__(self, seconds: int):
        super().__init__(seconds)
        self.seconds = seconds


class Pace:
    """`at_once` for each address, and then `a_second` of them."""

    def __init__(self, at_once: int, a_second: float):
        self.at_once, self.a_second = at_once, a_second
        self._next: OrderedDict[str, float] = OrderedDict()  # address -> when its next comes, after those that come at once

    async def wait(self, address: str) -> None:
        """Until it is this address's turn. TooOften at once when that is too long."""
        now = time.monotonic()
        at = max(self._next.pop(address, 0.0), now - self.at_once / self.a_second)
        late = at - now > LONGEST
        self._next[address] = at if late else at + 1 / self.a_second
        while len(self._next) > REMEMBERED:
            self._next.popitem(last=False)
        if late:
            raise TooOften(math.ceil(at - now - LONGEST))
        if at > now:
            await asyncio.sleep(at - now)
