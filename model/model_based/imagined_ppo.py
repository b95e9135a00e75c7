"""Model-based PPO: on-policy policy gradient in imagined episodes, until the policy stands in them.

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
from model.rl.ppo import Targets, normalised, ppo_terms, step_weights
from model.rl.rollout import Episodes
from model.worlds.cartpole import MAX_EPISODE_STEPS


@dataclass(frozen=True)
class ImaginedPPOConfig:
    """Settings of model-based PPO, chosen on validation worlds."""

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
class ImaginedRound:
    """What is known after a round of imagined episodes of M tasks.

    index: from 1. returns (M,): mean imagined return of the policy that played this round; for tasks that have left
    the batch, their last. best_returns (M,), best: the highest of them so far and the parameters that reached it. standing (M,) bool:
    no imagined episode fell. failed (M,) bool: an update was not finite; the task keeps its best parameters. updates (M,):
    Adam steps so far. seconds: since the first round began.
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
class ImaginedRollouts:
    """Imagined rollouts of some tasks: tasks (n,) by index, their dynamics model, returns (rounds, n), and the last round.

    adopted (n,) bool: whether the best parameters in imagination became the task's; False where they are not trusted yet.
    """

    tasks: np.ndarray
    dynamics: DynamicsModel
    returns: np.ndarray
    last: ImaginedRound
    adopted: np.ndarray


class Learners:
    """The policies of M tasks, flat (M, P), and one Adam for them: each task is a parameter group with its own state and count of steps."""

    def __init__(self, params: Params, config: ImaginedPPOConfig):
        self.config = config
        self.shapes = {n: p.shape[1:] for n, p in params.items()}
        self.theta = torch.cat([p.detach().flatten(1) for p in params.values()], dim=1)
        self.adam = torch.optim.Adam([{"params": [self.theta[i]]} for i in range(len(self.theta))], lr=config.lr, fused=True)
        self.updates = np.zeros(len(self.theta), dtype=int)  # Adam's steps so far, of each task

    def params(self, flat: Tensor) -> dict[str, Tensor]:
        """Rows of theta as parameters: (n, P) -> name -> (n, ...)."""
        parts = flat.split([shape.numel() for shape in self.shapes.values()], dim=1)
        return {n: part.unflatten(1, shape) for (n, shape), part in zip(self.shapes.items(), parts, strict=True)}

    def step(self, gradients: dict[int, Tensor]) -> None:
        """One step of Adam for the tasks that have a gradient (P,); what has none is not moved on by its momentum either."""
        for i, group in enumerate(self.adam.param_groups):
            group["params"][0].grad = gradients.get(i)
            self.updates[i] += i in gradients
            group["lr"] = self.config.lr * min(1.0, self.updates[i] / max(self.config.warm_up, 1))
        self.adam.step()


def imagined_ppo(
    params: Params, dynamics: DynamicsModel, config: ImaginedPPOConfig, rounds: int, generators: Sequence[np.random.Generator]
) -> Iterator[ImaginedRound]:
    """Improve the policies of M tasks at once, each in its own dynamics; yields after every round. params: leading axis M.

    A task whose imagined episodes all stand leaves the batch, and so does one whose update is not finite. Stop iterating, and
    the best parameters so far are those of the last round yielded. Nothing but `dynamics` says what a world is like.
    """
    started, M = time.perf_counter(), len(dynamics)
    learners = Learners(params, config)
    best, best_returns, returns = learners.theta.clone(), np.full(M, -np.inf), np.zeros(M)
    standing, failed = np.zeros((2, M), bool)
    for index in range(1, rounds + 1):
        going = np.flatnonzero(~standing & ~failed)
        if len(going) == 0:
            return
        own, here = [generators[i] for i in going], dynamics.tasks(going)
        now = learners.params(learners.theta[going])
        drawn = here.draw(own, config.episodes) if config.posterior_draws else here.mean[:, None].repeat(config.episodes, 1)
        episodes = here.imagine(now, own, config.episodes, config.max_steps, drawn)
        returns[going] = episodes.lengths.mean(1).numpy()
        standing[going] = ~episodes.terminated.any(1).numpy()
        better = going[returns[going] > best_returns[going]]
        best[better], best_returns[better] = learners.theta[better], returns[better]
        still = ~standing[going]
        if still.any() and index < rounds:
            kept = episodes.tasks(torch.from_numpy(np.flatnonzero(still)))
            failed[going[still]] = ~_update(learners, going[still], kept.cut(int(kept.lengths.max())))
        at_best, seconds = learners.params(best.clone()), time.perf_counter() - started
        copies = (x.copy() for x in (standing, failed, learners.updates))
        yield ImaginedRound(index, rounds, returns.copy(), best_returns.copy(), at_best, *copies, seconds)


def ppo_updates(params: Params, episodes: Episodes, config: ImaginedPPOConfig, rounds: int) -> dict[str, Tensor]:
    """The same updates on given episodes of M tasks, again and again: what imagined rollouts are compared with. Returns new parameters."""
    learners, everyone = Learners(params, config), np.arange(len(episodes.obs))
    for _ in range(rounds):
        _update(learners, everyone, episodes)
    return learners.params(learners.theta)


def _update(learners: Learners, tasks: np.ndarray, episodes: Episodes) -> np.ndarray:
    """PPO updates of some tasks, (n,) by index, on their episodes. Returns which stayed finite, (n,) bool."""
    c = learners.config
    targets = ppo_targets(learners.params(learners.theta[tasks]), episodes, c)
    moving, finite = np.ones((2, len(tasks)), bool)
    for update in range(c.updates):
        leaf = learners.theta[tasks].requires_grad_()
        outputs = sequence_outputs(learners.params(leaf), episodes.obs, alive=episodes.alive)
        terms = ppo_terms(outputs, episodes, targets, c.clip_ratio)
        (gradient,) = torch.autograd.grad(terms.surrogate.sum() + c.value_weight * terms.value_error.sum(), leaf)
        if update > 0:
            moving &= (terms.kl.sum((1, 2)) <= c.kl_stop * episodes.alive.sum((1, 2))).numpy()
        norm = gradient.norm(dim=1, keepdim=True)
        finite &= norm.isfinite().squeeze(1).numpy()
        moving &= finite
        if not moving.any():
            break
        gradient = gradient * (c.max_grad_norm / norm).clamp_max(1.0)
        learners.step({tasks[k]: gradient[k] for k in np.flatnonzero(moving)})
    return finite


@torch.no_grad()
def ppo_targets(params: Params, e: Episodes, config: ImaginedPPOConfig) -> Targets:
    """What stays the same over a round's updates; the weights sum to 1 in each task."""
    values = sequence_outputs(params, e.obs, alive=e.alive)[..., 2:4]
    advantage = advantages(values, e, config.discount_factor, config.gae_lambda)
    weights = step_weights(e, config.length_exponent)
    # Once the pole is up, what is left to learn is to stay on the track, about which the short horizon is only noise.
    mean_length = e.lengths.mean(1)
    short = torch.ones_like(mean_length).masked_fill(mean_length > config.long_episodes, config.short_weight).view(-1, 1, 1)
    total = normalised(advantage[..., 0] + short * advantage[..., 1], weights, (1, 2), 1e-3)
    return Targets(weights / weights.sum((1, 2), keepdim=True), total, values + advantage)
