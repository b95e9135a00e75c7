"""One training from the queue to its end, as a generator of states; the page and the API both draw from it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from model import MetaEpoch
from ui.server.training_process import TrainingProcess
from ui.server.training_queue import TRAININGS, TrainingQueue
from ui.training_settings import MetaSettings

TICK = 0.2  # s between two states: at most five a second
CHECK_SECONDS = 60.0  # a check that takes longer is given up
START_SECONDS = 120.0
AROUND = 8.0  # s that start and check usually take; for estimates


@dataclass(frozen=True)
class TrainingState:
    """How far a training is. phase: "waiting", "starting", "training", "checking", "done".

    place: the n-th of those who wait, for about `wait` seconds. seconds: of the phase "training" so far. best: the best
    checkpoint so far. ended: why the training ended, None before. show: see show.py. check: see worker.py. problem: what went
    wrong, one sentence.
    """

    settings: MetaSettings
    phase: str
    place: int = 0
    seconds: float = 0.0
    epochs: tuple[MetaEpoch, ...] = ()
    best: bytes | None = None
    ended: str | None = None
    show: dict | None = None
    check: dict | None = None
    problem: str | None = None
    wait: float = 0.0

    @property
    def left(self) -> float:
        """Seconds that are left of the training's time, or of its epochs where they end earlier."""
        left = self.settings.time_budget - self.seconds
        if self.epochs:
            done = len(self.epochs)
            left = min(left, self.seconds / done * (self.settings.config.num_epochs - done))
        return max(0.0, left)


class Watch:
    """Looks after a running process: passes on Stop, and ends what takes too long."""

    def __init__(self, process: TrainingProcess, budget: float):
        self.process, self.budget = process, budget
        self.began, self.seconds, self.ended_at = time.monotonic(), 0.0, None
        self.stops, self.out_of_time, self.problem, self.killed = 0, False, None, False

    def look(self, stops: int) -> TrainingState:
        """What stands now; stops: how often the visitor has pressed Stop."""
        process, now = self.process, time.monotonic()
        process.beat()
        if stops > self.stops:
            self.stops = stops
            process.stop() if stops == 1 and process.ended is None else process.skip()
        over = process.ended is not None or self.stops > 0 or self.out_of_time
        if process.started is not None and not over:
            self.seconds = now - process.started
            # The worker looks at the clock after each epoch; an epoch that is longer than what is left is cut off here.
            if self.seconds > self.budget:
                self.out_of_time = over = True
                process.stop()
        if over and self.ended_at is None:
            self.ended_at = now
        if process.started is None:
            if stops:
                self._kill()
            elif now - self.began > START_SECONDS:
                self._kill(f"The training process did not start within {START_SECONDS:.0f} s.")
        elif self.ended_at is not None and now - self.ended_at > CHECK_SECONDS:
            self._kill(f"The check took longer than {CHECK_SECONDS:.0f} s and was given up; the best parameters are kept.")
        return self._state("starting" if process.started is None else "checking" if over else "training")

    def last(self) -> TrainingState:
        """What stands when the process has finished."""
        return self._state("done", check=self.process.check, problem=self.problem or (None if self.killed else self.process.failure))

    def _kill(self, problem: str | None = None) -> None:
        self.killed, self.problem = True, problem
        self.process.kill()

    def _state(self, phase: str, **more) -> TrainingState:
        process = self.process
        ended = "time" if self.out_of_time else "stopped" if self.stops and process.ended is None else process.ended
        return TrainingState(process.settings, phase, 0, self.seconds, tuple(process.epochs), process.best, ended, process.show, **more)


def run_training(
    settings: MetaSettings,
    visitor: str,
    model: bytes | None = None,
    queue: TrainingQueue = TRAININGS,
    tick: float = TICK,
    address: str = "",
    only: int | None = None,
) -> Iterator[TrainingState]:
    """Wait for a place, train, check; yield a state every `tick` seconds, last of all one with phase "done".

    However this generator ends (closed, exhausted, by an exception), its place is free and its process gone. ValueError at once
    for a visitor who already trains, or when the line is full. model: a checkpoint to start from. only: end after so many
    epochs, and do without the check.
    """
    ticket = queue.enter(visitor, address)
    ticket.left = settings.time_budget + AROUND
    process = None
    try:
        while place := queue.place(ticket):
            if ticket.stops:
                yield TrainingState(settings, "done", ended="stopped")
                return
            yield TrainingState(settings, "waiting", place, wait=queue.wait(ticket))
            time.sleep(tick)
        process = TrainingProcess(settings, model, only)
        ticket.on_drop = process.kill
        watch = Watch(process, settings.time_budget)
        while not process.finished:
            queue.place(ticket)
            state = watch.look(ticket.stops)
            ticket.left = AROUND + (state.left if state.phase in ("starting", "training") else 0.0)
            yield state
            time.sleep(tick)
        yield watch.last()
    finally:
        if process is not None:
            process.kill()
        queue.leave(ticket)
