"""Heavy work stands in a line: two jobs at work, one for each core; one job a visitor; network addresses take turns.

Nobody is refused for a neighbour's sake: a class behind one address waits, and each reads the own place and about how long.
"""

from __future__ import annotations

import heapq
import inspect
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import gradio as gr

from ui.server.visitors import LISTENERS, address_of
from ui.views.messages import notice, problem
from ui.words import Place

AT_ONCE = 2
LONGEST = 200  # jobs of one address that may wait
HEAVY = {"concurrency_id": "heavy", "concurrency_limit": LONGEST + 56}
TRAINING = {"concurrency_id": "training", "concurrency_limit": 128}
"""For the page's heavy events: groups of their own, so that light ones never wait for them. Our lines are what bounds the work."""
MAX_THREADS = HEAVY["concurrency_limit"] + TRAINING["concurrency_limit"] + 64  # Gradio's: one for each event, waiting or not
FIRST_GUESS = 15.0  # s that a job takes, until one of its kind has ended


class Gone(gr.Error):
    """Nobody waits for this job any more."""

    def __init__(self) -> None:
        super().__init__("Nobody waits for this any more.", print_exception=False)


@dataclass(eq=False)
class Job:
    """A visitor's place in a line, and at work; a context manager: leaving it gives up either.

    seconds: what it is thought to take. stop: set where the visitor wants no more of it; whoever computes it looks.
    """

    line: Line = field(repr=False)
    visitor: str
    address: str
    kind: str
    seconds: float
    began: float | None = None  # when it was its turn
    waited: bool = False  # for its turn
    stop: threading.Event = field(default_factory=threading.Event, repr=False)

    def __enter__(self) -> Job:
        return self

    def __exit__(self, *_: Any) -> None:
        self.line.leave(self)

    @property
    def left(self) -> float:
        """Seconds that it will still be at work."""
        return self.seconds if self.began is None else max(1.0, self.seconds - (time.monotonic() - self.began))

    def places(self, every: float | None = None) -> Iterator[Place]:
        """The place, every so many seconds, until it is this job's turn or it is told to stop. Gone when nobody waits for it."""
        pause = 0.0
        while place := self.line.place(self, pause):
            self.waited = True
            self.check()
            yield place
            # Gradio makes every output's component anew for each value: who has far to go is told less often, so that a long line
            # costs little. A turn that comes ends the pause.
            pause = every or max(3.0, place.number)

    def check(self) -> None:
        """Gone when nobody waits for the answer any more."""
        if LISTENERS.gone(self.visitor):
            raise Gone

    def work(self, values: Iterator[Any]) -> Iterator[Any]:
        """The same values, computed when it is this job's turn and for as long as somebody waits for them.

        Until then a program reads its place in the status of its call.
        """
        for place in self.places():
            gr.Info(str(place))
        while True:
            self.check()
            value = next(values, self)
            if value is self:
                return
            yield value


