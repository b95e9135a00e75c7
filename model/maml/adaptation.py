"""Test-time adaptation: a few gradient steps on the policy's own failed episodes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from model.config import bounded, check_fields, check_kind, check_number
from model.maml.inner_step import equal_weights, inner_step
from model.policy.params import Params, with_gradients, with_task_axis
from model.policy.ssm import StateSpaceModel, check_policy
from model.rl.rollout import Episodes, collect
from model.worlds.cartpole import MAX_EPISODE_STEPS
from model.worlds.named import AnyWorld, as_world
from model.worlds.world import World


class NonFiniteParameters(ArithmeticError):
    """An adaptation step would have made a parameter infinite or NaN; the last good parameters stand."""


@dataclass(frozen=True)
class StandardAdaptationConfig:
    """Adaptation on fresh episodes alone. adapt_lr and max_grad_norm are those that the shipped meta weights were trained with.

    min_grad_norm was added after their training, which had no lower bound.
    """

    adapt_lr: float = bounded(0.5, 0.0, 100.0, "learning rate of a gradient step (the inner_lr of meta-training)")
    num_adapt_steps: int = bounded(3, 0, 100, "gradient steps")
    episodes_per_step: int = bounded(10, 1, 100, "sampled episodes that each step collects with the policy as it then is", "episodes")
    max_grad_norm: float = bounded(2.0, 0.01, 1000.0, "a longer gradient is scaled down to this norm")
    min_grad_norm: float = bounded(
        1.0, 0.0, 1000.0, "a shorter gradient is scaled up to this norm times the share of steps that the episodes missed"
    )
    discount_factor: float = bounded(0.99, 0.5, 0.999, "how much each step counts for the long value, relative to the one before")
    max_steps_per_episode: int = bounded(MAX_EPISODE_STEPS, 1, MAX_EPISODE_STEPS, "step limit of the collected episodes", "steps")

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class AdaptationStep:
    """What one step did: a gradient step on fresh episodes, in hybrid adaptation followed by imagined rollouts.

    index 0 is before any step. model: a new model after this step. env_steps and seconds: cumulative, all interaction that
    adaptation used; evaluation not counted. support_returns: the returns of the sampled episodes collected for this step (empty
    at 0). loss: the surrogate that the gradient step descended (nan at 0). grad_norm: before clipping (nan at 0); 0 means that no
    episode fell, so that there was nothing to learn. imagined: hybrid adaptation's rollouts; None where there were none.
    """

    index: int
    model: StateSpaceModel
    env_steps: int = 0
    support_returns: np.ndarray = field(default_factory=lambda: np.empty(0))
    loss: float = float("nan")
    grad_norm: float = float("nan")
    seconds: float = 0.0
    imagined: Any = None


class TaskStep(NamedTuple):
    """One step of M tasks: parameters (M, ...), loss (M,), gradient norm (M,), the fresh episodes, and the imagined rollouts after it."""

    params: dict[str, Tensor]
    loss: Tensor
    grad_norm: Tensor
    fresh: Episodes
    imagined: tuple[Any, ...] = ()


def fresh_step(
    params: Params, fresh: Episodes, config: StandardAdaptationConfig, index: int, support: tuple[Episodes, Tensor] | None = None
) -> TaskStep:
    """The gradient step on fresh episodes. params: leading axis M. support: learn from these episodes and their weights instead.

    A task whose step would leave parameters that are not finite keeps those it has, with a gradient norm of 0; where that
    happens to every task, NonFiniteParameters is raised instead.
    """
    c, (episodes, weights) = config, support or (fresh, equal_weights(fresh))
    required = {name: p.detach().requires_grad_() for name, p in params.items()}
    adapted, loss, norm = inner_step(
        required, episodes, weights, c.adapt_lr, c.max_grad_norm, c.discount_factor, min_grad_norm=c.min_grad_norm
    )
    finite = torch.stack([p.detach().flatten(1).isfinite().all(1) for p in adapted.values()]).all(0)  # (M,)
    if not finite.any():
        raise NonFiniteParameters(
            f"step {index} with adapt_lr {c.adapt_lr:g} made parameters that are not finite; those before it are kept"
        )
    params = {name: torch.where(finite.view(-1, *[1] * (p.dim() - 1)), adapted[name].detach(), p) for name, p in params.items()}
    return TaskStep(params, loss, norm.where(finite, 0.0), fresh)


def one_each(params: Params, tasks: int) -> dict[str, Tensor]:
    """Parameters of their own for every task: leading axis M or 1 -> M."""
    return {name: p.detach().expand(tasks, *p.shape[1:]).contiguous() for name, p in params.items()}


def adapt_tasks(
    params: Params, worlds: Sequence[World], config: StandardAdaptationConfig, generator: np.random.Generator
) -> Iterator[TaskStep]:
    """Adapt M tasks at once, each in its own world, by gradient steps on fresh episodes; yields after each. params: leading axis M or 1."""
    params = one_each(params, len(worlds))
    for index in range(1, config.num_adapt_steps + 1):
        fresh = collect(params, worlds, config.episodes_per_step, generator, config.max_steps_per_episode)
        step = fresh_step(params, fresh, config, index)
        params = step.params
        yield step


T = TypeVar("T")


@with_gradients
def adaptation_steps(
    model: StateSpaceModel, seed: int, tasks: Callable[[Params, np.random.Generator], Iterator[TaskStep | T]]
) -> Iterator[AdaptationStep | T]:
    """The stream of one task: the record before any step, then one for every TaskStep; what else `tasks` yields passes through.

    tasks: makes the steps of one task from parameters with a leading axis 1 and a generator.
    """
    # A stream of its own: `evaluate_policy` with the same seed judges by other episodes than those that were learnt from.
    generator = np.random.default_rng([check_number("seed", seed, 0, 2**32 - 1, int), 2])
    model = check_policy(model)
    yield AdaptationStep(0, model.with_params(model.params()))
    env_steps, seconds, index = 0, 0.0, 0
    steps = tasks(with_task_axis(model.params()), generator)
    while True:
        started = time.perf_counter()
        step = next(steps, None)
        seconds += time.perf_counter() - started
        if step is None:
            return
        if not isinstance(step, TaskStep):
            yield step
            continue
        new = model.with_params({name: p[0] for name, p in step.params.items()})
        index, env_steps = index + 1, env_steps + step.fresh.env_steps
        returns = step.fresh.lengths[0].double().numpy()
        loss, norm = float(step.loss[0]), float(step.grad_norm[0])
        yield AdaptationStep(index, new, env_steps, returns, loss, norm, seconds, *step.imagined[:1])


class StandardAdapter:
    """Adapts to a world by gradient steps on fresh episodes."""

    def __init__(self, config: StandardAdaptationConfig | None = None):
        self.config = check_kind("config", config, StandardAdaptationConfig, default=True)

    def adapt(self, model: StateSpaceModel, world: AnyWorld, seed: int = 0) -> Iterator[AdaptationStep]:
        """Yield an AdaptationStep before any step and after each of them. The given model never changes."""
        worlds = [as_world(world)]
        return adaptation_steps(model, seed, lambda params, generator: adapt_tasks(params, worlds, self.config, generator))
