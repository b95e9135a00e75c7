"""The data and the loss of one meta-update: `collect_batch`, then `meta_loss` over what it collected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.maml.inner_step import equal_weights, inner_step
from model.maml.meta_config import MetaTrainingConfig
from model.policy.cell import sequence_outputs
from model.policy.params import Params
from model.rl.advantages import advantages
from model.rl.ppo import Targets, normalised, ppo_terms, step_weights
from model.rl.rollout import Episodes, collect
from model.worlds.world import World

OUTER_LAMBDA = 0.95
ROWS_AT_ONCE = 64_000  # episode steps
GRADIENT_LIMIT = 1.0  # of the meta-gradient's norm; with split_meta_gradient also shared out among the tasks


@dataclass(frozen=True)
class Batch:
    """One epoch's M worlds and their episodes before and after each inner step.

    episodes, targets: one for each of inner_steps + 1 policies; the targets' weights sum to 1 over all tasks. counted (M, 1, 1):
    1 where the return before adaptation counts. ordinary (K,) bool: episodes from the task's own first states.
    """

    worlds: list[World]
    support_size: int
    episodes: list[Episodes]
    targets: list[Targets]
    counted: Tensor
    ordinary: Tensor

    def returns(self, reversed_worlds: bool | None = None) -> tuple[float, ...]:
        """Mean return of the ordinary episodes before and after each inner step: in all worlds, or only in those whose motor or
        sensors are reversed (True), or are not (False). Empty if there is no such world."""
        flags = torch.tensor([conflicting(w) for w in self.worlds])
        chosen = torch.ones_like(flags) if reversed_worlds is None else flags == reversed_worlds
        return tuple(float(e.lengths[chosen][:, self.ordinary].mean()) for e in self.episodes if chosen.any())

    def counts(self) -> tuple[int, int]:
        """(episodes, environment steps) of all tasks."""
        return sum(e.terminated.numel() for e in self.episodes), sum(e.env_steps for e in self.episodes)


def conflicting(world: World) -> bool:
    """Whether what serves the standard cart fails here: the motor or the sensors are reversed."""
    return world.reversed_motor or world.mirrored_sensors


def collect_batch(
    params: Params,
    worlds: list[World],
    config: MetaTrainingConfig,
    support_size: int,
    generator: np.random.Generator,
    epoch: int = 0,
    rollout: Callable[..., Episodes] = collect,
) -> Batch:
    """Collect episodes_per_task episodes in each world with params, and again after each inner step from them.

    params: leading axis 1 (theta, shared by all tasks), or M for tasks that train each on its own (scratch.py). epoch decides the
    step limit and the weights of the advantages. rollout: what collects, for measurements that need other episodes.
    """
    K, limit = config.episodes_per_task, config.step_limit(epoch)
    scale = start_scale(K) if config.spread_starts else None
    episodes: list[Episodes] = []
    targets: list[Targets] = []
    params = {name: p.detach() for name, p in params.items()}
    for step in range(config.inner_steps + 1):
        episodes.append(rollout(params, worlds, K, generator, limit, start_scale=scale))
        targets.append(_targets(params, episodes[step], config, epoch))
        if step < config.inner_steps:
            leaves = {name: p.requires_grad_() for name, p in params.items()}
            params = {name: p.detach() for name, p in _adapted(leaves, episodes[step], support_size, config, second_order=False).items()}
    counted = [config.inner_steps == 0 or not conflicting(w) for w in worlds]
    ordinary = torch.arange(K) % 2 == 0 if config.spread_starts else torch.ones(K, dtype=torch.bool)
    return Batch(worlds, support_size, episodes, targets, torch.tensor(counted, dtype=torch.float32).view(-1, 1, 1), ordinary)


def start_scale(episodes: int) -> np.ndarray:
    """Factors on the first states, drawn from +-0.05 in each: every second episode starts within +-2 m and +-1 m/s. (K, 4)"""
    scale = np.ones((episodes, 4))
    scale[1::2, :2] = 40.0, 20.0
    return scale


def _adapted(params: Params, episodes: Episodes, support_size: int, c: MetaTrainingConfig, second_order: bool) -> Params:
    """theta' of each task: one inner step on its support episodes. params: leading axis M or 1."""
    support = episodes.first(support_size)
    params = {name: p.expand(len(support.obs), *p.shape[1:]) for name, p in params.items()}
    weights = equal_weights(support)
    return inner_step(params, support, weights, c.inner_lr, c.max_grad_norm, c.discount_factor, second_order, c.min_grad_norm)[0]


