"""Many adaptations at once: trials paired by seed, with the returns before and after each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from model.experiments.scratch import random_params
from model.maml.adaptation import StandardAdaptationConfig, TaskStep
from model.model_based.hybrid import steps_of_tasks
from model.policy.params import Params, with_task_axis
from model.policy.ssm import StateSpaceModel
from model.rl.evaluation import evaluate_tasks
from model.worlds.cartpole import World

Method = Callable[[Params, Sequence[World], StandardAdaptationConfig, np.random.Generator], Iterator[TaskStep]]
TASKS_AT_ONCE = 100  # bounds the memory: some 2 GB for 10 episodes of 500 steps a task


@dataclass(frozen=True)
class Trials:
    """returns (steps + 1, M): mean greedy return of each trial before and after every step. env_steps (steps + 1, M): cumulative.

    moved (steps + 1, M) bool: whether the step had a gradient; False where no episode fell (and at 0).
    """

    returns: np.ndarray
    env_steps: np.ndarray
    moved: np.ndarray


def run_trials(
    start: StateSpaceModel | None,
    worlds: Sequence[World],
    config: StandardAdaptationConfig,
    seed: int,
    eval_episodes: int = 2,
    method: Method = steps_of_tasks,
) -> Trials:
    """Adapt once in each of M worlds (repeat a world for more trials of it) and evaluate before and after every step.

    start: the model to start from, or None for a random initialisation of its own in each trial. A
    HybridAdaptationConfig practises. method: another way to adapt, for ablations. The same seed gives the same worlds the same
    first states and noise, whatever the start or method: trials are paired.
    """
    return in_batches(start, worlds, seed, lambda params, some, own_seed: _run(params, some, config, own_seed, eval_episodes, method))


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
    return Trials(*(np.concatenate(columns, axis=1) for columns in zip(*parts, strict=True)))


def _run(params: Params, worlds: list[World], config: StandardAdaptationConfig, seed: list[int], eval_episodes: int, method: Method):
    M = len(worlds)

    def evaluate(params: Params) -> np.ndarray:
        generator = np.random.default_rng([*seed, 1])  # the same episodes after every step
        return evaluate_tasks(params, worlds, eval_episodes, generator).mean(1)

    returns, env_steps, moved = [evaluate(params)], [np.zeros(M)], [np.zeros(M, dtype=bool)]
    for adapted, _, norm, fresh, _ in method(params, worlds, config, np.random.default_rng([*seed, 0])):
        returns.append(evaluate(adapted))
        env_steps.append(env_steps[-1] + fresh.lengths.sum(1).numpy())
        moved.append(norm.numpy() > 1e-6)
    return np.stack(returns), np.stack(env_steps), np.stack(moved)
