"""Who may train now, and who waits: one training for each visitor, and of those who wait an address's second after all others' first."""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

RUNNING = 2  # one for each core of the server
WAITING = 8
FORGOTTEN = 20.0  # s; a ticket that nobody asked about for so long is dropped
DOUBLE_CLICK = 0.7  # s


@dataclass(eq=False)
class Ticket:
    """A visitor's place. stops: how often the visitor pressed Stop, last at `stopped`. on_drop ends what runs on it.

    left: the seconds that its training will hold a place from now on, or once it has begun; kept up to date by the training.
    began: whether it holds a place to train.
    """

    visitor: str
    address: str = ""
    stops: int = 0
    stopped: float = -math.inf
    seen: float = field(default_factory=time.monotonic)
    on_drop: Callable[[], None] = lambda: None
    left: float = 0.0
    began: bool = False


class TrainingQueue:
    """Tickets in order of arrival; `running` of them train. ui/server/fairness.py bounds how many an address can have."""

    def __init__(self, running: int = RUNNING, waiting: int = WAITING, forgotten: float = FORGOTTEN):
        self.running, self.waiting, self.forgotten = running, waiting, forgotten
        self._tickets: list[Ticket] = []
        self._lock = threading.Lock()

    def enter(self, visitor: str, address: str = "") -> Ticket:
        """A ticket at the end of the line. ValueError, one sentence, for a visitor who has one, and when the line is full."""
        with self._lock:
            self._drop_forgotten()
            if any(t.visitor == visitor for t in self._tickets):
                raise ValueError("A training of yours is under way; stop it first.")
            if len(self._tickets) >= self.running + self.waiting:
                raise ValueError(f"{self.running} trainings run and {self.waiting} visitors wait; please try again in a few minutes.")
            ticket = Ticket(visitor, address)
            self._tickets.append(ticket)
            return ticket

    def place(self, ticket: Ticket) -> int:
        """0: it may train now. n: the n-th of those who wait. Asking keeps the ticket; ValueError when it was dropped."""
        with self._lock:
            ticket.seen = time.monotonic()
            self._drop_forgotten()
            if ticket not in self._tickets:
                raise ValueError("This training was given up, because its page did not answer.")
            place = max(0, self._line().index(ticket) + 1 - self.running)
            ticket.began = ticket.began or place == 0
            return place

    def wait(self, ticket: Ticket) -> float:
        """Seconds until this ticket may train if all before it take the time that they have left; 0 for one who trains."""
        with self._lock:
            line = self._line()
            ahead = line[: line.index(ticket)] if ticket in line else []
            free = [0.0] * max(0, self.running - len(ahead)) + sorted(t.left for t in ahead[: self.running])
            for waiting in ahead[self.running :]:
                heapq.heapreplace(free, free[0] + waiting.left)
            return free[0]

    def leave(self, ticket: Ticket) -> None:
        """Give up the place, if it is still held."""
        with self._lock:
            if ticket in self._tickets:
                self._tickets.remove(ticket)

    def stop(self, visitor: str) -> int:
        """Note that this visitor wants to stop; how often it was said, 0 when nothing of this visitor's runs. Two at once are one."""
        with self._lock:
            for ticket in self._tickets:
                if ticket.visitor == visitor:
                    now = time.monotonic()
                    if now - ticket.stopped > DOUBLE_CLICK:
                        ticket.stops, ticket.stopped = ticket.stops + 1, now
                    return ticket.stops
        return 0

    def _line(self) -> list[Ticket]:
        """Those who train, then those who wait: first who has the fewest of their address before them, then who came first."""
        line, before = [t for t in self._tickets if t.began], Counter(t.address for t in self._tickets if t.began)
        ranks = []
        for ticket in (t for t in self._tickets if not t.began):
            ranks.append((before[ticket.address], len(ranks), ticket))
            before[ticket.address] += 1
        return line + [ticket for *_, ticket in sorted(ranks, key=lambda r: r[:2])]

    def _drop_forgotten(self) -> None:
        now = time.monotonic()
        for ticket in [t for t in self._tickets if now - t.seen > self.forgotten]:
            self._tickets.remove(ticket)
            ticket.on_drop()


TRAININGS = TrainingQueue()
