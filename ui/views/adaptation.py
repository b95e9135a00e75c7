"""An adaptation's pictures as values: the stage and the curve; and the pace at which they are shown."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from model import StateSpaceModel
from ui.fields import MODES, short_name
from ui.runs.adaptation import EVALUATION_EPISODES, AdaptRun, Curve, Point
from ui.runs.episode import record
from ui.settings import AdaptSettings
from ui.views.charts import Series, chart_value
from ui.views.decisions import decisions
from ui.views.imagined import ghost, recorded
from ui.views.learnt import dynamics_of
from ui.views.player import Shown, player_value
from ui.words import OF_ALL, count

PACE = 0.2  # s between two pictures that are all shown: quicker, an eye could not follow
PASSING = 0.5  # s between two of many, of which some may go unseen: a page takes 0.15 s for each, and more on a slow machine
X_TITLE = "gradient steps"
Y_TITLE = f"return (steps {OF_ALL})"


def paced(
    values: Iterator[Any], stop: threading.Event, wait: bool = True, passes: Callable[[Any], bool] = lambda value: False
) -> Iterator[Any]:
    """Values some time apart. wait: each is shown for PACE, but those that `passes` tells; else one every PASSING, and none need be shown.

    Stop ends the waiting. The last value always comes.
    """
    shown_at, pending = -PASSING, None
    for value in values:
        shown = wait and not passes(value)
        pause = (PACE if shown else PASSING) - (time.monotonic() - shown_at)
        if pause > 0 and shown:
            stop.wait(pause)
        elif pause > 0:
            pending = value
            continue
        pending, shown_at = None, time.monotonic()
        yield value
    if pending is not None:
        yield pending


def preview_value(model: StateSpaceModel, s: AdaptSettings) -> dict[str, Any]:
    """The stage before a run: the starting point in its world."""
    recording = record(model, s.world, s.seed, policy=s.start)
    shown = Shown(recording, "before", f"Before adaptation: {short_name(s.start)}", decisions(model))
    return player_value(shown, signals=False)


def stage_value(run: AdaptRun, step: int | None = None) -> dict[str, Any]:
    """Before and after side by side, from the same start; after the last step unless another is given."""
    shown = [_shown(run, run.before, "before", "Before")]
    for curve in run.curves:
        name = "" if len(run.curves) == 1 else f"{MODES[curve.mode]}, "
        point = curve.last if step is None else curve.points[min(step, curve.last.index)]
        label = f"after {count(point.index, 'step')}"
        shown.append(_shown(run, point, curve.mode, name + label if name else label.capitalize()))
    maps = {c.mode: [decisions(p.model) for p in c.points] for c in run.curves}
    return player_value(*shown, signals=False, maps=maps)


def _shown(run: AdaptRun, point: Point, role: str, label: str) -> Shown:
    s = run.settings
    recording = recorded(point.model, s.world, s.seed, policy=s.start)
    # Before and after hybrid adaptation, what its dynamics model imagines of the same policy from the same start.
    dynamics = dynamics_of(run.curve("hybrid")) if role in ("before", "hybrid") else None
    imagined = None if dynamics is None else ghost(dynamics, point.model, recording)
    return Shown(recording, role, label, decisions(point.model), imagined)


def curve_value(run: AdaptRun) -> dict[str, Any]:
    """Return against gradient step, a line and a band for each mode; the x axis is as long as the run is to be."""
    before = run.before
    mean = before.mean
    series = [Series("before", "before adaptation", (0, run.target), (mean, mean), markers=False)]
    series += [_series(c, run.settings.start) for c in run.curves]
    n = EVALUATION_EPISODES
    note = f"Line: mean of {n} greedy episodes. Band: from the lowest to the highest of them. Ring: no episode fell, nothing was learnt."
    return chart_value(series, X_TITLE, Y_TITLE, (0, run.target), note=note)


def _series(curve: Curve, start: str) -> Series:
    points, name = curve.points, MODES[curve.mode].lower()
    words = [
        f"{name}, step {p.index}: {p.mean:.1f} ({p.returns.min():.0f} to {p.returns.max():.0f}), "
        f"{count(p.step.env_steps, 'environment step')}, {p.step.seconds:.2f} s"
        for p in points
    ]
    return Series(
        curve.mode,
        f"{name}, {short_name(start)}",
        [p.index for p in points],
        [p.mean for p in points],
        [p.returns.min() for p in points],
        [p.returns.max() for p in points],
        hollow=[p.index > 0 and not p.moved for p in points],
        words=words,
    )
