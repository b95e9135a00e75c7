"""Trials on small numbers: paired, counted in environment steps; and the baseline from scratch."""

import dataclasses

import numpy as np
import pytest
import torch

from model import HybridAdaptationConfig, StandardAdaptationConfig, StateSpaceModel, World, evaluate_policy
from model.experiments.scratch import train_from_scratch
from model.experiments.summaries import paired_ratio
from model.experiments.trials import run_trials
from model.model_based.imagined_ppo import ImaginedPPOConfig

REVERSED = World(reversed_motor=True)
ONE_STEP = StandardAdaptationConfig(num_adapt_steps=1, episodes_per_step=2)


def random_model(seed: int = 0) -> StateSpaceModel:
    return StateSpaceModel(generator=torch.Generator().manual_seed(seed))


def test_trials_are_paired_by_seed_whatever_the_method():
    hybrid = HybridAdaptationConfig(**dataclasses.asdict(ONE_STEP), trusted_return=0.0, ppo=ImaginedPPOConfig(rounds=2))
    a, b = (run_trials(random_model(), [REVERSED] * 4, c, seed=3) for c in (ONE_STEP, hybrid))
    np.testing.assert_array_equal(a.env_steps, b.env_steps)  # the same first episodes; then one of them imagines
    np.testing.assert_array_equal(a.returns[0], b.returns[0])
    assert not np.array_equal(a.returns[1], b.returns[1])
    assert not np.array_equal(a.returns, run_trials(random_model(), [REVERSED] * 4, ONE_STEP, seed=4).returns)


def test_trials_count_what_they_cost():
    trials = run_trials(random_model(), [REVERSED, World()], dataclasses.replace(ONE_STEP, num_adapt_steps=2), seed=0)
    assert trials.returns.shape == trials.env_steps.shape == trials.moved.shape == (3, 2)
    assert (trials.env_steps[0] == 0).all() and (np.diff(trials.env_steps, axis=0) > 0).all()
    assert not trials.moved[0].any() and trials.moved[1:].all()


def test_random_starts_differ_between_trials():
    trials = run_trials(None, [World()] * 6, ONE_STEP, seed=0, eval_episodes=5)
    assert len(set(trials.returns[0])) > 1


def test_from_scratch_solves_the_standard_cart_and_counts_its_steps():
    result = train_from_scratch([World(), REVERSED], 60_000, seed=1)
    assert np.isfinite(result.env_steps_to_solve).any() and result.best_return.max() >= 475
    assert (result.env_steps_to_solve[np.isfinite(result.env_steps_to_solve)] <= 61_000 + 5 * 5000).all()


def test_from_scratch_gives_up_at_its_cap():
    result = train_from_scratch([World(velocity_sensors=False)] * 2, 500, seed=0)
    assert np.isinf(result.env_steps_to_solve).all() and (result.best_return < 475).all()


def test_paired_ratio():
    row = paired_ratio(np.array([400.0, 500.0]), np.array([500.0, 500.0]))
    assert row["ratio"] == pytest.approx(0.9) and row["interval"] == pytest.approx([0.8, 1.0])


def test_step_zero_of_a_trial_is_the_policy_itself():
    model = random_model(3)
    trials = run_trials(model, [World()] * 30, ONE_STEP, seed=0, eval_episodes=5)
    assert trials.returns[0].mean() == pytest.approx(evaluate_policy(model, World(), 150).mean(), rel=0.3)
