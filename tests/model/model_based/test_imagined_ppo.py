"""Model-based PPO: the imagined return climbs, the best is kept, tasks are independent, and what is not finite is left out."""

import dataclasses

import numpy as np
import pytest
import torch

from model import DynamicsModel, StateSpaceModel, World, load_pretrained
from model.model_based.imagined_ppo import ImaginedPPOConfig, Learners, imagined_ppo
from model.policy.params import with_task_axis
from model.rl.rollout import collect

REVERSED = World(reversed_motor=True)
SMALL = ImaginedPPOConfig(episodes=4, max_steps=100)


def random_params(tasks: int = 1, seed: int = 0) -> dict[str, torch.Tensor]:
    return with_task_axis(StateSpaceModel(generator=torch.Generator().manual_seed(seed)).params(), tasks)


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


def test_a_task_learns_alone_as_it_does_among_others():
    worlds = [World(), REVERSED]
    together = list(imagined_ppo(random_params(2), fitted(worlds), SMALL, 2, generators(2)))
    alone = list(imagined_ppo(random_params(), fitted(worlds).tasks(np.array([1])), SMALL, 2, generators(2)[1:]))
    np.testing.assert_allclose(together[0].returns[1], alone[0].returns[0])
    for n, p in alone[1].best.items():
        torch.testing.assert_close(together[1].best[n][1], p[0], atol=2e-3, rtol=0.0)


def test_given_parameters_are_left_alone_and_the_same_seed_gives_the_same():
    params = random_params()
    before = {n: p.clone() for n, p in params.items()}
    a, b = (list(imagined_ppo(params, fitted([REVERSED]), SMALL, 3, generators(1)))[-1] for _ in range(2))
    assert all(torch.equal(before[n], p) for n, p in params.items())
    assert all(torch.equal(p, b.best[n]) for n, p in a.best.items()) and a.returns.tolist() == b.returns.tolist()


def test_a_task_whose_update_is_not_finite_leaves_with_what_it_had():
    params = {n: p.clone() for n, p in random_params(2).items()}
    params["C"][0, :, 2] = 3e38
    rounds = list(imagined_ppo(params, fitted([World(), World()]), SMALL, 3, generators(2)))
    assert rounds[-1].failed.tolist() == [True, False] and rounds[-1].updates[0] == 0
    assert all(torch.equal(rounds[-1].best[n][0], p[0]) for n, p in params.items())


def test_the_learning_rate_warms_up_and_a_task_without_a_gradient_stays():
    """Adam's first steps are of the rate's size whatever the gradient's, and its momentum moves no task that has none."""
    learners = Learners(random_params(2), ImaginedPPOConfig(lr=0.1, warm_up=10))
    sizes = []
    for i in range(12):
        before = learners.theta.clone()
        learners.step({0: torch.ones(6744), **({1: torch.ones(6744)} if i < 2 else {})})
        sizes.append((before - learners.theta).abs().amax(1).tolist())
    np.testing.assert_allclose([s[0] for s in sizes], [0.1 * min(1.0, i / 10) for i in range(1, 13)], rtol=1e-4)
    assert all(s[1] == (s[0] if i < 2 else 0.0) for i, s in enumerate(sizes)) and learners.updates.tolist() == [12, 2]


@pytest.mark.parametrize(("stop", "updates"), [(0.001, 1), (100.0, 6)])
def test_a_rounds_updates_end_once_the_policy_has_moved_far(stop, updates):
    config = dataclasses.replace(SMALL, lr=0.05, warm_up=0, kl_stop=stop)
    *_, last = imagined_ppo(random_params(), fitted([World()]), config, 2, generators(1))
    assert last.updates.tolist() == [updates]


@pytest.mark.parametrize(("field", "value"), [("rounds", -1), ("episodes", 0), ("lr", 2), ("max_steps", 501)])
def test_bad_settings_name_field_bound_and_value(field, value):
    with pytest.raises(ValueError, match=rf"{field} must be .*between .* and .*, got {value}"):
        ImaginedPPOConfig(**{field: value})
