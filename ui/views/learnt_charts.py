"""Charts of hybrid adaptation: its imagined rollouts as they happen, and what its dynamics model predicts of a real episode."""

from typing import Any

import numpy as np

from ui.runs.adaptation import AdaptRun
from ui.views.charts import Series, chart_value
from ui.views.imagined import Forecast
from ui.views.learnt_words import imagining_words, rollouts_words
from ui.words import OF_ALL, count


def rollouts_value(run: AdaptRun) -> dict[str, Any] | None:
    """The imagined return of every round so far, a line for each step that had imagined rollouts; None where there are none."""
    curve = run.curve("hybrid")
    rounds = [] if curve is None else [(p.index, p.step.imagined.returns[:, 0]) for p in curve.points if p.step.imagined is not None]
    if run.imagining is not None:
        rounds.append((run.imagining.step, np.array(run.imagining.returns)))
    if not rounds:
        return None
    y = np.concatenate([r for _, r in rounds])
    x = np.arange(1, len(y) + 1)
    steps = np.repeat([step for step, _ in rounds], [len(r) for _, r in rounds])
    words = [f"step {s}, round {i}: imagined episodes stand {v:.0f} {OF_ALL} steps" for i, s, v in zip(x, steps, y, strict=True)]
    begins = np.cumsum([1] + [len(r) for _, r in rounds[:-1]])
    events = [(float(at), f"step {step}") for at, (step, _) in zip(begins, rounds, strict=True)] if len(rounds) > 1 else []
    done = rollouts_words(curve) if run.imagining is None else imagining_words(run.imagining)
    line = Series("imagined", "imagined episodes, mean of each round", x, y, words=words, markers=len(x) <= 60)
    title = f"imagined return (steps {OF_ALL})"
    return chart_value([line], "rounds of imagined episodes", title, (1, max(30, len(x))), note=done, events=events)


def forecast_value(f: Forecast) -> dict[str, Any]:
    """A real episode's angle, and what the dynamics model predicts of it from two observations and the actions."""
    x = np.arange(1, len(f.real) + 1)
    top = max(2.0, 1.25 * np.abs(f.real).max())
    words = [
        f"step {t}: predicted {m:.2f}° ({low:.2f} to {high:.2f}), real {r:.2f}°"
        for t, m, low, high, r in zip(x, f.mean, f.low, f.high, f.real, strict=True)
    ]
    series = [
        Series("hybrid", "a real episode", x, f.real, markers=False),
        Series("imagined", "predicted by the dynamics model", x, f.mean, f.low, f.high, words=words, markers=False),
    ]
    note = f"From its first two observations and its own actions, {count(len(x), 'step')} ahead. Band: 95% of the posterior's draws."
    title = "pole angle as the sensor reads it (°)"
    return chart_value(series, "steps of 0.02 s", title, (1, max(2, len(x))), (-top, top), limits=(), note=note)
