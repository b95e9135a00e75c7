"""README's figures and tables, the lesson's figures, weights/RESULTS.md, the model card and the curves as CSV, made from the results:
python -m ui.figures.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from model.console import run
from model.experiments.benchmark import BENCHMARK
from model.experiments.model_card import model_card
from model.experiments.report import START_LABELS, Results, name_of
from model.experiments.results_page import TABLES, budgets_csv, curves_csv, results_page
from model.experiments.runner import RESULTS, reported
from model.experiments.who_wins import FAMILIES, METHODS
from model.maml.to_file import read_log
from model.policy.checkpoint import write_atomically
from model.policy.pretrained import PRETRAINED, WEIGHTS, pretrained_path
from model.worlds.cartpole import MAX_EPISODE_STEPS, SOLVED
from ui.lesson import LESSON
from ui.views.assets import ASSETS
from ui.views.colours import ROLES

# Starting points have colours of their own from the same palette: those of the roles mean before, standard and hybrid.
START_LINES = {"meta": (ROLES["policy"].light, "-"), "memory": ("#56b4e9", "--"), "standard": ("#e69f00", "-."), "random": ("#555555", ":")}
ROOT = Path(__file__).resolve().parent.parent
SVG = {"format": "svg", "metadata": {"Date": None}}
matplotlib.rcParams["svg.hashsalt"] = "results"  # with a fixed salt and no date, the same results give the same file


def return_axes(axes: Any, title: str, x_label: str) -> None:
    """Title, units and the two limits that every plot of returns shows."""
    axes.set(title=title, xlabel=x_label, ylabel="greedy return (steps)", ylim=(0, 1.04 * MAX_EPISODE_STEPS))
    axes.axhline(SOLVED, color="#888888", linewidth=0.8, linestyle=":")
    axes.grid(alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)


def curve(axes: Any, rows: Results, start: str) -> None:
    """One starting point's mean return against the gradient step, with its 95% band."""
    colour, dash = START_LINES[start]
    steps = sorted(int(k) for k in rows if k.isdigit() and int(k) <= 3)
    mean = [rows[str(s)]["mean"] for s in steps]
    low, high = zip(*(rows[str(s)]["interval"] for s in steps), strict=True)
    axes.plot(steps, mean, color=colour, linestyle=dash, label=START_LABELS[start], marker="o", markersize=3)
    axes.fill_between(steps, low, high, color=colour, alpha=0.15, linewidth=0)


