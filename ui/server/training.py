"""Every training of the server, in one place: who trains, who waits, what is kept for a visitor who comes back.

Each runs in a process of its own and outlives the page that began it: a reload finds it by a token that only the visitor's
browser holds. A thread for each reads what the process sends, and looks after it by one clock.
"""

import logging
import multiprocessing
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from ui.runs.training import TrainingState
from ui.server.jobs import AT_ONCE, Gone, Job, Line
from ui.server.training_worker import work
from ui.server.visitors import LISTENERS
from ui.training_settings import MetaSettings
from ui.words import count

SPAWN = multiprocessing.get_context("spawn")  # a fork of a server with threads may stand still
TICK = 0.2  # s between two looks
WAITING, GROWING = 2.0, 1.0  # s between two states of a phase: a page takes 0.15 s for each, on a slow machine three times as long
ALONE = 60.0  # s; a training that no page has looked at for so long is stopped
KEPT = 600.0  # s; how long a training that has ended can be found again
AROUND = 8.0  # s that start and check usually take; for estimates
LEFT_ALONE = "No page looked at this training for a minute, so it was stopped."
TOO_LONG = {
    "starting": (300.0, "The training process did not start within 300 s."),
    "checking": (180.0, "The check took longer than 180 s and was given up; the best parameters are kept."),
}


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(18)


def is_token(value: Any) -> bool:
    """Whether a browser may have kept this."""
    return isinstance(value, str) and len(value) == 24 and value.isascii()


class Training:
    """One training. `state` is the latest; ended: when it was over, None before. alone: s that it goes on without a page."""

    def __init__(self, settings: MetaSettings, start: bytes | None, job: Job, alone: float):
        self.state, self.ended = TrainingState(settings, "waiting"), None
        self._start, self._job, self._alone = start, job, alone
        self._looked, self._stop, self._kill = time.monotonic(), threading.Event(), threading.Event()
        threading.Thread(target=self._drive, daemon=True).start()

    def stop(self) -> None:
        """End what is under way: the line, the training (a check follows), the check."""
        self._stop.set()

    def kill(self) -> None:
        """End all of it."""
        self._kill.set()

    def states(self, looks: Callable[[], bool] = lambda: True) -> Iterator[TrainingState]:
        """The states from now on, for as long as a page looks: each phase at once, what grows in it now and then; the last is "done"."""
        phase, told = "", 0.0
        while looks() and phase != "done":
            self._looked, state = time.monotonic(), self.state
            if state.phase != phase or self._looked - told >= (WAITING if phase == "waiting" else GROWING):
                phase, told = state.phase, self._looked
                yield state
            time.sleep(TICK)

    def _set(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)

    def _left_alone(self) -> bool:
        return time.monotonic() - self._looked > self._alone

    def _must_end(self) -> bool:
        return self._kill.is_set() or self._left_alone()

    def _drive(self) -> None:
        """The thread: from the line to the end. However it goes, the place is free then and the process gone."""
        problem = None
        try:
            with suppress(Gone), self._job:
                for place in self._job.places(0.5):
                    self._set(place=place)
                    if self._stop.is_set() or self._must_end():
                        break
                else:
                    self._set(phase="starting", place=None)
                    problem = self._run()
            problem = problem or (LEFT_ALONE if self._left_alone() else None)
        except Exception:
            logging.getLogger(__name__).exception("a training failed")
            problem = "The training ended unexpectedly."
        self.ended = time.monotonic()
        self._set(phase="done", place=None, ended=self.state.ended or "stopped", problem=problem)

    def _run(self) -> str | None:
        """Train in a process; what went wrong, if anything."""
        here, there = SPAWN.Pipe()
        process = SPAWN.Process(target=work, args=(there, self.state.settings, self._start), daemon=True)
        process.start()
        there.close()  # the process's own end alone is open now: it tells when the process is gone
        try:
            with suppress(EOFError, ConnectionError):
                return self._follow(here)
            process.join()
            return self._failure(process.exitcode) if process.exitcode else None
        finally:
            process.kill()
            process.join()
            here.close()

    def _follow(self, pipe: Connection) -> str | None:
        """Read until the process must end; the sentence if it took too long. EOFError or ConnectionError when it has ended."""
        budget, began = self.state.settings.time_budget, time.monotonic()  # of the phase
        while True:
            if pipe.poll(TICK):
                changes = pipe.recv()
                if changes.get("phase", self.state.phase) != self.state.phase:
                    began = time.monotonic()
                new, ended = changes.pop("epochs", ()), changes.pop("ended", None)
                self._set(**changes, epochs=self.state.epochs + new, ended=self.state.ended or ended)
            phase, passed, stop = self.state.phase, time.monotonic() - began, self._stop.is_set()
            if phase == "training":
                self._set(seconds=min(passed, budget))
                self._job.seconds = time.monotonic() - self._job.began + self.state.left + AROUND
            if self._must_end() or (stop and phase != "training"):
                return None
            if phase == "training" and (stop or passed > budget):
                self._stop.clear()
                self._set(phase="checking", ended="stopped" if stop else "time")
                began = time.monotonic()
                pipe.send("stop")
            elif phase in TOO_LONG and passed > TOO_LONG[phase][0]:
                return TOO_LONG[phase][1]

    def _failure(self, code: int) -> str:
        """Why the process ended before its time."""
        done, how = len(self.state.epochs), f"signal {-code}" if code < 0 else f"exit code {code}"
        kept = f"the best parameters of its {count(done, 'epoch')} are kept" if done else "there is nothing to keep"
        return f"The training process ended unexpectedly ({how}); {kept}."


class Trainings:
    """All of them, by their visitors' tokens. alone: as in `Training`."""

    def __init__(self, at_once: int = AT_ONCE, alone: float = ALONE):
        self.line, self.alone = Line(at_once), alone
        self._lock = threading.Lock()
        self._trainings: dict[str, Training] = {}

    def begin(self, token: str, settings: MetaSettings, start: bytes | None = None, address: str = "") -> Training:
        """A training at the end of the line. start: a checkpoint; None for random weights. ValueError as in `Line.join`."""
        with self._lock:
            self._forget()
            job = self.line.join(token, address, "training", settings.time_budget + AROUND)
            training = self._trainings[token] = Training(settings, start, job, self.alone)
        return training

    def find(self, token: Any) -> Training | None:
        """The training of this token, under way or ended a short while ago."""
        with self._lock:
            self._forget()
            return self._trainings.get(token) if is_token(token) else None

    def _forget(self) -> None:
        now = time.monotonic()
        for token, training in list(self._trainings.items()):
            if training.ended is not None and now - training.ended > KEPT:
                del self._trainings[token]


TRAININGS = Trainings()


def run_training(
    settings: MetaSettings, visitor: str, model: bytes | None = None, address: str = "", trainings: Trainings = TRAININGS
) -> Iterator[TrainingState]:
    """A training of a program, which ends with this generator, and once the visitor, a session, is gone.

    ValueError as in `Line.join`. model: a checkpoint to start from.
    """
    training = trainings.begin(visitor, settings, model, address)
    try:
        yield from training.states(lambda: not LISTENERS.gone(visitor))
    finally:
        training.kill()
