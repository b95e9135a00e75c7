"""Trainings outlive the page that began them: a reload finds its own again, by a token that only the visitor's browser holds."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ui.server.training_run import TICK, TrainingState, run_training
from ui.training_settings import MetaSettings

ALONE = 60.0  # s; a training that no page has looked at for so long is stopped
KEPT = 600.0  # s; how long a training that has ended can be found again
PAGES = 4  # that look at one training at once: each keeps a thread of the server busy
MOST = 40  # ended trainings that are kept at once; the oldest go first
LEFT_ALONE = "No page looked at this training for a minute, so it was stopped."


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(18)


def is_token(value: Any) -> bool:
    """Whether a browser may have kept this."""
    return isinstance(value, str) and len(value) == 24 and value.isascii()


class KeptTraining:
    """One training, driven by a thread of its own. `state` is the latest; ended: when it was over, None before."""

    def __init__(self, states: Iterator[TrainingState], on_end: Callable[[], None] = lambda: None):
        self._states, self._on_end = states, on_end
        self.state = next(states)  # raises what the queue raises
        self.seen, self.ended = time.monotonic(), None
        self._pages, self._lock = 0, threading.Lock()
        threading.Thread(target=self._drive, daemon=True).start()

    def _drive(self) -> None:
        problem = "The training ended unexpectedly."
        try:
            for state in self._states:
                self.state = state
                if time.monotonic() - self.seen > ALONE:
                    problem = LEFT_ALONE
                    break
        except (ValueError, OSError) as error:
            problem = str(error)
        finally:
            self._states.close()
            if self.state.phase != "done":
                self.state = replace(self.state, phase="done", ended="stopped", problem=problem)
            self.ended = time.monotonic()
            self._on_end()

    def states(self, looks: Callable[[], bool] = lambda: True, tick: float = TICK) -> Iterator[TrainingState]:
        """The states from now on, for as long as a page looks; the last has the phase "done". None beyond PAGES at once."""
        with self._lock:
            if self._pages >= PAGES:
                return
            self._pages += 1
        try:
            while looks():
                self.seen, state = time.monotonic(), self.state
                yield state
                if state.phase == "done":
                    return
                time.sleep(tick)
        finally:
            with self._lock:
                self._pages -= 1


class KeptTrainings:
    """Every training of the page, by its visitor's token."""

    def __init__(self) -> None:
        self._trainings: dict[str, KeptTraining] = {}
        self._lock = threading.Lock()

    def begin(
        self,
        token: str,
        settings: MetaSettings,
        model: bytes | None = None,
        on_end: Callable[[], None] = lambda: None,
        address: str = "",
    ) -> KeptTraining:
        """Start a training in the line; `on_end` is called once, when it is over or can't begin. ValueError as in `run_training`."""
        try:
            training = KeptTraining(run_training(settings, token, model, address=address), on_end)
        except BaseException:
            on_end()
            raise
        with self._lock:
            self._forget()
            self._trainings.pop(token, None)
            self._trainings[token] = training
        return training

    def find(self, token: Any) -> KeptTraining | None:
        """The training of this token, under way or ended a short while ago."""
        with self._lock:
            self._forget()
            return self._trainings.get(token) if is_token(token) else None

    def _forget(self) -> None:
        now = time.monotonic()
        ended = sorted((t.ended, token) for token, t in self._trainings.items() if t.ended is not None)
        for i, (at, token) in enumerate(ended):
            if now - at > KEPT or i < len(ended) - MOST:
                del self._trainings[token]


TRAININGS_KEPT = KeptTrainings()