def break_set_figure(results: Results) -> Figure:
    """Return against gradient step for every world of the break set and every starting point."""
    worlds = list(results["break_set"]["worlds"])
    columns, rows = 5, -(-len(worlds) // 5)
    figure = Figure(figsize=(2.6 * columns, 2.5 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes, world in zip(grid.flat, worlds, strict=False):
        for start in START_LINES:
            curve(axes, results["presets"][world][start], start)
        return_axes(axes, name_of(world), "gradient step")
        axes.set_xticks(range(4))
        axes.label_outer()
    for axes in grid.flat[len(worlds) :]:
        axes.set_axis_off()
    handles, labels = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    return figure


def training_figure(results: Results) -> Figure:
    """The shipped weights' training: mean return of the training episodes before and after adaptation."""
    figure = Figure(figsize=(12, 3.2), layout="constrained")
    for axes, name in zip(figure.subplots(1, 3, sharey=True), PRETRAINED, strict=True):
        log = read_log(pretrained_path(name))
        steps = [int(r["env_steps"]) / 1e6 for r in log]
        axes.plot(
            steps,
            [float(r["return_before"]) for r in log],
            color=ROLES["before"].light,
            linestyle="--",
            linewidth=1,
            label="before adaptation",
        )
        if log[0]["return_after_by_step"]:
            axes.plot(steps, [float(r["return_after"]) for r in log], color=ROLES["standard"].light, linewidth=1, label="after adaptation")
        return_axes(axes, name, "environment steps (millions)")
        axes.set_ylabel("mean return in training (steps)")
        axes.label_outer()
        axes.legend(frameon=False, loc="lower right")
    return figure


def map_figure(results: Results) -> Figure:
    """Families by methods: the mean return, the best and whatever is even with it framed."""
    cells = [[results["map"][f]["methods"][m]["mean"] for m in METHODS] for f in FAMILIES]
    figure = Figure(figsize=(11, 1.8 + 0.42 * len(FAMILIES)), layout="constrained")
    axes = figure.subplots()
    shades = LinearSegmentedColormap.from_list("returns", ["#ffffff", ROLES["policy"].light])
    axes.imshow(cells, cmap=shades, vmin=0, vmax=MAX_EPISODE_STEPS / 0.75, aspect="auto")  # at most three quarters: text stays readable
    for i, family in enumerate(FAMILIES):
        row = results["map"][family]
        for j, (method, value) in enumerate(zip(METHODS, cells[i], strict=True)):
            best = method == row["best"]
            axes.text(j, i, f"{value:.0f}", ha="center", va="center", fontsize=9, fontweight="bold" if method in row["ties"] else "normal")
            if method in row["ties"]:
                frame = {"linewidth": 2.2 if best else 1.1, "linestyle": "-" if best else "--"}
                axes.add_patch(Rectangle((j - 0.46, i - 0.44), 0.92, 0.88, fill=False, edgecolor="#1d2733", **frame))
    axes.set_xticks(range(len(METHODS)), METHODS.values(), rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(FAMILIES)), [f"{family.words} ({results['map'][f]['n']})" for f, family in FAMILIES.items()])
    axes.set_title("Mean greedy return, steps of 500. Framed: the best; dashed: even with it (95%, paired)", fontsize=10)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


FIGURES: dict[str, Callable[[Results], Figure]] = {"break_set": break_set_figure, "training": training_figure, "map": map_figure}


PAGES: dict[str, Callable[[Results], str]] = {
    "RESULTS.md": results_page,
    "README.md": model_card,
    "curves.csv": curves_csv,
    "budgets.csv": budgets_csv,
}


def read_results(path: Path = RESULTS) -> dict[str, Any]:
    """What the study measured, and under "benchmark" what the benchmark did. Raises OSError or ValueError for unreadable files."""
    return {**reported(path), "benchmark": json.loads(BENCHMARK.read_text(encoding="utf-8"))}


def with_tables(readme: str, results: Results) -> str:
    """The README's text with every block between <!-- table: NAME --> and <!-- end table --> made anew."""

    def made(match: re.Match) -> str:
        return f"<!-- table: {match[1]} -->\n{TABLES[match[1]](results)}\n<!-- end table -->"

    return re.sub(r"<!-- table: (\w+) -->\n.*?<!-- end table -->", made, readme, flags=re.DOTALL)


def with_figures(lesson: str, results: Results) -> str:
    """The lesson's text with every <b data-from="KEY/KEY/..."> made anew: shares as percent, millions in words, else whole numbers."""

    def made(match: re.Match) -> str:
        value: Any = results
        for key in match[1].split("/"):
            value = value[int(key) if isinstance(value, list) else key]
        written = f"{value:.0%}" if value <= 1 else f"{value / 1e6:.0f} million" if value >= 1e6 else f"{value:,.0f}"
        return f'<b data-from="{match[1]}">{written}</b>'

    return re.sub(r'<b data-from="([^"]+)">[^<]*</b>', made, lesson)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ui.figures", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="what `python -m model evaluate` wrote")
    args = parser.parse_args(argv)
    try:
        results = read_results(args.results)
    except (OSError, ValueError) as error:
        print(f"error: {error}; make the results with: python -m model evaluate --split sealed; python -m model benchmark", file=sys.stderr)
        return 1
    for name, draw in FIGURES.items():
        draw(results).savefig(ASSETS / f"{name}.svg", **SVG)
    readme = ROOT / "README.md"
    write_atomically(readme, with_tables(readme.read_text(encoding="utf-8"), results).encode())
    write_atomically(LESSON, with_figures(LESSON.read_text(encoding="utf-8"), results).encode())
    for name, make in PAGES.items():
        write_atomically(WEIGHTS / name, make(results).encode())
    return 0


if __name__ == "__main__":
    run(main)
