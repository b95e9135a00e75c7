"""What hybrid adaptation was compared with: variants of it, and replay by importance ratio, which gained nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.config import bounded
from model.learn.adaptation import StandardAdaptationConfig, TaskStep, fresh_step, one_each
from model.learn.experience import ExperienceBuffer
from model.learn.rollout import Episodes, collect, concatenated, stacked
from model.policy.params import Params
from model.worlds.cartpole import World


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
