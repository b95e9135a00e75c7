"""What a control engineer would do with the same episodes: plan with the fitted linear dynamics, without a policy network.

The linear-quadratic regulator (Kalman 1960) of the posterior mean, found by iterating the discrete Riccati equation. The motor
only pushes left or right, so the regulator's force is rounded to the nearer of the two and what is lost is made up for in the next
step (delta-sigma modulation).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import torch

from model.experiments.trials import Trials, in_batches
from model.maml.adaptation import StandardAdaptationConfig, one_each
from model.model_based.buffer import ExperienceBuffer
from model.model_based.dynamics import DynamicsModel
from model.model_based.features import CONSTANT, FEATURES, PAST
from model.model_based.imagination import shifted
from model.policy.params import Params, with_task_axis
from model.policy.ssm import StateSpaceModel
from model.rl.evaluation import evaluate_tasks
from model.rl.rollout import Episodes, collect
from model.worlds.cartpole import MAX_EPISODE_STEPS, WorldCartPole
from model.worlds.world import World

COST = np.array([1.0, 0.1, 10.0, 0.1])  # of squared position, velocity, angle and angular velocity
PUSH_COST = 0.01
DISCOUNT = 0.995  # what can't be changed, as the constant, must not cost infinitely much
ITERATIONS = 1000
FIRST_PAST_PUSH = FEATURES.index("u_1")


def riccati(
    step: np.ndarray, angle_offset: np.ndarray, P: np.ndarray | None = None, iterations: int = ITERATIONS
) -> tuple[np.ndarray, ...]:
    """Gains L (M, F): the push u = -f L for the features f with u_t = 0; and the cost matrix P (M, F, F), from which to go on.

    step (M, F, F): f_t -> f_{t+1} (`shifted`). angle_offset (M,): the angle to keep, rad.
    P <- Q + d A P A' - d A P B (R + d B' P B)^-1 d B' P A', in rows: f_{t+1} = f_t A + u_t B.
    """
    A, B = step.copy(), step[:, 4:5]  # u_t enters by its own row
    A[:, 4] = 0.0
    F = A.shape[-1]
    cost = np.zeros((len(A), F, F))
    cost[:, range(4), range(4)] = COST
    # (angle - offset)^2, with the constant feature
    cost[:, 2, 5] = cost[:, 5, 2] = -COST[2] * angle_offset
    cost[:, 5, 5] = COST[2] * angle_offset**2
    P = cost.copy() if P is None else P
    gain = np.zeros((len(A), F, 1))
    for _ in range(iterations):
        AP, BP = A @ P, B @ P  # (M, F, F), (M, 1, F)
        gain = (AP @ B.mT) / (PUSH_COST / DISCOUNT + BP @ B.mT)  # (M, F, 1)
        P = cost + DISCOUNT * (AP @ A.mT - gain @ (BP @ A.mT))
        P = (P + P.mT) / 2
    return gain[..., 0], P


class Controller:
    """Acts in N environments from what their sensors say and its own pushes, as an intervention of `collect`.

    The motor only pushes left or right: the wanted push, within +-1, is rounded and the rest is owed to the next step.
    features (N, F): f_t with u_t = 0.
    """

    def __init__(self, n: int):
        self.features = np.zeros((n, len(FEATURES)))
        self.features[:, CONSTANT] = 1.0
        self.owed, self.begun = np.zeros(n), False

    def wanted(self, obs: np.ndarray) -> np.ndarray:
        """The push that is wanted now, (N,); obs (N, 4)."""
        raise NotImplementedError

    def look(self, obs: np.ndarray) -> None:
        """Take in what the sensors say."""
        f = self.features
        f[:, PAST:] = f[:, :4] if self.begun else obs
        f[:, :4] = obs
        self.begun = True

    def __call__(self, env: WorldCartPole, action: np.ndarray) -> np.ndarray:
        wanted = np.clip(self.wanted(env.observe().astype(np.float64)), -1.0, 1.0) + self.owed
        right = wanted > 0
        push = 2.0 * right - 1.0
        self.owed = np.clip(wanted - push, -1.0, 1.0)
        self.pushed(push)
        return right.astype(np.int64)

    def pushed(self, push: np.ndarray) -> None:
        """Take in what was done, (N,): u_t becomes u_{t-1}, and so on."""
        f = self.features
        f[:, FIRST_PAST_PUSH + 1 : PAST] = f[:, FIRST_PAST_PUSH : PAST - 1].copy()
        f[:, FIRST_PAST_PUSH] = push


class Regulator(Controller):
    """Fixed gains (N, F) on what the sensors say."""

    def __init__(self, gains: np.ndarray):
        super().__init__(len(gains))
        self.gains = gains

    def wanted(self, obs: np.ndarray) -> np.ndarray:
        self.look(obs)
        return -(self.features * self.gains).sum(1)


def planned(dynamics: DynamicsModel, worlds: Sequence[World], episodes: int) -> Controller:
    """The regulator of each task's posterior mean, in so many episodes each."""
    return Regulator(riccati(shifted(dynamics.mean), dynamics.angle_offset)[0].repeat(episodes, axis=0))


