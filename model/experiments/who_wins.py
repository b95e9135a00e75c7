"""The map of who wins where: every way of acting and learning, in families of worlds, each world met by all with the same luck.

A family is worlds of the meta-training ranges with one or two things changed. What plays without adaptation and what learns from
collections of 3 episodes stand beside a control engineer's regulators (linear_control.py, adaptive_control.py), whose settings were
chosen on validation worlds as the policies' were: one for all families.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from model.experiments.adaptive_control import AdaptiveRegulator, FilteredRegulator
from model.experiments.linear_control import linear_trials, play
from model.experiments.study import Part, Study
from model.experiments.trials import TASKS_AT_ONCE, Trials, run_trials
from model.model_based.hybrid import adaptation_config
from model.policy.pretrained import load_pretrained
from model.rl.evaluation import bootstrap_interval, summary
from model.worlds.cartpole import MAX_EPISODE_STEPS, SOLVED
from model.worlds.sampling import sample_worlds
from model.worlds.world import World

EPISODES, COLLECTIONS, EVAL_EPISODES = 3, 3, 4
BUDGETS = (10, 30, 100, 300, 1000)  # environment steps


@dataclass(frozen=True)
class Family:
    """Worlds of one kind. split: "" or "_outside", the part of the split that they are drawn from; change: what each then gets."""

    words: str
    change: Callable[[int, World], World] = lambda i, world: world
    split: str = ""

    def worlds(self, split: str, n: int, seed: int) -> list[World]:
        """n worlds of the family."""
        return [self.change(i, world) for i, world in enumerate(sample_worlds(split + self.split, n, seed))]


def with_fields(**fields: Any) -> Callable[[int, World], World]:
    """Sets these fields of every world."""
    return lambda i, world: replace(world, **fields)


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "inside": Family("inside the training ranges"),
        "outside": Family("one feature outside them", split="_outside"),
        "late": Family("late motor, 1 to 4 steps", lambda i, world: replace(world, action_delay=1 + i % 4)),
        "dead_velocities": Family("dead velocity sensors", with_fields(velocity_sensors=False)),
        "light_noise": Family("sensor noise 0.3", with_fields(sensor_noise=0.3)),
        "noise": Family("sensor noise 1", with_fields(sensor_noise=1.0)),
        "lost_pushes": Family("30% lost pushes", with_fields(lost_push=0.3)),
        "reversals": Family("motor reverses 5 times", with_fields(motor_reversals=5)),
        "reversals_noise": Family("5 reversals, noise 0.3", with_fields(motor_reversals=5, sensor_noise=0.3)),
        "reversals_lost": Family("5 reversals, 30% lost pushes", with_fields(motor_reversals=5, lost_push=0.3)),
    }
)
METHODS: Mapping[str, str] = MappingProxyType(
    {
        "standard": "single-world",
        "memory": "memory",
        "taught": "taught",
        "meta": "meta, before",
        "meta_1": "meta, 1 collection",
        "meta_3": "meta, 3",
        "hybrid_standard": "hybrid from single-world, 3",
        "hybrid_memory": "hybrid from memory, 3",
        "hybrid_meta": "hybrid from meta, 3",
        "hybrid_taught": "hybrid from taught, 3",
        "regulator": "LQR, 3",
        "filtered": "LQR + Kalman, 3",
        "adaptive": "adaptive LQR",
    }
)
"""The ways, in words; a number counts collections. Those without one play as they are."""
STARTS = ("standard", "memory", "meta", "taught")
LEARNERS = ("meta_3", *(f"hybrid_{start}" for start in STARTS), "regulator", "filtered")  # whose return grows with environment steps


def adaptive_returns(worlds: Sequence[World], seed: int) -> np.ndarray:
    """Mean return of the adaptive regulator in each world, (M,), in the episodes of every other method's trials."""
    returns = []
    for first in range(0, len(worlds), TASKS_AT_ONCE):
        some, same = worlds[first : first + TASKS_AT_ONCE], np.random.default_rng([seed, first, 1])
        returns.append(play(AdaptiveRegulator(some, EVAL_EPISODES), some, EVAL_EPISODES, same, MAX_EPISODE_STEPS).lengths.mean(1).numpy())
    return np.concatenate(returns)


def trials_of(worlds: Sequence[World], seed: int, collections: int) -> dict[str, Trials]:
    """Every learner's trials, paired."""

    def config(start: str, mode: str):
        return adaptation_config(start, mode, episodes_per_step=EPISODES, num_adapt_steps=collections)

    starts = {name: load_pretrained(name) for name in STARTS}
    collected = (starts["memory"], worlds, config("memory", "standard"), seed, EVAL_EPISODES)
    return {
        "meta_3": run_trials(starts["meta"], worlds, config("meta", "standard"), seed, EVAL_EPISODES),
        **{f"hybrid_{s}": run_trials(starts[s], worlds, config(s, "hybrid"), seed, EVAL_EPISODES) for s in STARTS},
        "regulator": linear_trials(*collected),
        "filtered": linear_trials(*collected, FilteredRegulator),
    }


def who_wins(study: Study, family: str, n: int | None = None, collections: int = COLLECTIONS) -> dict[str, Any]:
    """One family by every method: returns of n worlds, who is best, and whose paired difference to the best may be none."""
    worlds = FAMILIES[family].worlds(study.split, n or study.size.trials, study.seed)
    trials = trials_of(worlds, study.seed, collections)
    returns = {s: trials[f"hybrid_{s}"].returns[0] for s in STARTS} | {"adaptive": adaptive_returns(worlds, study.seed)}
    returns |= {"meta_1": trials["meta_3"].returns[1], **{name: t.returns[-1] for name, t in trials.items()}}
    best = max(returns, key=lambda name: returns[name].mean())
    ties = [name for name in METHODS if bootstrap_interval(returns[best] - returns[name])[0] <= 0]
    rows = {name: {**summary(returns[name]), "share_solved": float((returns[name] >= SOLVED).mean())} for name in METHODS}
    spent = {name: {str(b): float(t.held_at(np.full(len(worlds), b)).mean()) for b in BUDGETS} for name, t in trials.items()}
    words = ", ".join(f"{METHODS[name]} {row['mean']:.0f}" for name, row in rows.items())
    study.say(f"{FAMILIES[family].words}: {words}; best {METHODS[best]}, ties {', '.join(METHODS[t] for t in ties)}")
    return {"n": len(worlds), "methods": rows, "best": best, "ties": ties, "at_env_steps": spent}


def map_parts(n: int | None = None, collections: int = COLLECTIONS) -> dict[tuple[str, ...], Part]:
    """Every part: its place in the results, and what makes it."""
    return {("map", family): partial(who_wins, family=family, n=n, collections=collections) for family in FAMILIES}
