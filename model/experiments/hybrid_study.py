"""Standard against hybrid adaptation, with ablations and the control engineer's regulator: paired trials, in parts over processes.

Every comparison is paired by seed: the same worlds, first states and noise. Settings are chosen on validation; a test split is
read once. Sets: the break set, worlds inside the training ranges, worlds outside them; and every named world on its own.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from model.allocator import keep_freed_memory
from model.experiments.ablations import ABLATIONS
from model.experiments.linear_control import linear_trials
from model.experiments.trials import Trials, run_trials
from model.model_based.hybrid import adaptation_config
from model.policy.pretrained import load_pretrained
from model.rl.evaluation import bootstrap_interval, summary
from model.worlds.cartpole import SOLVED, World
from model.worlds.named import BREAK_SET, WORLDS
from model.worlds.sampling import sample_worlds

Report = Callable[[str], None] | None
SETS = ("break_set", "inside", "outside")
STARTS = ("meta", "memory", "standard", "random")
COLLECTIONS = (1, 2, 3, 5)
BUDGETS = (30, 100, 300, 1000, 3000, 10_000)  # environment steps, of the curve of the return against them
EVAL_EPISODES = 4


@dataclass(frozen=True)
class HybridSize:
    """How much is measured: worlds of each set (of the break set, trials in all), for 3 episodes a collection, and for the others.

    named: trials in each named world, of named_collections collections with 3 episodes.
    """

    main: tuple[int, int, int] = (100, 200, 100)
    others: tuple[int, int, int] = (100, 200, 100)
    standard_start: tuple[int, int, int] = (100, 200, 100)
    ablation_worlds: int = 12
    collections: int = 5
    named: int = 50
    named_collections: int = 3

    def trials(self, start: str, episodes: int) -> dict[str, int]:
        """Trials in each set."""
        counts = self.standard_start if start in ("standard", "random") else self.main if episodes == 3 else self.others
        return dict(zip(SETS, counts, strict=True))


QUICK = HybridSize((10, 4, 4), (10, 2, 2), (10, 2, 2), ablation_worlds=2, collections=2, named=2, named_collections=1)


def worlds_of(split: str, where: str, n: int, seed: int) -> list[World]:
    """n worlds of a set. split: "validation" or "test"; the break set is the same in both."""
    if where == "break_set":
        return [WORLDS[BREAK_SET[i % len(BREAK_SET)]] for i in range(n)]
    return sample_worlds(split if where == "inside" else f"{split}_outside", n, seed)


def held_at(trials: Trials, env_steps: np.ndarray) -> np.ndarray:
    """The return of the policy that each trial has after so many environment steps, (M,): that of its last complete collection."""
    complete = (trials.env_steps <= env_steps).sum(0) - 1
    return trials.returns[complete, np.arange(trials.returns.shape[1])]


def described(trials: Trials, seconds: float) -> dict[str, Any]:
    """One method's results after each collection, and its curve against environment steps. seconds: CPU time of all, evaluation too."""
    M, steps = trials.returns.shape[1], len(trials.returns) - 1
    held = {str(b): held_at(trials, np.full(M, b)) for b in BUDGETS}
    return {
        "returns": trials.returns.mean(1).tolist(),
        "intervals": [bootstrap_interval(row) for row in trials.returns],
        "share_solved": (trials.returns >= SOLVED).mean(1).tolist(),
        "env_steps": trials.env_steps.mean(1).tolist(),
        "at_env_steps": {b: float(row.mean()) for b, row in held.items()},
        "at_env_steps_intervals": {b: bootstrap_interval(row) for b, row in held.items()},
        "seconds_a_collection": seconds / (M * steps),
    }


def timed(make: Callable[[], Trials]) -> tuple[Trials, float]:
    """Trials and the CPU seconds that they took."""
    started = time.process_time()
    trials = make()
    return trials, time.process_time() - started


def compare(split: str, size: HybridSize, seed: int, start: str, episodes: int, where: str) -> tuple[dict[str, Any], list[str]]:
    """Standard, hybrid and the regulator from one start, with so many episodes a collection, on one set."""
    worlds = worlds_of(split, where, size.trials(start, episodes)[where], seed)
    row, line = compare_in(worlds, size.collections, seed, start, episodes)
    return row, [f"{start}, {episodes} episodes, {where}: {line}"]


def compare_named(split: str, size: HybridSize, seed: int, start: str, name: str) -> tuple[dict[str, Any], list[str]]:
    """The same in one named world, with 3 episodes a collection. The world is the same in both splits."""
    row, line = compare_in([WORLDS[name]] * size.named, size.named_collections, seed, start, 3)
    return row, [f"{start}, {name}: {line}"]


