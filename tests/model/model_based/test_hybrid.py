"""Hybrid adaptation: standard at weight zero, the same fresh episodes, one world's buffer, and no knowledge of the world."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from model import (
    ExperienceBuffer,
    HybridAdaptationConfig,
    HybridAdapter,
    NonFiniteParameters,
    StandardAdaptationConfig,
    StandardAdapter,
    World,
    adaptation_config,
    load_pretrained,
)
from model.model_based import hybrid as module
from model.model_based.imagined_ppo import ImaginedPPOConfig
from model.rl.rollout import Episodes, collect
from tests.model.made_up import random_model, same_parameters

REVERSED = World(reversed_motor=True)
SHORT = {"num_adapt_steps": 2, "episodes_per_step": 2}
FEW_ROUNDS = ImaginedPPOConfig(rounds=3, episodes=4)
TRUSTING = {"trusted_return": 0.0}  # whatever was imagined is adopted


def test_experience_weight_zero_equals_standard_exactly():
    standard = list(StandardAdapter(StandardAdaptationConfig(**SHORT)).adapt(random_model(), REVERSED, 5))
    hybrid = list(HybridAdapter(HybridAdaptationConfig(**SHORT, experience_weight=0.0)).adapt(random_model(), REVERSED, 5))
    for a, b in zip(standard, hybrid, strict=True):
        assert same_parameters(a.model, b.model) and a.env_steps == b.env_steps and b.imagined is None
        assert a.loss == b.loss or math.isnan(a.loss)
        np.testing.assert_array_equal(a.support_returns, b.support_returns)


def test_imagined_rollouts_change_the_policy_and_cost_no_experience():
    model, before = random_model(), random_model().params()
    standard = list(StandardAdapter(StandardAdaptationConfig(**SHORT)).adapt(model, REVERSED, 5))
    adapter = HybridAdapter(HybridAdaptationConfig(**SHORT, **TRUSTING, ppo=FEW_ROUNDS))
    hybrid = list(adapter.adapt(model, REVERSED, 5))
    np.testing.assert_array_equal(standard[1].support_returns, hybrid[1].support_returns)
    assert hybrid[1].env_steps == standard[1].env_steps and not same_parameters(standard[-1].model, hybrid[-1].model)
    assert len(adapter.buffer) == hybrid[-1].env_steps == sum(s.support_returns.sum() for s in hybrid)
    assert all(torch.equal(before[n], p) for n, p in model.params().items())
    assert hybrid[2].imagined.dynamics.transitions[0] == hybrid[2].env_steps - 4  # each of 4 episodes' last step is followed by nothing


def test_until_what_it_imagines_is_trusted_it_is_standard_adaptation_exactly():
    """Nine steps of falling say little: the rollouts imagined from them reach no 400 steps, and the gradient step stands in."""
    short = {"num_adapt_steps": 2, "episodes_per_step": 1}
    for start in ("meta", "standard"):
        model = load_pretrained(start)
        standard = list(StandardAdapter(adaptation_config(start, "standard", **short)).adapt(model, REVERSED, 1))
        hybrid = list(HybridAdapter(adaptation_config(start, "hybrid", **short, ppo=FEW_ROUNDS)).adapt(model, REVERSED, 1))
        assert hybrid[1].imagined.last.best_returns[0] < 400 and not hybrid[1].imagined.adopted[0]
        assert same_parameters(hybrid[1].model, standard[1].model) and not same_parameters(hybrid[1].model, model)


@pytest.mark.parametrize("trust", [{"trusted_return": 1.0}, {"trusted_transitions": 10, "trusted_return": 500.0}])
def test_what_is_imagined_is_adopted_once_it_reaches_enough_or_rests_on_enough(trust):
    config = HybridAdaptationConfig(num_adapt_steps=1, episodes_per_step=2, ppo=FEW_ROUNDS, **trust)
    *_, last = HybridAdapter(config).adapt(random_model(), REVERSED, 5)
    assert last.imagined.adopted.tolist() == [True]
    assert all(torch.equal(p, last.imagined.last.best[n][0]) for n, p in last.model.params().items())


def test_the_episodes_learnt_from_are_others_than_those_that_judge():
    """The same seed in both: with the first policy and greedy actions, not one first state is shared."""
    model = random_model()
    learnt = HybridAdapter(HybridAdaptationConfig(num_adapt_steps=1, episodes_per_step=20, experience_weight=0.0))
    list(learnt.adapt(model, REVERSED, 3))
    judged = collect({n: p.unsqueeze(0) for n, p in model.params().items()}, [REVERSED], 20, np.random.default_rng(3), greedy=True)
    firsts = [{tuple(row) for row in e.obs[0, :, 0].tolist()} for e in (learnt.buffer.joined(), judged)]
    assert len(firsts[0]) == len(firsts[1]) == 20 and not firsts[0] & firsts[1]


def test_a_given_buffer_is_used_and_cleared_only_when_the_world_changes():
    buffer = ExperienceBuffer()
    adapter = HybridAdapter(HybridAdaptationConfig(num_adapt_steps=1, episodes_per_step=2, ppo=FEW_ROUNDS), buffer)
    first = list(adapter.adapt(random_model(), REVERSED))[-1].env_steps
    assert len(buffer) == first
    second = list(adapter.adapt(random_model(), REVERSED, 1))[-1]
    assert len(buffer) == first + second.env_steps == second.imagined.dynamics.transitions[0] + 4
    third = list(adapter.adapt(random_model(), World(wind=2.0)))[-1].env_steps
    assert len(buffer) == third


LIE = World(gravity=29.0, cart_mass=4.0, pole_mass=1.5, pole_half_length=1.9, force_mag=3.0, wind=-5.0, angle_bias=-0.2, action_delay=5)


def test_no_field_of_the_world_reaches_the_learner(monkeypatch):
    """A world whose fields lie, with the same episodes: everything that is learnt is the same to the last bit."""
    truth = dataclasses.replace(REVERSED, angle_bias=0.1)

    def of_truth(params, worlds, *arguments, **options) -> Episodes:
        return collect(params, [truth] * len(worlds), *arguments, **options)

    monkeypatch.setattr(module, "collect", of_truth)
    config = adaptation_config("meta", "hybrid", **SHORT, ppo=FEW_ROUNDS)
    steps = [list(HybridAdapter(config).adapt(load_pretrained("meta"), world, 1)) for world in (truth, LIE)]
    for a, b in zip(*steps, strict=True):
        assert same_parameters(a.model, b.model) and a.env_steps == b.env_steps
    a, b = (s[-1].imagined.dynamics for s in steps)
    np.testing.assert_array_equal(a.mean, b.mean)
    assert a.summary() == b.summary()


def test_non_finite_steps_are_refused():
    model = random_model()
    with torch.no_grad():
        model.C[:, 2] = 3e38  # values so large that the advantage overflows
    for config in (HybridAdaptationConfig(), HybridAdaptationConfig(adapt_lr=0.0)):
        steps = []
        with pytest.raises(NonFiniteParameters, match=r"^step 1 .*finite; .* are kept$"):
            for step in HybridAdapter(config).adapt(model, REVERSED):
                steps.append(step)
        assert [s.index for s in steps] == [0]
