"""The motion model: exact regression, honest uncertainty, and imagined episodes that are like the real ones."""

import numpy as np
import pytest
import torch

from model import DynamicsModel, World, load_pretrained
from model.model_based.dynamics import NOISE_SD, DynamicsConfig
from model.model_based.features import features
from model.policy.cell import sequence_outputs
from model.policy.params import with_task_axis
from model.rl.rollout import Episodes, action_log_probs, collect
from tests.model.made_up import random_params

WORLDS = [World(), World(reversed_motor=True, action_delay=2), World(mirrored_sensors=True, wind=2.0), World(angle_bias=0.1)]


def real_episodes(worlds: list[World], episodes: int, seed: int = 0, max_steps: int = 60) -> Episodes:
    return collect(random_params(len(worlds), seed), worlds, episodes, np.random.default_rng(seed), max_steps)


def test_the_posterior_is_that_of_ridge_regression():
    """Against the textbook formula on rows that are written out one by one."""
    episodes = real_episodes(WORLDS[1:2], 3)
    rows, changes = [], []
    for k in range(3):
        n = int(episodes.lengths[0, k])
        obs, actions = episodes.obs[0, k].double().numpy(), episodes.actions[0, k].numpy()
        for t in range(n - 1):
            u = [2.0 * actions[t - j] - 1.0 if t >= j else 0.0 for j in range(6)]
            rows.append([*obs[t], u[0], 1.0, *u[1:], *obs[max(t - 1, 0)]])
            changes.append(obs[t + 1] - obs[t])
    F, Y = np.array(rows), np.array(changes)
    motion = DynamicsModel(DynamicsConfig(prior_sd=0.2)).fit(episodes)
    assert motion.transitions.tolist() == [len(F)]
    for o in range(4):
        precision = np.eye(15) / 0.2**2 + F.T @ F / NOISE_SD[o] ** 2
        np.testing.assert_allclose(motion.covariance[0, o] @ precision, np.eye(15), atol=1e-6)
        np.testing.assert_allclose(motion.mean[0, :, o], np.linalg.solve(precision, F.T @ Y[:, o] / NOISE_SD[o] ** 2), atol=1e-8)


def test_draws_have_the_posterior_s_mean_and_covariance():
    motion = DynamicsModel().fit(real_episodes(WORLDS[:1], 2))
    drawn = motion.draw(np.random.default_rng(0), 20_000)[0]
    for o in (1, 3):
        sd = np.sqrt(np.diagonal(motion.covariance[0, o]))
        np.testing.assert_allclose(drawn[:, :, o].mean(0), motion.mean[0, :, o], atol=float(4 * sd.max() / 20_000**0.5))
        np.testing.assert_allclose(drawn[:, :, o].std(0), sd, rtol=0.05)


def test_tasks_are_fitted_each_from_its_own_episodes():
    episodes = real_episodes(WORLDS, 4)
    together = DynamicsModel().fit(episodes)
    for i in range(len(WORLDS)):
        alone = DynamicsModel().fit(episodes.task(i))
        np.testing.assert_allclose(together.mean[i], alone.mean[0], atol=1e-9)
        np.testing.assert_array_equal(together.tasks(np.array([i])).mean, together.mean[i : i + 1])
        assert together.summary(i) == alone.summary()


