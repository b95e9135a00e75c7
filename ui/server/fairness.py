"""Who may do heavy work: one job for each visitor, few for each address, and all of them take turns, step by step.

Taking turns is what keeps the page fair: a job that has just begun gets its next step as soon as one that runs for long, and an
address with many jobs gets no more than one with a single job. So nobody waits in a line, and nobody can fill one.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import gradio as gr

from ui.server.visitors import LISTENERS, Listeners, address_of
from ui.views.messages import problem

AT_ONCE = 2  # turns at the same moment: one for each core of the server
PER_ADDRESS = 6  # jobs; a home or a classroom shares an address
MOST = 24  # jobs of all visitors
HEAVY = {"concurrency_id": "heavy", "concurrency_limit": MOST + 4}
TRAINING = {"concurrency_id": "training", "concurrency_limit": 12}
"""For the page's heavy events: groups of their own, so that light ones never wait for them, and long enough to refuse in words."""


class Gone(gr.Error):
    """Nobody waits for this job any more. An error that Gradio does not print."""

    def __init__(self) -> None:
        super().__init__("Nobody waits for this any more.", print_exception=False)


_here = threading.local()  # the job whose turn this thread has


class Turns:
    """At most `at_once` holders at the same moment; of those who wait, one whose address holds fewest and had its last turn longest ago."""

    def __init__(self, at_once: int = AT_ONCE):
        self.at_once = at_once
        self._changed = threading.Condition()
        self._waiting: list[Job] = []
        self._holding: Counter[str] = Counter()
        self._served: dict[str, int] = {}  # address -> the number of its last turn
        self._number = 0

    def take(self, job: Job) -> None:
        """Wait for a turn. Gone when the job's visitor leaves meanwhile."""
        with self._changed:
            self._waiting.append(job)
            try:
                while True:
                    job.check()
                    if job.listening and self._holding.total() < self.at_once and self._next() is job:
                        break
                    self._changed.wait(0.1)
            finally:
                self._waiting.remove(job)
                self._changed.notify_all()
            self._number += 1
            self._holding[job.address] += 1
            self._served[job.address], job.holds = self._number, True

    def give(self, job: Job) -> None:
        """End the turn, if the job holds one."""
        with self._changed:
            if job.holds:
                job.holds = False
                self._holding -= Counter([job.address])
                self._changed.notify_all()

    def _next(self) -> Job | None:
        present = [j for j in self._waiting if j.listening]
        return min(present, key=lambda j: (self._holding[j.address], self._served.get(j.address, 0)), default=None)

    def forget(self, address: str) -> None:
        """Drop what is remembered of an address that has no job left."""
        with self._changed:
            self._served.pop(address, None)


@dataclass(eq=False)
class Job:
    """A visitor's heavy job: a context manager; leaving it gives up the place."""

    visitor: str
    address: str
    kind: str
    jobs: Jobs = field(repr=False)
    holds: bool = False

    def __enter__(self) -> Job:
        return self

    def __exit__(self, *_: Any) -> None:
        self.jobs.leave(self)

    @property
    def listening(self) -> bool:
        """Whether the visitor's page is there to hear the answer."""
        return self.jobs.listeners.listening(self.visitor)

    def check(self) -> None:
        """Gone when nobody waits for the answer any more."""
        if self.jobs.listeners.gone(self.visitor):
            raise Gone

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A context in which one piece of work is done."""
        self.jobs.turns.take(self)
        _here.job = self
        try:
            yield
        finally:
            _here.job = None
            self.jobs.turns.give(self)

    def in_turns(self, values: Iterator[Any]) -> Iterator[Any]:
        """The same values, each computed in a turn of its own."""
        while True:
            with self.turn():
                value = next(values, self)
            if value is self:
                return
            yield value

    def while_wanted(self, values: Iterator[Any]) -> Iterator[Any]:
        """The same values, of work that is done elsewhere: none before the visitor listens, and no more once nobody does."""
        while not self.listening:
            self.check()
            time.sleep(0.05)
        for value in values:
            self.check()
            yield value


def rest(wait: Callable[[float], Any], seconds: float) -> None:
    """Wait in the middle of a piece of work, without holding the turn meanwhile."""
    job = getattr(_here, "job", None)
    if job is None:
        wait(seconds)
        return
    job.jobs.turns.give(job)
    wait(seconds)
    job.jobs.turns.take(job)


class Jobs:
    """The heavy jobs that are under way."""

    def __init__(self, turns: Turns | None = None, per_address: int = PER_ADDRESS, most: int = MOST, listeners: Listeners = LISTENERS):
        self.turns, self.per_address, self.most, self.listeners = turns or Turns(), per_address, most, listeners
        self._jobs: list[Job] = []
        self._lock = threading.Lock()

    def enter(self, request: gr.Request, kind: str) -> Job:
        """Begin a job; kind: what it makes, as the visitor's word for it.

        ValueError, one sentence, when the visitor, the address or the server has enough of them. Gone when nobody waits for it.
        """
        job = Job(request.session_hash, address_of(request), kind, self)
        job.check()
        with self._lock:
            for other in self._jobs:
                if other.visitor == job.visitor:
                    raise ValueError(f"Your {'other ' if other.kind == kind else ''}{other.kind} is still under way; stop it or wait.")
            if sum(j.address == job.address for j in self._jobs) >= self.per_address:
                raise ValueError(f"{self.per_address} jobs run for your network address; wait until one of them has ended.")
            if len(self._jobs) >= self.most:
                raise ValueError(f"The server is busy with {self.most} jobs; please try again in a minute.")
            self._jobs.append(job)
        return job

    def leave(self, job: Job) -> None:
        """End a job."""
        with self._lock:
            if job in self._jobs:
                self._jobs.remove(job)
            last = all(j.address != job.address for j in self._jobs)
        if last:
            self.turns.forget(job.address)


JOBS = Jobs()


def heavy(kind: str, in_turns: bool = True) -> Callable[[Callable], Callable]:
    """Marks a tab's handler as a heavy job; `kind` as in `Jobs.enter`. Its event needs **HEAVY, or **TRAINING.

    The handler takes the request among its arguments. When it may not begin, the tab's message says why, and nothing else changes.
    in_turns=False: the work is done in another process.
    """

    def mark(handler: Callable) -> Callable:
        @wraps(handler)
        def once(tab: Any, *args: Any) -> dict:
            try:
                job = JOBS.enter(_request(args), kind)
            except ValueError as error:
                return {tab.message: problem(error)}
            with job, job.turn():
                return handler(tab, *args)

        @wraps(handler)
        def steps(tab: Any, *args: Any) -> Iterator[dict]:
            try:
                job = JOBS.enter(_request(args), kind)
            except ValueError as error:
                yield {tab.message: problem(error)}
                return
            with job, closing(handler(tab, *args)) as values:
                yield from job.in_turns(values) if in_turns else job.while_wanted(values)

        return steps if inspect.isgeneratorfunction(handler) else once

    return mark


def _request(args: tuple) -> Any:
    return next(a for a in args if hasattr(a, "session_hash"))
