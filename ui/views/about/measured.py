"""What the study measured, read from its files when the page is built: figures, tables, and what they come to in words."""

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from model.experiments.benchmark import BENCHMARK
from model.experiments.report import START_LABELS, Results, table
from model.experiments.results_page import TABLES
from model.experiments.runner import RESULTS, reported
from model.worlds.cartpole import MAX_EPISODE_STEPS, SOLVED
from ui.views.assets import ASSETS, text

REPORT = RESULTS.with_name("RESULTS.md")
FILES = [ASSETS / "break_set.svg", ASSETS / "training.svg", ASSETS / "map.svg", RESULTS, BENCHMARK, REPORT]
"""What the page shows or links to as it lies on disk."""

FIGURES = {
    "break_set.svg": "Return against gradient step, in the worlds that break the policy",
    "training.svg": "How the shipped policies were trained",
    "map.svg": "Who wins where: every way to cope, and a control engineer's, in families of worlds",
}
FOLDED = (
    ("break_set", "The worlds that break the policy", f"Gradient steps alone, 10 episodes a step. {MAX_EPISODE_STEPS} is never falling."),
    ("unseen", "Held-out worlds", f"One trial in each; in parentheses the share of worlds with a return of at least {SOLVED:g}."),
    (
        "sets",
        "Gradient against hybrid adaptation",
        f"Mean return before → after 1 → after 3 collections of 3 episodes (share at {SOLVED:g} or more; hybrid minus gradient, paired).",
    ),
    ("cost", "What adaptation costs", "PPO is Stable-Baselines3's, from nothing or after the standard cart."),
)


def read() -> dict[str, Any]:
    """The study's results, with the benchmark's under "benchmark"; what is unreadable is not there."""

    def content(read: Callable[[Path], dict[str, Any]], path: Path) -> dict[str, Any]:
        try:
            return read(path)
        except (OSError, ValueError):
            return {}

    return {**content(reported, RESULTS), "benchmark": content(lambda path: json.loads(path.read_text(encoding="utf-8")), BENCHMARK)}


def part(make: Callable[[Results], str], results: Results, command: str = "python -m model evaluate") -> str:
    """What `make` writes of the results; where they lack it, the command that measures it."""
    try:
        return make(results)
    except (KeyError, TypeError):
        return f'<p class="missing">Not measured yet for this version. <code>{command}</code> measures it.</p>'


def inline(text: str) -> str:
    """Markdown's bold and code in one cell, as HTML."""
    text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html.escape(text))
    return re.sub(r"`(.+?)`", r"<code>\1</code>", text)


def html_table(markdown: str, label: str) -> str:
    """A Markdown table, and the paragraph after it if there is one, as HTML that scrolls by itself when it is wide."""
    rows, _, after = markdown.partition("\n\n")
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in rows.splitlines())
    top = "".join(f"<th scope=col>{inline(cell)}</th>" for cell in head)
    body = "".join(f"<tr><th scope=row>{inline(r[0])}</th>{''.join(f'<td>{inline(c)}</td>' for c in r[1:])}</tr>" for r in rows)
    scroll = f'<div class="wide" role="region" tabindex="0" aria-label="{html.escape(label)}">'
    paragraph = f"<p>{inline(after)}</p>" if after else ""
    return f"{scroll}<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>{paragraph}"


def how(results: Results) -> str:
    """How it was measured."""
    size = results["size"]
    trials, inside, outside = size["trials"], size["worlds_inside"], size["worlds_outside"]
    return (
        f"<p>Every number is a mean over {trials} trials in a named world, or over {inside} + {outside} held-out worlds inside and "
        f"outside the training ranges, of greedy returns under the {MAX_EPISODE_STEPS}-step limit, with 95% bootstrap intervals; rows that "
        "name another number of trials used that many. The held-out worlds are those of a sealed split: nothing was trained, tuned or "
        "chosen on them. Each start uses the learning rate that served it best on validation worlds (Taught: that of Memory), and the "
        "episodes it learns from are sampled.</p>"
    )


def comparison(results: Results) -> str:
    """Memory and gradient in held-out worlds."""
    rows = []
    for where in ("inside", "outside"):
        by_start = results["unseen_worlds"][where]
        for start in ("memory", "meta"):
            means = (f"{by_start[start][k]['mean']:.0f}" for k in ("0", "1", "3"))
            rows.append([f"{where} the training ranges, n = {by_start[start]['0']['n']}", START_LABELS[start], *means])
    made = table(["held-out worlds", "policy", "before", "after 1 step", "after 3"], rows)
    return html_table(made, "Memory and gradient in held-out worlds, mean return")


def share_by_start(results: Results) -> str:
    """What imagined rollouts owe to the start, in a sentence."""
    starts = results["hybrid"]["comparison"]
    shares = (f"{starts[s]['3']['outside']['hybrid']['share_solved'][3]:.0%} from {label}" for s, label in START_LABELS.items())
    n = starts["meta"]["3"]["outside"]["n"]
    return (
        "It needs no trained start, but a start can be in its way: after three collections of three episodes each, the share of held-out "
        f"worlds outside the training ranges with a return of at least {SOLVED:g} is {', '.join(shares)} (n = {n})."
    )


def address(path: Path) -> str:
    """Where the page serves a file of FILES, seen from the page."""
    return f"gradio_api/file={html.escape(str(path))}"


def figure(name: str, title: str) -> str:
    """One of the study's figures; it scrolls where the page is narrower than the figure can be read."""
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text(name)[:2000])
    room = f' width="{float(size[1]):.0f}" height="{float(size[2]):.0f}"' if size else ""  # kept before the picture comes
    image = f'<img src="{address(ASSETS / name)}"{room} alt="{title}. The tables below give the numbers.">'
    return (
        f'<figure><figcaption>{title}</figcaption><div class="wide figure" role="region" tabindex="0" aria-label="{title}">'
        f"{image}</div></figure>"
    )


def folded(name: str, title: str, words: str, results: Results) -> str:
    """One of the study's tables under its title."""
    command = {"cost": "python -m model benchmark"}.get(name, "python -m model evaluate")
    made = part(lambda r: html_table(TABLES[name](r), title), results, command)
    return f"<details><summary>{title}</summary><p>{words}</p>{made}</details>"


def measured(results: Results) -> str:
    """Figures, the main tables, and links to the raw numbers."""
    figures = "".join(figure(name, title) for name, title in FIGURES.items())
    details = "".join(folded(*row, results) for row in FOLDED)
    links = ", ".join(f'<a href="{address(path)}" target="_blank">{path.name}</a>' for path in (RESULTS, BENCHMARK, REPORT))
    return f"<h2>What was measured</h2>{part(how, results)}{figures}{details}<p>All numbers: {links}.</p>"
