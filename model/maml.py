"""MetaMAML: model-agnostic meta-learning of the policy by policy gradients, with the guards that keep it alive.

One epoch (Finn et al. 2017, algorithm 3, with the multi-step loss of MAML++, Antoniou et al. 2019):
    sample M worlds; collect K episodes in each with theta                      (step 0)
    for step 1..inner_steps: theta'_m = inner_step(theta'_m, support_m); collect K episodes with theta'_m
    theta <- Adam on   pre-adaptation loss + mean over steps of the post-adaptation loss
The episodes collected after a step are the query set of that step and hold the support set of the next. With inner_steps 0
this is plain policy gradient over the sampled worlds (domain randomisation).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.adaptation import equal_weights, inner_step
from model.cartpole import World
from model.config import bounded, check_fields
from model.policy_gradient import OUTER_LAMBDA, advantages
from model.rollout import Episodes, action_log_probs, collect
from model.ssm import Params, StateSpaceModel, sequence_outputs, with_task_axis
from model.worlds import training_worlds

LONG_EPISODE = 500  # steps, CartPole-v1's limit
WorldSampler = Callable[[int, np.random.Generator], list[World]]


@dataclass(frozen=True)
class MetaTrainingConfig:
    """Settings of meta-training; the defaults are those of the shipped meta-trained weights."""

    num_epochs: int = bounded(400, 1, 100_000, "meta-updates")
    tasks_per_epoch: int = bounded(32, 1, 1000, "worlds sampled for each meta-update")
    episodes_per_task: int = bounded(10, 1, 100, "episodes collected in each world before and after every inner step")
    min_support_episodes: int = bounded(1, 1, 100, "the inner loop learns from this many episodes up to all of them, drawn each epoch")
    inner_lr: float = bounded(0.5, 0.0, 100.0, "learning rate of the inner loop (task adaptation)")
    inner_steps: int = bounded(3, 0, 10, "gradient steps of the inner loop; 0 is domain randomisation")
    outer_lr: float = bounded(0.002, 0.0, 1.0, "learning rate of the outer loop (Adam), falling linearly to a tenth")
    first_order: bool = bounded(False, False, True, "ignore second derivatives (FOMAML)")
    discount_factor: float = bounded(0.99, 0.5, 0.999, "discount of the long value's returns")
    max_steps_per_episode: int = bounded(200, 1, 500, "step limit of the training episodes", "steps")
    long_episodes_share: float = bounded(
        0.25, 0.0, 1.0, "this last share of the epochs lets episodes run for 500 steps, so that slow drifts show"
    )
    max_grad_norm: float = bounded(2.0, 0.01, 1000.0, "a task's longer inner gradient is scaled down to this norm")
    outer_updates: int = bounded(2, 1, 20, "Adam steps on the same episodes, ended early when the policy has moved by kl_stop")
    clip_ratio: float = bounded(0.2, 0.01, 10.0, "clipping of the outer probability ratio (PPO)")
    kl_stop: float = bounded(0.05, 0.0, 100.0, "no further Adam step once the policy has moved this far", "nats")
    entropy_bonus: float = bounded(0.01, 0.0, 1.0, "keeps the policy before adaptation exploring")
    value_weight: float = bounded(0.5, 0.0, 10.0, "weight of the value baselines' loss")
    pre_adaptation_weight: float = bounded(1.0, 0.0, 10.0, "weight of the return before adaptation, next to that after it")
    pre_adaptation_all: bool = bounded(
        False, False, True, "count the return before adaptation in all worlds, not only where neither motor nor sensors are reversed"
    )
    length_exponent: float = bounded(
        0.5, 0.0, 1.0, "weighs a step by its episode's length to this power, inverted: 0 is a mean over steps, 1 over episodes"
    )
    normalise_per_task: bool = bounded(False, False, True, "advantages get mean 0 and std 1 in each task instead of over all tasks")
    state_dim: int = bounded(32, 1, 512, "size S of the hidden state")
    hidden_dim: int = bounded(64, 1, 512, "width H of the read-out's hidden layer")
    seed: int = bounded(0, 0, 2**32 - 1, "seed of weights, worlds and episodes")

    def __post_init__(self) -> None:
        check_fields(self)
        if self.min_support_episodes > self.episodes_per_task:
            raise ValueError(
                f"min_support_episodes must be at most episodes_per_task = {self.episodes_per_task}, got {self.min_support_episodes}"
            )


@dataclass(frozen=True)
class MetaEpoch:
    """What one meta-update saw.

    return_before, return_after: mean undiscounted returns over the epoch's tasks with sampled actions under
    max_steps_per_episode; return_after_by_step: after each inner step (empty if there are none; return_after then equals
    return_before). episodes, env_steps, seconds: cumulative, real steps only. rolled_back: the update was undone because the
    return had collapsed or a gradient was not finite.
    """

    epoch: int
    meta_loss: float
    return_before: float
    return_after: float
    return_after_by_step: tuple[float, ...]
    episodes: int
    env_steps: int
    seconds: float
    rolled_back: bool


class MetaMAML:
    """Meta-trains a policy; iterate `train` and stop whenever you like: `best` holds the best parameters so far."""

    def __init__(self, config: MetaTrainingConfig | None = None, worlds: WorldSampler | None = None):
        self.config = config or MetaTrainingConfig()
        self.worlds = worlds or training_worlds
        self._best: StateSpaceModel | None = None

    @property
    def best(self) -> StateSpaceModel:
        """The parameters with the highest running mean of the return so far; the initial ones before the first epoch."""
        if self._best is None:
            self._best = self._initial_model(None)
        return self._best.with_params(self._best.params()).eval()

    def _initial_model(self, model: StateSpaceModel | None) -> StateSpaceModel:
        if model is not None:
            return model.with_params(model.params()).train()
        c = self.config
        return StateSpaceModel(c.state_dim, hidden_dim=c.hidden_dim, generator=torch.Generator().manual_seed(c.seed))

    def train(self, model: StateSpaceModel | None = None) -> Iterator[MetaEpoch]:
        """Meta-train from `model` (left unchanged) or from random weights; yield a record after every epoch."""
        c = self.config
        learner = self._initial_model(model)
        self._best = learner.with_params(learner.params())
        theta = dict(learner.named_parameters())
        optimizer = torch.optim.Adam(theta.values(), lr=c.outer_lr)
        guard = CollapseGuard(learner, optimizer)
        generator = np.random.default_rng(c.seed)
        episodes = env_steps = 0
        best_score, started = -np.inf, time.perf_counter()
        for epoch in range(c.num_epochs):
            for group in optimizer.param_groups:
                group["lr"] = c.outer_lr * max(0.1, 1 - epoch / c.num_epochs)
            worlds = self.worlds(c.tasks_per_epoch, generator)
            low, high = c.min_support_episodes, c.episodes_per_task
            support_size = int(np.exp(generator.uniform(np.log(low), np.log(high + 1))))  # log-uniform: few matter as much as many
            long = epoch >= c.num_epochs * (1 - c.long_episodes_share)
            batch = Batch(c, worlds, min(support_size, high), generator, LONG_EPISODE if long else c.max_steps_per_episode)
            guard.start_epoch()
            meta_loss, finite = self._update(theta, optimizer, batch)
            returns = tuple(float(e.lengths.mean()) for e in batch.episodes)
            episodes += sum(e.terminated.numel() for e in batch.episodes)
            env_steps += sum(e.env_steps for e in batch.episodes)
            rolled_back = guard.check(batch.score(), finite)
            if guard.running > best_score and not rolled_back:
                best_score, self._best = guard.running, learner.with_params(guard.candidate)
            yield MetaEpoch(
                epoch, meta_loss, returns[0], returns[-1], returns[1:], episodes, env_steps, time.perf_counter() - started, rolled_back
            )

    def _update(self, theta: Params, optimizer: torch.optim.Optimizer, batch: Batch) -> tuple[float, bool]:
        """One epoch's Adam steps on theta, in place. Returns the first meta-loss, and whether all gradients were finite."""
        first_loss = float("nan")
        for update in range(self.config.outer_updates):
            loss, divergence = batch.meta_loss(with_task_axis(theta))
            if update == 0:
                first_loss = float(loss.detach())
            elif divergence > self.config.kl_stop:
                break
            optimizer.zero_grad()
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(theta.values(), 1.0)
            if not torch.isfinite(norm):  # a clipped infinite gradient is NaN: never let it reach the parameters
                return first_loss, False
            optimizer.step()
        return first_loss, True


