"""The batched worlds are Gymnasium's CartPole where they should be, and every field of a world matters."""

import dataclasses
import math

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.classic_control.cartpole import CartPoleEnv
from gymnasium.utils.env_checker import check_env

from model import WORLDS, World, WorldCartPole


def test_one_step_equals_gymnasium_from_1000_random_states():
    n = 1000
    rng = np.random.default_rng(0)
    states = rng.uniform([-2.4, -3, -0.21, -3], [2.4, 3, 0.21, 3], size=(n, 4))
    actions = rng.integers(0, 2, n)
    worlds = [World(), World(cart_mass=2.0, pole_mass=0.5, pole_half_length=1.0, gravity=5.0, force_mag=7.0)]
    batch = WorldCartPole(worlds * (n // 2))
    batch.reset(seed=0)
    batch.state = states.T.copy()
    obs, reward, terminated, truncated, _ = batch.step(actions)
    plain, other = CartPoleEnv(), CartPoleEnv()
    other.masscart, other.masspole, other.length, other.gravity, other.force_mag = 2.0, 0.5, 1.0, 5.0, 7.0
    other.total_mass, other.polemass_length = 2.5, 0.5
    for env in (plain, other):
        env.reset(seed=0)
    for i in range(n):
        single = (plain, other)[i % 2]
        single.state, single.steps_beyond_terminated = states[i], None
        o, r, done, _, _ = single.step(int(actions[i]))
        np.testing.assert_allclose(batch.state[:, i], single.state, atol=1e-9, rtol=0)
        assert (reward[i], terminated[i]) == (r, done)
        np.testing.assert_allclose(obs[i], o, atol=1e-6)
    assert not truncated.any()


def test_whole_episodes_with_autoreset_equal_gymnasiums_vector_env():
    ours, theirs = (
        WorldCartPole([World()] * 16, max_episode_steps=60),
        gymnasium.make_vec("CartPole-v1", 16, max_episode_steps=60).unwrapped,
    )
    np.testing.assert_array_equal(ours.reset(seed=5)[0], theirs.reset(seed=5)[0])
    rng = np.random.default_rng(1)
    for _ in range(300):
        action = rng.integers(0, 2, 16)
        for a, b in zip(ours.step(action)[:4], theirs.step(action)[:4], strict=True):
            np.testing.assert_array_equal(a, b)


OTHER = {
    "gravity": 5.0, "cart_mass": 2.0, "pole_mass": 0.5, "pole_half_length": 1.0, "force_mag": 5.0, "wind": 2.0, "reversed_motor": True,
    "angle_bias": 0.1, "mirrored_sensors": True, "action_delay": 2, "velocity_sensors": False,
    "sensor_noise": 0.5, "lost_push": 0.5, "motor_reversals": 20,
}  # fmt: skip


@pytest.mark.parametrize("field", [f.name for f in World.fields()])
def test_every_field_changes_the_motion_or_the_observation(field):
    env = WorldCartPole([World(), World(**{field: OTHER[field]})])
    env.reset(seed=0)
    seen = []
    for _ in range(45):  # within which every list of 20 reversals has begun
        env.state[:] = np.array([[0.1], [0.2], [0.05], [0.3]])
        seen.append(env.step(np.array([1, 1]))[0])
    assert np.abs(np.array(seen)[:, 0] - np.array(seen)[:, 1]).max() > 1e-3


def test_sensors_change_what_is_seen_and_not_what_is():
    worlds = [World(), World(angle_bias=0.1), World(mirrored_sensors=True), World(velocity_sensors=False)]
    env = WorldCartPole(worlds)
    env.reset(seed=0)
    env.state[:] = np.array([[0.1], [0.2], [0.05], [0.3]])
    plain, biased, mirrored, blind = env.observe()
    np.testing.assert_allclose(biased, plain + np.array([0, 0, 0.1, 0]), atol=1e-6)
    np.testing.assert_allclose(mirrored, plain * [1, 1, -1, -1], atol=1e-6)
    np.testing.assert_allclose(blind, plain * [1, 0, 1, 0], atol=1e-6)


def test_every_reading_lies_in_the_space():
    worlds = [World(), World(angle_bias=0.2, reversed_motor=True), World(angle_bias=-0.2, gravity=25.0), World(sensor_noise=2.0)]
    for world in worlds:
        env = gymnasium.make("CartPoleWorld-v0", world=world)
        plain = env.observation_space == CartPoleEnv().observation_space
        assert plain is (world == World())
        for seed in range(30):
            seen, over = [env.reset(seed=seed)[0]], False
            while not over:
                observation, _, over, *_ = env.step(seed % 2)  # falls to one side, past where the sensor tilts
                seen.append(observation)
            assert all(map(env.observation_space.contains, seen))


def test_wind_adds_to_the_force_on_the_cart_and_so_does_a_push():
    env = WorldCartPole([World(force_mag=12.0), World(force_mag=10.0, wind=2.0), World()])
    env.reset(seed=0)
    env.external_force = np.array([0.0, 0.0, 2.0])
    env.state[:] = np.zeros((4, 1))
    env.step(np.ones(3, dtype=int))
    np.testing.assert_allclose(env.state[:, 1:], env.state[:, [0, 0]], atol=1e-12)


def test_a_delayed_motor_gives_no_force_first_and_then_the_actions_in_order():
    env = WorldCartPole([World(action_delay=2), World(action_delay=2, reversed_motor=True), World()])
    env.reset(seed=0)
    forces = []
    for action in (1, 0, 0, 1, 1):
        env.step(np.full(3, action))
        forces.append(env.applied_force.copy())
    assert [f[0] for f in forces] == [0, 0, 10, -10, -10]
    assert [f[1] for f in forces] == [0, 0, -10, 10, 10]
    assert [f[2] for f in forces] == [10, -10, -10, 10, 10]


def test_an_episode_does_not_inherit_the_delayed_actions_of_the_one_before():
    env = WorldCartPole([World(action_delay=3)], max_episode_steps=4)
    env.reset(seed=0)
    for _ in range(5):  # the fifth step resets
        env.step(np.array([1]))
    for _ in range(3):
        env.step(np.array([0]))
        assert env.applied_force[0] == 0
    env.step(np.array([0]))
    assert env.applied_force[0] == -10


def test_registered_ids_pass_gymnasiums_checker_and_take_worlds():
    check_env(gymnasium.make("CartPoleWorld-v0", world=World(wind=1.0, angle_bias=0.2)).unwrapped, skip_render_check=True)
    env = gymnasium.make("CartPoleWorld-v0", world=World(gravity=1.62))
    assert env.spec.max_episode_steps == 500 and env.unwrapped.world.gravity == 1.62
    vector = gymnasium.make_vec("CartPoleWorld-v0", num_envs=2, worlds=[World(), World(reversed_motor=True)])
    assert vector.reset(seed=0)[0].shape == (2, 4)
    with pytest.raises(ValueError, match="worlds must hold 1 or num_envs = 3 worlds, got 2"):
        gymnasium.make_vec("CartPoleWorld-v0", num_envs=3, worlds=[World(), World()])


@pytest.mark.parametrize(
    ("field", "value", "limits"),
    [*(("pole_half_length", v, "between 0.05 and 2 m") for v in (math.nan, -1, None, "1", True)),
     *(("action_delay", v, "a whole number between 0 and 5 steps") for v in (2.5, 6)), ("reversed_motor", 1, "true or false")],
)  # fmt: skip
def test_bad_values_name_field_bound_and_value(field, value, limits):
    with pytest.raises(ValueError, match=f"^{field} must be {limits}, got {value!r}$"):
        World(**{field: value})


def test_worlds_are_values():
    assert World(wind=1) == World(wind=1.0) and hash(World(wind=1)) == hash(World(wind=1.0))
    with pytest.raises(dataclasses.FrozenInstanceError):
        World().wind = 2.0
    assert WORLDS["standard"] == World()
    with pytest.raises(TypeError):
        WORLDS["standard"] = World(wind=1)
    with pytest.raises(ValueError, match="at least 1 world"):
        WorldCartPole([])
    with pytest.raises(ValueError, match="action must hold 2 values"):
        env = WorldCartPole([World(), World()])
        env.reset(seed=0)
        env.step(np.array([0, 2]))