class Line:
    """At most `at_once` jobs at work. The next is of an address with fewest at work, of those the one whose last turn is longest ago."""

    def __init__(self, at_once: int = AT_ONCE, longest: int = LONGEST):
        self.at_once, self.longest = at_once, longest
        self._jobs: list[Job] = []  # in order of arrival
        self._usual: dict[str, float] = {}  # kind -> s that such jobs took of late
        self._turns: dict[str, float] = {}  # address -> when its last turn began
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """How many are at work or wait."""
        return len(self._jobs)

    def enter(self, request: gr.Request, kind: str) -> Job:
        """As `join`, for whoever asks."""
        return self.join(request.session_hash, address_of(request), kind)

    def of(self, request: gr.Request) -> Job | None:
        """The job of whoever asks."""
        with self._changed:
            return next((j for j in self._jobs if j.visitor == request.session_hash), None)

    def stop(self, request: gr.Request) -> None:
        """Tell that job to stop, if there is one."""
        with self._changed:
            if job := self.of(request):
                job.stop.set()
                self._changed.notify_all()  # it may wait

    def join(self, visitor: str, address: str, kind: str, seconds: float | None = None) -> Job:
        """A job at the end of the line; kind: what it makes, as the visitor's word for it; seconds: what it takes, if known.

        ValueError, one sentence, for a visitor who has one, and where very many of the address wait.
        """
        with self._changed:
            for other in (j for j in self._jobs if j.visitor == visitor):
                raise ValueError(f"Your {'other ' if other.kind == kind else ''}{other.kind} is still under way; stop it or wait.")
            if sum(j.address == address and j.began is None for j in self._jobs) >= self.longest:
                raise ValueError(f"{self.longest} jobs of your network address wait; please try again in a few minutes.")
            job = Job(self, visitor, address, kind, seconds or self._usual.get(kind, FIRST_GUESS))
            self._jobs.append(job)
            return job

    def place(self, job: Job, wait: float) -> Place | None:
        """The job's place after at most `wait` seconds; None as soon as it is its turn, which it then has, or it is told to stop."""
        with self._changed:
            ready = job.began is None and self._changed.wait_for(lambda: job.stop.is_set() or self._may_begin(job), wait)
            if ready and not job.stop.is_set():
                job.began = self._turns[job.address] = time.monotonic()
            if job.began is not None or job.stop.is_set():
                return None
            ahead = self._waiting()[: self._waiting().index(job)]
            working = sorted(j.left for j in self._jobs if j.began is not None)
            free = [0.0] * (self.at_once - len(working)) + working  # s until each of the `at_once` ends
            for other in ahead:
                heapq.heapreplace(free, free[0] + other.left)
            return Place(len(ahead) + 1, free[0])

    def leave(self, job: Job) -> None:
        """Give up the place, or the turn."""
        with self._changed:
            self._jobs.remove(job)
            if job.began is not None:
                took = time.monotonic() - job.began
                self._usual[job.kind] = 0.7 * self._usual.get(job.kind, took) + 0.3 * took
            if all(j.address != job.address for j in self._jobs):
                self._turns.pop(job.address, None)
            self._changed.notify_all()

    def _may_begin(self, job: Job) -> bool:
        return sum(j.began is not None for j in self._jobs) < self.at_once and self._waiting()[0] is job

    def _waiting(self) -> list[Job]:
        """Those who wait, in the order of their turns."""
        before, ranks = Counter(j.address for j in self._jobs if j.began is not None), {}
        for job in (j for j in self._jobs if j.began is None):
            ranks[job] = (before[job.address], self._turns.get(job.address, 0.0))
            before[job.address] += 1
        return sorted(ranks, key=ranks.__getitem__)  # which keeps the order of arrival among equals


JOBS = Line()


def heavy(kind: str) -> Callable[[Callable], Callable[..., Iterator[dict]]]:
    """Marks a tab's handler as a heavy job; `kind` as in `Line.join`. Its event needs **HEAVY.

    The handler takes the request among its arguments. While it waits the tab's message says for how long, and when it may not
    wait why; the tab's Stop, if it has one, leaves the line. Nothing else changes meanwhile.
    """

    def mark(handler: Callable) -> Callable[..., Iterator[dict]]:
        @wraps(handler)
        def steps(tab: Any, *args: Any) -> Iterator[dict]:
            request = next(a for a in args if hasattr(a, "session_hash"))
            try:
                job = JOBS.enter(request, kind)
            except ValueError as error:
                yield {tab.message: problem(error)}
                return
            can_stop, cannot = ({tab.stop: gr.update(interactive=on)} if hasattr(tab, "stop") else {} for on in (True, False))
            with job:
                for place in job.places():
                    yield {tab.message: notice(str(place)), **can_stop}
                if job.began is None:
                    yield {tab.message: notice("You have left the line; nothing was begun."), **cannot}
                    return
                if job.waited and cannot:
                    yield cannot
                answer = handler(tab, *args)
                if not inspect.isgenerator(answer):
                    yield answer
                    return
                with closing(answer):
                    yield from job.work(answer)

        return steps

    return mark
