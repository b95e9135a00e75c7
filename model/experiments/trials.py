"""Many adaptations at once: trials paired by seed, with the returns before and after each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from model.experiments.scratch import random_params
from model.maml.adaptation import NonFiniteParameters, StandardAdaptationConfig, TaskStep, one_each
from model.model_based.hybrid import steps_of_tasks
from model.policy.params import Params, with_task_axis
from model.policy.ssm import StateSpaceModel
from model.rl.evaluation import evaluate_tasks
from model.worlds.world import World

Method = Callable[[Params, Sequence[World], StandardAdaptationConfig, np.random.Generator], Iterator[TaskStep]]
MOST_COLLECTIONS = 100  # that a trial may make to spend a budget
TASKS_AT_ONCE = 100  # bounds the memory: some 2 GB for 10 episodes of 500 steps a task


@dataclass(frozen=True)
class Trials:
    """returns (steps + 1, M): mean greedy return of each trial before and after every step. env_steps (steps + 1, M): cumulative.

    moved (steps + 1, M) bool: whether the step had a gradient; False where no episode fell (and at 0). Where trials went on until a
    budget was spent, those that had spent it wait: their last return stands, and env_steps is inf.
    """

    returns: np.ndarray
    env_steps: np.ndarray
    moved: np.ndarray

    def held_at(self, env_steps: np.ndarray) -> np.ndarray:
        """The return of the policy that each trial has after so many environment steps, (M,): that of its last complete collection."""
        complete = (self.env_steps <= env_steps).sum(0) - 1
        return self.returns[complete, np.arange(self.returns.shape[1])]

    def spent(self, env_steps: np.ndarray) -> np.ndarray:
        """Which trials collected so long that their budget was spent, (M,) bool: another collection does not fit, or they used it all."""
        return np.nan_to_num(self.env_steps, posinf=0.0).max(0) >= env_steps

    def first(self, steps: int) -> Trials:
        """Up to so many steps."""
        return Trials(self.returns[: steps + 1], self.env_steps[: steps + 1], self.moved[: steps + 1])


def run_trials(
    start: StateSpaceModel | None,
    worlds: Sequence[World],
    config: StandardAdaptationConfig,
    seed: int,
    eval_episodes: int = 2,
    method: Method = steps_of_tasks,
) -> Trials:
    """Adapt once in each of M worlds (repeat a world for more trials of it) and evaluate before and after every step.

    start: the model to start from, or None for a random initialisation of its own in each trial. A HybridAdaptationConfig also learns
    from imagined rollouts. method: another way to adapt, for ablations. The same seed gives the same worlds the same first states and
    noise, whatever the start or method: trials are paired.
    """
    return in_batches(start, worlds, seed, lambda params, some, own_seed: _run(params, some, config, own_seed, eval_episodes, method))


def run_until_spent(
    start: StateSpaceModel | None,
    worlds: Sequence[World],
    config: StandardAdaptationConfig,
    seed: int,
    env_steps: np.ndarray,
    eval_episodes: int = 2,
    most: int = MOST_COLLECTIONS,
) -> Trials:
    """Gradient steps as in `run_trials`, to the same bit, and then further ones until each trial has spent its env_steps (M,).

    A trial that has not after `most` collections stops there; `Trials.spent` says which did.
    """

    def run(params: Params, some: list[World], own_seed: list[int]) -> tuple[np.ndarray, ...]:
        budget = np.asarray(env_steps)[own_seed[1] : own_seed[1] + len(some)]
        return _run(params, some, config, own_seed, eval_episodes, steps_of_tasks, budget, most)

    return in_batches(start, worlds, seed, run)


def in_batches(
    start: StateSpaceModel | None,
    worlds: Sequence[World],
    seed: int,
    run: Callable[[Params, list[World], list[int]], tuple[np.ndarray, ...]],
) -> Trials:
    """Trials of all worlds from `run` for a part of them at a time, with the start's parameters and a seed of the part's own."""
    parts = []
    for first in range(0, len(worlds), TASKS_AT_ONCE):
        chunk = list(worlds[first : first + TASKS_AT_ONCE])
        params: Params = random_params(len(chunk), seed + first) if start is None else with_task_axis(start.params())
        parts.append(run(params, chunk, [seed, first]))
    longest = max(len(returns) for returns, _, _ in parts)
    padded = [(_padded(r, longest, "edge"), _padded(e, longest, "constant"), _padded(m, longest, "edge")) for r, e, m in parts]
    return Trials(*(np.concatenate(columns, axis=1) for columns in zip(*padded, strict=True)))


def _padded(rows: np.ndarray, length: int, mode: str) -> np.ndarray:
    """More rows (steps + 1, M): the last one again, or inf."""
    more = [(0, length - len(rows)), (0, 0)]
    return np.pad(rows, more, mode) if mode == "edge" else np.pad(rows, more, mode, constant_values=np.inf)


def _run(
    params: Params,
    worlds: list[World],
    config: StandardAdaptationConfig,
    seed: list[int],
    eval_episodes: int,
    method: Method,
    budget: np.ndarray | None = None,
    most: int = 0,
) -> tuple[np.ndarray, ...]:
    M = len(worlds)
    params = one_each(params, M)

    def evaluate(params: Params, worlds: Sequence[World] = worlds) -> np.ndarray:
        generator = np.random.default_rng([*seed, 1])  # the same episodes after every step
        return evaluate_tasks(params, worlds, eval_episodes, generator).mean(1)

    returns, env_steps, moved = [evaluate(params)], [np.zeros(M)], [np.zeros(M, dtype=bool)]
    generator = np.random.default_rng([*seed, 0])
    for adapted, _, norm, fresh, _ in method(params, worlds, config, generator):
        params = adapted
        returns.append(evaluate(params))
        env_steps.append(env_steps[-1] + fresh.lengths.sum(1).numpy())
        moved.append(norm.numpy() > 1e-6)
    used, config = env_steps[-1].copy(), replace(config, num_adapt_steps=1)
    while budget is not None and (used < budget).any() and len(returns) <= most:
        going = np.flatnonzero(used < budget)
        at, some = torch.from_numpy(going), [worlds[i] for i in going]
        try:
            (step,) = method({n: p[at] for n, p in params.items()}, some, config, generator)
        except NonFiniteParameters:
            break
        params = {n: p.index_copy(0, at, step.params[n]) for n, p in params.items()}
        used[going] += step.fresh.lengths.sum(1).numpy()
        returns.append(returns[-1].copy())
        returns[-1][going] = evaluate(step.params, some)
        env_steps.append(np.where(np.isin(np.arange(M), going), used, np.inf))
        moved.append(moved[-1])
    return np.stack(returns), np.stack(env_steps), np.stack(moved)
