"""A run as a link: what it started from and every segment that it made, so that whoever opens the link gets the same result."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlencode

from model import StateSpaceModel
from ui.checks import FieldError
from ui.fields import AdaptSettings, adapt_from_query, adapt_to_query
from ui.made import joined
from ui.runs.adaptation import MOST_STEPS, AdaptRun, adapt, go_on
from ui.views.learnt_words import cut_short

RAN = "ran"  # the link's name for the later segments; its presence asks for the result
SEGMENT = ("num_adapt_steps", "adapt_lr", "episodes_per_step", "experience_weight", "fresh_step")
FLAGS = {"1": "true", "0": "false"}


def settings_of(run: AdaptRun) -> list[AdaptSettings]:
    """The settings of each segment, with the steps that it really made."""
    longest = max(run.curves, key=lambda c: c.last.index)
    return [replace(s.settings, num_adapt_steps=s.steps) for s in longest.segments if s.steps]


def link_of(run: AdaptRun) -> str:
    """The query that opens settings and result; only the settings, where no step was made."""
    return urlencode(query_of(settings_of(run)) or adapt_to_query(run.settings))


def query_of(segments: list[AdaptSettings]) -> dict[str, str]:
    """The query for the result of these segments; empty for none."""
    if not segments:
        return {}
    first, *later = segments
    ran = "_".join(["1", *("x".join(f"{getattr(s, name):g}" for name in SEGMENT) for s in later)])
    return {**adapt_to_query(first), RAN: ran}


def made_of(run: AdaptRun, mode: str, index: int) -> str:
    """How the policy after `index` steps of a mode came about; empty where that can't be repeated."""
    curve, s = run.curve(mode), run.settings
    if (s.start == "yours" and not s.made) or any(cut_short(p) for p in curve.points[1 : index + 1]):
        return ""
    if index == 0:
        return s.made or joined("", "shipped", {"name": s.start})
    made, left = [], index
    for segment in curve.segments:
        if steps := min(segment.steps, left):
            made.append(replace(segment.settings, mode=mode, num_adapt_steps=steps, made=""))
        left -= steps
    query = query_of(made)
    return joined(s.made, "adapted", {name: value for name, value in query.items() if name != "tab"})


def segments_from_query(query: Mapping[str, str], has_own_model: bool = False) -> list[AdaptSettings]:
    """What `link_of` wrote: the settings of each segment; none where the link asks for no result. Raises FieldError."""
    settings = adapt_from_query(query, has_own_model)
    if settings is None or RAN not in query:
        return []
    segments, base = [settings], adapt_to_query(replace(settings, mode="both"))
    for text in query[RAN].split("_")[1:MOST_STEPS]:
        values = text.split("x")
        if len(values) != len(SEGMENT) or values[-1] not in FLAGS:
            what = "name steps, rate, episodes, weight and 1 or 0 for a gradient step of each later segment"
            raise FieldError(RAN, what, text, "be as the page wrote it")
        values[-1] = FLAGS[values[-1]]
        later = adapt_from_query({**base, **dict(zip(SEGMENT, values, strict=True))}, has_own_model)
        segments.append(replace(later, mode=settings.mode))
    if sum(s.num_adapt_steps for s in segments) > MOST_STEPS:
        raise FieldError(RAN, f"have at most {MOST_STEPS} gradient steps", query[RAN], f"have at most {MOST_STEPS} gradient steps")
    return segments


def rerun(segments: list[AdaptSettings], model: StateSpaceModel, stop: threading.Event) -> Iterator[AdaptRun]:
    """The run of these segments, as `adapt` yields it."""
    runs = adapt(segments[0], model, stop)
    for following in [*segments[1:], None]:
        for run in runs:
            last = bool(run.ended) and (following is None or run.ended != "finished")
            if last or not run.ended:
                yield run
        if last:
            return
        runs = go_on(run, following, stop)