@torch.no_grad()
def _targets(params: Params, e: Episodes, c: MetaTrainingConfig, epoch: int) -> Targets:
    """Normalised advantages, value targets and step weights of the episodes that params collected."""
    values = sequence_outputs(params, e.obs, alive=e.alive)[..., 2:4]
    advantage = advantages(values, e, c.discount_factor, OUTER_LAMBDA)
    weights = step_weights(e, c.length_exponent)
    total = sum(w * advantage[..., i] for i, w in enumerate(c.advantage_weights(epoch)))
    total = normalised(total, weights, (1, 2) if c.normalise_per_task else (0, 1, 2), c.advantage_std_floor)
    return Targets(weights / weights.sum(), total, values + advantage)


def meta_loss(
    params: Params, batch: Batch, config: MetaTrainingConfig, tasks: slice = slice(None), after: Params | None = None
) -> tuple[Tensor, Tensor]:
    """The meta-loss over some of the batch's tasks: that of the policy before adaptation and, summed over inner steps, after each.

        L = w_pre L_0 + sum_s L_s,  with L_s the clipped surrogate (Schulman et al. 2017, eq. 7) of the episodes after step s
            + value_weight (value errors) - entropy_bonus (entropy before adaptation)

    params: leading axis 1 or M. after: the same values as other leaves, for what follows the first inner step (`add_meta_gradient` keeps
    the two gradients apart); params if None. Returns the loss, and for each policy (sum of log-ratios, steps), whose quotient is its KL
    from the policy that collected.
    """
    c, loss, moved = config, 0.0, []
    for step in range(c.inner_steps + 1):
        e = batch.episodes[step].tasks(tasks)
        terms = ppo_terms(sequence_outputs(params, e.obs, alive=e.alive), e, batch.targets[step].tasks(tasks), c.clip_ratio)
        value = terms.value_error.sum()
        moved.append(torch.stack([terms.kl.sum(), e.alive.sum()]))
        if step == 0:
            counted = batch.counted[tasks]
            weight = c.pre_adaptation_weight if c.inner_steps else 1.0
            explored = terms.entropy if c.entropy_where_counted else terms.entropy * (1 - counted)
            loss = loss + weight * (terms.surrogate * counted).sum() - c.entropy_bonus * explored.sum() + c.value_weight * value
            params = params if after is None else after
        else:
            loss = loss + terms.surrogate.sum() + c.value_weight * value
        if step < c.inner_steps:
            params = _adapted(params, e, batch.support_size, c, not c.first_order)
    return loss, torch.stack(moved)


def add_meta_gradient(
    params: Mapping[str, Tensor], batch: Batch, config: MetaTrainingConfig, rows_at_once: int = ROWS_AT_ONCE
) -> tuple[float, float]:
    """Add the meta-loss's gradient to the leaves behind params. Returns the meta-loss, and how far the policies have moved from
    those that collected the episodes (KL, nats).

    params: leading axis 1 (theta) or M (tasks that train each on its own). With split_meta_gradient the loss after adaptation is taken
    on theta repeated for each task, and each task's gradient clipped to its share of the limit before they are summed: one task whose
    second derivatives explode then can't drown the rest. The tasks are taken a few at a time (rows_at_once steps of episodes), so that
    what they compute stays in the processor's cache.
    """
    M, rows = len(batch.worlds), max(e.alive[0].numel() for e in batch.episodes)
    split = config.split_meta_gradient and config.inner_steps > 0
    leaves = {name: p.detach().requires_grad_() for name, p in params.items()}
    total, moved = 0.0, 0.0
    at_once = max(1, rows_at_once // rows)
    for first in range(0, M, at_once):
        tasks = slice(first, min(first + at_once, M))
        here = {n: p if len(p) == 1 else p[tasks] for n, p in leaves.items()}
        after = None
        if split:
            after = {n: p.detach().expand(tasks.stop - first, *p.shape[1:]).clone().requires_grad_() for n, p in here.items()}
        loss, moved_here = meta_loss(here, batch, config, tasks, after)
        loss.backward()
        if after is not None:
            _add_clipped(leaves, tasks, after, GRADIENT_LIMIT / M)
        total, moved = total + float(loss.detach()), moved + moved_here
    torch.autograd.backward(list(params.values()), [p.grad for p in leaves.values()])
    return total, float((moved[:, 0] / moved[:, 1]).max())


def _add_clipped(leaves: Params, tasks: slice, after: Params, limit: float) -> None:
    """Add to the leaves' gradients those of `after`, each task's scaled down to a norm of at most `limit`."""
    norm = torch.stack([p.grad.flatten(1).square().sum(1) for p in after.values()]).sum(0).sqrt()  # (M,)
    factor = (limit / norm.clamp_min(1e-16)).clamp_max(1.0)
    for name, p in after.items():
        scaled = factor.view(-1, *[1] * (p.dim() - 1)) * p.grad
        leaf = leaves[name]
        if len(leaf) == 1:
            leaf.grad += scaled.sum(0, keepdim=True)
        else:
            leaf.grad[tasks] += scaled
