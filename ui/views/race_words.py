"""Who won, who tied and who never stood, in plain words; and every racer's way as a table."""

import html
from itertools import groupby

import numpy as np

from model.worlds.cartpole import SOLVED
from ui.fields import short_name
from ui.runs.adaptation import EVALUATION_EPISODES, TIME_LIMIT
from ui.runs.race import Lane, Race
from ui.settings import Racer
from ui.views.adaptation_words import level
from ui.views.episode_words import differences
from ui.views.messages import stale_note
from ui.views.terms import with_terms
from ui.words import OF_ALL, count


def ranked(race: Race) -> list[Lane]:
    """The lanes from first to last: whoever stood on fewer environment steps, then whoever stands longer."""
    return sorted(race.lanes, key=lambda lane: (lane.cost, -lane.curve.last.mean))


def names(race: Race) -> dict[Racer, str]:
    """What the sentence calls each racer: the policy alone where that is clear."""
    policies = [lane.racer.policy for lane in race.lanes]
    return {r: short_name(r.policy) + (f" ({r.how})" if policies.count(r.policy) > 1 else "") for r in (lane.racer for lane in race.lanes)}


def fate(lane: Lane) -> str:
    """What became of it, as a predicate: "stands without a step", "stands after one step", "falls after 9 steps"."""
    step, points = lane.stands_from, lane.curve.points
    if step == 0:
        return "stands without a step"
    if step is not None:
        steps, cost = "one step" if step == 1 else count(step, "step"), points[step].step.env_steps
        return f"stands after {steps} on {count(cost, 'environment step')}"
    if lane.racer.mode == "none":
        return level(points[0])
    last = f"after {count(lane.curve.last.index, 'step')} of adaptation it {level(lane.curve.last)}"
    if points[0].mean >= SOLVED:
        return f"stood at first, but {last}"
    return f"stood in between, but {last}" if any(p.mean >= SOLVED for p in points) else f"never stands: {last}"


def _plural(words: str) -> str:
    verb, rest = words.split(" ", 1)
    return {"stands": "stand", "falls": "fall", "reaches": "reach"}[verb] + " " + rest


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def sentence(race: Race) -> str:
    """The winner or the tie, then everybody's fate."""
    lanes, called = ranked(race), names(race)
    parts = []
    for words, group in groupby(lanes, key=fate):
        who = [called[lane.racer] for lane in group]
        together = len(who) > 1 and words.split(" ", 1)[0] in ("stands", "falls", "reaches")
        parts += [f"{_listed(who)} {_plural(words)}"] if together else [f"{name} {words}" for name in who]
    told = "; ".join(parts) + "."
    if len(lanes) == 1:
        return told
    first = lanes[0]
    if first.cost < np.inf:
        best = [called[lane.racer] for lane in lanes if lane.cost == first.cost]
        head = f"{best[0]} wins" if len(best) == 1 else f"A tie of {_listed(best)}"
    else:
        most = first.curve.last.mean
        best = [called[lane.racer] for lane in lanes if lane.curve.last.mean == most]
        nearest = f"{_listed(best)} {'comes' if len(best) == 1 else 'come'} nearest"
        head = f"Nobody stands, {nearest} with {most:.0f} {OF_ALL} steps"
    return f"{head}. {told}"


def result_html(race: Race) -> str:
    """The sentence, and where the race was."""
    s = race.settings
    early = {"stopped": "You stopped it early. ", "time": f"It ended at {TIME_LIMIT:.0f} s. "}.get(race.ended, "")
    where = ", ".join(differences(s.world))
    how = (
        f"{where[:1].upper()}{where[1:]}, [[seed]] {s.seed}. Stands: {SOLVED:.0f} {OF_ALL} steps or more on average over "
        f"{EVALUATION_EPISODES} [[greedy]] episodes, and after every later step too. "
        "First is who stood on the fewest [[environment step|environment steps]]."
    )
    problems = " ".join(lane.curve.problem for lane in race.lanes if lane.curve.problem)
    words = html.escape(" ".join(filter(None, [early.strip(), sentence(race), problems])))
    return f'{stale_note("Press Race.")}<p class="outcome">{words}</p><p class="hint">{with_terms(html.escape(how), "compare-result")}</p>'


def progress(race: Race) -> str:
    """How far they are."""
    return f"Racing: {race.made} of {count(race.total, 'step')} made."


def score(lane: Lane) -> str:
    """What stands beside a lane."""
    last = lane.curve.last
    when = "" if lane.racer.mode == "none" else f" after {count(last.index, 'step')}"
    return f"{last.mean:.0f} {OF_ALL} on average{when}"


def table(race: Race) -> str:
    """Every racer from first to last: its mean return before and after each step, and what standing has cost it."""
    lanes, most = ranked(race), max(lane.curve.last.index for lane in race.lanes)
    heads = ["Place", "Racer", "Before", *(f"Step {i}" for i in range(1, most + 1)), "Environment steps to stand"]
    rows = []
    for lane in lanes:
        means = [f"{p.mean:.0f}" for p in lane.curve.points]
        stood = lane.cost < np.inf
        place = str(1 + sum(other.cost < lane.cost for other in lanes)) if stood else "–"  # those that tie share a place
        cost = f"{lane.cost:,.0f}" if stood else "never stood"
        rows.append([place, lane.racer.label, *means, *[""] * (most + 1 - len(means)), cost])
    head = "".join(f'<th scope="col">{html.escape(h)}</th>' for h in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="steps" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