def compare_in(worlds: Sequence[World], collections: int, seed: int, start: str, episodes: int) -> tuple[dict[str, Any], str]:
    """Standard, hybrid and the regulator from one start, one trial in each of the worlds; and the result in a line."""
    model = None if start == "random" else load_pretrained(start)
    configs = {
        mode: adaptation_config(start, mode, episodes_per_step=episodes, num_adapt_steps=collections) for mode in ("standard", "hybrid")
    }
    made = {mode: timed(lambda c=c: run_trials(model, worlds, c, seed, EVAL_EPISODES)) for mode, c in configs.items()}
    made["regulator"] = timed(lambda: linear_trials(model, worlds, configs["standard"], seed, EVAL_EPISODES))
    trials = {mode: t for mode, (t, _) in made.items()}
    standard, hybrid = trials["standard"], trials["hybrid"]
    gains = {}
    for k in (c for c in COLLECTIONS if c <= collections):
        gains[str(k)] = {
            "equal_collections": summary(hybrid.returns[k] - standard.returns[k]),
            "equal_env_steps": summary(hybrid.returns[k] - held_at(standard, hybrid.env_steps[k])),
            "regulator_minus_hybrid": summary(trials["regulator"].returns[k] - hybrid.returns[k]),
        }
    row = {"n": len(worlds), **{mode: described(*m) for mode, m in made.items()}, "gains": gains}
    k = min(3, collections)
    gain = gains.get(str(k), gains["1"])["equal_collections"]
    means = {mode: " ".join(f"{x:.0f}" for x in t.returns.mean(1)) for mode, t in trials.items()}
    shares = {mode: f"{(t.returns[k] >= SOLVED).mean():.2f}" for mode, t in trials.items()}
    line = "; ".join(f"{m} {means[m]} ({shares[m]})" for m in means)
    return row, f"{line}; gain after {k}: {gain['mean']:+.0f} [{gain['interval'][0]:+.0f}, {gain['interval'][1]:+.0f}]"


def ablation(split: str, size: HybridSize, seed: int, start: str, name: str) -> tuple[dict[str, Any], list[str]]:
    """One variant of hybrid adaptation with 3 episodes a collection, inside and outside together."""
    n = size.ablation_worlds
    worlds = worlds_of(split, "inside", n, seed) + worlds_of(split, "outside", n, seed)
    config, method = ABLATIONS[name](start)
    config = replace(config, episodes_per_step=3, num_adapt_steps=min(3, size.collections))
    trials, seconds = timed(lambda: run_trials(load_pretrained(start), worlds, config, seed, EVAL_EPISODES, method))
    row = {"n": len(worlds), **described(trials, seconds)}
    means = " ".join(f"{x:.0f}" for x in row["returns"])
    return row, [f"{start}, {name}: {means} ({row['share_solved'][-1]:.2f}), {row['seconds_a_collection']:.2f} s a collection"]


def parts(ablations: Sequence[str] = tuple(ABLATIONS)) -> dict[tuple[str, ...], tuple]:
    """Every part of the study: its place in the results, and the function with its arguments; the longest first."""
    comparisons = {
        ("comparison", start, str(k), where): (compare, start, k, where)
        for k in (3, 1, 10)
        for start in STARTS
        for where in SETS
        if start != "random" or k == 3
    }
    return {
        **comparisons,
        **{("ablations", start, name): (ablation, start, name) for start in ("meta", "memory") for name in ablations},
        **{("named", start, name): (compare_named, start, name) for start in STARTS for name in WORLDS},
    }


def _part(function: Callable, split: str, size: HybridSize, seed: int, *arguments: Any) -> tuple[dict[str, Any], list[str], float]:
    torch.set_num_threads(1)
    keep_freed_memory()
    started = time.perf_counter()
    row, lines = function(split, size, seed, *arguments)
    return row, lines, time.perf_counter() - started


def run_hybrid_study(
    split: str = "validation",
    size: HybridSize | None = None,
    seed: int = 0,
    report: Report = None,
    processes: int = 2,
    chosen: Callable[[tuple[str, ...]], bool] = lambda place: True,
) -> dict[str, Any]:
    """Measure on a split, part by part; the ablations always on validation. chosen: which places of `parts` to measure.

    Returns nested dictionaries: "comparison" by start, episodes and set; "ablations" by start and variant; "named" by start and world.
    Raises ValueError for another split.
    """
    if split not in ("validation", "test"):
        raise ValueError(f"split must be one of validation, test, got {split!r}")
    size, say = size or HybridSize(), report or (lambda text: None)
    if processes == 1:
        executor: Executor = ThreadPoolExecutor(1)  # in this process
    else:
        executor = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("forkserver"))
    results: dict[str, Any] = {"split": split, "seed": seed, "ablations_split": "validation"}
    with executor as pool:
        futures: dict[tuple[str, ...], Future] = {}
        for place, (function, *arguments) in parts().items():
            if chosen(place):
                where = "validation" if place[0] == "ablations" else split
                futures[place] = pool.submit(_part, function, where, size, seed, *arguments)
        for place, row, lines, seconds in _finished(futures):
            for line in lines:
                say(f"{line}   [{seconds:.0f} s]")
            branch = results
            for key in place[:-1]:
                branch = branch.setdefault(key, {})
            branch[place[-1]] = row
    return results


def _finished(futures: dict[tuple[str, ...], Future]) -> Iterator[tuple[tuple[str, ...], dict[str, Any], list[str], float]]:
    for place, future in futures.items():
        yield place, *future.result()


def main() -> None:
    """python -m model.experiments.hybrid_study [validation|test] [quick]: prints each part and then everything as JSON."""
    import json
    import sys

    words = sys.argv[1:]
    split = "test" if "test" in words else "validation"
    print(json.dumps(run_hybrid_study(split, QUICK if "quick" in words else None, report=lambda line: print(line, file=sys.stderr))))


if __name__ == "__main__":
    main()
