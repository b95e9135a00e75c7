"""Practice: on-policy policy gradient (PPO) in imagined episodes, until the policy stands in them.

Dyna (Sutton 1991): experience fits a model, and the policy also learns from what the model makes up. Each imagined episode
has coefficients of its own, drawn from the posterior, so that the policy must stand in every motion that the data allow.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.config import bounded, check_fields
from model.model_based.dynamics import DynamicsModel
from model.policy.cell import sequence_outputs
from model.policy.params import Params
from model.rl.advantages import advantages
from model.rl.rollout import Episodes, action_log_probs
from model.worlds.cartpole import MAX_EPISODE_STEPS


@dataclass(frozen=True)
class PracticeConfig:
    """Settings of the practice, chosen on validation worlds."""

    rounds: int = bounded(30, 0, 1000, "rounds of imagined episodes at the most, at experience weight 1")
    episodes: int = bounded(10, 1, 1000, "imagined episodes a round")
    max_steps: int = bounded(MAX_EPISODE_STEPS, 1, MAX_EPISODE_STEPS, "step limit of the imagined episodes", "steps")
    updates: int = bounded(6, 1, 100, "Adam steps on the episodes of a round, fewer once the policy has moved far")
    lr: float = bounded(5e-3, 0.0, 1.0, "Adam's learning rate")
    warm_up: int = bounded(20, 0, 1000, "over this many updates the learning rate grows linearly to its value")
    clip_ratio: float = bounded(0.2, 0.01, 10.0, "clipping of the probability ratio (PPO)")
    kl_stop: float = bounded(0.05, 0.0, 100.0, "no further update of a round once the policy has moved this far", "nats")
    length_exponent: float = bounded(0.5, 0.0, 1.0, "weighs a step by its episode's length to this power, inverted")
    value_weight: float = bounded(0.5, 0.0, 10.0, "weight of the value baselines' loss")
    max_grad_norm: float = bounded(1.0, 0.01, 1000.0, "a longer gradient is scaled down to this norm")
    discount_factor: float = bounded(0.99, 0.5, 0.999, "discount of the long value's returns")
    gae_lambda: float = bounded(0.98, 0.0, 1.0, "how far an advantage looks before it trusts the values; a drift off the track shows late")
    short_weight: float = bounded(0.3, 0.0, 10.0, "weight of the short-horizon advantage in tasks whose episodes are long")
    long_episodes: float = bounded(100.0, 0.0, 500.0, "mean imagined return from which short_weight holds; below it is 1", "steps")
    posterior_draws: bool = bounded(True, False, True, "each imagined episode has coefficients of its own draw, instead of the mean")

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class PracticeRound:
    """What is known after a round of imagined episodes of M tasks.

    index: from 1. returns (M,): mean imagined return of the policy that played this round, of those that practise no longer
    the last one. best_returns (M,), best: the highest of them so far and the parameters that reached it. standing (M,) bool:
    no imagined episode fell. failed (M,) bool: an update was not finite; the task keeps its best parameters. updates (M,):
    Adam steps so far. seconds: since the practice began.
    """

    index: int
    rounds: int
    returns: np.ndarray
    best_returns: np.ndarray
    best: dict[str, Tensor]
    standing: np.ndarray
    failed: np.ndarray
    updates: np.ndarray
    seconds: float


@dataclass(frozen=True)
class Practice:
    """A practice of some tasks: tasks (n,) by index, their fitted motion, returns (rounds, n) of each round, and the last round."""

    tasks: np.ndarray
    motion: DynamicsModel
    returns: np.ndarray
    last: PracticeRound


class Vectors:
    """Parameters of M tasks as one matrix (M, P) and back."""

    def __init__(self, params: Params):
        self.shapes = {name: p.shape[1:] for name, p in params.items()}
        self.sizes = [shape.numel() for shape in self.shapes.values()]

    def flat(self, params: Params) -> Tensor:
        return torch.cat([p.detach().flatten(1) for p in params.values()], dim=1)

    def params(self, flat: Tensor) -> dict[str, Tensor]:
        parts = flat.split(self.sizes, dim=1)
        return {name: part.unflatten(1, shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}


@dataclass
class Adam:
    """Adam (Kingma and Ba 2015) for M tasks, each with its own state and count of steps."""

    lr: float
    warm_up: int
    mean: Tensor
    square: Tensor
    steps: Tensor  # (M,)

    @staticmethod
    def of(theta: Tensor, config: PracticeConfig) -> Adam:
        """At rest, for parameters (M, P)."""
        return Adam(config.lr, config.warm_up, torch.zeros_like(theta), torch.zeros_like(theta), torch.zeros(len(theta)))

    def step(self, tasks: Tensor, gradient: Tensor) -> Tensor:
        """What to add to the parameters of some tasks, (n,) by index, for their gradient (n, P)."""
        self.steps[tasks] += 1
        t = self.steps[tasks].unsqueeze(1)
        self.mean[tasks] = mean = self.mean[tasks].lerp(gradient, 0.1)
        self.square[tasks] = square = self.square[tasks].lerp(gradient.square(), 0.001)
        rate = self.lr * (t / max(self.warm_up, 1)).clamp_max(1.0)
        return -rate * (mean / (1 - 0.9**t)) / ((square / (1 - 0.999**t)).sqrt() + 1e-8)


def practise(
    params: Params, motion: DynamicsModel, config: PracticeConfig, rounds: int, generators: Sequence[np.random.Generator]
) -> Iterator[PracticeRound]:
    """Practise M tasks at once, each in its own motion; yields after every round. params: leading axis M.

    A task whose imagined episodes all stand leaves the batch, and so does one whose update is not finite. Stop iterating, and
    the best parameters so far are those of the last round yielded. Nothing but `motion` says what a world is like.
    """
    started, M = time.perf_counter(), len(motion)
    vectors = Vectors(params)
    theta = vectors.flat(params)
    best, best_returns, returns = theta.clone(), np.full(M, -np.inf), np.zeros(M)
    standing, failed = np.zeros((2, M), bool)
    adam = Adam.of(theta, config)
    for index in range(1, rounds + 1):
        going = np.flatnonzero(~standing & ~failed)
        if len(going) == 0:
            return
        at = torch.from_numpy(going)
        own = [generators[i] for i in going]
        here = motion.tasks(going)
        drawn = here.draw(own, config.episodes) if config.posterior_draws else here.mean[:, None].repeat(config.episodes, 1)
        episodes = here.imagine(vectors.params(theta[at]), own, config.episodes, config.max_steps, drawn)
        returns[going] = episodes.lengths.mean(1).numpy()
        standing[going] = ~episodes.terminated.any(1).numpy()
        better = going[returns[going] > best_returns[going]]
        best[better], best_returns[better] = theta[better], returns[better]
        still = ~standing[going]
        if still.any() and index < rounds:
            chosen = torch.from_numpy(np.flatnonzero(still))
            kept = episodes.tasks(chosen)
            failed[going[still]] = ~_update(theta, vectors, adam, at[chosen], kept.cut(int(kept.lengths.max())), config).numpy()
        yield PracticeRound(
            index,
            rounds,
            returns.copy(),
            best_returns.copy(),
            vectors.params(best.clone()),
            standing.copy(),
            failed.copy(),
            adam.steps.int().numpy().copy(),
            time.perf_counter() - started,
        )


def ppo_updates(params: Params, episodes: Episodes, config: PracticeConfig, rounds: int) -> dict[str, Tensor]:
    """The same updates on given episodes of M tasks, again and again: what practice is compared with. Returns new parameters."""
    vectors, everyone = Vectors(params), torch.arange(episodes.obs.shape[0])
    theta = vectors.flat(params)
    adam = Adam.of(theta, config)
    for _ in range(rounds):
        _update(theta, vectors, adam, everyone, episodes, config)
    return vectors.params(theta)


def _update(theta: Tensor, vectors: Vectors, adam: Adam, tasks: Tensor, episodes: Episodes, config: PracticeConfig) -> Tensor:
    """PPO updates of some tasks' parameters, rows `tasks` (n,) of theta (M, P), in place. Returns which stayed finite, (n,) bool."""
    with torch.no_grad():
        weights, advantage, targets = _fixed(vectors.params(theta[tasks]), episodes, config)
    moving = torch.ones(len(tasks), dtype=torch.bool)
    finite = moving.clone()
    for update in range(config.updates):
        leaf = theta[tasks].requires_grad_()
        loss, divergence = ppo_loss(vectors.params(leaf), episodes, weights, advantage, targets, config)
        (gradient,) = torch.autograd.grad(loss.sum(), leaf)
        if update > 0:
            moving &= divergence <= config.kl_stop
        norm = gradient.norm(dim=1, keepdim=True)
        finite &= norm.squeeze(1).isfinite()
        moving &= finite
        if not moving.any():
            break
        gradient = gradient * (config.max_grad_norm / norm.clamp_min(1e-16)).clamp_max(1.0)
        theta[tasks[moving]] += adam.step(tasks[moving], gradient[moving])
    return finite


