"""Noise, lost pushes and reversals: their distribution, and that a seed replays them whatever the policy does."""

import numpy as np
import pytest

from model import WORLDS, World, WorldCartPole
from model.worlds.disturbances import FIRST_REVERSAL, MAX_REVERSALS, NOISE_SD, PERIOD, SPACING, episode_keys, reversal_steps

HARD = World(sensor_noise=1.0, lost_push=0.3, motor_reversals=7)


def motions(worlds, actions, first, **begin):
    """What was read, what the motor gave and what it lost, along actions (T, n), with nobody falling: (T, n, ...) each."""
    env = WorldCartPole(worlds)
    env.begin(first, **begin)
    moving, rows = np.zeros(len(worlds), dtype=bool), []
    for action in actions:
        seen = env.observe()
        env.advance(action, moving)
        rows.append((seen, env.applied_force, env.lost_force))
    return [np.array(column) for column in zip(*rows, strict=True)]


def starts(n, seed=0):
    return np.random.default_rng(seed).uniform(-0.05, 0.05, (n, 4))


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_readings_scatter_by_the_sd_that_the_field_says(noise):
    first, n = starts(200), 200
    seen, *_ = motions([World(sensor_noise=noise)] * n, np.ones((300, n)), first)
    error = (seen - first) / (noise * np.array(NOISE_SD))
    assert np.abs(error.mean((0, 1))).max() < 0.02 and np.abs(error.std((0, 1)) - 1).max() < 0.02
    assert np.abs((error**4).mean((0, 1)) - 3).max() < 0.15  # Gaussian
    columns = np.concatenate([error[:-1], error[1:]], axis=2).reshape(-1, 8)  # the four sensors now and a step later
    assert np.abs(np.corrcoef(columns.T) - np.eye(8)).max() < 0.02


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_pushes_are_lost_at_the_rate_that_the_field_says(rate):
    _, applied, lost = motions([World(lost_push=rate, reversed_motor=True)] * 200, np.ones((300, 200)), starts(200))
    assert (lost != 0).mean() == pytest.approx(rate, abs=0.01) and (applied + lost == -10).all() and (applied * lost == 0).all()


@pytest.mark.parametrize("count", [1, 5, MAX_REVERSALS])
def test_the_motor_reverses_as_often_as_the_field_says_and_never_soon_after(count):
    n = 300
    steps = reversal_steps(episode_keys(np.arange(n)), np.full(n, count), np.zeros(n, dtype=int))[:count]
    assert steps.min() >= FIRST_REVERSAL and steps.max() < PERIOD
    assert (np.diff(steps, axis=0) >= SPACING).all()
    assert steps.mean() == pytest.approx((FIRST_REVERSAL + PERIOD - 1) / 2, abs=15)
    _, applied, _ = motions([World(motor_reversals=count)] * n, np.ones((3 * PERIOD, n)), starts(n))
    turns = np.diff(np.sign(applied), axis=0) != 0
    assert (applied[:FIRST_REVERSAL] == 10).all()
    assert [(turns[i * PERIOD : (i + 1) * PERIOD].sum(0) == count).all() for i in range(3)] == [True, True, True]
    gaps = np.diff(np.argwhere(turns.T)[:, 1])
    assert gaps[gaps > 0].min() >= SPACING


def test_noise_depends_on_the_episode_and_not_on_what_is_done():
    n, first = 40, starts(40)
    actions = np.random.default_rng(1).integers(0, 2, (2, 520, n))
    one, other = (motions([HARD] * n, a, first) for a in actions)
    np.testing.assert_array_equal(one[0], other[0])
    for k in (1, 2):  # the force of a push to the right, and that of a lost one
        np.testing.assert_array_equal(one[k] * (2 * actions[0] - 1), other[k] * (2 * actions[1] - 1))
    assert len(np.unique(one[0][0], axis=0)) == n  # and every episode has its own


def test_advance_is_step_to_the_last_bit_under_the_same_disturbances_and_leaves_the_fallen_where_they_are():
    named = [WORLDS[name] for name in ("standard", "reversed_gale", "mirrored_long_pole", "moon")]
    worlds = [HARD, World(lost_push=0.5, action_delay=3), World(motor_reversals=20), *named] * 5
    n = len(worlds)
    stepped, advanced = WorldCartPole(worlds), WorldCartPole(worlds)
    first = starts(n)
    first[::6] = [2.3, 3.0, 0.0, 0.0]  # leaves the track
    for env in (stepped, advanced):
        env.begin(first)
    rng, moving = np.random.default_rng(0), np.ones(n, dtype=bool)
    while moving.any():
        np.testing.assert_array_equal(stepped.observe()[moving], advanced.observe()[moving])
        action, motor, before = rng.integers(0, 2, n), stepped.present_motor, advanced.state
        _, _, terminated, _, _ = stepped.step(action)
        fell = advanced.advance(action, moving)
        np.testing.assert_array_equal(advanced.state[:, moving], stepped.state[:, moving])
        np.testing.assert_array_equal(advanced.state[:, ~moving], before[:, ~moving])
        np.testing.assert_array_equal(advanced.applied_force[moving], stepped.applied_force[moving])
        now = moving & (stepped.delay == 0) & (stepped.lost_force == 0)
        np.testing.assert_array_equal(stepped.applied_force[now], (motor * (2 * action - 1))[now])
        np.testing.assert_array_equal(fell, terminated & moving)
        moving &= ~fell


def test_a_world_changes_in_the_middle_of_an_episode():
    env = WorldCartPole([World(action_delay=2), World(), HARD, World(action_delay=1)])
    env.begin(starts(4))
    for _ in range(4):
        env.step(np.ones(4, dtype=int))
    state, steps = env.state.copy(), env.episode_steps.copy()
    env.change([0, 2], [World(action_delay=2, reversed_motor=True), World(action_delay=5)])
    np.testing.assert_array_equal(env.state, state)
    np.testing.assert_array_equal(env.episode_steps, steps)
    assert env.worlds[0].reversed_motor and env.worlds[2].action_delay == 5
    forces = []
    for _ in range(7):
        env.step(np.zeros(4, dtype=int))
        forces.append(env.applied_force.copy())
    under_way, none_yet, none, its_own = np.array(forces).T
    assert under_way.tolist() == [-10.0] * 2 + [10.0] * 5  # pushes under way arrive, at the new motor
    assert none.tolist() == [0.0] * 5 + [-10.0] * 2  # a new delay begins without them
    assert none_yet.tolist() == [-10.0] * 7 and its_own.tolist() == [10.0] + [-10.0] * 6
    env.change([2], [HARD])
    again = WorldCartPole([HARD] * 4)
    again.begin(starts(4))
    for _ in range(11):
        again.step(np.ones(4, dtype=int))
    np.testing.assert_allclose(env.observe()[2] - env.state[:, 2], again.observe()[2] - again.state[:, 2], atol=1e-6)
