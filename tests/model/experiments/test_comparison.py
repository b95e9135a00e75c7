"""Gradient against hybrid adaptation on small numbers: paired, at budgets that are really spent, and beside the regulator."""

import json

import numpy as np
import pytest

from model import DynamicsModel, StandardAdaptationConfig, World, load_pretrained
from model.experiments.comparison import BUDGETS, ComparisonSize, compare
from model.experiments.linear_control import planned, play
from model.experiments.study import QUICK, Study
from model.experiments.trials import Trials, run_trials, run_until_spent
from model.policy.params import with_task_axis
from model.rl.rollout import collect

REVERSED = World(reversed_motor=True)
SMALL = ComparisonSize(worlds=2, collections=1, named=1, ablation_worlds=1)


def test_the_policy_held_after_so_many_steps_is_that_of_the_last_complete_collection():
    returns = np.array([[10.0, 20.0], [100.0, 200.0], [300.0, 400.0]])
    trials = Trials(returns, np.array([[0, 0], [50, 500], [90, np.inf]]), np.ones((3, 2), bool))
    assert trials.held_at(np.array([49, 900])).tolist() == [10.0, 200.0]
    assert trials.held_at(np.array([50, 499])).tolist() == [100.0, 20.0]
    assert trials.held_at(np.array([10_000, 0])).tolist() == [300.0, 20.0]
    assert trials.spent(np.array([90, 500])).tolist() == [True, True] and trials.spent(np.array([91, 501])).tolist() == [False, False]


def test_gradient_steps_go_on_until_the_budget_is_spent():
    """One policy falls after nine steps and one stands for 500: both have collected for the same number of environment steps."""
    config = StandardAdaptationConfig(num_adapt_steps=2, episodes_per_step=1, adapt_lr=0.0)
    model, worlds, budget = load_pretrained("standard"), [REVERSED, World()], np.array([60.0, 700.0])
    trials, plain = run_until_spent(model, worlds, config, 3, budget), run_trials(model, worlds, config, 3)
    used = np.where(np.isinf(trials.env_steps), 0, trials.env_steps).max(0)
    assert trials.spent(budget).all() and (used >= budget).all() and used[0] < 75 and used[1] == 1000
    np.testing.assert_array_equal(trials.first(2).returns, plain.returns)
    np.testing.assert_array_equal(trials.first(2).env_steps, plain.env_steps)
    short = run_until_spent(model, worlds, config, 3, budget, most=4)
    assert short.spent(budget).tolist() == [False, True] and len(short.returns) == 5  # the row can say that it could not be spent


def test_a_comparison_is_paired_and_its_gains_have_the_right_sign():
    lines = []
    study = Study("validation", QUICK, 3, lines.append)
    row = compare(study, SMALL, "meta", 3, "outside")
    assert row["n"] == 2 and len(lines) == 1
    for mode in ("standard", "hybrid", "regulator"):
        m = row[mode]
        assert m["returns"][0] == row["standard"]["returns"][0] and m["env_steps"][1] == row["standard"]["env_steps"][1]
        assert all(low <= mean <= high for mean, (low, high) in zip(m["returns"], m["intervals"], strict=True)), mode
        assert list(m["spent_env_steps"]) == list(map(str, BUDGETS)) and m["seconds_a_collection"] > 0
    gain = row["gains"]["1"]
    assert gain["equal_collections"]["mean"] == pytest.approx(row["hybrid"]["returns"][1] - row["standard"]["returns"][1])
    assert 0 <= gain["spent"] <= 1 and gain["equal_env_steps"] == gain["equal_collections"]
    json.dumps(row)


def test_the_regulator_stands_on_what_a_few_falls_say():
    worlds = [World(), REVERSED, World(mirrored_sensors=True, wind=2.0), World(action_delay=3), World(angle_bias=0.08)]
    fallen = collect(with_task_axis(load_pretrained("standard").params()), worlds, 10, np.random.default_rng(0))
    played = play(planned(DynamicsModel().fit(fallen), worlds, 4), worlds, 4, np.random.default_rng(1), 500)
    assert played.lengths.min() > 400 and played.obs.shape[:2] == (5, 4)
