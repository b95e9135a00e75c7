"""Live curves on a canvas: a gr.HTML component fed one small JSON value; drawn by assets/curves.js."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from model.worlds.cartpole import MAX_EPISODE_STEPS, SOLVED
from ui.views.colours import ROLES

RETURN_RANGE = (0, 1.08 * MAX_EPISODE_STEPS)
RETURN_LIMITS = ((SOLVED, f"{SOLVED:g}: counts as solved"), (MAX_EPISODE_STEPS, f"{MAX_EPISODE_STEPS}: step limit"))


@dataclass(frozen=True)
class Series:
    """One line: its role (colour and dashes, ui/views/colours.py), its points, and what is drawn around them.

    low, high: the ends of a band. hollow: points drawn as rings, one flag for each. threads: thin lines behind the
    main one, each with a value for every x. words: a text for each point, read out when it is pointed at. width: px.
    """

    role: str
    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    hollow: Sequence[bool] = ()
    threads: Sequence[Sequence[float]] = ()
    words: Sequence[str] = ()
    markers: bool = True
    width: float = 2.2


def chart(value: dict[str, Any] | None = None, script: str = "window.ssmCurves", **kwargs: Any) -> gr.HTML:
    """A chart that shows what `chart_value` makes, or what a script of its own makes one of.

    Events that feed it need show_progress="hidden": pending HTML fades.
    """
    return gr.HTML(
        value,
        html_template='<div class="curves"></div>',
        js_on_load=f"{script}(element, props, watch)",
        apply_default_css=False,
        **kwargs,
    )


def chart_value(
    series: Sequence[Series],
    x_title: str,
    y_title: str,
    x_range: tuple[float, float],
    y_range: tuple[float, float] = RETURN_RANGE,
    limits: Sequence[tuple[float, str]] = RETURN_LIMITS,
    note: str = "",
    empty: str = "",
    events: Sequence[tuple[float, str]] = (),
    treads: Sequence[tuple[float, float, float, str]] = (),
) -> dict[str, Any]:
    """What a chart shows. The ranges are fixed by the caller, so that nothing jumps while points arrive.

    note: what the line and the band are, under the chart. empty: what to press, in place of a chart without series.
    events: moments on the x axis, each with its name (written out where it is a new one). treads: a limit that changes, as a
    staircase: from x, to x, at y, with a name each.
    """
    return {
        "series": [_series(s) for s in series],
        "x": {"title": x_title, "range": [float(v) for v in x_range]},
        "y": {"title": y_title, "range": [float(v) for v in y_range]},
        "limits": [{"at": at, "label": label} for at, label in limits],
        "note": note,
        "empty": empty,
        "events": [{"at": at, "label": label} for at, label in events],
        "treads": [{"from": start, "to": end, "at": at, "label": label} for start, end, at, label in treads],
    }


def _series(s: Series) -> dict[str, Any]:
    return {
        "role": s.role,
        "label": s.label,
        "dash": list(ROLES[s.role].dash),
        "x": _numbers(s.x),
        "y": _numbers(s.y),
        "low": _numbers(s.low),
        "high": _numbers(s.high),
        "hollow": [bool(h) for h in s.hollow],
        "threads": [_numbers(t) for t in s.threads],
        "words": list(s.words),
        "markers": s.markers,
        "width": s.width,
    }


def _numbers(values: Sequence[float]) -> list[float | None]:
    """Rounded for the wire; what is not finite becomes a gap."""
    return [round(float(v), 4) if np.isfinite(v) else None for v in values]