def _fixed(params: Params, e: Episodes, config: PracticeConfig) -> tuple[Tensor, Tensor, Tensor]:
    """What stays the same over a round's updates: step weights, advantages (M, K, T) and value targets (M, K, T, 2)."""
    values = sequence_outputs(params, e.obs, alive=e.alive)[..., 2:4]
    advantage = advantages(values, e, config.discount_factor, config.gae_lambda)
    weights = e.alive / e.lengths.unsqueeze(-1) ** config.length_exponent
    weights = weights / weights.sum((1, 2), keepdim=True)  # they sum to 1 in each task
    # Once the pole is up, what is left to learn is to stay on the track, about which the short horizon is only noise.
    short = torch.where(e.lengths.mean(1) > config.long_episodes, config.short_weight, 1.0).view(-1, 1, 1)
    total = advantage[..., 0] + short * advantage[..., 1]
    centred = total - (total * weights).sum((1, 2), keepdim=True)
    std = (centred.square() * weights).sum((1, 2), keepdim=True).sqrt()
    return weights, centred / std.clamp_min(1e-3), values + advantage


def ppo_loss(
    params: Params, e: Episodes, weights: Tensor, advantage: Tensor, targets: Tensor, config: PracticeConfig
) -> tuple[Tensor, Tensor]:
    """The clipped surrogate (Schulman et al. 2017, eq. 7) plus the values' squared error, and how far the policy has moved, both (M,)."""
    outputs = sequence_outputs(params, e.obs, alive=e.alive)
    difference = (action_log_probs(outputs[..., :2], e.actions) - e.log_probs).clamp(-10, 10)
    ratio = difference.exp()
    clipped = ratio.clamp(1 - config.clip_ratio, 1 + config.clip_ratio)
    policy = -(torch.minimum(ratio * advantage, clipped * advantage) * weights).sum((1, 2))
    value = ((outputs[..., 2:4] - targets).square().sum(-1) * weights).sum((1, 2))
    divergence = -(difference.detach() * e.alive).sum((1, 2)) / e.alive.sum((1, 2))
    return policy + config.value_weight * value, divergence
