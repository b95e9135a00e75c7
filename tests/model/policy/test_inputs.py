"""The previous push as a fifth input: with weights of zero it changes nothing, and with others the policy is given what it really did."""

import numpy as np
import pytest
import torch

from model import HybridAdaptationConfig, HybridAdapter, StandardAdaptationConfig, StandardAdapter, StateSpaceModel, World, load_pretrained
from model.experiments.linear_control import linear_trials
from model.model_based.dynamics import DynamicsModel
from model.model_based.imagined_ppo import ImaginedPPOConfig
from model.policy.inputs import SENSORS, with_previous_push
from model.policy.params import Params, with_task_axis
from model.rl.evaluation import evaluate_policy, play_gymnasium
from model.rl.rollout import Episodes, collect

WORLDS = [World(), World(reversed_motor=True)]


def four() -> StateSpaceModel:
    return StateSpaceModel(generator=torch.Generator().manual_seed(0)).double()


def five() -> StateSpaceModel:
    return with_previous_push(four().float()).double()


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


def same_episodes(a: Episodes, b: Episodes) -> None:
    assert a.obs.shape[-1] == 4 and b.obs.shape[-1] == 5
    torch.testing.assert_close(a.obs, b.sensors, rtol=0, atol=1e-6)
    assert torch.equal(a.actions, b.actions) and torch.equal(a.alive, b.alive) and torch.equal(a.terminated, b.terminated)
    torch.testing.assert_close(a.log_probs, b.log_probs, rtol=0, atol=1e-5)


def test_five_inputs_are_6813_parameters_and_the_first_four_columns_the_sensors():
    assert sum(five().count_parameters().values()) == 6813 and sum(four().count_parameters().values()) == 6744
    with pytest.raises(ValueError, match="input_dim must be 4, got 5"):
        with_previous_push(five())


@pytest.mark.parametrize("greedy", [False, True])
def test_with_zero_weights_it_plays_as_the_policy_that_it_came_from(greedy):
    same_episodes(play(four(), greedy=greedy), play(five(), greedy=greedy))


def test_with_zero_weights_it_imagines_as_the_policy_that_it_came_from():
    fitted = DynamicsModel().fit(play(five()))
    np.testing.assert_array_equal(fitted.mean, DynamicsModel().fit(play(four())).mean)
    a, b = (fitted.imagine(with_task_axis(m.float().params()), np.random.default_rng(0), 4, 80) for m in (four(), five()))
    same_episodes(a, b)


FEW = {"num_adapt_steps": 2, "episodes_per_step": 2, "adapt_lr": 0.1}
ADAPTERS = {
    "gradient": StandardAdapter(StandardAdaptationConfig(**FEW)),
    "hybrid": HybridAdapter(HybridAdaptationConfig(**FEW, trusted_return=0.0, ppo=ImaginedPPOConfig(rounds=2, episodes=3, updates=2))),
}


@pytest.mark.parametrize("mode", ADAPTERS)
def test_an_input_of_weight_and_scale_zero_adapts_as_the_policy_that_it_came_from(mode):
    """With a scale of zero too, nothing can be learnt from the push: what is learnt of the sensors is the same."""
    deaf = five().float()
    with torch.no_grad():
        deaf.input_scale[4] = 0.0
    *_, a = ADAPTERS[mode].adapt(four().float(), WORLDS[1], 3)
    *_, b = ADAPTERS[mode].adapt(deaf, World(reversed_motor=True, wind=1e-9), 3)  # another world to its buffer, the same to a cart
    np.testing.assert_array_equal(a.support_returns, b.support_returns)
    moved = {n: p for n, p in b.model.params().items()}
    moved["B"], moved["D"], moved["mix_weight"] = moved["B"][:4], moved["D"][:4], moved["mix_weight"][:-1]
    moved["input_scale"] = moved["input_scale"][:4]
    for name, p in a.model.params().items():
        torch.testing.assert_close(moved[name], p, rtol=0, atol=2e-4)
    assert not torch.equal(a.model.C, four().float().C)


def expected(actions: np.ndarray) -> list[float]:
    return [0.0, *(2.0 * actions[:-1] - 1.0)]


def test_a_policy_is_given_what_it_did_the_step_before():
    params: Params = with_task_axis(listening().params())
    e = collect(params, WORLDS, 2, np.random.default_rng(0), 12, greedy=True)
    imagined = DynamicsModel().fit(e).imagine(params, np.random.default_rng(0), 2, 12, greedy=True)
    for played in (e, imagined):
        for m, k in np.ndindex(2, 2):
            n = int(played.lengths[m, k])
            actions = played.actions[m, k, :n].numpy()
            assert actions.tolist() == [1, 0] * (n // 2) + [1] * (n % 2)  # each the opposite of what it was given
            assert played.obs[m, k, :n, SENSORS].tolist() == expected(actions)


def test_every_way_to_play_takes_five_inputs():
    model = with_previous_push(load_pretrained("memory"))
    assert play_gymnasium(model, seeds=range(1)).tolist() == [500.0] == evaluate_policy(model, World(), 1, 0).tolist()
    config = StandardAdaptationConfig(num_adapt_steps=2, episodes_per_step=2)
    a, b = (linear_trials(start, WORLDS, config, 0, 1) for start in (model, load_pretrained("memory")))
    np.testing.assert_array_equal(a.returns, b.returns)
