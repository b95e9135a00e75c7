"""The README's figures and tables, made from weights/results.json: python -m ui.figures."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from model.checkpoint import PRETRAINED, pretrained_path
from model.study import RESULTS
from model.training import read_log
from ui.colours import ROLES

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"
# Starting points have colours of their own from the same palette: those of the roles mean before, standard and hybrid.
STARTS = {
    "meta": ("meta-trained", ROLES["policy"].light, "-"),
    "memory": ("memory", "#56b4e9", "--"),
    "standard": ("standard", "#e69f00", "-."),
    "random": ("random start", "#555555", ":"),
}
SVG = {"format": "svg", "metadata": {"Date": None}}  # the same results give the same file

Results = Mapping[str, Any]


def name_of(key: str) -> str:
    """A preset's key as words."""
    return key.replace("_", " ")


def interval(row: Results) -> str:
    """A mean with its 95% interval."""
    low, high = row["interval"]
    return f"{row['mean']:.0f} [{low:.0f}, {high:.0f}]"


def return_axes(axes: Any, title: str, x_label: str) -> None:
    """Title, units and the two limits that every plot of returns shows."""
    axes.set(title=title, xlabel=x_label, ylabel="greedy return (steps)", ylim=(0, 520))
    axes.axhline(475, color="#888888", linewidth=0.8, linestyle=":")
    axes.grid(alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)


def curve(axes: Any, rows: Results, start: str) -> None:
    """One starting point's mean return against the gradient step, with its 95% band."""
    label, colour, dash = STARTS[start]
    steps = sorted(int(k) for k in rows if k.isdigit() and int(k) <= 3)
    mean = [rows[str(s)]["mean"] for s in steps]
    low, high = zip(*(rows[str(s)]["interval"] for s in steps), strict=True)
    axes.plot(steps, mean, color=colour, linestyle=dash, label=label, marker="o", markersize=3)
    axes.fill_between(steps, low, high, color=colour, alpha=0.15, linewidth=0)


