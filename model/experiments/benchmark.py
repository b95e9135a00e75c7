"""Speed and cost on this machine: python -m model benchmark. Compare figures within one run; they vary between machines."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model.allocator import keep_freed_memory
from model.experiments.live_study import live_learning
from model.experiments.ppo_baseline import ppo_comparison
from model.experiments.provenance import provenance
from model.experiments.speed import Report, environment_speed, meta_training_speed, plain_loop_speed, profile, scaling, seconds_of
from model.experiments.trials import run_trials
from model.maml.adaptation import StandardAdaptationConfig, StandardAdapter
from model.maml.recipes import ONE_MINUTE, ONE_MINUTE_FAMILIES
from model.maml.to_file import read_log
from model.maml.training import MetaMAML
from model.policy.checkpoint import write_atomically
from model.policy.pretrained import WEIGHTS, load_pretrained, pretrained_path
from model.worlds.cartpole import SOLVED
from model.worlds.families import family_sampler
from model.worlds.named import WORLDS

BENCHMARK = WEIGHTS / "benchmark.json"
STATM = Path("/proc/self/statm")
FIRST_MINUTE_SEED = 1000  # those below 1000 were used to choose the recipe


def adaptation_cost(report: Report, seed: int) -> dict[str, Any]:
    """Environment steps and seconds to 475 on the reversed motor, and the time of one step on 10 failing episodes."""
    model, world = load_pretrained("meta"), WORLDS["reversed_motor"]
    adapter = StandardAdapter(StandardAdaptationConfig(num_adapt_steps=1))
    one_step = seconds_of(lambda: list(adapter.adapt(model, world)), repeats=11)
    trials = run_trials(model, [world] * 100, StandardAdaptationConfig(num_adapt_steps=5), seed=seed)
    solved = trials.returns >= SOLVED
    first = np.where(solved.any(0), solved.argmax(0), -1)
    cost = np.where(first >= 0, trials.env_steps[first, np.arange(100)], np.inf)
    median, share = float(np.median(cost)), float(np.isfinite(cost).mean())
    meta_steps = int(read_log(pretrained_path("meta"))[-1]["env_steps"])
    report(f"one step on 10 failing episodes: {one_step * 1e3:.0f} ms")
    report(f"reversed motor to 475: median {median:,.0f} environment steps, {share:.0%} of 100 trials within 5 steps")
    return {
        "one_step_seconds": one_step,
        "median_env_steps_to_475": median,
        "share_solved_within_5_steps": share,
        "meta_training_env_steps": meta_steps,
    }


SUPPORT_SETS = 80


def one_minute(report: Report, seed: int, seeds: int = 20) -> list[dict[str, Any]]:
    """The one-minute recipe from random weights: greedy return after one step on both motors, means over 80 support sets, each seed."""
    rows = []
    for own in range(FIRST_MINUTE_SEED + seed, FIRST_MINUTE_SEED + seed + seeds):
        learner = MetaMAML(dataclasses.replace(ONE_MINUTE, seed=own), family_sampler(ONE_MINUTE_FAMILIES))  # as train_one_minute
        started = time.process_time()
        *_, record = learner.train()
        cpu = time.process_time() - started
        row: dict[str, Any] = {"seed": own, "epochs": record.epoch + 1, "env_steps": record.env_steps, "cpu_seconds": cpu}
        row["seconds"], row["finite"] = record.seconds, all(bool(torch.isfinite(p).all()) for p in learner.best.parameters())
        for name in ("standard", "reversed_motor"):
            config = StandardAdaptationConfig(num_adapt_steps=1)
            row[name] = float(run_trials(learner.best, [WORLDS[name]] * SUPPORT_SETS, config, seed=own).returns[1].mean())
        rows.append(row)
        report(
            f"one-minute recipe, seed {own}: {record.env_steps:,} environment steps in {cpu:.1f} CPU s; after one step: "
            f"standard {row['standard']:.0f}, reversed {row['reversed_motor']:.0f}"
        )
    good = sum(min(r["standard"], r["reversed_motor"]) >= 450 for r in rows)
    report(f"one-minute recipe: {good} of {seeds} seeds reach 450 on both motors")
    return rows


def memory_use(report: Report, seed: int, minutes: float = 10.0) -> dict[str, float] | None:
    """Resident memory (MB) of this process in a training of ten minutes: after its first minute, at its end, at its peak.

    None where the system does not tell (only Linux does).
    """
    if not STATM.is_file():
        return report("memory: not measured, for this system does not tell it as Linux does")
    import resource  # Windows has none

    page = os.sysconf("SC_PAGE_SIZE")

    def resident() -> float:
        return int(STATM.read_text(encoding="utf-8").split()[1]) * page / 1e6

    early = late = resident()
    for record in MetaMAML(dataclasses.replace(ONE_MINUTE, num_epochs=100_000, seed=seed), family_sampler(ONE_MINUTE_FAMILIES)).train():
        late = resident()
        if record.seconds < 60:
            early = late
        if record.seconds > 60 * minutes:
            break
    # The kernel's two counters differ by a little.
    peak = max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, early, late)
    report(f"memory: {early:,.0f} MB after a minute, {late:,.0f} MB after {minutes:g}, peak {peak:,.0f} MB")
    return {"after_a_minute": early, "at_the_end": late, "peak": peak, "minutes": minutes}


PARTS: dict[str, Callable[[Report, int], Any]] = {
    "environment": environment_speed,
    "plain_loop": plain_loop_speed,
    "meta_training": meta_training_speed,
    "profile": profile,
    "scaling": scaling,
    "adaptation": adaptation_cost,
    "one_minute": one_minute,
    "live": live_learning,
    "memory": memory_use,
    "ppo": ppo_comparison,
}


def run_benchmark(parts: Sequence[str] = (), seed: int = 0, report: Report | None = None) -> dict[str, Any]:
    """The named parts (all, if none is named), with a line to `report` for each figure; written to weights/benchmark.json.

    Parts that are not run, or can't be, keep what the file says of them; "made_with" tells of each part what it was measured with.
    """
    say = report or (lambda text: None)
    keep_freed_memory()
    results = {}
    for name in parts or PARTS:
        made_with = provenance()
        result = PARTS[name](say, seed)
        # Read only now: another run may have measured other parts meanwhile.
        results = json.loads(BENCHMARK.read_text(encoding="utf-8")) if BENCHMARK.is_file() else {}
        if result is not None:
            results[name] = result
            results.setdefault("made_with", {})[name] = made_with
            write_atomically(BENCHMARK, (json.dumps(results, indent=1) + "\n").encode())
    return results