Plan = Callable[[DynamicsModel, Sequence[World], int], Controller]


@cache
def nobody() -> Params:
    """Parameters of a policy whose actions are not done, for `collect`."""
    return with_task_axis(StateSpaceModel(1, hidden_dim=1, generator=torch.Generator().manual_seed(0)).params())


def play(controller: Controller, worlds: Sequence[World], episodes: int, generator: np.random.Generator, max_steps: int) -> Episodes:
    """Episodes of a controller: the same that a policy would play with the same generator."""
    return collect(nobody(), worlds, episodes, generator, max_steps, True, intervene=controller)


def linear_trials(
    start: StateSpaceModel | None,
    worlds: Sequence[World],
    config: StandardAdaptationConfig,
    seed: int,
    eval_episodes: int,
    plan: Plan = planned,
) -> Trials:
    """As run_trials, with a regulator planned after each collection. The start's policy collects the first, the regulators the others."""
    return in_batches(start, worlds, seed, lambda params, some, own_seed: _run(params, some, config, own_seed, eval_episodes, plan))


def _run(params: Params, worlds: list[World], config: StandardAdaptationConfig, seed: list[int], eval_episodes: int, plan: Plan):
    params, buffers = one_each(params, len(worlds)), [ExperienceBuffer() for _ in worlds]
    generator, dynamics = np.random.default_rng([*seed, 0]), None

    def played(episodes: int, generator: np.random.Generator, max_steps: int) -> Episodes:
        return play(plan(dynamics, worlds, episodes), worlds, episodes, generator, max_steps)

    def evaluate() -> np.ndarray:
        same = np.random.default_rng([*seed, 1])
        if dynamics is None:
            return evaluate_tasks(params, worlds, eval_episodes, same).mean(1)
        return played(eval_episodes, same, MAX_EPISODE_STEPS).lengths.mean(1).numpy()

    returns, env_steps, moved = [evaluate()], [np.zeros(len(worlds))], [np.zeros(len(worlds), bool)]
    for _ in range(config.num_adapt_steps):
        if dynamics is None:
            fresh = collect(params, worlds, config.episodes_per_step, generator, config.max_steps_per_episode)
        else:
            fresh = played(config.episodes_per_step, generator, config.max_steps_per_episode)
        for i, buffer in enumerate(buffers):
            buffer.add(replace(fresh, obs=fresh.sensors).task(i))
        dynamics = DynamicsModel().fit([b.joined() for b in buffers])
        returns.append(evaluate())
        env_steps.append(env_steps[-1] + fresh.lengths.sum(1).numpy())
        moved.append(np.ones(len(worlds), bool))
    return np.stack(returns), np.stack(env_steps), np.stack(moved)
