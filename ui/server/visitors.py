"""Who asks: a visitor's address, and whether the page behind a session still waits for the answer."""

import ipaddress
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

GRACE = 10.0  # s between asking and listening for the answer, and between hanging up and being gone
REMEMBERED = 20_000  # sessions


def address_of(request: Any) -> str:
    """The client's address; behind a proxy the last public one that it was forwarded for; "" when there is none.

    What stands further left in the header is the client's own claim. Of an IPv6 address the network (/64) counts: a single
    machine has all of it.
    """
    headers, client = getattr(request, "headers", None) or {}, getattr(request, "client", None)
    given = [getattr(client, "host", "") or "", *(part.strip() for part in headers.get("x-forwarded-for", "").split(",") if part.strip())]
    public = [text for text in given[1:] if (address := _parsed(text)) and address.is_global]
    text = (public or given)[-1]
    address = _parsed(text)
    if address is None:
        return text[:64]
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address in what a proxy wrote, with or without a port: 1.2.3.4:5678, [2001:db8::1]:443."""
    host = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0] if text.count(":") == 1 else text
    try:
        address = ipaddress.ip_address(host.partition("%")[0])  # an interface of that machine may follow
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


class Listeners:
    """Which sessions have a stream open on which their answers go out. One that never asked through the gate always listens.

    Gradio closes a generator at its next value once the stream is closed (a hang-up is a cancelled request). It does not
    notice a job that nobody ever listened to, nor one that yields nothing, as those of the API; this does.
    """

    def __init__(self) -> None:
        self.grace = GRACE
        self._open: Counter[str] = Counter()
        self._since: OrderedDict[str, float] = OrderedDict()  # when it last asked or hung up

    def asked(self, session: str) -> None:
        """This session has sent a job and is expected to listen."""
        self._since[session] = time.monotonic()
        self._since.move_to_end(session)
        if len(self._since) > REMEMBERED:
            self._since.popitem(last=False)

    def knows(self, session: str) -> bool:
        """Whether this session has asked for anything before."""
        return session in self._since

    @contextmanager
    def stream(self, session: str) -> Iterator[None]:
        """A context in which one stream of this session is open."""
        self._open[session] += 1
        try:
            yield
        finally:
            self._open -= Counter([session])
            self.asked(session)

    def gone(self, session: str) -> bool:
        """Whether it has not listened for longer than the grace."""
        since = self._since.get(session)
        return since is not None and not self._open[session] and time.monotonic() - since > self.grace


LISTENERS = Listeners()
