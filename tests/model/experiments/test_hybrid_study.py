"""The hybrid study on small numbers: paired, counted in environment steps, and beside the regulator that plans on the same data."""

import json
from dataclasses import replace

import numpy as np
import pytest

from model import DynamicsModel, HybridAdaptationConfig, StandardAdaptationConfig, World, adaptation_config, load_pretrained, sample_worlds
from model.experiments import hybrid_study as module
from model.experiments.ablations import ABLATIONS
from model.experiments.hybrid_study import QUICK, HybridSize, held_at, parts, run_hybrid_study, worlds_of
from model.experiments.linear_control import linear_trials, play, regulator
from model.experiments.trials import Trials, run_trials
from model.model_based.imagined_ppo import PracticeConfig
from model.policy.params import with_task_axis
from model.rl.rollout import collect
from model.worlds.named import BREAK_SET, WORLDS

REVERSED = World(reversed_motor=True)


def test_the_policy_held_after_so_many_steps_is_that_of_the_last_complete_collection():
    returns = np.array([[10.0, 20.0], [100.0, 200.0], [300.0, 400.0]])
    trials = Trials(returns, np.array([[0, 0], [50, 500], [90, 900]]), np.ones((3, 2), bool))
    assert held_at(trials, np.array([49, 900])).tolist() == [10.0, 400.0]
    assert held_at(trials, np.array([50, 899])).tolist() == [100.0, 200.0]
    assert held_at(trials, np.array([10_000, 0])).tolist() == [300.0, 20.0]


def test_the_sets_are_those_of_their_splits():
    assert worlds_of("test", "break_set", 12, 0) == [WORLDS[name] for name in (*BREAK_SET, *BREAK_SET[:2])]
    assert worlds_of("validation", "inside", 3, 1) == sample_worlds("validation", 3, 1)
    assert worlds_of("test", "outside", 3, 1) == sample_worlds("test_outside", 3, 1)


def test_the_full_study_measures_all_that_it_promises():
    places = set(parts())
    assert {p[1:] for p in places if p[0] == "comparison"} == {
        (s, k, w)
        for s in ("meta", "memory", "standard", "random")
        for k in (("3",) if s == "random" else ("1", "3", "10"))
        for w in ("break_set", "inside", "outside")
    }
    assert {p[2] for p in places if p[0] == "ablations"} == set(ABLATIONS)
    assert {p[1:] for p in places if p[0] == "named"} == {(s, w) for s in ("meta", "memory", "standard", "random") for w in WORLDS}
    assert HybridSize().trials("memory", 3) == {"break_set": 100, "inside": 200, "outside": 100}


def brief(config: StandardAdaptationConfig) -> StandardAdaptationConfig:
    """The same config with a practice of two rounds."""
    return replace(config, practice=PracticeConfig(rounds=2)) if isinstance(config, HybridAdaptationConfig) else config


def test_it_runs_in_parts_and_pairs_its_trials(monkeypatch):
    monkeypatch.setattr(module, "adaptation_config", lambda *args, **changes: brief(adaptation_config(*args, **changes)))
    made = {name: (lambda start, make=make: (brief(make(start)[0]), make(start)[1])) for name, make in ABLATIONS.items()}
    monkeypatch.setattr(module, "ABLATIONS", made)
    lines = []
    wanted = {
        ("comparison", "meta", "1", "outside"),
        ("ablations", "memory", "posterior mean"),
        ("ablations", "memory", "fresh episodes alone"),
        ("named", "meta", "reversed_motor"),
    }
    results = run_hybrid_study("validation", QUICK, 3, lines.append, processes=1, chosen=lambda place: place in wanted)
    row = results["comparison"]["meta"]["1"]["outside"]
    assert row["n"] == 2 and len(lines) == 4 and all(line.endswith(" s]") for line in lines)
    for mode in ("standard", "hybrid", "regulator"):
        assert row[mode]["returns"][0] == row["standard"]["returns"][0] and row[mode]["env_steps"][1] == row["standard"]["env_steps"][1]
        assert row[mode]["at_env_steps"]["10000"] == row[mode]["returns"][-1] and row[mode]["seconds_a_collection"] > 0
    for k in (1, 2):
        gain = row["gains"][str(k)]["equal_collections"]["mean"]
        assert gain == pytest.approx(row["hybrid"]["returns"][k] - row["standard"]["returns"][k])
    named = results["named"]["meta"]["reversed_motor"]
    assert named["n"] == 2 and len(named["hybrid"]["returns"]) == 2 and named["hybrid"]["returns"][0] < 20
    for method, held in ((m, named[m]) for m in ("standard", "hybrid", "regulator")):
        assert all(low <= mean <= high for mean, (low, high) in zip(held["returns"], held["intervals"], strict=True)), method
        assert all(low <= held["at_env_steps"][b] <= high for b, (low, high) in held["at_env_steps_intervals"].items()), method
    assert row["gains"]["1"]["equal_env_steps"] == row["gains"]["1"]["equal_collections"]
    assert set(results["ablations"]["memory"]) == {"posterior mean", "fresh episodes alone"} and results["ablations_split"] == "validation"
    json.dumps(results)


def test_ablations_are_read_on_validation_even_in_a_test_run(monkeypatch):
    seen = []
    monkeypatch.setattr(module, "worlds_of", lambda split, *rest: seen.append(split) or [REVERSED])
    monkeypatch.setattr(module, "run_trials", lambda *a: Trials(np.ones((2, 2)), np.ones((2, 2)), np.ones((2, 2), bool)))
    run_hybrid_study("test", QUICK, processes=1, chosen=lambda place: place == ("ablations", "meta", "hybrid"))
    assert set(seen) == {"validation"}
    with pytest.raises(ValueError, match="split must be one of validation, test, got 'train'"):
        run_hybrid_study("train")


def test_the_regulator_stands_on_what_a_few_falls_say():
    worlds = [World(), REVERSED, World(mirrored_sensors=True, wind=2.0), World(action_delay=3), World(angle_bias=0.08)]
    fallen = collect(with_task_axis(load_pretrained("standard").params()), worlds, 10, np.random.default_rng(0))
    played = play(regulator(DynamicsModel().fit(fallen)), worlds, 4, np.random.default_rng(1), 500)
    assert played.lengths.min() > 400 and played.obs.shape[:2] == (5, 4)


def test_the_regulator_s_trials_stay_paired_beyond_one_batch(monkeypatch):
    monkeypatch.setattr("model.experiments.trials.TASKS_AT_ONCE", 1)
    config = StandardAdaptationConfig(num_adapt_steps=1, episodes_per_step=2)
    for start in (load_pretrained("meta"), None):
        ours, theirs = linear_trials(start, [REVERSED] * 2, config, 4, 2), run_trials(start, [REVERSED] * 2, config, 4, 2)
        np.testing.assert_array_equal(ours.env_steps, theirs.env_steps)
        np.testing.assert_array_equal(ours.returns[0], theirs.returns[0])


def test_regulator_trials_share_their_first_episodes_with_the_others():
    config = StandardAdaptationConfig(num_adapt_steps=2, episodes_per_step=3)
    model, worlds = load_pretrained("meta"), [REVERSED, World(wind=3.0)]
    ours = linear_trials(model, worlds, config, 4, 3)
    theirs = run_trials(model, worlds, config, 4, 3)
    np.testing.assert_array_equal(ours.env_steps[1], theirs.env_steps[1])
    np.testing.assert_array_equal(ours.returns[0], theirs.returns[0])
    assert ours.returns[2, 0] > 450
