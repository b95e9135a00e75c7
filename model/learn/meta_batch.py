"""The data and the loss of one meta-update: an epoch's worlds, their episodes at every inner step, and the meta-loss over them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from model.learn import distributed
from model.learn.adaptation import equal_weights, inner_step
from model.learn.meta_config import MetaTrainingConfig
from model.learn.policy_gradient import OUTER_LAMBDA, advantages
from model.learn.rollout import Episodes, action_log_probs, collect
from model.policy.cell import sequence_outputs
from model.policy.params import Params
from model.worlds.cartpole import World

ROWS_AT_ONCE = 64_000  # episode steps


class Batch:
    """One epoch's worlds and their episodes; collects them during the first `backward`, reuses them afterwards."""

    def __init__(self, config: MetaTrainingConfig, worlds: list[World], support_size: int, generator: np.random.Generator, max_steps: int):
        self.mine = distributed.share(len(worlds))  # of the epoch's tasks, those of this process
        self.all_tasks, worlds = len(worlds), worlds[self.mine]
        self.config, self.worlds, self.support_size = config, worlds, support_size
        self.generator, self.max_steps = generator, max_steps
        self.episodes: list[Episodes] = []
        self.fixed: list[tuple[Tensor, Tensor, Tensor]] = []  # step weights, normalised advantages, value targets
        counted = [config.pre_adaptation_all or config.inner_steps == 0 or not (w.reversed_motor or w.mirrored_sensors) for w in worlds]
        self.pre_adaptation = torch.tensor(counted, dtype=torch.float32).view(-1, 1, 1)

    def returns(self) -> tuple[float, ...]:
        """The mean return of all tasks' episodes before and after each inner step."""
        sums = torch.stack([torch.stack([e.lengths.sum(), torch.tensor(e.lengths.numel(), dtype=e.lengths.dtype)]) for e in self.episodes])
        return tuple(float(steps / count) for steps, count in distributed.total(sums))

    def counts(self) -> tuple[int, int]:
        """(episodes, environment steps) of all tasks."""
        mine = [sum(e.terminated.numel() for e in self.episodes), sum(e.env_steps for e in self.episodes)]
        episodes, env_steps = distributed.total(torch.tensor(mine)).tolist()
        return episodes, env_steps

    def backward(self, params: Params) -> tuple[float, float]:
        """Add the meta-loss's gradient to the leaves behind params. Returns this process's share of the meta-loss, and how far
        the policies have moved from those that collected the episodes (KL, nats).

        params: leading axis 1 (theta, shared by all tasks), or M for tasks that train each on its own (scratch.py).
        The tasks are taken a few at a time, so that what they compute stays in the processor's cache.
        """
        leaves = {name: p.detach().requires_grad_() for name, p in params.items()}
        if not self.episodes:
            self._collect_all(leaves)
        meta_loss, moved = 0.0, torch.zeros(self.config.inner_steps + 1, 2)
        M, rows = len(self.worlds), max(e.alive[0].numel() for e in self.episodes)
        at_once = max(1, ROWS_AT_ONCE // rows)
        for first in range(0, M, at_once):
            tasks = slice(first, min(first + at_once, M))
            loss, moved_here = self._meta_loss({n: p if len(p) == 1 else p[tasks] for n, p in leaves.items()}, tasks)
            loss.backward()
            meta_loss, moved = meta_loss + float(loss.detach()), moved + moved_here
        torch.autograd.backward(list(params.values()), [p.grad for p in leaves.values()])
        moved = distributed.total(moved)
        return meta_loss, float((moved[:, 0] / moved[:, 1]).max())

    def _meta_loss(self, params: Params, tasks: slice) -> tuple[Tensor, Tensor]:
        """The tasks' part of the meta-loss; and for each inner step (sum of log-ratios, steps), whose quotient is the KL."""
        c = self.config
        loss, moved = torch.zeros(()), []
        for step in range(c.inner_steps + 1):
            policy, value, entropy, kl = self._terms(params, step, tasks)
            moved.append(kl)
            if step == 0:
                weight = c.pre_adaptation_weight if c.inner_steps else 1.0
                loss = loss + weight * (policy * self.pre_adaptation[tasks]).sum() - c.entropy_bonus * entropy + c.value_weight * value
            else:
                loss = loss + policy.sum() + c.value_weight * value
            if step < c.inner_steps:
                params = self._inner_step(params, self.episodes[step].tasks(tasks), not c.first_order)
        return loss, torch.stack(moved)

    def _inner_step(self, params: Params, episodes: Episodes, second_order: bool) -> Params:
        c = self.config
        support = episodes.first(self.support_size)
        params = {name: p.expand(len(support.obs), *p.shape[1:]) for name, p in params.items()}
        return inner_step(params, support, equal_weights(support), c.inner_lr, c.max_grad_norm, c.discount_factor, second_order)[0]

    def _collect_all(self, params: Params) -> None:
        for step in range(self.config.inner_steps + 1):
            self._collect({name: p.detach() for name, p in params.items()})
            if step < self.config.inner_steps:
                params = {name: p.detach().requires_grad_() for name, p in params.items()}
                params = self._inner_step(params, self.episodes[step], second_order=False)

    def _collect(self, params: Params) -> None:
        c = self.config
        e = collect(
            params, self.worlds, c.episodes_per_task, self.generator, self.max_steps, of_tasks=self.all_tasks, first_task=self.mine.start
        )
        with torch.no_grad():
            values = sequence_outputs(params, e.obs, alive=e.alive)[..., 2:4]
            advantage = advantages(values, e, c.discount_factor, OUTER_LAMBDA)
            # The few steps of an early fall must not drown in the many steps of those that stand.
            weights = e.alive / e.lengths.unsqueeze(-1) ** c.length_exponent
            over = (1, 2) if c.normalise_per_task else (0, 1, 2)
            # Sums over all tasks are sums over all processes; those of single tasks need no other process.
            summed = (lambda x: x) if c.normalise_per_task else distributed.total
            share = weights / summed(weights.sum(over, keepdim=True))
            total = advantage.sum(-1)
            mean = summed((total * share).sum(over, keepdim=True))
            std = summed(((total - mean).square() * share).sum(over, keepdim=True)).sqrt()
            weights = weights / distributed.total(weights.sum())
        self.episodes.append(e)
        self.fixed.append((weights, (total - mean) / std.clamp_min(1e-3), values + advantage))

    def _terms(self, params: Params, step: int, tasks: slice) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Clipped surrogate (M, K, T) summing to the loss, value loss, entropy, KL sums; Schulman et al. 2017, eq. 7."""
        e, (weights, advantage, targets) = self.episodes[step].tasks(tasks), (t[tasks] for t in self.fixed[step])
        outputs = sequence_outputs(params, e.obs, alive=e.alive)
        log_probs = action_log_probs(outputs[..., :2], e.actions)
        difference = (log_probs - e.log_probs).clamp(-10, 10)
        ratio = difference.exp()
        clip = self.config.clip_ratio
        policy = -torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage) * weights
        value = ((outputs[..., 2:4] - targets).square().sum(-1) * weights).sum()
        margin = outputs[..., 1] - outputs[..., 0]
        # H = -p log p - q log q with p = sigmoid(margin), so that log q = log p - margin
        entropy = ((torch.sigmoid(-margin) * margin - torch.nn.functional.logsigmoid(margin)) * weights).sum()
        return policy, value, entropy, torch.stack([-(difference.detach() * e.alive).sum(), e.alive.sum()])
