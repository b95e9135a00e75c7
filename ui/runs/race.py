"""A race as a value that grows step by step: every racer's way, the same that the Adapt tab makes with the same settings."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from model import StateSpaceModel
from model.worlds.cartpole import SOLVED
from ui.runs.adaptation import Curve, adapt, unadapted
from ui.settings import Racer, RaceSettings, adaptation_of


@dataclass(frozen=True)
class Lane:
    """A racer and its curve; of one that does not adapt, a curve of one point."""

    racer: Racer
    curve: Curve

    @property
    def stands_from(self) -> int | None:
        """The first step after which, and after every later one, the mean return counts as solved; None if there is none."""
        after = len(self.curve.points)
        for point in reversed(self.curve.points):
            if point.mean < SOLVED:
                break
            after = point.index
        return None if after == len(self.curve.points) else after

    @property
    def cost(self) -> float:
        """Environment steps that it took to stand; infinite where it does not."""
        step = self.stands_from
        return float("inf") if step is None else self.curve.points[step].step.env_steps


@dataclass(frozen=True)
class Race:
    """ended: "", "finished", "stopped", "time"."""

    settings: RaceSettings
    lanes: tuple[Lane, ...]
    ended: str = ""

    @property
    def made(self) -> int:
        """Steps that all have made together."""
        return sum(lane.curve.last.index for lane in self.lanes)

    @property
    def total(self) -> int:
        """Steps that they are to make."""
        return self.settings.num_adapt_steps * sum(lane.racer.mode != "none" for lane in self.lanes)


def race(settings: RaceSettings, model_of: Callable[[str], StateSpaceModel], stop: threading.Event) -> Iterator[Race]:
    """Yield the race after every step and every round of imagined rollouts of each racer; they take turns. The last one says how it ended.

    model_of: the model behind a policy's name.
    """
    lanes, ways = [], {}
    now = Race(settings, ())
    for i, racer in enumerate(settings.racers):
        model = model_of(racer.policy)
        if racer.mode == "none":
            lanes.append(Lane(racer, Curve("none", (unadapted(model, settings.world, settings.seed),))))
        else:
            ways[i] = adapt(adaptation_of(settings, racer), model, stop)
            lanes.append(Lane(racer, next(ways[i]).curves[0]))
        now = replace(now, lanes=tuple(lanes))
        yield now
    ended = {"finished"}
    while ways:
        for i, way in list(ways.items()):
            steps = lanes[i].curve.last.index
            for run in way:  # one step of this racer, its imagined rollouts included
                lanes[i] = replace(lanes[i], curve=run.curves[0])
                now = replace(now, lanes=tuple(lanes))
                yield now
                if run.ended:
                    ended.add(run.ended)
                    del ways[i]
                    break
                if run.curves[0].last.index > steps:
                    break
    yield replace(now, ended=next(e for e in ("stopped", "time", "finished") if e in ended))
