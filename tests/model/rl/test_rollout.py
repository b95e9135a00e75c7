"""What a rollout writes down is what happened: actions drawn as the policy says, their probabilities, where episodes end."""

import numpy as np
import pytest
import torch

from model import StateSpaceModel, World
from model.policy.params import with_task_axis
from model.policy.ssm import reference_outputs
from model.rl.rollout import collect
from tests.model.plain_loops import episode_of, log_prob


def random_params() -> dict[str, torch.Tensor]:
    return StateSpaceModel(4, hidden_dim=4, generator=torch.Generator().manual_seed(1)).double().params()


def leaning_right(probability: float) -> dict[str, torch.Tensor]:
    """A policy that pushes right with this probability, whatever it sees."""
    params = {n: torch.zeros_like(p) for n, p in random_params().items()}
    params["output_bias"][1] = np.log(probability / (1 - probability))
    return params


@pytest.mark.parametrize("probability", [0.25, 0.6])
def test_actions_are_drawn_with_the_policys_probability(probability):
    e = collect(with_task_axis(leaning_right(probability)), [World(gravity=1.0)], 200, np.random.default_rng(0))
    taken = e.actions[e.alive > 0].double()
    assert len(taken) > 2000 and float(taken.mean()) == pytest.approx(probability, abs=0.03)
    for action, p in ((1, probability), (0, 1 - probability)):
        np.testing.assert_allclose(e.log_probs[(e.alive > 0) & (e.actions == action)], np.log(p), atol=1e-9)


def test_log_probabilities_are_the_reference_policys_for_what_was_seen_and_done():
    params = random_params()
    e = collect(with_task_axis(params), [World(), World(reversed_motor=True)], 2, np.random.default_rng(2), max_steps=40)
    for m in range(2):
        for k in range(2):
            obs, actions, mu, _ = episode_of(e, m, k)
            y = reference_outputs(params, obs)
            torch.testing.assert_close(mu, torch.stack([log_prob(y[t], a) for t, a in enumerate(actions)]), rtol=0, atol=1e-9)


def test_an_episode_ends_at_its_fall_or_at_the_step_limit():
    always_right = with_task_axis(leaning_right(0.999999))
    falls = collect(always_right, [World()], 4, np.random.default_rng(0))
    assert falls.terminated.all() and (falls.lengths < 15).all()
    cut = collect(always_right, [World()], 4, np.random.default_rng(0), max_steps=3)
    assert not cut.terminated.any() and cut.lengths.tolist() == [[3.0] * 4]
    for e in (falls, cut):
        assert (e.alive.diff(dim=-1) <= 0).all() and e.env_steps == int(e.lengths.sum())
