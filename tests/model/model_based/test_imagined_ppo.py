"""Model-based PPO: the imagined return climbs, the best is kept, tasks are independent, and what is not finite is left out."""

import dataclasses

import numpy as np
import pytest
import torch

from model import DynamicsModel, World, load_pretrained
from model.model_based.imagined_ppo import ImaginedPPOConfig, imagined_ppo
from model.policy.params import with_task_axis
from model.rl.rollout import collect
from tests.model.made_up import random_params

REVERSED = World(reversed_motor=True)
SMALL = ImaginedPPOConfig(episodes=4, max_steps=100)


def fitted(worlds: list[World], episodes: int = 5) -> DynamicsModel:
    return DynamicsModel().fit(collect(random_params(len(worlds)), worlds, episodes, np.random.default_rng(0), 60))


def generators(tasks: int) -> list[np.random.Generator]:
    return [np.random.default_rng([7, i]) for i in range(tasks)]


def test_a_random_policy_learns_to_balance_in_imagination():
    *_, last = imagined_ppo(random_params(), fitted([World()]), ImaginedPPOConfig(max_steps=120), 20, generators(1))
    assert last.returns.shape == (1,) and last.best_returns[0] > 60
    real = collect(last.best, [World()], 10, np.random.default_rng(1), 200)
    before = collect(random_params(), [World()], 10, np.random.default_rng(1), 200)
    assert real.lengths.mean() > 2 * before.lengths.mean()


def test_the_best_parameters_are_those_that_played_the_best_round():
    params, motion = random_params(), fitted([World()])
    rounds = list(imagined_ppo(params, motion, SMALL, 8, generators(1)))
    returns = [r.returns[0] for r in rounds]
    for r in rounds:
        assert r.best_returns[0] == max(returns[: r.index])
    assert all(torch.equal(p, params[n]) for n, p in rounds[0].best.items())  # the first round is the policy itself
    assert returns[-1] != returns[0] and rounds[-1].updates[0] > 0


def test_a_task_that_stands_leaves_and_the_others_go_on():
    params = {
        n: torch.cat([p, q])
        for (n, p), q in zip(with_task_axis(load_pretrained("standard").params()).items(), random_params().values(), strict=True)
    }
    rounds = list(imagined_ppo(params, fitted([World(), World()]), ImaginedPPOConfig(episodes=3), 3, generators(2)))
    assert rounds[0].standing.tolist() == [True, False] and rounds[-1].updates[0] == 0 < rounds[-1].updates[1]
    assert all(torch.equal(rounds[-1].best[n][0], p[0]) for n, p in params.items())
    (only,) = imagined_ppo(
        with_task_axis(load_pretrained("standard").params()), fitted([World()]), ImaginedPPOConfig(episodes=3), 9, generators(1)
    )
    assert only.standing.all() and only.best_returns[0] == 500


def test_a_task_whose_update_is_not_finite_leaves_with_what_it_had():
    params = {n: p.clone() for n, p in random_params(2).items()}
    params["C"][0, :, 2] = 3e38
    rounds = list(imagined_ppo(params, fitted([World(), World()]), SMALL, 3, generators(2)))
    assert rounds[-1].failed.tolist() == [True, False] and rounds[-1].updates[0] == 0
    assert all(torch.equal(rounds[-1].best[n][0], p[0]) for n, p in params.items())


@pytest.mark.parametrize(("stop", "updates"), [(0.001, 1), (100.0, 6)])
def test_a_rounds_updates_end_once_the_policy_has_moved_far(stop, updates):
    config = dataclasses.replace(SMALL, lr=0.05, warm_up=0, kl_stop=stop)
    *_, last = imagined_ppo(random_params(), fitted([World()]), config, 2, generators(1))
    assert last.updates.tolist() == [updates]
