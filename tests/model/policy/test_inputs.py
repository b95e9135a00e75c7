"""The previous push as a fifth input, and further states: with weights of zero they change nothing; the push is what was really done."""

import numpy as np
import pytest
import torch

from model import StateSpaceModel, World
from model.model_based.dynamics import DynamicsModel
from model.policy.inputs import SENSORS, with_previous_push
from model.policy.params import Params, with_task_axis
from model.policy.wider import with_states
from model.rl.rollout import Episodes, collect
from tests.model.made_up import random_model

WORLDS = [World(), World(reversed_motor=True)]


def listening() -> StateSpaceModel:
    """A policy that sees only its previous push, and does the opposite; it begins to the right."""
    model = StateSpaceModel(4, input_dim=5, hidden_dim=4)
    params = {name: torch.zeros_like(p) for name, p in model.params().items()}
    params["input_scale"] += 1
    params["D"][4] = torch.tensor([1.0, -1.0, 0.0, 0.0])
    params["output_bias"][1] = 0.5
    return model.with_params(params)


def play(model: StateSpaceModel, **options) -> Episodes:
    return collect(with_task_axis(model.params()), WORLDS, 3, np.random.default_rng(1), 60, **options)


@pytest.mark.parametrize("greedy", [False, True])
@pytest.mark.parametrize("states", [0, 5])
def test_with_an_input_and_states_that_nothing_reads_yet_it_plays_as_the_policy_that_it_came_from(greedy, states):
    old = random_model()
    new = with_states(with_previous_push(old), old.state_dim + states)
    assert new.state_dim == old.state_dim + states
    a, b = (play(model.double(), greedy=greedy) for model in (old, new))
    assert a.obs.shape[-1] == 4 and b.obs.shape[-1] == 5
    torch.testing.assert_close(a.obs, b.sensors, rtol=0, atol=1e-6)
    assert torch.equal(a.actions, b.actions) and torch.equal(a.alive, b.alive) and torch.equal(a.terminated, b.terminated)
    torch.testing.assert_close(a.log_probs, b.log_probs, rtol=0, atol=1e-5)


def test_a_policy_keeps_its_mode_and_can_only_grow():
    old = random_model().eval()
    assert not with_states(old, old.state_dim).training and with_states(old.train(), old.state_dim).training
    with pytest.raises(ValueError, match=f"state_dim must be at least {old.state_dim}, got {old.state_dim - 1}"):
        with_states(old, old.state_dim - 1)


def test_a_policy_is_given_what_it_did_the_step_before():
    params: Params = with_task_axis(listening().params())
    e = collect(params, WORLDS, 2, np.random.default_rng(0), 12, greedy=True)
    imagined = DynamicsModel().fit(e).imagine(params, np.random.default_rng(0), 2, 12, greedy=True)
    for played in (e, imagined):
        for m, k in np.ndindex(2, 2):
            n = int(played.lengths[m, k])
            actions = played.actions[m, k, :n].numpy()
            assert actions.tolist() == [1, 0] * (n // 2) + [1] * (n % 2)  # each the opposite of what it was given
            assert played.obs[m, k, :n, SENSORS].tolist() == [0.0, *(2.0 * actions[:-1] - 1.0)]
