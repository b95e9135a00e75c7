"""Test-time adaptation: a few gradient steps on the policy's own failed episodes, standard or hybrid (with replay)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.config import bounded, check_fields, check_number
from model.learn.experience import ExperienceBuffer
from model.learn.policy_gradient import policy_gradient
from model.learn.rollout import Episodes, collect, concatenated, stacked
from model.policy.params import Params, with_task_axis
from model.policy.ssm import StateSpaceModel
from model.worlds.cartpole import MAX_EPISODE_STEPS, World


class NonFiniteParameters(ArithmeticError):
    """An adaptation step would have made a parameter infinite or NaN; the last good parameters stand."""


def inner_step(
    params: Params,
    support: Episodes,
    episode_weights: Tensor,
    lr: float,
    max_grad_norm: float,
    discount: float,
    second_order: bool = False,
    min_grad_norm: float = 0.0,
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """One step of the inner loop, the same in meta-training and at test time.

        theta' = theta - lr g n / |g|,  n = |g| brought between min_grad_norm m and max_grad_norm        g: policy_gradient

    (MAML: Finn et al. 2017, eq. 1.) m is the share of steps that the episodes missed by falling, 0 if none fell: a failing policy is
    moved far enough even where its few steps say little, a standing one not at all. params: leading axis M, requiring grad;
    episode_weights (M, K). Returns theta' (with its graph back to theta if second_order), the loss (M,) and |g| (M,).
    """
    grads, loss = policy_gradient(params, support, episode_weights, discount, second_order)
    squared = torch.stack([g.flatten(1).square().sum(1) for g in grads.values()]).sum(0)  # (M,)
    norm = squared.clamp_min(1e-16).sqrt()
    factor = (max_grad_norm / norm).clamp_max(1.0)
    if min_grad_norm > 0:
        factor = torch.maximum(factor, min_grad_norm * missed_share(support, episode_weights) / norm)
    step = lr * factor
    adapted = {name: p - step.view(-1, *[1] * (p.dim() - 1)) * grads[name] for name, p in params.items()}
    return adapted, loss, squared.detach().sqrt()


def missed_share(episodes: Episodes, episode_weights: Tensor) -> Tensor:
    """The share of all steps that each task's episodes missed by falling: (M,)."""
    missed = (1 - episodes.lengths / MAX_EPISODE_STEPS) * episodes.terminated
    return (missed * episode_weights).sum(1)


def equal_weights(episodes: Episodes) -> Tensor:
    """1 / K for each of the K episodes of every task: (M, K)."""
    M, K = episodes.terminated.shape
    return torch.full((M, K), 1.0 / K)


def with_replay(fresh: Episodes, weights: Tensor, replayed: Sequence[Episodes | None], experience_weight: float) -> tuple[Episodes, Tensor]:
    """Fresh episodes and each task's replayed ones as one support set with its episode weights (M, K + K_replayed).

    The replayed episodes of a task share among them experience_weight, times the share of the fresh episodes that fell: a policy
    that stands again is not moved by its past. Tasks with fewer are padded by empty episodes of weight 0.
    """
    most = max((r.obs.shape[1] for r in replayed if r is not None), default=0)
    if most == 0:
        return fresh, weights
    filler = Episodes(*(torch.zeros_like(t) for t in fresh.task(0).first(1).cut(1).tensors))
    tasks, shares = [], []
    fell = fresh.terminated.float().mean(1).tolist()
    for r, still in zip(replayed, fell, strict=True):
        count = 0 if r is None else r.obs.shape[1]
        tasks.append(concatenated([*([r] if count else []), *[filler] * (most - count)]))
        shares.append([experience_weight * still / max(count, 1)] * count + [0.0] * (most - count))
    return concatenated([fresh, stacked(tasks)]), torch.cat([weights, torch.tensor(shares)], dim=1)


@dataclass(frozen=True)
class StandardAdaptationConfig:
    """Adaptation on fresh episodes alone. The defaults are those that the shipped model was meta-trained with."""

    adapt_lr: float = bounded(0.5, 0.0, 100.0, "learning rate of a gradient step (the inner_lr of meta-training)")
    num_adapt_steps: int = bounded(3, 0, 100, "gradient steps")
    episodes_per_step: int = bounded(10, 1, 100, "sampled episodes that each step collects with the policy of the moment", "episodes")
    max_grad_norm: float = bounded(2.0, 0.01, 1000.0, "a longer gradient is scaled down to this norm")
    min_grad_norm: float = bounded(
        0.0, 0.0, 1000.0, "a shorter gradient is scaled up to this norm times the share of steps that the episodes missed"
    )
    discount_factor: float = bounded(0.99, 0.5, 0.999, "discount of the long value's returns")
    max_steps_per_episode: int = bounded(MAX_EPISODE_STEPS, 1, MAX_EPISODE_STEPS, "step limit of the collected episodes", "steps")

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class HybridAdaptationConfig(StandardAdaptationConfig):
    """Adaptation on fresh and replayed episodes."""

    experience_weight: float = bounded(0.5, 0.0, 10.0, "weight of the replayed episodes' loss beside that of the fresh ones")


