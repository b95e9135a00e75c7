"""The policy that was taught: by whom, from what, and where it falls."""

from model import StateSpaceModel
from model.experiments.cases import CASES
from model.experiments.report import Results
from ui.views.about.measured import folded
from ui.views.about.parameters import total

WIDTH, HEIGHT = 380, 236
WEAKEST = 3  # cases that are named

WORDS = """
<h2>A policy that is hard to make fall, and how it was taught</h2>
<p>The policy <em>taught</em> learnt by imitation (DAgger), not by reinforcement learning: it played, and at every step a teacher said
which push it would have chosen. The teacher is a linear regulator that is told the true world as it is at that moment: state, motor,
delay, wind, and every change of them. The policy is told none of this: it has the four sensors, its own last
push and 64 hidden states, twice the others' ({total} parameters), and must find out in which world it is by what its pushes do.</p>
{picture}
<p>It was taught in worlds drawn over everything that this page can set and switch while it runs, and keeps its memory where the
world changes; it never met a push by hand or a gust. It can still fall, above all with a very late motor, or one that is late and
keeps reversing, dead velocity sensors in an unusual world, or readings that shake while the motor reverses.
{where}</p>
"""


def _box(x: int, y: int, w: int, title: str, note: str) -> str:
    return (
        f'<rect class="box" x="{x}" y="{y}" width="{w}" height="54" rx="6"/>'
        f'<text class="title" x="{x + w / 2}" y="{y + 23}" text-anchor="middle">{title}</text>'
        f'<text class="note" x="{x + w / 2}" y="{y + 41}" text-anchor="middle">{note}</text>'
    )


def _way(path: str, x: int, y: int, *words: str, anchor: str = "middle", dashed: bool = False) -> str:
    lines = "".join(f'<text class="note" x="{x}" y="{y + 14 * i}" text-anchor="{anchor}">{text}</text>' for i, text in enumerate(words))
    kind = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<path class="wire"{kind} d="{path}" marker-end="url(#about-arrow)"/>{lines}'


def picture() -> str:
    """World, teacher and policy, and who is told what; its arrowheads are those of the policy's drawing."""
    says = (
        "The world shows the teacher its true state and what it is, and the policy what the sensors say. The policy pushes. The teacher "
        "says which push it would choose, while the policy is taught."
    )
    parts = (
        _box(10, 85, 100, "world", "may change"),
        _box(210, 10, 160, "teacher", "a regulator"),
        _box(210, 160, 160, "policy", "and its own last push"),
        _way("M60 85 L60 37 L208 37", 134, 28, "all of it, as it is"),
        _way("M60 139 L60 187 L208 187", 134, 178, "the sensors"),
        _way("M290 214 L290 228 L30 228 L30 141", 160, 222, "pushes"),
        _way("M290 64 L290 158", 280, 105, "which push it", "would choose", anchor="end", dashed=True),
    )
    return (
        "<figure><figcaption>Who is told what; dashed: only while it is taught</figcaption>"
        f'<svg class="drawing taught" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{says}">{"".join(parts)}</svg></figure>'
    )


def where_it_falls(results: Results) -> str:
    """The cases that it holds least often, of those that were measured; without figures where there are none."""
    try:
        shares, teachers = (
            {name: results["taught"]["stands"][name][player]["share_standing"] for name in CASES} for player in ("taught", "teacher")
        )
    except (KeyError, TypeError):
        return (
            "Long delays and dead velocity sensors are the hardest; the teacher can't hold worlds that are too much for the motor either."
        )
    weakest = sorted(shares, key=shares.__getitem__)[:WEAKEST]
    named = "; ".join(f"{CASES[name].words} ({shares[name]:.0%}, its teacher {teachers[name]:.0%})" for name in weakest)
    return f"Of all cases measured, the share of episodes for which it stands is least in these: {named}."


def taught(model: StateSpaceModel, results: Results) -> str:
    """The whole section."""
    title, words = "Who stands while the world changes", "No adaptation; the same episodes for every policy, and for the teacher."
    stands = folded("stands", title, words, results)
    return WORDS.format(total=f"{total(model):,}", picture=picture(), where=where_it_falls(results)) + stands
