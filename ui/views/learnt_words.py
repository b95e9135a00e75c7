"""What hybrid adaptation learnt and practised, in plain words and small tables."""

from __future__ import annotations

import html

from model.worlds.cartpole import World
from ui.runs.adaptation import Curve, Point, Practising
from ui.views.imagined import forecast_words, returns_words
from ui.views.learnt import Fact, Lesson, facts, unknown
from ui.words import OF_ALL, count

METHOD = (
    "This is Dyna (Sutton 1991): the stored steps fit a linear model of the motion by Bayesian regression, and the policy practises in "
    "episodes imagined with it, each with coefficients drawn from the posterior. It takes more computing and no more experience. "
    "It assumes that the motion is nearly linear and that the limits are known; it sees observations, actions and falls, "
    "never the world's settings. "
    "Where the velocity sensors are dead, past observations stand in for them."
)
NOT_TRUSTED = "what was imagined was not trusted yet, and the gradient step on the fresh episodes stands"
SAME_WAY = 0.97  # share of pushes in one direction from which on a push can't be told from a wind


def practising_words(p: Practising) -> str:
    """What is practised at this moment."""
    stand = f"imagined episodes stand {p.returns[-1]:.0f} {OF_ALL} steps"
    return f"Step {p.step} practises: round {len(p.returns)} of at most {p.rounds}, {stand}."


def practice_words(curve: Curve) -> str:
    """How much was practised, and to what end."""
    done = [p for p in curve.points if p.practice is not None]
    rounds = sum(len(p.practice.returns) for p in done)
    steps = f"step {done[0].index}" if len(done) == 1 else f"{len(done)} steps"
    first, last = done[0].practice.returns[0, 0], done[-1].practice.last.best_returns[0]
    how = f"{count(rounds, 'round')} of imagined episodes and {count(done[-1].updates, 'update')} of Adam in {steps}"
    trust = "" if done[-1].practice.adopted[0] else f" {NOT_TRUSTED[0].upper()}{NOT_TRUSTED[1:]}."
    return f"{how[0].upper()}{how[1:]}: from {first:.0f} to {last:.0f} {OF_ALL} imagined steps.{trust}"


def cut_short(point: Point) -> bool:
    """Whether this step's practice was stopped before its end."""
    if point.practice is None:
        return False
    last = point.practice.last
    return last.index < last.rounds and not last.standing[0] and not last.failed[0]


def rule_words(curve: Curve, point: Point) -> str:
    """What followed the fresh step in this step of hybrid adaptation."""
    if point.practice is None:
        return "No fresh episode fell, or the experience weight is 0: nothing was practised"
    last = point.practice.last
    updates = int(last.updates[0])
    done = f"then {count(updates, 'update')} of Adam (PPO) in {count(last.index, 'round')} of imagined episodes"
    if updates == 0:
        done = "then one round of imagined episodes, which all stood: no update"
    end = ", until all of them stood" if last.standing[0] and updates else ", until you stopped it" if cut_short(point) else ""
    kept = "the best parameters in imagination are kept" if point.practice.adopted[0] else NOT_TRUSTED
    return f"{done}{end}; {kept}"


def learnt_html(one: Lesson) -> str:
    """Learnt beside set by you, and what is still open."""
    known = facts(one.reading, one.world)
    rows = "".join(_row(fact) for fact in known)
    n = one.reading.transitions
    head = f"<tr><th></th><th>learnt from {count(n, 'step')}</th><th>set by you</th></tr>"
    lines = [open_words(one, known), "±: 95% intervals of a linear fit, widened for what is not linear."]
    notes = "".join(f'<p class="hint">{html.escape(line)}</p>' for line in lines if line)
    return f'<table class="learnt"><thead>{head}</thead><tbody>{rows}</tbody></table>{notes}'


def _row(fact: Fact) -> str:
    cells = "".join(f"<td>{html.escape(text)}</td>" for text in (fact.words, fact.learnt, fact.true))
    return f'<tr class="{"known" if fact.known else "open"}">{cells}</tr>'


def open_words(one: Lesson, known: list[Fact]) -> str:
    """What these episodes don't tell, or that the rest is as on the standard cart."""
    still = unknown(one.reading, one.world)
    parts = []
    if max(one.pushed_right, 1 - one.pushed_right) >= SAME_WAY and not all(f.known for f in known):
        way = "right" if one.pushed_right > 0.5 else "left"
        parts.append(f"Nearly all its pushes went {way}, so what a push does can't be told from what happens without one.")
    if still:
        parts.append(f"Not yet known from these episodes: {', '.join(still)}.")
    elif all(f.known for f in known):
        parts.append("In all else it found the standard cart." if one.world != World() else "It found the standard cart.")
    return " ".join(parts)


def agreement_html(one: Lesson) -> str:
    """Imagined against real, in two sentences."""
    return "".join(f"<p>{html.escape(text)}</p>" for text in (returns_words(one.imagined, one.real), forecast_words(one.forecast)))
