"""The teacher: a regulator of the true present world that balances what can be balanced, and says so at once when the world changes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from model import StateSpaceModel, World, WorldCartPole, sample_worlds
from model.imitation.teacher import COST, DISCOUNT, PUSH_COST, Teacher, gains
from model.imitation.worlds import reversed_world
from model.policy.params import with_task_axis
from model.rl.rollout import Changes, Episodes, collect
from model.worlds.linearised import linear_motion

ANY = with_task_axis(StateSpaceModel(4, hidden_dim=4, generator=torch.Generator().manual_seed(0)).params())


def taught(worlds: list[World], changes: Changes | None = None, max_steps: int = 500, start_scale=None) -> Episodes:
    """Episodes of the teacher alone."""
    teachers: list[Teacher] = []

    def act(env: WorldCartPole, action: np.ndarray) -> np.ndarray:
        teachers.append(teachers[0] if teachers else Teacher(env))
        return teachers[0].act(env, action)

    return collect(ANY, worlds, 1, np.random.default_rng(0), max_steps, True, None, start_scale, changes, act)


def begun(worlds: list[World], state: list[float]) -> WorldCartPole:
    env = WorldCartPole(worlds)
    env.begin(np.tile(state, (len(worlds), 1)))
    return env


def test_one_step_of_the_linear_motion_is_one_step_of_the_world():
    worlds = sample_worlds("train", 20, 0)
    A, B = linear_motion(worlds)
    state = np.array([0.3, -0.2, 0.01, 0.02])
    env = begun([replace(w, wind=0.0, reversed_motor=False) for w in worlds], state)
    env.advance(np.ones(20, int), np.ones(20, bool))
    force = np.array([w.force_mag for w in worlds])
    np.testing.assert_allclose(A @ state + B * force[:, None], env.state.T, atol=2e-4)


def test_the_gains_solve_the_riccati_equation():
    """K by plain iteration of the equation, 20,000 times."""
    worlds = [World(), World(gravity=28.0, pole_half_length=0.2, force_mag=20.0)]
    for world, gain in zip(worlds, gains(worlds), strict=True):
        ((A,), (b,)), R = linear_motion([world]), PUSH_COST / world.force_mag**2
        P = np.diag(COST)
        for _ in range(20_000):
            K = DISCOUNT * b @ P @ A / (R + DISCOUNT * b @ P @ b)
            P = np.diag(COST) + DISCOUNT * (A.T @ P @ A - np.outer(A.T @ P @ b, K))
        np.testing.assert_allclose(gain, K, rtol=1e-4)


@pytest.mark.parametrize("split", ["train", "validation_outside"])
def test_it_stands_wherever_a_world_can_be_held(split):
    assert (taught(sample_worlds(split, 40, 0)).lengths == 500).float().mean() >= 0.97


def test_a_change_is_obeyed_in_the_very_step_that_it_comes():
    world = World(wind=1.0)
    env = begun([world, world], [0.0, 0.0, 0.05, 0.1])
    teacher = Teacher(env)
    before = teacher.pushes()
    env.change([1], [reversed_world(world)])
    after = teacher.pushes()
    assert before[0] == before[1] == after[0] == -after[1] and after[0] > 0
    changes = {t: ([0], [World(reversed_motor=bool(t // 50 % 2))]) for t in range(50, 500, 50)}
    assert taught([World()], changes).lengths.item() == 500


def test_with_a_delay_it_answers_the_state_that_its_push_will_meet():
    """Two steps late, after two pushes to the right: its wish is that of the world without delay, once these two have acted."""
    late, prompt = World(action_delay=2), World()
    env = begun([late], [0.0, 0.0, 0.03, 0.0])
    for _ in range(2):
        env.advance(np.ones(1, int), np.ones(1, bool))
    wish = Teacher(env).pushes()
    assert env.on_their_way(3).ravel().tolist() == [1.0, 1.0, 0.0]
    there = begun([prompt], env.state[:, 0])
    for _ in range(2):
        there.advance(np.ones(1, int), np.ones(1, bool))
    np.testing.assert_allclose(wish, Teacher(there).pushes(), atol=2e-3)
    assert np.sign(wish) != np.sign(Teacher(begun([prompt], env.state[:, 0])).pushes())


def test_labels_are_probabilities_of_pushing_right():
    env = begun([World(), World(reversed_motor=True), World()], [0.0, 0.0, 0.0, 0.0])
    assert Teacher(env).labels().tolist() == [0.5] * 3
    env.begin(np.array([[0, 0, 0.05, 0], [0, 0, 0.05, 0], [0, 0, 0.2, 3.0]], float))
    right, wrong, sure = Teacher(env).labels()
    assert right > 0.6 and wrong == pytest.approx(1 - right) and 0.999 < sure <= 1