def break_set_figure(results: Results) -> Figure:
    """Return against gradient step for every world of the break set and every starting point."""
    worlds = list(results["break_set"]["worlds"])
    columns, rows = 5, -(-len(worlds) // 5)
    figure = Figure(figsize=(2.6 * columns, 2.5 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes, world in zip(grid.flat, worlds, strict=False):
        for start in STARTS:
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
        axes.legend(frameon=False, loc="upper left")
    return figure


FIGURES: dict[str, Callable[[Results], Figure]] = {"break_set": break_set_figure, "training": training_figure}


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def checkpoints_table(results: Results) -> str:
    rows = []
    for name in PRETRAINED:
        c, s = results["checkpoints"][name], results["standard_world"][name]
        made = f"{c['env_steps'] / 1e6:.1f} million in {c['seconds'] / 60:.0f} min"
        rows.append([name, f"{s['mean']:.1f} ± {s['std']:.1f}", f"{c['epochs']:,}", made, f"`{c['sha256'][:12]}`"])
    n = results["standard_world"]["meta"]["n"]
    return table(["weights", f"CartPole-v1, {n} seeds, greedy", "epochs", "environment steps of training", "SHA-256"], rows)


def presets_table(results: Results) -> str:
    rows = []
    for world, by_start in results["presets"].items():
        cells = [" → ".join(f"{by_start[start][k]['mean']:.0f}" for k in "0123") for start in STARTS]
        rows.append([name_of(world), *cells])
    return table(["world", *(f"{label}: before → 1 → 2 → 3 steps" for label, *_ in STARTS.values())], rows)


def break_set_table(results: Results) -> str:
    rows = []
    for world, row in results["break_set"]["worlds"].items():
        meta, share = results["presets"][world]["meta"], row["recovered_share"]
        ratio = meta["step_10_over_step_3"]
        low, high = ratio["interval"]
        cells = [interval(meta[k]) for k in ("0", "1", "3", "10")]
        rows.append([name_of(world), *cells, f"{share['3']:.0%}", f"{ratio['ratio']:.2f} [{low:.2f}, {high:.2f}]"])
        rows[-1].append(f"{row['best_return_alone_from_scratch']:.0f}")
    mean = results["break_set"]["mean_recovered_share"]
    rows.append(["**mean recovered share**", "", f"**{mean['1']:.0%}**", f"**{mean['3']:.0%}**", f"**{mean['10']:.0%}**", "", "", ""])
    return table(
        ["world", "before", "after 1 step", "after 3", "after 10", "recovered after 3", "step 10 / step 3", "trained on it alone"], rows
    )


def few_data_table(results: Results) -> str:
    rows = []
    for episodes, row in results["few_data"].items():
        rows.append([episodes, *(f"{row[str(k)]['mean']:.0f}" for k in range(6)), f"{row['env_steps'][1]:.0f}"])
    return table(["episodes a step", "before", *(f"after {k}" for k in range(1, 6)), "environment steps of step 1"], rows)


def hybrid_table(results: Results) -> str:
    rows = []
    for episodes, row in results["hybrid"].items():
        for k in (3, 5):
            r = row[f"after_{k}"]
            low, high = r["gain"]["interval"]
            steps = " / ".join(f"{x:.0f}" for x in r["env_steps"])
            rows.append(
                [
                    episodes,
                    str(k),
                    f"{r['standard']:.0f}",
                    f"{r['hybrid']:.0f}",
                    f"{r['gain']['mean']:+.0f} [{low:+.0f}, {high:+.0f}]",
                    steps,
                ]
            )
    return table(["episodes a step", "steps", "standard", "hybrid", "gain, paired", "environment steps standard / hybrid"], rows)


def unseen_table(results: Results) -> str:
    rows = []
    for where, by_start in results["unseen_worlds"].items():
        for start, (label, *_) in STARTS.items():
            row = by_start[start]
            cells = [f"{row[k]['mean']:.0f} ({row[k]['share_solved']:.0%})" for k in ("0", "1", "3", "10")]
            rows.append([where, str(row["0"]["n"]), label, *cells])
        scratch = by_start["from_scratch"]
        median = scratch["median_env_steps_to_solve"]
        words = f"{scratch['share_solved']:.0%} solved" + (f", median {median:,.0f} environment steps" if median else "")
        rows.append([where, str(scratch["n"]), f"from scratch, up to {scratch['max_env_steps']:,} steps", words, "", "", ""])
    return table(["worlds", "n", "start", "before", "after 1 step", "after 3", "after 10"], rows)


def card_table(results: Results) -> str:
    c, v = results["comparison"], results["verification"]
    scratch = c["from_scratch"]
    median = scratch["median_env_steps_to_solve"]
    cost = f"{median:,.0f} environment steps (median of {scratch['n']} runs)" if median else "not within the cap"
    rows = [
        ["random actions", f"{c['random_actions']['mean']:.1f} ± {c['random_actions']['std']:.1f}", str(c["random_actions"]["n"]), "none"],
        ["the same model from scratch", f"{scratch['mean']:.1f} ± {scratch['std']:.1f}", str(scratch["n"]), cost],
        ["meta-trained, no adaptation", f"{c['meta']['mean']:.1f} ± {c['meta']['std']:.1f}", str(c["meta"]["n"]), "none"],
        [
            "meta-trained, 10 episodes in Gymnasium",
            f"{v['mean']:.1f} ± {v['std']:.1f} (min {v['min']:.0f}, max {v['max']:.0f})",
            str(v["n"]),
            "none",
        ],
    ]
    return table(["policy on the standard cart", "return, mean ± std", "n", "cost on this world"], rows)


TABLES: dict[str, Callable[[Results], str]] = {
    "checkpoints": checkpoints_table,
    "card": card_table,
    "break_set": break_set_table,
    "presets": presets_table,
    "few_data": few_data_table,
    "hybrid": hybrid_table,
    "unseen": unseen_table,
}


def with_tables(readme: str, results: Results) -> str:
    """The README's text with every block between <!-- table: NAME --> and <!-- end table --> made anew."""

    def made(match: re.Match) -> str:
        return f"<!-- table: {match[1]} -->\n{TABLES[match[1]](results)}\n<!-- end table -->"

    return re.sub(r"<!-- table: (\w+) -->\n.*?<!-- end table -->", made, readme, flags=re.DOTALL)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ui.figures", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="what `python -m model evaluate` wrote")
    args = parser.parse_args(argv)
    try:
        results = json.loads(args.results.read_text())
    except (OSError, ValueError) as error:
        print(f"error: {args.results} can't be read: {error}; make it with: python -m model evaluate", file=sys.stderr)
        return 1
    for name, draw in FIGURES.items():
        draw(results).savefig(ASSETS / f"{name}.svg", **SVG)
    readme = ROOT / "README.md"
    readme.write_text(with_tables(readme.read_text(), results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
