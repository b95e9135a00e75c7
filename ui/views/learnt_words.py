"""What hybrid adaptation learnt and imagined, in plain words and small tables."""

import html

from model.worlds.world import World
from ui.runs.adaptation import Curve, Imagining, Point
from ui.views.imagined import forecast_words, returns_words
from ui.views.learnt import Fact, Lesson, facts, unknown
from ui.words import OF_ALL, count

METHOD = (
    "This is Dyna (Sutton 1991): the stored steps fit a linear dynamics model by Bayesian regression, and PPO trains the policy in "
    "episodes imagined with it, each with coefficients drawn from the posterior. It takes more computing and no more episodes. "
    "It assumes that the dynamics are nearly linear and stay as they are, and that the limits are known; it sees observations, "
    "actions and falls, never the world's settings. "
    "Where the velocity sensors are dead, past observations stand in for them."
)
UNEXPLAINED = (
    "Its steps scatter more than constant, nearly linear dynamics allow: the sensors are noisy, pushes get lost, or the motor "
    "reverses by itself. These are averages."
)
SAME_WAY = 0.97  # share of pushes in one direction from which on a push can't be told from a wind


def imagining_words(i: Imagining) -> str:
    """What is imagined at this moment."""
    stand = f"imagined episodes stand {i.returns[-1]:.0f} {OF_ALL} steps"
    return f"Step {i.step} learns in imagined rollouts: round {len(i.returns)} of at most {i.rounds}, {stand}."


def not_trusted(curve: Curve) -> str:
    """In which steps what was imagined was not trusted yet; empty where there is none."""
    steps = [str(p.index) for p in curve.points if not p.trusted]
    if not steps:
        return ""
    which = f"steps {', '.join(steps[:-1])} and {steps[-1]}" if len(steps) > 1 else f"step {steps[0]}"
    return f"What was imagined in {which} was not trusted yet: a gradient step on the fresh episodes stands in."


def rollouts_words(curve: Curve) -> str:
    """How much was imagined, and to what end."""
    done = [p for p in curve.points if p.step.imagined is not None]
    rounds, updates = sum(len(p.step.imagined.returns) for p in done), sum(p.updates for p in done)
    steps = f"step {done[0].index}" if len(done) == 1 else f"{len(done)} steps"
    first, last = done[0].step.imagined.returns[0, 0], done[-1].step.imagined.last.best_returns[0]
    how = f"{count(rounds, 'round')} of imagined episodes and {count(updates, 'update')} of Adam in {steps}"
    said = f"{how[0].upper()}{how[1:]}: from {first:.0f} to {last:.0f} {OF_ALL} imagined steps. {not_trusted(curve)}"
    return said.strip()


def rule_words(point: Point) -> str:
    """What followed the fresh step in this step of hybrid adaptation."""
    if point.step.imagined is None:
        return "No fresh episode fell, or the experience weight is 0: nothing was imagined"
    last = point.step.imagined.last
    done = f"then {count(point.updates, 'update')} of Adam (PPO) in {count(last.index, 'round')} of imagined episodes"
    if point.updates == 0:
        done = "then one round of imagined episodes, which all stood: no update"
    end = ", until all of them stood" if last.standing[0] and point.updates else ", until you stopped it" if point.cut_short else ""
    kept = "the best parameters in imagination are kept" if point.trusted else "they are not trusted yet: a gradient step stands in"
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
    parts = [UNEXPLAINED] if one.reading.unexplained else []
    if max(one.pushed_right, 1 - one.pushed_right) >= SAME_WAY and not all(f.known for f in known):
        way = "right" if one.pushed_right > 0.5 else "left"
        parts.append(f"Nearly all its pushes went {way}, so what a push does can't be told from what happens without one.")
    if still:
        parts.append(f"Not yet known from these episodes: {', '.join(still)}.")
    elif all(f.known for f in known) and not one.reading.unexplained:
        parts.append("In all else it found the standard cart." if one.world != World() else "It found the standard cart.")
    return " ".join(parts)


def agreement_html(one: Lesson) -> str:
    """Imagined against real, in two sentences."""
    return "".join(f"<p>{html.escape(text)}</p>" for text in (returns_words(one.imagined, one.real), forecast_words(one.forecast)))
