"""Gradient steps against hybrid adaptation, with ablations and the control engineer's regulator: paired trials, in parts.

Every comparison is paired by seed: the same worlds, first states and noise. Sets: the break set, worlds inside the training ranges, worlds
outside them; and every named world on its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from model.experiments.ablations import ABLATIONS
from model.experiments.linear_control import linear_trials
from model.experiments.study import STARTS, Part, Study
from model.experiments.trials import Trials, run_trials, run_until_spent
from model.model_based.hybrid import adaptation_config
from model.rl.evaluation import bootstrap_interval, summary
from model.worlds.cartpole import SOLVED
from model.worlds.named import BREAK_SET, WORLDS
from model.worlds.sampling import sample_worlds
from model.worlds.world import World

SETS = ("break_set", "inside", "outside")
BUDGETS = (30, 100, 300, 1000, 3000)  # environment steps, of the curve of the return against them
EVAL_EPISODES = 4


@dataclass(frozen=True)
class ComparisonSize:
    """How much is measured: trials in each set, collections of each trial, and both in the named worlds; worlds of an ablation."""

    worlds: int = 40
    collections: int = 3
    named: int = 10
    ablation_worlds: int = 12


QUICK = ComparisonSize(worlds=2, collections=1, named=1, ablation_worlds=1)


def worlds_of(split: str, where: str, n: int, seed: int) -> list[World]:
    """n worlds of a set. The break set is the same in every split."""
    if where == "break_set":
        return [WORLDS[BREAK_SET[i % len(BREAK_SET)]] for i in range(n)]
    return sample_worlds(split if where == "inside" else f"{split}_outside", n, seed)


def described(trials: Trials, collections: int, seconds: float) -> dict[str, Any]:
    """One method's results after each collection, and its curve against environment steps. seconds: CPU time of all, evaluation too.

    spent_env_steps: the share of trials that collected until so many environment steps were spent; where it is less than 1, the return
    beside it is that of policies some of which could still have learnt.
    """
    M, first = trials.returns.shape[1], trials.first(collections)
    held = {str(b): trials.held_at(np.full(M, b)) for b in BUDGETS}
    return {
        "returns": first.returns.mean(1).tolist(),
        "intervals": [bootstrap_interval(row) for row in first.returns],
        "share_solved": (first.returns >= SOLVED).mean(1).tolist(),
        "env_steps": first.env_steps.mean(1).tolist(),
        "at_env_steps": {b: float(row.mean()) for b, row in held.items()},
        "at_env_steps_intervals": {b: bootstrap_interval(row) for b, row in held.items()},
        "spent_env_steps": {str(b): float(trials.spent(np.full(M, b)).mean()) for b in BUDGETS},
        "seconds_a_collection": seconds / (M * (len(trials.returns) - 1)),
    }


def timed(make: Callable[[], Trials]) -> tuple[Trials, float]:
    """Trials and the CPU seconds that they took."""
    started = time.process_time()
    trials = make()
    return trials, time.process_time() - started


def compare(study: Study, size: ComparisonSize, start: str, episodes: int, where: str) -> dict[str, Any]:
    """Gradient, hybrid and the regulator from one start, with so many episodes a collection, on one set."""
    worlds = worlds_of(study.split, where, size.worlds, study.seed)
    return compare_in(study, worlds, size.collections, start, episodes, where)


def compare_named(study: Study, size: ComparisonSize, start: str, name: str) -> dict[str, Any]:
    """The same in one named world, with 3 episodes a collection. The world is the same in every split."""
    return compare_in(study, [WORLDS[name]] * size.named, size.collections, start, 3, name)


def compare_in(study: Study, worlds: Sequence[World], collections: int, start: str, episodes: int, where: str) -> dict[str, Any]:
    """The same, one trial in each of the worlds. Gradient steps go on until they have spent what hybrid used and the largest budget."""
    model, seed = study.starts[start], study.seed
    gradient, config = (
        adaptation_config(start, mode, episodes_per_step=episodes, num_adapt_steps=collections) for mode in ("standard", "hybrid")
    )
    made = {"hybrid": timed(lambda: run_trials(model, worlds, config, seed, EVAL_EPISODES))}
    hybrid = made["hybrid"][0]
    budget = np.maximum(hybrid.env_steps[-1], max(BUDGETS))
    made["standard"] = timed(lambda: run_until_spent(model, worlds, gradient, seed, budget, EVAL_EPISODES))
    made["regulator"] = timed(lambda: linear_trials(model, worlds, gradient, seed, EVAL_EPISODES))
    standard, regulator = made["standard"][0], made["regulator"][0]
    gains = {}
    for k in range(1, collections + 1):
        gains[str(k)] = {
            "equal_collections": summary(hybrid.returns[k] - standard.returns[k]),
            "equal_env_steps": summary(hybrid.returns[k] - standard.held_at(hybrid.env_steps[k])),
            "spent": float(standard.spent(hybrid.env_steps[k]).mean()),
            "regulator_minus_hybrid": summary(regulator.returns[k] - hybrid.returns[k]),
        }
    rows = {mode: described(*made[mode][:1], collections, made[mode][1]) for mode in ("standard", "hybrid", "regulator")}
    gain = gains[str(collections)]["equal_collections"]
    means = "; ".join(f"{m} {' '.join(f'{x:.0f}' for x in row['returns'])} ({row['share_solved'][-1]:.2f})" for m, row in rows.items())
    low, high = gain["interval"]
    study.say(f"{start}, {episodes} episodes, {where}: {means}; gain after {collections}: {gain['mean']:+.0f} [{low:+.0f}, {high:+.0f}]")
    return {"n": len(worlds), **rows, "gains": gains}


def ablation(study: Study, size: ComparisonSize, start: str, name: str) -> dict[str, Any]:
    """One variant of hybrid adaptation with 3 episodes a collection, inside and outside together, on validation worlds."""
    worlds = [w for where in ("inside", "outside") for w in worlds_of("validation", where, size.ablation_worlds, study.seed)]
    config, method = ABLATIONS[name](start)
    config = replace(config, episodes_per_step=3, num_adapt_steps=size.collections)
    trials, seconds = timed(lambda: run_trials(study.starts[start], worlds, config, study.seed, EVAL_EPISODES, method))
    row = {"n": len(worlds), **described(trials, size.collections, seconds)}
    study.say(f"{start}, {name}: {' '.join(f'{x:.0f}' for x in row['returns'])} ({row['share_solved'][-1]:.2f})")
    return row


def comparison_parts(size: ComparisonSize) -> dict[tuple[str, ...], Part]:
    """Every part: its place in the results, and what makes it."""
    return {
        **{
            ("hybrid", "comparison", start, str(k), where): partial(compare, size=size, start=start, episodes=k, where=where)
            for k in (1, 3, 10)
            for start in STARTS
            for where in SETS
        },
        **{
            ("hybrid", "ablations", start, name): partial(ablation, size=size, start=start, name=name)
            for start in ("meta", "memory")
            for name in ABLATIONS
        },
        **{("named", start, name): partial(compare_named, size=size, start=start, name=name) for start in STARTS for name in WORLDS},
    }
