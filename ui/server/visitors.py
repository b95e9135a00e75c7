"""Who asks: a visitor's address, and whether the page behind a session still listens."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import Counter, OrderedDict
from typing import Any

GRACE = 3.0  # s between asking and listening for the answer, and between closing a page and being gone
REMEMBERED = 20_000  # sessions


def address_of(request: Any) -> str:
    """The client's address; behind a proxy the last public one that it was forwarded for; "" when there is none.

    What stands further left in the header is the client's own claim. Of an IPv6 address the network (/64) counts: a single
    machine has all of it.
    """
    headers, client = getattr(request, "headers", None) or {}, getattr(request, "client", None)
    forwarded = [part.strip() for part in headers.get("x-forwarded-for", "").split(",") if part.strip()]
    peer = getattr(client, "host", "") or ""
    public = [a for a in forwarded if _is_public(a)]
    return _network((public or forwarded or [peer])[-1])


def _is_public(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _network(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text[:64]
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


class Listeners:
    """Which sessions have a stream open on which their answers go out. A session that never asked through the gateway always listens."""

    def __init__(self, grace: float = GRACE):
        self.grace = grace
        self._since: OrderedDict[str, float] = OrderedDict()  # when it last asked or hung up
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()

    def asked(self, session: str) -> None:
        """This session has sent a job and is expected to listen."""
        with self._lock:
            self._note(session)

    def opened(self, session: str) -> None:
        """It listens (once more)."""
        with self._lock:
            self._open[session] += 1

    def closed(self, session: str) -> None:
        """One of its streams has ended."""
        with self._lock:
            self._open -= Counter([session])
            self._note(session)

    def _note(self, session: str) -> None:
        self._since[session] = time.monotonic()
        self._since.move_to_end(session)
        while len(self._since) > REMEMBERED:
            self._since.popitem(last=False)

    def listening(self, session: str) -> bool:
        """Whether a stream of this session is open."""
        return session not in self._since or self._open[session] > 0

    def gone(self, session: str) -> bool:
        """Whether it has not listened for longer than the grace."""
        since = self._since.get(session)
        return since is not None and self._open[session] == 0 and time.monotonic() - since > self.grace

    def absent(self, session: str) -> bool:
        """Whether no stream of this session is open and none is expected, whether it ever asked or not."""
        return self._open[session] == 0 and time.monotonic() - self._since.get(session, 0.0) > self.grace


LISTENERS = Listeners()