class CollapseGuard:
    """Steps back to the last good parameters and optimizer state when the return falls below half its running mean.

    Good are parameters whose own episodes reached at least 0.9 of the running mean: those of the start of an epoch, never the
    untried ones that its update made.
    """

    def __init__(self, learner: StateSpaceModel, optimizer: torch.optim.Optimizer, decay: float = 0.9):
        self.learner, self.optimizer, self.decay = learner, optimizer, decay
        self.running = -np.inf
        self.start_epoch()
        self._good = self._candidate

    def start_epoch(self) -> None:
        """Take a copy of the parameters that this epoch's episodes will be collected with."""
        state = self.optimizer.state_dict()
        copied = {**state, "state": {i: {k: v.clone() for k, v in s.items()} for i, s in state["state"].items()}}
        self._candidate = (self.learner.params(), copied)

    @property
    def candidate(self) -> dict[str, Tensor]:
        """The parameters at the start of this epoch."""
        return self._candidate[0]

    def check(self, score: float, finite: bool) -> bool:
        """Take note of the score that this epoch's episodes reached; True if it stepped back."""
        finite = finite and all(bool(torch.isfinite(p).all()) for p in self.learner.parameters())
        if not finite or score < 0.5 * self.running:
            params, state = self._good
            with torch.no_grad():
                for name, p in self.learner.named_parameters():
                    p.copy_(params[name])
            # The optimizer adopts the tensors that it is given: hand it copies, for the next time.
            self.optimizer.load_state_dict({**state, "state": {i: {k: v.clone() for k, v in s.items()} for i, s in state["state"].items()}})
            self.running *= 0.9  # should the tasks have become harder, do not step back for ever
            return True
        self.running = score if self.running == -np.inf else self.decay * self.running + (1 - self.decay) * score
        if score >= 0.9 * self.running:
            self._good = self._candidate
        return False


