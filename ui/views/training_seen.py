"""What there is to see in a training at this moment, in one line, derived from its numbers alone."""

from collections.abc import Sequence

import numpy as np

from model import MetaEpoch
from ui.training_settings import MetaSettings
from ui.views.training_lines import SMOOTH, lines, side_names

FALLS = 30  # steps; random actions stand for about 22
STANDS, FAR = 0.9, 0.5  # of the step limit
LIFTS = 1.5  # times the return before; less is no more than noise


def what_you_see(settings: MetaSettings, epochs: Sequence[MetaEpoch]) -> str:
    """One or two sentences; empty before the first epoch. The means are over the last epochs under the same step limit."""
    if not epochs:
        return ""
    last = epochs[-1]
    recent = [e for e in epochs[-SMOOTH:] if e.step_limit == last.step_limit]
    means = [_mean(line.values) for line in lines(settings, recent)]
    n = settings.config.inner_steps
    before, after = (means[::2], means[1::2]) if n else (means, means)
    if not np.isfinite(means).all():
        sentence = "Its worlds are few in each epoch; the curves tell more."
    elif len(before) == 1:
        sentence = _one(before[0], after[0], last.step_limit, n)
    else:
        sentence = _two(side_names(settings.families), before, after, last.step_limit, n)
    if last.rolled_back:
        sentence += " The last update was undone, because the return had collapsed."
    elif len(recent) < min(SMOOTH, len(epochs)):
        sentence += f" Episodes now last up to {last.step_limit} steps."
    return sentence


def _mean(values: Sequence[float]) -> float:
    given = [v for v in values if np.isfinite(v)]
    return float(np.mean(given)) if given else float("nan")


def _steps(n: int, one: str, many: str) -> str:
    """ "One gradient step on its own falls turns", with the verb that the number asks for."""
    return f"One gradient step on its own falls {one}" if n == 1 else f"{n} gradient steps on its own falls {many}"


def _inside(sentence: str) -> str:
    """A sentence as it goes on after another clause."""
    return sentence[0].lower() + sentence[1:]


def _reach(steps: float, limit: int) -> str:
    """How long it stands, as a verb."""
    if steps < FALLS:
        return f"falls at once (after {steps:.0f} steps)"
    return f"{'stands' if steps >= STANDS * limit else 'holds the pole'} for {steps:.0f} of {limit} steps"


def _one(before: float, after: float, limit: int, n: int) -> str:
    """All worlds together."""
    if max(before, after) < FALLS:
        return f"It falls at once, after {before:.0f} steps: no better than random actions."
    if before >= STANDS * limit:
        return f"It stands for {before:.0f} of {limit} steps, {'before any gradient step' if n else 'without a gradient step'}."
    if n and after >= LIFTS * before:
        return f"{_steps(n, 'lifts', 'lift')} it from {before:.0f} to {after:.0f} of {limit} steps."
    return f"It {_reach(before, limit)}" + (f", and after adaptation for {after:.0f}." if n else ".")


def _two(names: tuple[str, str], before: Sequence[float], after: Sequence[float], limit: int, n: int) -> str:
    """Worlds as usual (first) and reversed ones (second)."""
    usual, turned = (f"the {name}" for name in names)
    (usual_before, turned_before), (usual_after, turned_after) = before, after
    stands = STANDS * limit
    numbers = f"from {turned_before:.0f} to {turned_after:.0f} of {limit} steps"
    if max(*before, *after) < FALLS:
        return f"It falls at once in all worlds, after {usual_before:.0f} and {turned_before:.0f} steps: no better than random actions."
    if min(before) >= stands:
        return f"It stands in all worlds {'before any' if n else 'without a'} gradient step: it tells them apart within the episode."
    as_usual = f"With {usual} it {_reach(usual_before, limit)}"
    if n and turned_after >= stands:
        turns = f"{_steps(n, 'turns', 'turn')} {turned} around, {numbers}"
        if usual_after < stands:
            return f"{turns}; with {usual} it then {_reach(usual_after, limit)}."
        return f"With {usual} it {_reach(usual_after, limit)}, and {_inside(turns)}."
    if n and turned_after >= FALLS and turned_after >= LIFTS * turned_before:
        if turned_after >= FAR * limit:
            return f"{as_usual}. {_steps(n, 'keeps', 'keep')} the pole up far longer with {turned}: {numbers}."
        return f"{as_usual}. {_steps(n, 'begins', 'begin')} to turn {turned} around: {numbers}."
    if n and turned_before < FALLS:
        return f"{as_usual}; with {turned} it still falls after {turned_before:.0f}, and {_inside(_steps(n, 'does', 'do'))} not help yet."
    rest = f"{as_usual}, with {turned} it {_reach(turned_before, limit)}"
    return rest + (f"; after adaptation {usual_after:.0f} and {turned_after:.0f}." if n else ".")
