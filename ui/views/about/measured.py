"""What the study measured, read from its files when the page is built."""

from __future__ import annotations

import html
import json
import os
import re
from typing import Any

from model.experiments.benchmark import BENCHMARK
from model.experiments.report import Results
from model.experiments.study import RESULTS
from model.policy.checkpoint import file_hash
from model.policy.pretrained import PRETRAINED, pretrained_path
from model.worlds.cartpole import MAX_EPISODE_STEPS, SOLVED
from ui.views.about.tables import html_table, missing, results_table
from ui.views.player import ASSETS

REPORT = RESULTS.with_name("RESULTS.md")
FILES = [ASSETS / "break_set.svg", ASSETS / "training.svg", RESULTS, BENCHMARK, REPORT]
"""What the page shows or links to as it lies on disk."""

FIGURES = {
    "break_set.svg": "Return against gradient step, in the worlds that break the policy",
    "training.svg": "How the shipped policies were trained",
}


def read() -> dict[str, Any]:
    """The study's results, with the benchmark's under "benchmark"; what is unreadable is not there."""

    def content(path) -> dict[str, Any]:
        try:
            return json.loads(path.read_text())
        except (OSError, ValueError):
            return {}

    return {**content(RESULTS), "benchmark": content(BENCHMARK)}


def address(path) -> str:
    """Where the page serves a file of FILES, seen from the page."""
    return f"gradio_api/file={html.escape(str(path))}"


def how(results: Results) -> str:
    """How it was measured, in two sentences."""
    try:
        size, split = results["size"], results["split"]
        trials, inside, outside = size["trials"], size["worlds_inside"], size["worlds_outside"]
    except KeyError:
        return missing("presets")
    return (
        f"<p>Every number is a mean over {trials} trials in a named world, or over {inside} + {outside} held-out {split} worlds inside "
        f"and outside the training ranges that neither training nor choosing of settings saw, of [[greedy]] returns under the "
        f"{MAX_EPISODE_STEPS}-step limit, with 95% bootstrap intervals in brackets. Each start uses the learning rate that served it "
        f"best on validation worlds, and the episodes it learns from are [[sampled]].</p>"
    )


def comparison(results: Results) -> str:
    """Memory and gradient in held-out worlds."""
    try:
        rows = []
        for where in ("inside", "outside"):
            by_start = results["unseen_worlds"][where]
            n = by_start["meta"]["0"]["n"]
            for start in ("memory", "meta"):
                cells = " | ".join(f"{by_start[start][k]['mean']:.0f}" for k in ("0", "1", "3"))
                rows.append(f"| {where} the training ranges, n = {n} | {start} | {cells} |")
        table = "\n".join(["| held-out worlds | policy | before | after 1 step | after 3 |", "| --- |", *rows])
        return html_table(table, "Memory and gradient in held-out worlds, mean return")
    except (KeyError, TypeError):
        return missing("unseen")


def practice(results: Results) -> str:
    """What practice owes to the start, in a sentence; nothing where it has not been measured."""
    words = {"random": "from random weights", "memory": "from memory", "meta": "from the meta-trained policy", "standard": "from standard"}
    try:
        starts = results["hybrid"]["comparison"]
        shares = ", ".join(f"{starts[s]['3']['outside']['hybrid']['share_solved'][3]:.0%} {text}" for s, text in words.items())
    except (KeyError, TypeError):
        return ""
    return (
        f"What carries it is the fitted model more than the start: after three collections of three episodes each, the share of held-out "
        f"worlds outside the training ranges with a return of at least {SOLVED:g} is {shares}."
    )


def figure(name: str, title: str) -> str:
    """One of the study's figures; it scrolls where the page is narrower than the figure can be read."""
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', (ASSETS / name).read_text()[:2000])
    room = f' width="{float(size[1]):.0f}" height="{float(size[2]):.0f}"' if size else ""  # kept before the picture comes
    image = f'<img src="{address(ASSETS / name)}"{room} alt="{title}. The tables below give the numbers." loading="lazy">'
    return (
        f'<figure><figcaption>{title}</figcaption><div class="wide figure" role="region" tabindex="0" aria-label="{title}">'
        f"{image}</div></figure>"
    )


def files() -> str:
    """Links to the raw numbers."""
    links = [f'<a href="{address(path)}" target="_blank">{path.name}</a>' for path in (RESULTS, BENCHMARK, REPORT) if path.is_file()]
    space = os.environ.get("SPACE_ID")
    if space:
        links.append(f'<a href="https://huggingface.co/spaces/{html.escape(space)}/tree/main/weights">the folder weights/</a>')
    return f"<p>All numbers: {', '.join(links)}.</p>" if links else ""


def outdated(results: Results) -> str:
    """Which of the shipped weights are others than those that were measured, as a notice; nothing where they are the same."""
    old = [name for name in PRETRAINED if results.get("checkpoints", {}).get(name, {}).get("sha256") != file_hash(pretrained_path(name))]
    if not old or "checkpoints" not in results:
        return ""
    return (
        f'<p class="missing">The weights {", ".join(old)} are newer than these numbers. '
        "<code>python -m model evaluate</code> measures them again.</p>"
    )


SETS = (
    "Mean return before → after 1 → after 3 collections of 3 episodes (share of worlds at "
    f"{SOLVED:g} or more; hybrid minus standard, paired by seed)."
)

FOLDED = (
    ("break_set", "The worlds that break the policy", f"Standard adaptation, 10 episodes a step. {MAX_EPISODE_STEPS} is never falling."),
    ("unseen", "Worlds never seen", "One trial in each held-out world; in parentheses the share of worlds with a return of at least 475."),
    ("sets", "Standard against hybrid adaptation", SETS),
    ("cost", "What adaptation costs", "PPO is Stable-Baselines3's, from nothing or after the standard cart."),
)


def measured(results: Results) -> str:
    """Figures and the main tables; what has not been measured names its command."""
    figures = "".join(figure(name, title) for name, title in FIGURES.items() if (ASSETS / name).is_file())
    details = "".join(
        f"<details><summary>{title}</summary><p>{words}</p>{results_table(name, title, results)}</details>" for name, title, words in FOLDED
    )
    return f"<h2>What was measured</h2>{how(results)}{outdated(results)}{figures}{details}{files()}"
