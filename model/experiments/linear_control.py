"""What a control engineer would do with the same episodes: plan with the fitted linear dynamics, without a policy network.

The linear-quadratic regulator (Kalman 1960) of the posterior mean, found by iterating the discrete Riccati equation. The motor
only pushes left or right, so the regulator's force is rounded to the nearer of the two and what is lost is made up for in the next
step (delta-sigma modulation).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from model.experiments.trials import Trials, in_batches
from model.maml.adaptation import StandardAdaptationConfig, one_each
from model.model_based.buffer import ExperienceBuffer
from model.model_based.dynamics import DynamicsModel
from model.model_based.imagination import shifted
from model.policy.params import Params
from model.policy.ssm import StateSpaceModel
from model.rl.evaluation import evaluate_tasks
from model.rl.rollout import Episodes, collect
from model.worlds.cartpole import MAX_EPISODE_STEPS, START_RANGE, World, WorldCartPole

COST = np.array([1.0, 0.1, 10.0, 0.1])  # of squared position, velocity, angle and angular velocity
PUSH_COST = 0.01
DISCOUNT = 0.995  # what can't be changed, as the constant, must not cost infinitely much
ITERATIONS = 1000


def regulator(dynamics: DynamicsModel) -> np.ndarray:
    """Gains L (M, F): the push u = -f L for the features f with u_t = 0, for each task's posterior mean.

    P <- Q + d A P A' - d A P B (R + d B' P B)^-1 d B' P A' / d, in rows: f_{t+1} = f_t A + u_t B.
    """
    step = shifted(dynamics.mean)  # (M, F, F)
    A, B = step.copy(), step[:, 4:5]  # u_t enters by its own row
    A[:, 4] = 0.0
    F = A.shape[-1]
    cost = np.zeros((len(A), F, F))
    cost[:, range(4), range(4)] = COST
    # (angle - offset)^2, with the constant feature
    cost[:, 2, 5] = cost[:, 5, 2] = -COST[2] * dynamics.angle_offset
    cost[:, 5, 5] = COST[2] * dynamics.angle_offset**2
    P = cost.copy()
    for _ in range(ITERATIONS):
        AP, BP = A @ P, B @ P  # (M, F, F), (M, 1, F)
        gain = (AP @ B.mT) / (PUSH_COST / DISCOUNT + BP @ B.mT)  # (M, F, 1)
        P = cost + DISCOUNT * (AP @ A.mT - gain @ (BP @ A.mT))
        P = (P + P.mT) / 2
    return gain[..., 0]


def play(gains: np.ndarray, worlds: Sequence[World], episodes: int, generator: np.random.Generator, max_steps: int) -> Episodes:
    """Episodes of the regulators, from the first states that `collect` draws from the same generator. gains (M, F)."""
    M, K, F = len(worlds), episodes, gains.shape[1]
    env = WorldCartPole([w for w in worlds for _ in range(K)], max_episode_steps=max_steps)
    env.begin(generator.uniform(-START_RANGE, START_RANGE, size=(M * K, 4)))
    gain = gains.repeat(K, axis=0)
    state = np.zeros((M * K, F))
    state[:, 5] = 1.0
    alive, owed = np.ones(M * K, bool), np.zeros(M * K)
    observations, actions, alives = [], [], []
    for t in range(max_steps):
        obs = env.observe()
        state[:, -4:] = obs if t == 0 else state[:, :4]
        state[:, :4] = obs
        wanted = np.clip(-(state * gain).sum(1), -1.0, 1.0) + owed
        right = wanted > 0
        push = 2.0 * right - 1.0
        owed = np.clip(wanted - push, -1.0, 1.0)
        observations.append(obs)
        actions.append(right.astype(np.int64))
        alives.append(alive)
        alive = alive & ~env.advance(right, alive)
        state[:, 7:-4] = state[:, 6:-5].copy()
        state[:, 6] = push
        if not alive.any():
            break

    def tensor(rows: list[np.ndarray]) -> torch.Tensor:
        return torch.from_numpy(np.stack(rows, axis=1)).unflatten(0, (M, K))

    taken = tensor(actions)
    return Episodes(tensor(observations), taken, torch.zeros(taken.shape), tensor(alives).float(), torch.from_numpy(~alive).view(M, K))


def linear_trials(
    start: StateSpaceModel | None, worlds: Sequence[World], config: StandardAdaptationConfig, seed: int, eval_episodes: int
) -> Trials:
    """As run_trials, with a regulator planned after each collection. The start's policy collects the first, the regulators the others."""
    return in_batches(start, worlds, seed, lambda params, some, own_seed: _run(params, some, config, own_seed, eval_episodes))


def _run(params: Params, worlds: list[World], config: StandardAdaptationConfig, seed: list[int], eval_episodes: int):
    params, buffers = one_each(params, len(worlds)), [ExperienceBuffer() for _ in worlds]
    generator, gains = np.random.default_rng([*seed, 0]), None

    def evaluate() -> np.ndarray:
        same = np.random.default_rng([*seed, 1])
        if gains is None:
            return evaluate_tasks(params, worlds, eval_episodes, same).mean(1)
        return play(gains, worlds, eval_episodes, same, MAX_EPISODE_STEPS).lengths.mean(1).numpy()

    returns, env_steps, moved = [evaluate()], [np.zeros(len(worlds))], [np.zeros(len(worlds), bool)]
    for _ in range(config.num_adapt_steps):
        if gains is None:
            fresh = collect(params, worlds, config.episodes_per_step, generator, config.max_steps_per_episode)
        else:
            fresh = play(gains, worlds, config.episodes_per_step, generator, config.max_steps_per_episode)
        for i, buffer in enumerate(buffers):
            buffer.add(replace(fresh, obs=fresh.sensors).task(i))
        gains = regulator(DynamicsModel().fit([b.joined() for b in buffers]))
        returns.append(evaluate())
        env_steps.append(env_steps[-1] + fresh.lengths.sum(1).numpy())
        moved.append(np.ones(len(worlds), bool))
    return np.stack(returns), np.stack(env_steps), np.stack(moved)
