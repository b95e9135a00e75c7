"""The Adapt tab's part on hybrid adaptation: its practice as it happens, what it learnt about the world, and whether that is true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import gradio as gr
import numpy as np

from ui.runs.adaptation import AdaptRun
from ui.views.adaptation import PACE
from ui.views.charts import Series, chart, chart_value
from ui.views.imagined import Forecast
from ui.views.learnt import Lesson, lesson
from ui.views.learnt_words import METHOD, agreement_html, learnt_html, practice_words, practising_words
from ui.views.messages import hint
from ui.words import OF_ALL, count


def thinned(runs: Iterable[AdaptRun], clock) -> Iterator[AdaptRun]:
    """The runs without those rounds of practice that come within PACE seconds of the last one let through. clock: seconds."""
    shown_at = -PACE
    for run in runs:
        if run.practising is None or clock() - shown_at >= PACE:
            shown_at = clock()
            yield run


class LearntPart:
    """Build it inside a Blocks context; it takes no space until hybrid adaptation practises."""

    def __init__(self) -> None:
        with gr.Column(visible=False, elem_id="adapt-learnt") as self.column:
            gr.HTML('<h2 class="part">What its own episodes taught it</h2>')
            with gr.Row(elem_classes="act", equal_height=False):
                with gr.Column(scale=5, min_width=320) as self.left:
                    self.table = gr.HTML("", elem_id="learnt-table")
                    self.agreement = gr.HTML("", elem_id="learnt-agreement", elem_classes="learnt-words")
                with gr.Column(scale=4, min_width=300):
                    self.practice = chart(elem_id="learnt-practice")
                with gr.Column(scale=4, min_width=300) as self.right:
                    self.forecast = chart(elem_id="learnt-forecast")
            self.method = gr.HTML(hint(METHOD), elem_id="learnt-method")

    @property
    def outputs(self) -> list:
        """What `growing`, `ended` and `nothing` fill."""
        return [self.column, self.left, self.right, self.table, self.agreement, self.practice, self.forecast]

    def growing(self, run: AdaptRun) -> dict:
        """While a run goes on: the practice alone, once there is one; what an earlier run had learnt is gone."""
        value = practice_value(run)
        hidden = {self.left: gr.update(visible=False), self.right: gr.update(visible=False)}
        if value is None:
            return {self.column: gr.update(visible=False), **hidden}
        return {self.column: gr.update(visible=True), **hidden, self.practice: value}

    def ended(self, run: AdaptRun) -> dict:
        """When it has ended, however it did."""
        one = lesson(run)
        if one is None:
            return self.nothing()
        return {
            **self.growing(run),
            self.left: gr.update(visible=True),
            self.right: gr.update(visible=True),
            self.table: learnt_html(one),
            self.agreement: agreement_html(one),
            self.forecast: forecast_value(one),
        }

    def nothing(self) -> dict:
        """As before the first practice."""
        return {self.column: gr.update(visible=False), self.table: "", self.agreement: ""}


def practising(run: AdaptRun) -> str:
    """What to say while a step practises; empty at other times. Plain text."""
    return "" if run.practising is None else practising_words(run.practising)


def practice_value(run: AdaptRun) -> dict[str, Any] | None:
    """The imagined return of every round so far, a line for each step that practised; None where there is none."""
    curve = run.curve("hybrid")
    rounds = [] if curve is None else [(p.index, p.practice.returns[:, 0]) for p in curve.points if p.practice is not None]
    if run.practising is not None:
        rounds.append((run.practising.step, np.array(run.practising.returns)))
    if not rounds:
        return None
    y = np.concatenate([r for _, r in rounds])
    x = np.arange(1, len(y) + 1)
    steps = np.repeat([step for step, _ in rounds], [len(r) for _, r in rounds])
    words = [f"step {s}, round {i}: imagined episodes stand {v:.0f} {OF_ALL} steps" for i, s, v in zip(x, steps, y, strict=True)]
    begins = np.cumsum([1] + [len(r) for _, r in rounds[:-1]])
    events = [(float(at), f"step {step}") for at, (step, _) in zip(begins, rounds, strict=True)] if len(rounds) > 1 else []
    done = practice_words(curve) if run.practising is None else practising_words(run.practising)
    line = Series("imagined", "imagined episodes, mean of each round", x, y, words=words, markers=len(x) <= 60)
    return chart_value([line], "rounds of practice", f"imagined return (steps {OF_ALL})", (1, max(30, len(x))), note=done, events=events)


def forecast_value(one: Lesson) -> dict[str, Any]:
    """A real episode's angle and what the fitted motion foretells of it from two observations and the actions."""
    f: Forecast = one.forecast
    x = np.arange(1, len(f.real) + 1)
    top = max(2.0, 1.25 * np.abs(f.real).max())
    words = [
        f"step {t}: foretold {m:.2f}° ({low:.2f} to {high:.2f}), real {r:.2f}°"
        for t, m, low, high, r in zip(x, f.mean, f.low, f.high, f.real, strict=True)
    ]
    series = [
        Series("hybrid", "a real episode", x, f.real, markers=False),
        Series("imagined", "foretold by the fitted motion", x, f.mean, f.low, f.high, words=words, markers=False),
    ]
    note = f"From its first two observations and its own actions, {count(len(x), 'step')} ahead. Band: 95% of the posterior's motions."
    title = "pole angle as the sensor reads it (°)"
    return chart_value(series, "steps of 0.02 s", title, (1, max(2, len(x))), (-top, top), limits=(), note=note)
