"""What is drawn of a training: the return before and after adaptation, in worlds as usual and in those that are reversed, apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from model import MetaEpoch
from ui.training_settings import MetaSettings
from ui.words import count

SMOOTH = 5  # epochs
WIDTHS = {False: 1.3, True: 2.6}  # px; the reversed worlds are what adaptation is for, so theirs is the bolder line


@dataclass(frozen=True)
class Line:
    """One curve: role "before" or "standard" (after the last inner step), the worlds it is of, and a return for each epoch.

    of: the field of MetaEpoch, and the place in it, that the returns are. An epoch without such a world has NaN. smooth: the running
    mean of the epochs under the same step limit. bold: of the worlds that are reversed, or of all where none is.
    """

    role: str
    label: str
    of: tuple[str, int]
    values: tuple[float, ...]
    smooth: np.ndarray
    bold: bool = True


def smoothed(values: Sequence[float]) -> np.ndarray:
    """The mean of each value and those up to SMOOTH - 1 before it, (n,); what is not finite is left out, NaN where nothing is."""
    given = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(given)
    sums, counts = (np.concatenate([[0.0], np.cumsum(x)]) for x in (np.where(finite, given, 0.0), finite))
    ends = np.arange(1, len(sums))
    starts = np.maximum(ends - SMOOTH, 0)
    n = counts[ends] - counts[starts]
    return np.where(finite & (n > 0), (sums[ends] - sums[starts]) / np.maximum(n, 1), np.nan)


def side_names(families: Sequence[str]) -> tuple[str, str] | None:
    """What the worlds of a training are called that are as usual, and those that are reversed; None if none is reversed."""
    motor, sensors = "reversed_motor" in families, "mirrored_sensors" in families
    if motor and sensors:
        return "usual motor and sensors", "reversed motor or sensors"
    if motor:
        return "usual motor", "reversed motor"
    return ("usual sensors", "mirrored sensors") if sensors else None


def after_label(settings: MetaSettings) -> str:
    """What "after adaptation" means in this training."""
    return f"after {count(settings.config.inner_steps, 'step')}"


def lines(settings: MetaSettings, epochs: Sequence[MetaEpoch] = ()) -> list[Line]:
    """The curves of a training, two for each kind of world; without inner steps one, for nothing comes after."""
    names, drawn = side_names(settings.families), []
    kinds = [("", "return_before", "return_after")] if names is None else zip(names, *[("usual", "conflicting")] * 2, strict=True)
    for name, before, after in kinds:
        start = f"{name}, " if name else ""
        columns = [("before", f"{start}before" if name else "before adaptation", (before, 0))]
        columns += [("standard", start + after_label(settings), (after, -1))] * (settings.config.inner_steps > 0)
        for role, label, of in columns:
            values = tuple(_value(e, *of) for e in epochs)
            drawn.append(Line(role, label, of, values, _within_limits(values, epochs), before != "usual"))
    return drawn


def _value(epoch: MetaEpoch, name: str, place: int) -> float:
    found = np.atleast_1d(getattr(epoch, name))
    return float(found[place]) if found.size else float("nan")


def _within_limits(values: Sequence[float], epochs: Sequence[MetaEpoch]) -> np.ndarray:
    """The running mean, begun anew where the step limit changes."""
    changes = [i for i in range(1, len(epochs)) if epochs[i].step_limit != epochs[i - 1].step_limit]
    bounds = [0, *changes, len(epochs)]
    return np.concatenate([smoothed(values[a:b]) for a, b in pairwise(bounds)])


def treads(settings: MetaSettings, last_epoch: int) -> list[tuple[float, float, int]]:
    """The step limit's staircase: (first epoch, last epoch, limit) of each tread, epochs counted from 1."""
    limits = [settings.config.step_limit(epoch) for epoch in range(last_epoch)]
    starts = [i for i in range(last_epoch) if i == 0 or limits[i] != limits[i - 1]]
    ends = [*starts[1:], last_epoch - 1]
    return [(start + 1, end + 1, limits[start]) for start, end in zip(starts, ends, strict=True)]


def tread_label(start: float, limit: int) -> str:
    """A tread's name on the picture."""
    return f"{limit}: step limit" + (f" from epoch {start:g}" if start > 1 else "")