@dataclass(frozen=True)
class AdaptationStep:
    """What one gradient step did.

    index 0 is before any step. loss: the surrogate that the step descended (nan at 0). support_returns: the returns of the
    sampled episodes collected for this step (empty at 0). env_steps and seconds: cumulative, all interaction that
    adaptation used; evaluation not counted. grad_norm: before clipping (nan at 0); 0 means that no episode fell, so that
    there was nothing to learn. model: a new model after this step.
    """

    index: int
    loss: float
    support_returns: np.ndarray
    env_steps: int
    seconds: float
    model: StateSpaceModel
    grad_norm: float


def adapt_tasks(
    params: Params,
    worlds: Sequence[World],
    config: StandardAdaptationConfig,
    generator: np.random.Generator,
    buffers: Sequence[ExperienceBuffer],
) -> Iterator[tuple[dict[str, Tensor], Tensor, Tensor, Episodes]]:
    """Adapt M tasks at once, each in its own world. params: leading axis M or 1. buffers: one a task, or none for standard.

    Yields after each step: parameters (M, ...), loss (M,), gradient norm (M,), the fresh episodes.
    A task whose step would leave parameters that are not finite keeps those it has, with a gradient norm of 0; where that
    happens to every task, NonFiniteParameters is raised instead.
    """
    M = len(worlds)
    weight = getattr(config, "experience_weight", 0.0) if buffers else 0.0
    params = {name: p.detach().expand(M, *p.shape[1:]).contiguous() for name, p in params.items()}
    for index in range(1, config.num_adapt_steps + 1):
        fresh = collect(params, worlds, config.episodes_per_step, generator, config.max_steps_per_episode)
        support, weights = fresh, equal_weights(fresh)
        if weight > 0:
            # Equal numbers of replayed and fresh transitions, as far as the buffer reaches.
            replayed = [b.sample(int(fresh.lengths[i].sum()), generator) for i, b in enumerate(buffers)]
            for i, buffer in enumerate(buffers):
                buffer.add(fresh.task(i))
            support, weights = with_replay(fresh, weights, replayed, weight)
        required = {name: p.requires_grad_() for name, p in params.items()}
        adapted, loss, norm = inner_step(
            required, support, weights, config.adapt_lr, config.max_grad_norm, config.discount_factor, min_grad_norm=config.min_grad_norm
        )
        finite = torch.stack([p.detach().flatten(1).isfinite().all(1) for p in adapted.values()]).all(0)  # (M,)
        if not finite.any():
            raise NonFiniteParameters(
                f"step {index} with adapt_lr {config.adapt_lr:g} made parameters that are not finite; those before it are kept"
            )
        params = {
            name: torch.where(finite.view(-1, *[1] * (p.dim() - 1)), adapted[name].detach(), p.detach()) for name, p in params.items()
        }
        yield params, loss, norm.where(finite, 0.0), fresh


def _adapt(
    model: StateSpaceModel, world: World, config: StandardAdaptationConfig, seed: int, buffers: Sequence[ExperienceBuffer]
) -> Iterator[AdaptationStep]:
    generator = np.random.default_rng(check_number("seed", seed, 0, 2**32 - 1, int))
    yield AdaptationStep(0, float("nan"), np.empty(0), 0, 0.0, model.with_params(model.params()), float("nan"))
    env_steps, seconds, index = 0, 0.0, 0
    steps = adapt_tasks(with_task_axis(model.params()), [world], config, generator, buffers)
    while True:
        started = time.perf_counter()
        step = next(steps, None)
        if step is None:
            return
        params, loss, norm, fresh = step
        new = model.with_params({name: p[0] for name, p in params.items()})
        index, env_steps, seconds = index + 1, env_steps + fresh.env_steps, seconds + time.perf_counter() - started
        yield AdaptationStep(index, float(loss[0]), fresh.lengths[0].double().numpy(), env_steps, seconds, new, float(norm[0]))


class StandardAdapter:
    """Adapts to a world by gradient steps on fresh episodes."""

    def __init__(self, config: StandardAdaptationConfig | None = None):
        self.config = config or StandardAdaptationConfig()

    def adapt(self, model: StateSpaceModel, world: World, seed: int = 0) -> Iterator[AdaptationStep]:
        """Yield an AdaptationStep before any step and after each of them. The given model never changes."""
        return _adapt(model, world, self.config, seed, buffers=())


class HybridAdapter:
    """Adapts by gradient steps on fresh episodes and on replayed ones of the same world.

    The buffer starts empty unless one is given, holds the episodes of one world only, and is cleared when `adapt` is
    called with another world. With experience_weight 0 it does exactly what StandardAdapter does.
    """

    def __init__(self, config: HybridAdaptationConfig | None = None, buffer: ExperienceBuffer | None = None):
        self.config = config or HybridAdaptationConfig()
        self.buffer = ExperienceBuffer() if buffer is None else buffer
        self._world: World | None = None

    def adapt(self, model: StateSpaceModel, world: World, seed: int = 0) -> Iterator[AdaptationStep]:
        """Yield an AdaptationStep before any step and after each of them. The given model never changes."""
        if self._world is not None and world != self._world:
            self.buffer.clear()
        self._world = world
        return _adapt(model, world, self.config, seed, buffers=(self.buffer,))