@pytest.mark.parametrize(
    ("world", "sign", "delay", "offset"),
    [
        (World(), (1, -1), 0, 0.0),
        (World(reversed_motor=True, wind=3.0), (-1, 1), 0, 0.0),
        (World(mirrored_sensors=True), (1, 1), 0, 0.0),
        (World(action_delay=4), (1, -1), 4, 0.0),
        (World(reversed_motor=True, action_delay=5), (-1, 1), 5, 0.0),
        (World(angle_bias=0.1), (1, -1), 0, 0.1),
    ],
)
def test_the_summary_tells_what_is_broken(world, sign, delay, offset):
    summary = DynamicsModel().fit(real_episodes([world], 10)).summary()
    # F tau / (M - 3 m / 4 ...) of the standard cart is 0.195 m/s and 0.293 rad/s a step.
    for estimate, truth in ((summary.cart_push, 0.195 * sign[0]), (summary.pole_push, 0.293 * sign[1])):
        assert abs(estimate.mean - truth) < 0.02 and estimate.sd < 0.02
    assert summary.delay == delay and summary.delay_weights[delay] > 0.95 and not summary.velocity_reads_zero
    assert abs(summary.angle_offset.mean - offset) < 3 * summary.angle_offset.sd < 0.05


def test_imagined_episodes_are_played_by_the_policy_in_the_linear_motion():
    """Log-probabilities, motion and ends against a step-by-step check of every imagined episode."""
    motion = DynamicsModel().fit(real_episodes(WORLDS, 6))
    params, coefficients = random_params(4, 1), motion.draw(np.random.default_rng(1), 5)
    e = motion.imagine(params, np.random.default_rng(2), 5, 200, coefficients)
    assert e.obs.shape[:2] == (4, 5)
    log_probs = action_log_probs(sequence_outputs(params, e.obs)[..., :2], e.actions)
    torch.testing.assert_close(log_probs * e.alive, e.log_probs, atol=1e-4, rtol=1e-4)
    ended = 0
    for i in range(4):
        for k in range(5):
            n = int(e.lengths[i, k])
            obs = e.obs[i, k, :n].double().numpy()
            inside = (np.abs(obs[:, 0]) <= 2.4) & (np.abs(obs[:, 2] - motion.angle_offset[i]) <= 0.2095)
            assert inside.all() and (e.alive[i, k, :n] == 1).all()
            change = features(obs, e.actions[i, k, :n].numpy()) @ coefficients[i, k]
            np.testing.assert_allclose(np.diff(obs, axis=0), change[:-1], atol=1e-4)
            last = obs[-1] + change[-1]
            fell = abs(last[0]) > 2.4 or abs(last[2] - motion.angle_offset[i]) > 0.2095
            assert bool(e.terminated[i, k]) == fell and (fell or n == 200)
            ended += fell
    assert ended > 10
    starts = e.obs[:, :, 0].double().numpy()
    starts[:, :, 2] -= motion.angle_offset[:, None]
    assert np.abs(starts).max() <= 0.05 + 1e-6


def test_imagined_and_real_returns_agree_for_policies_that_fall_and_that_stand():
    worlds = [World(), World(reversed_motor=True), World(action_delay=4), World(reversed_motor=True, angle_bias=0.1)]
    params = with_task_axis(load_pretrained("memory").params(), 4)
    real = collect(params, worlds, 10, np.random.default_rng(0))
    imagined = DynamicsModel().fit(real).imagine(params, np.random.default_rng(1), 10)
    assert real.lengths.mean(1).max() == 500 and real.lengths.mean(1).min() < 30
    torch.testing.assert_close(imagined.lengths.mean(1), real.lengths.mean(1), rtol=0.3, atol=0.0)


@pytest.mark.parametrize("change", [{"sensor_noise": 0.2}, {"lost_push": 0.1}, {"motor_reversals": 10}])
def test_noise_lost_pushes_and_reversals_are_noticed_and_widen_what_is_believed(change):
    calm, hard = (DynamicsModel().fit(real_episodes([World(**fields)], 5, max_steps=500)) for fields in ({}, change))
    assert not calm.unexplained[0] and (calm.noise_sd == NOISE_SD).all()
    reverses = "motor_reversals" in change and hard.transitions[0] < 300  # short episodes may end before the first reversal
    assert hard.unexplained[0] or reverses
    if hard.unexplained[0]:
        assert hard.summary().cart_push.sd > 20 * calm.summary().cart_push.sd and hard.summary().unexplained
