"""Trials in a few numbers, as results.json holds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from model.rl.evaluation import summary
from model.worlds.cartpole import MAX_EPISODE_STEPS, SOLVED


def by_step(returns: np.ndarray, steps: Sequence[int]) -> dict[str, Any]:
    """Summaries of the trials' returns after the given numbers of steps. returns (all steps + 1, M)."""
    return {str(s): {**summary(returns[s]), "share_solved": float((returns[s] >= SOLVED).mean())} for s in steps}


def break_set(presets: dict[str, Any], solvable: dict[str, float]) -> dict[str, Any]:
    """Recovered share = (after - before) / (ceiling - before) of the meta policy, ceiling 500; and that each world is solvable."""
    rows = {}
    for name, best in solvable.items():
        row = presets[name]["meta"]
        before = row["0"]["mean"]
        share = {k: (row[k]["mean"] - before) / (MAX_EPISODE_STEPS - before) for k in ("1", "2", "3", "10")}
        rows[name] = {"before": before, "recovered_share": share, "best_return_alone_from_scratch": best}
    return {
        "worlds": rows,
        "mean_recovered_share": {k: float(np.mean([r["recovered_share"][k] for r in rows.values()])) for k in ("1", "2", "3", "10")},
    }


def paired_ratio(later: np.ndarray, earlier: np.ndarray) -> dict[str, Any]:
    """mean(later) / mean(earlier) over paired trials with its 95% bootstrap interval."""
    index = np.random.default_rng(0).integers(len(later), size=(10_000, len(later)))
    ratios = later[index].mean(1) / earlier[index].mean(1)
    return {"ratio": float(later.mean() / earlier.mean()), "interval": [float(np.quantile(ratios, q)) for q in (0.025, 0.975)]}
