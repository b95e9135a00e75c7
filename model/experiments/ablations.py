"""What hybrid adaptation is compared with: variants of it, replay by importance ratio, and PPO on the fresh episodes alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from model.config import bounded
from model.experiments.trials import Method
from model.maml.adaptation import StandardAdaptationConfig, TaskStep, fresh_step, one_each
from model.model_based.buffer import ExperienceBuffer
from model.model_based.dynamics import DynamicsConfig
from model.model_based.hybrid import HybridAdaptationConfig, adaptation_config, steps_of_tasks
from model.model_based.imagined_ppo import ppo_updates
from model.policy.params import Params
from model.rl.rollout import Episodes, collect, concatenated, stacked
from model.worlds.world import World


@dataclass(frozen=True)
class ReplayConfig(StandardAdaptationConfig):
    """Adaptation on fresh episodes and on stored ones, weighted by the ratio of the policies (truncated at 2)."""

    replay_weight: float = bounded(0.5, 0.0, 10.0, "weight of the replayed episodes' loss beside that of the fresh ones")


def with_replay(fresh: Episodes, weights: Tensor, replayed: Sequence[Episodes | None], replay_weight: float) -> tuple[Episodes, Tensor]:
    """Fresh episodes and each task's replayed ones as one support set with its episode weights (M, K + K_replayed).

    The replayed episodes of a task share among them replay_weight, times the share of the fresh episodes that fell: a policy
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
        shares.append([replay_weight * still / max(count, 1)] * count + [0.0] * (most - count))
    return concatenated([fresh, stacked(tasks)]), torch.cat([weights, torch.tensor(shares)], dim=1)


def replay_tasks(params: Params, worlds: Sequence[World], config: ReplayConfig, generator: np.random.Generator) -> Iterator[TaskStep]:
    """Adapt M tasks at once by gradient steps on fresh and replayed episodes. params: leading axis M or 1."""
    params, buffers = one_each(params, len(worlds)), [ExperienceBuffer() for _ in worlds]
    for index in range(1, config.num_adapt_steps + 1):
        fresh = collect(params, worlds, config.episodes_per_step, generator, config.max_steps_per_episode)
        # Equal numbers of replayed and fresh transitions, as far as the buffer reaches.
        replayed = [b.sample(int(fresh.lengths[i].sum()), generator) for i, b in enumerate(buffers)]
        for i, buffer in enumerate(buffers):
            buffer.add(fresh.task(i))
        weights = torch.full(fresh.terminated.shape, 1.0 / config.episodes_per_step)
        step = fresh_step(params, fresh, config, index, with_replay(fresh, weights, replayed, config.replay_weight))
        params = step.params
        yield step


def fresh_ppo_tasks(
    params: Params, worlds: Sequence[World], config: HybridAdaptationConfig, generator: np.random.Generator
) -> Iterator[TaskStep]:
    """Adapt M tasks at once by the fresh step and then as many PPO updates as imagined rollouts may have, on the fresh episodes."""
    params = one_each(params, len(worlds))
    for index in range(1, config.num_adapt_steps + 1):
        fresh = collect(params, worlds, config.episodes_per_step, generator, config.max_steps_per_episode)
        step = fresh_step(params, fresh, config, index)
        at = torch.from_numpy(np.flatnonzero(fresh.terminated.any(1).numpy()))
        params = step.params
        if len(at):
            episodes = Episodes(*(t[at] for t in fresh.tensors))
            learnt = ppo_updates({n: p[at] for n, p in params.items()}, episodes, config.ppo, config.rounds)
            params = {n: p.index_copy(0, at, learnt[n]) for n, p in params.items()}
        yield step._replace(params=params)


def _varied(**ppo: float | bool) -> Callable[[str], tuple[HybridAdaptationConfig, Method]]:
    def variant(start: str) -> tuple[HybridAdaptationConfig, Method]:
        config = adaptation_config(start, "hybrid", episodes_per_step=3)
        return replace(config, ppo=replace(config.ppo, **ppo)), steps_of_tasks

    return variant


def _prior(sd: float) -> Callable[[str], tuple[HybridAdaptationConfig, Method]]:
    return lambda start: (adaptation_config(start, "hybrid", episodes_per_step=3, dynamics=DynamicsConfig(prior_sd=sd)), steps_of_tasks)


def _replay(weight: float) -> Callable[[str], tuple[StandardAdaptationConfig, Method]]:
    def variant(start: str) -> tuple[StandardAdaptationConfig, Method]:
        lr = adaptation_config(start, "standard", episodes_per_step=3).adapt_lr
        return ReplayConfig(adapt_lr=lr, replay_weight=weight), replay_tasks

    return variant


ABLATIONS: Mapping[str, Callable[[str], tuple[StandardAdaptationConfig, Method]]] = MappingProxyType(
    {
        "standard": lambda start: (adaptation_config(start, "standard", episodes_per_step=3), steps_of_tasks),
        "hybrid": _varied(),
        "ratio replay": _replay(0.5),
        "fresh episodes alone": lambda start: (adaptation_config(start, "hybrid", episodes_per_step=3), fresh_ppo_tasks),
        "posterior mean": _varied(posterior_draws=False),
        "prior 0.1": _prior(0.1),
        "prior 1": _prior(1.0),
        "10 rounds": _varied(rounds=10),
        "60 rounds": _varied(rounds=60),
    }
)
"""Name -> start -> config and method."""
