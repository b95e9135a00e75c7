"""Runs of this visit that the visitor has pinned, as values: what is remembered of each, and the chart, table and file of them."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model.worlds.cartpole import SOLVED
from ui.runs.adaptation import EVALUATION_EPISODES, AdaptRun, Curve
from ui.runs.policies import short_name
from ui.runs.recipe import link_of
from ui.views.adaptation import Y_TITLE
from ui.views.charts import Series, chart_value
from ui.views.player import differences
from ui.words import MODE_NAMES, count

MOST = 6  # more lines than that can't be told apart
DASHES = ((), (8, 4), (2, 3), (12, 4, 2, 4), (4, 8), (16, 4, 2, 3, 2, 4))  # by the run's number: those on the chart differ
X_TITLE = "environment steps learnt from"
NOTE = f"Dots: after every step, the mean of {EVALUATION_EPISODES} greedy episodes. Number: the run's, at its last step."


@dataclass(frozen=True)
class Pin:
    """One mode's curve of a run. A row of `points`: environment steps, seconds, and the returns' mean, lowest and highest."""

    number: int
    run_id: str
    mode: str
    name: str
    lr: float | None  # None: it made no gradient step on fresh episodes
    link: str
    points: tuple[tuple[int, float, float, float, float], ...]

    @property
    def label(self) -> str:
        """Number and name."""
        return f"{self.number}: {self.name}"

    @property
    def cost(self) -> int | None:
        """Environment steps until it stood; None if it never did."""
        return next((steps for steps, _, mean, _, _ in self.points if mean >= SOLVED), None)


def pinned(pins: Sequence[Pin], run: AdaptRun) -> tuple[Pin, ...]:
    """The pins with those of this run, the oldest gone where they would be too many. ValueError when it is pinned already."""
    if any(p.run_id == run.id for p in pins):
        raise ValueError("This run is pinned already")
    number, s = max((p.number for p in pins), default=0), run.settings
    about = f"{short_name(s.start)}, {', '.join(differences(s.world))}"
    made = []
    for curve in run.curves:
        number += 1
        name = f"{about}, {MODE_NAMES[curve.mode].lower()}, seed {s.seed}"
        made.append(Pin(number, run.id, curve.mode, name, _rate(curve), link_of(run), _points(curve)))
    return (*pins, *made)[-MOST:]


def _rate(curve: Curve) -> float | None:
    return curve.segments[-1].config.adapt_lr or None


def _points(curve: Curve) -> tuple[tuple[int, float, float, float, float], ...]:
    returns = [(float(p.returns.mean()), float(p.returns.min()), float(p.returns.max())) for p in curve.points]
    return tuple((p.env_steps, p.seconds, *r) for p, r in zip(curve.points, returns, strict=True))


def pins_chart(pins: Sequence[Pin]) -> dict[str, Any]:
    """Return against environment steps, a line for each pin."""
    series = []
    for p in pins:
        words = [f"{p.number}, step {i}: {row[2]:.1f} on {count(row[0], 'environment step')}" for i, row in enumerate(p.points)]
        x, y = [row[0] for row in p.points], [row[2] for row in p.points]
        series.append(Series(p.mode, p.label, x, y, words=words, mark=str(p.number), dash=DASHES[(p.number - 1) % len(DASHES)]))
    furthest = max((p.points[-1][0] for p in pins), default=0)
    return chart_value(series, X_TITLE, Y_TITLE, (0, max(furthest, 1)), note=NOTE, empty="Tick a run to see its line.")


HEAD = ("", "Run", "Learning rate", "Before", "After", "Environment steps to stand", "Time")


def pins_table(pins: Sequence[Pin]) -> str:
    """What each of them reached, and a link that makes it again."""
    rows = "".join(_row(p) for p in pins)
    head = "".join(f'<th scope="col">{h}</th>' for h in HEAD)
    return f'<div class="steps" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(p: Pin) -> str:
    steps, seconds = len(p.points) - 1, p.points[-1][1]
    cells = [
        "none" if p.lr is None else f"{p.lr:g}",
        f"{p.points[0][2]:.0f}",
        f"{p.points[-1][2]:.0f} after {count(steps, 'step')}",
        "never stood" if p.cost is None else f"{p.cost:,}",
        f"{seconds:.1f} s",
    ]
    link = f'<a href="?{html.escape(p.link)}" target="_blank" rel="noopener">{html.escape(p.name)}</a>'
    return f"<tr><td>{p.number}</td><td>{link}</td>" + "".join(f"<td>{c}</td>" for c in cells) + "</tr>"


COLUMNS = ("run", "name", "mode", "learning_rate", "step", "environment_steps", "seconds", "return_mean", "return_min", "return_max")


def pins_csv(pins: Sequence[Pin]) -> bytes:
    """Every point of every pin, a line each."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n")
    write.writerow(COLUMNS)
    for p in pins:
        for step, (env_steps, seconds, *returns) in enumerate(p.points):
            write.writerow([p.number, p.name, p.mode, p.lr, step, env_steps, round(seconds, 3), *returns])
    return text.getvalue().encode()
