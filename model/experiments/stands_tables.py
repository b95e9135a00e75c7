"""Tables of who stands while the world changes, as Markdown."""

from __future__ import annotations

from model.experiments.cases import CASES
from model.experiments.notice import CHANGES
from model.experiments.report import START_LABELS, Results, interval, table
from model.experiments.stands import POLICIES
from model.policy.pretrained import TAUGHT_SEEDS

PLAYERS = {
    **{name: START_LABELS.get(name, name) for name in POLICIES},
    **{f"taught_{seed}": f"taught, training seed {seed}" for seed in TAUGHT_SEEDS},
    "teacher": "the teacher, told the world",
}


def stands_table(results: Results) -> str:
    """A case a row: the share of episodes that stand for all 500 steps with its interval, and the mean return."""
    rows = []
    for name, case in CASES.items():
        by_policy = results["taught"]["stands"][name]
        cells = []
        for policy in PLAYERS:
            low, high = by_policy[policy]["share_interval"]
            cells.append(f"{by_policy[policy]['share_standing']:.0%} [{low:.0%}, {high:.0%}]; {interval(by_policy[policy])}")
        rows.append([case.words, str(by_policy["teacher"]["n"]), *cells])
    return table(["episodes", "n", *PLAYERS.values()], rows)


def notice_table(results: Results) -> str:
    """A change a row: steps until a policy notices, and how many of its pushes are right at once, one and five steps later."""
    rows = []
    for kind in CHANGES:
        for policy in POLICIES:
            row = results["taught"]["notice"][kind][policy]
            steps = ["not in 50" if row[key] is None else f"{row[key]:.0f}" for key in ("median", "quantile_95")]
            right = ["" if row["right_by_step"][t] is None else f"{row['right_by_step'][t]:.0%}" for t in (0, 1, 2, 5, 20)]
            rows.append([kind.replace("_", " "), PLAYERS[policy], str(row["n"]), *steps, *right])
    return table(
        ["change", "policy", "n", "steps to notice, median", "95% quantile", "right pushes at the change", "1 step later", "2", "5", "20"],
        rows,
    )
