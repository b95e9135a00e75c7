"""Tables of gradient against hybrid adaptation, made from the study's results, as Markdown."""

from __future__ import annotations

from model.experiments.comparison import BUDGETS
from model.experiments.report import START_LABELS, Results, name_of, table

SET_LABELS = {"inside": "inside the training ranges", "outside": "outside them", "break_set": "break set"}
METHOD_LABELS = {"standard": "gradient", "hybrid": "hybrid", "regulator": "linear regulator (LQR)"}


def signed(row: Results) -> str:
    """A paired gain with its 95% interval."""
    low, high = row["interval"]
    return f"{row['mean']:+.0f} [{low:+.0f}, {high:+.0f}]"


def start_sets_table(results: Results) -> str:
    """With 3 episodes a collection: what each start and method reaches on every set, and the regulator on what memory's episodes showed."""
    by_start, rows = results["hybrid"]["comparison"], []
    for start, method in [(s, m) for s in ("meta", "memory", "random") for m in METHOD_LABELS if m != "regulator" or s == "memory"]:
        cells = []
        for where in SET_LABELS:
            row = by_start[start]["3"][where]
            m = row[method]
            gain = f"; {signed(row['gains']['3']['equal_collections'])}" if method == "hybrid" else ""
            cells.append(" → ".join(f"{m['returns'][k]:.0f}" for k in (0, 1, 3)) + f" ({m['share_solved'][3]:.0%} of {row['n']}{gain})")
        rows.append([START_LABELS[start], METHOD_LABELS[method], *cells])
    return table(["weights", "method", *SET_LABELS.values()], rows)


def verdicts_table(results: Results) -> str:
    """In how many named worlds hybrid adaptation is ahead of gradient adaptation after the last collection, even with it, or behind."""
    rows = []
    for start, by_world in results["named"].items():
        ends = {name: row["gains"][max(row["gains"], key=int)]["equal_collections"]["interval"] for name, row in by_world.items()}
        behind = [name_of(name) for name, (_, high) in ends.items() if high < 0]
        ahead = sum(low > 0 for low, _ in ends.values())
        rows.append([START_LABELS[start], str(ahead), str(len(ends) - ahead - len(behind)), str(len(behind)), ", ".join(behind) or "none"])
    return table(["weights", "worlds where hybrid is ahead", "even: the interval holds 0", "behind", "behind in"], rows)


def named_table(results: Results) -> str:
    """Every named world on its own: each start before, and by each method after one collection and after three."""
    rows = []
    for name in results["named"]["meta"]:
        for start, by_world in results["named"].items():
            row = by_world[name]
            last = len(row["standard"]["returns"]) - 1
            cells = [" → ".join(f"{row[m]['returns'][k]:.0f}" for k in sorted({1, last})) for m in METHOD_LABELS]
            gain = signed(row["gains"][str(last)]["equal_collections"])
            steps = " / ".join(f"{row[m]['env_steps'][last]:,.0f}" for m in ("standard", "hybrid"))
            rows.append([name_of(name), START_LABELS[start], str(row["n"]), f"{row['standard']['returns'][0]:.0f}", *cells, gain, steps])
    after = [f"{label}: after 1 → 3" for label in METHOD_LABELS.values()]
    gain, steps = "hybrid − gradient after 3", "environment steps by 3, gradient / hybrid"
    return table(["world", "weights", "n", "before", *after, gain, steps], rows)


def hybrid_table(results: Results) -> str:
    """Standard, hybrid and the regulator for each start and number of episodes: returns, share solved, environment steps."""
    rows = []
    for start, by_episodes in results["hybrid"]["comparison"].items():
        for episodes, by_set in by_episodes.items():
            for where, row in by_set.items():
                for method, label in METHOD_LABELS.items():
                    m = row[method]
                    cells = [f"{m['returns'][k]:.0f}" for k in range(4)]
                    last = [f"{m['share_solved'][3]:.0%}", f"{m['env_steps'][3]:,.0f}"]
                    rows.append([START_LABELS[start], episodes, f"{SET_LABELS[where]} ({row['n']})", label, *cells, *last])
    header = ["weights", "episodes a collection", "worlds (n)", "method", "before", "after 1", "after 2", "after 3"]
    return table([*header, "share ≥ 475 after 3", "environment steps by 3"], rows)


def of_those(share: float) -> str:
    """What to add to a return at a budget that not every trial could spend."""
    return "" if share == 1 else f" ({share:.0%} spent it)"


def gains_table(results: Results) -> str:
    """Hybrid minus gradient, paired, at equal collections and at equal environment steps; the regulator minus hybrid."""
    rows = []
    for start, by_episodes in results["hybrid"]["comparison"].items():
        for episodes, by_set in by_episodes.items():
            for where, row in by_set.items():
                for k, gains in row["gains"].items():
                    equal = f"{signed(gains['equal_env_steps'])}{of_those(gains['spent'])}"
                    cells = [signed(gains["equal_collections"]), equal, signed(gains["regulator_minus_hybrid"])]
                    rows.append([START_LABELS[start], episodes, f"{SET_LABELS[where]} ({row['n']})", k, *cells])
    header = ["weights", "episodes a collection", "worlds (n)", "collections", "hybrid − gradient, equal collections"]
    return table([*header, "hybrid − gradient, equal environment steps", "regulator − hybrid"], rows)


def budget_table(results: Results) -> str:
    """Mean return of the policy held after so many environment steps, 3 episodes a collection."""
    rows = []
    for start, by_episodes in results["hybrid"]["comparison"].items():
        for where, row in by_episodes["3"].items():
            for method, label in METHOD_LABELS.items():
                spent = row[method]["spent_env_steps"]
                returns = [f"{x:.0f}{of_those(spent[b])}" for b, x in row[method]["at_env_steps"].items()]
                rows.append([START_LABELS[start], f"{SET_LABELS[where]} ({row['n']})", label, *returns])
    return table(["weights", "worlds (n)", "method", *(f"{b:,} environment steps" for b in BUDGETS)], rows)


def ablations_table(results: Results) -> str:
    """Variants of hybrid adaptation, on validation worlds."""
    rows = []
    for start, by_name in results["hybrid"]["ablations"].items():
        for name, row in by_name.items():
            low, high = row["intervals"][3]
            cells = [*(f"{x:.0f}" for x in row["returns"][:4]), f"[{low:.0f}, {high:.0f}]"]
            rows.append([START_LABELS[start], name_of(name), str(row["n"]), *cells, f"{row['share_solved'][3]:.0%}"])
    return table(["weights", "variant", "n", "before", "after 1", "after 2", "after 3", "95%", "share ≥ 475"], rows)