class Batch:
    """One epoch's worlds and their episodes; collects them during the first `meta_loss`, reuses them afterwards."""

    def __init__(self, config: MetaTrainingConfig, worlds: list[World], support_size: int, generator: np.random.Generator, max_steps: int):
        self.config, self.worlds, self.support_size = config, worlds, support_size
        self.generator, self.max_steps = generator, max_steps
        self.episodes: list[Episodes] = []
        self.fixed: list[tuple[Tensor, Tensor, Tensor]] = []  # step weights, normalised advantages, value targets
        counted = [config.pre_adaptation_all or config.inner_steps == 0 or not (w.reversed_motor or w.mirrored_sensors) for w in worlds]
        self.pre_adaptation = torch.tensor(counted, dtype=torch.float32).view(-1, 1, 1)

    def score(self) -> float:
        """The mean return that the objective asks for: after adaptation, and before it where that counts."""
        if self.config.inner_steps == 0:
            return float(self.episodes[0].lengths.mean())
        return float(torch.stack([e.lengths.mean() for e in self.episodes[1:]]).mean())

    def meta_loss(self, params: Params) -> tuple[Tensor, float]:
        """The meta-loss, and how far the policies have moved from those that collected the episodes (KL, nats).

        params: leading axis 1 (theta, shared by all tasks), or M for tasks that train each on its own (scratch.py).
        """
        c = self.config
        loss, divergence = torch.zeros(()), 0.0
        for step in range(c.inner_steps + 1):
            if len(self.episodes) == step:
                self._collect({name: p.detach() for name, p in params.items()})
            policy, value, entropy, kl = self._terms(params, step)
            divergence = max(divergence, kl)
            if step == 0:
                weight = c.pre_adaptation_weight if c.inner_steps else 1.0
                loss = loss + weight * (policy * self.pre_adaptation).sum() - c.entropy_bonus * entropy + c.value_weight * value
            else:
                loss = loss + policy.sum() + c.value_weight * value
            if step < c.inner_steps:
                if step == 0:
                    params = {name: p.expand(len(self.worlds), *p.shape[1:]).contiguous() for name, p in params.items()}
                support = self.episodes[step].first(self.support_size)
                params, _, _ = inner_step(
                    params, support, equal_weights(support), c.inner_lr, c.max_grad_norm, c.discount_factor, not c.first_order
                )
        return loss, divergence

    def _collect(self, params: Params) -> None:
        c = self.config
        e = collect(params, self.worlds, c.episodes_per_task, self.generator, self.max_steps)
        with torch.no_grad():
            values = sequence_outputs(params, e.obs)[..., 2:4]
            advantage = advantages(values, e, c.discount_factor, OUTER_LAMBDA)
            # The few steps of an early fall must not drown in the many steps of those that stand.
            weights = e.alive / e.lengths.unsqueeze(-1) ** c.length_exponent
            over = (1, 2) if c.normalise_per_task else (0, 1, 2)
            share = weights / weights.sum(over, keepdim=True)
            total = advantage.sum(-1)
            mean = (total * share).sum(over, keepdim=True)
            std = ((total - mean).square() * share).sum(over, keepdim=True).sqrt()
            weights = weights / weights.sum()
        self.episodes.append(e)
        self.fixed.append((weights, (total - mean) / std.clamp_min(1e-3), values + advantage))

    def _terms(self, params: Params, step: int) -> tuple[Tensor, Tensor, Tensor, float]:
        """Clipped surrogate (M, K, T) summing to the loss, value loss, entropy, KL; Schulman et al. 2017, eq. 7."""
        e, (weights, advantage, targets) = self.episodes[step], self.fixed[step]
        outputs = sequence_outputs(params, e.obs)
        log_probs = action_log_probs(outputs[..., :2], e.actions)
        difference = (log_probs - e.log_probs).clamp(-10, 10)
        ratio = difference.exp()
        clip = self.config.clip_ratio
        policy = -torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage) * weights
        value = ((outputs[..., 2:4] - targets).square().sum(-1) * weights).sum()
        log_policy = torch.log_softmax(outputs[..., :2], dim=-1)
        entropy = -((log_policy.exp() * log_policy).sum(-1) * weights).sum()
        kl = float(-(difference.detach() * e.alive).sum() / e.alive.sum())
        return policy, value, entropy, kl
