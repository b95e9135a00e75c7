"""What an adaptation did, in plain words: sentences that are true for the run, also when it went badly."""

import html
import re

from model.worlds.cartpole import MAX_EPISODE_STEPS, SOLVED
from ui.fields import MODES, short_name
from ui.runs.adaptation import EVALUATION_EPISODES, TIME_LIMIT, AdaptRun, Curve, Point
from ui.views.episode_words import differences
from ui.views.learnt_words import not_trusted
from ui.views.messages import stale_note
from ui.views.terms import with_terms
from ui.words import OF_ALL, count

SAME = 10.0  # steps of mean return that count as no change
NO_FALL = "no episode fell, so there was nothing to learn"
COLLAPSED = 30.0  # a policy that always pushes one way falls after about 9 steps, a random one after about 22


def level(point: Point) -> str:
    """How well a policy does, as the object of "it ...": "stands for all 500 steps", "falls after 9 steps"."""
    mean, least = point.mean, point.returns.min()
    if least >= MAX_EPISODE_STEPS:
        return f"stands for all {MAX_EPISODE_STEPS} steps"
    if mean >= SOLVED:
        return f"stands for {mean:.0f} {OF_ALL} steps"
    if point.returns.max() < MAX_EPISODE_STEPS:
        return f"falls after {mean:.0f} step{'' if round(mean) == 1 else 's'}"
    return f"reaches {mean:.0f} {OF_ALL} steps"


def _past(words: str) -> str:
    verb, rest = words.split(" ", 1)
    return {"stands": "stood", "falls": "fell", "reaches": "reached"}[verb] + " " + rest


def before_words(point: Point) -> str:
    """The first half of the sentence."""
    words = _past(level(point))
    return f"{words[0].upper()}{words[1:]} before adaptation"


def after(curve: Curve, point: Point) -> str:
    """ "after one gradient step on 94 environment steps"; imagined rollouts are more than that, and said."""
    what = "gradient step" if point.rate else "collection"
    steps = f"one {what}" if point.index == 1 else f"{point.index} {what}s"
    if updates := sum(p.updates for p in curve.points[: point.index + 1] if p.trusted):
        steps += f" and {count(updates, 'update')} in imagination,"
    return f"after {steps} on {count(point.step.env_steps, 'environment step')}"


def outcome(curve: Curve) -> str:
    """The second half of the sentence: what this mode's steps did."""
    before, last = curve.before, curve.last
    if last.index == 0:
        return "no gradient step was made"
    b, f = before.mean, last.mean
    how = "collapsed" if f < COLLAPSED else "got worse"
    if not any(p.moved for p in curve.points[1:]):
        why = "the settings ask for neither a gradient step nor imagined rollouts" if any(p.fell for p in curve.points[1:]) else NO_FALL
        return f"{after(curve, last)} nothing has changed: {why}"
    if b >= SOLVED:
        if f >= SOLVED:
            return f"it did not need to adapt, and {after(curve, last)} it still {level(last)}"
        return f"it did not need to adapt and {how}: {after(curve, last)} it {level(last)}"
    solved = next((p for p in curve.points[1:] if p.mean >= SOLVED), None)
    if f >= SOLVED:
        first = solved if solved is not None else last
        if first.index == last.index:
            return f"{after(curve, last)} it {level(last)}"
        then = "it still does" if level(first) == level(last) else f"it {level(last)}"
        return f"{after(curve, first)} it {level(first)}, and after {last.index} {then}"
    if f < b - SAME:
        return f"it {how}: {after(curve, last)} it {level(last)}"
    best = max(curve.points, key=lambda p: p.mean)
    peak = best.mean
    if peak - f > max(SAME, 0.1 * peak) and peak > b + SAME:
        return f"{after(curve, best)} it reached {peak:.0f} {OF_ALL}, then it {how}: {f:.0f} {OF_ALL} after {count(last.index, 'step')}"
    if f > b + SAME:
        return f"it partly recovered: {f:.0f} {OF_ALL} {after(curve, last)}"
    return f"no change: {after(curve, last)} it {level(last)}"


def sentence(run: AdaptRun) -> str:
    """What happened, in one sentence a mode; plain text."""
    first = before_words(run.before)
    if len(run.curves) == 1:
        text = f"{first}; {outcome(run.curves[0])}."
    else:
        text = f"{first}. " + " ".join(f"{MODES[c.mode]}: {outcome(c)}." for c in run.curves)
    wary = [said for c in run.curves if (said := not_trusted(c))]
    problems = [c.problem if len(run.curves) == 1 else f"{MODES[c.mode]}: {c.problem}" for c in run.curves if c.problem]
    return " ".join([text, *wary, *problems, *([ending] if (ending := ended(run)) else [])])


def ended(run: AdaptRun) -> str:
    """Why a run ended early, if it did."""
    reached = ", ".join(dict.fromkeys(f"{c.last.index} of {run.target}" for c in run.curves))
    return {
        "stopped": f"You stopped it after {reached} steps; what was reached is kept.",
        "time": f"The server is too busy: in {TIME_LIMIT:.0f} s it made {reached} steps, which are kept; adapt further for the others.",
    }.get(run.ended, "")


def result_html(run: AdaptRun) -> str:
    """The sentence, and whose run it is."""
    who = f"{short_name(run.settings.start)}, {', '.join(differences(run.settings.world))}, [[seed]] {run.settings.seed}"
    how = f"Means of {EVALUATION_EPISODES} [[greedy]] episodes that adaptation does not learn from."
    outcome = re.sub(r"environment steps?", r"[[environment step|\g<0>]]", sentence(run), count=1)
    text = f'<p class="outcome">{html.escape(outcome)}</p><p class="hint">{html.escape(f"{who}. {how}")}</p>'
    return stale_note("Press Adapt.") + with_terms(text, "adapt-result")


def progress(run: AdaptRun) -> str:
    """What is running and how far; plain text."""
    done, total = sum(c.last.index for c in run.curves), run.target * len(run.curves)
    seconds = max(c.last.step.seconds for c in run.curves)
    return f"Adapting: {done} of {count(total, 'gradient step')} made, {seconds:.1f} s so far."


HEAD = (
    "Step",
    "[[return|Return]]: mean (lowest to highest)",
    "[[loss|Loss]]",
    "[[gradient norm|Gradient norm]]",
    "[[environment step|Environment steps]]",
    "Time",
    "[[parameters|Parameters]]",
)


def steps_table(run: AdaptRun) -> str:
    """Every step of every mode as a table."""
    both = len(run.curves) > 1
    rows = [_row("before", run.before)]
    for index in range(1, 1 + run.reached):
        made = [c for c in run.curves if c.last.index >= index]
        rows += [_row(f"{index}, {MODES[c.mode].lower()}" if both else str(index), c.points[index]) for c in made]
    body = ["<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    head = with_terms("".join(f"<th>{h}</th>" for h in HEAD), "adapt-table")
    return f'<div class="steps"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def _row(name: str, p: Point) -> tuple[str, ...]:
    returns = f"{p.mean:.1f} ({p.returns.min():.0f} to {p.returns.max():.0f})"
    if p.index == 0:
        return name, returns, "", "", "0", "", "as they were"
    loss = f"{p.step.loss:.3f}".replace("-0.000", "0.000")
    norm, moved = (f"{p.step.grad_norm:.3g}", "moved") if p.moved else ("0", "stayed" if p.fell else "stayed: no episode fell")
    if not p.rate:
        loss = norm = ""  # of a step that was not made
    return name, returns, loss, norm, f"{p.step.env_steps:,}", f"{p.step.seconds:.2f} s", moved
