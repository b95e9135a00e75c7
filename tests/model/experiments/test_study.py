"""The study's parts on small numbers: paired trials, the baseline from scratch, and the shape of what is reported."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from model import HybridAdaptationConfig, StandardAdaptationConfig, StateSpaceModel, World, evaluate_policy
from model.experiments import study as study_module
from model.experiments.provenance import provenance
from model.experiments.scratch import train_from_scratch
from model.experiments.study import Size, Study, run_study
from model.experiments.trials import run_trials
from model.learn.practice import PracticeConfig

REVERSED = World(reversed_motor=True)
ONE_STEP = StandardAdaptationConfig(num_adapt_steps=1, episodes_per_step=2)


def random_model(seed: int = 0) -> StateSpaceModel:
    return StateSpaceModel(generator=torch.Generator().manual_seed(seed))


def test_trials_are_paired_by_seed_whatever_the_method():
    hybrid = HybridAdaptationConfig(**dataclasses.asdict(ONE_STEP), practice=PracticeConfig(rounds=2))
    a, b = (run_trials(random_model(), [REVERSED] * 4, c, seed=3) for c in (ONE_STEP, hybrid))
    np.testing.assert_array_equal(a.env_steps, b.env_steps)  # the same first episodes; then one of them practises
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


def test_the_study_reports_every_part_and_writes_only_the_full_test_run(monkeypatch, tmp_path):
    small = Size(trials=2, gymnasium_seeds=1, worlds_inside=2, worlds_outside=2, tuning_worlds=1, scratch_steps=300)
    monkeypatch.setattr(study_module, "QUICK", small)
    monkeypatch.setattr(study_module, "Size", lambda: small)
    monkeypatch.setattr(study_module, "STEP_SIZES", (0.5,))
    monkeypatch.setattr(study_module, "WORLDS", {n: study_module.WORLDS[n] for n in ("standard", "reversed_motor")})
    monkeypatch.setattr(study_module, "BREAK_SET", ("reversed_motor",))
    results = tmp_path / "results.json"
    monkeypatch.setattr(study_module, "RESULTS", results)
    honest, kept = study_module.section, {}

    def remembered(split, size, seed, tuned, *what):
        if what not in kept:
            kept[what] = honest(split, size, seed, tuned, *what)
        return kept[what]

    monkeypatch.setattr(study_module, "section", remembered)
    lines = []
    quick = run_study("validation", quick=True, report=lines.append, processes=1)
    assert not results.exists() and any("reversed_motor: meta" in line for line in lines)
    run_study("test", processes=1)
    written = json.loads(results.read_text())
    assert written.keys() == quick.keys() and written["split"] == "test"
    assert written["made_with"] == provenance() and written["checkpoints"]["meta"]["sha256"] == provenance()["weights"]["meta"]
    assert set(written["presets"]["standard"]) == {"meta", "memory", "standard", "random"}
    assert written["presets"]["standard"]["meta"]["10"]["n"] == 2
    from model.experiments.report import TABLES
    from ui.figures import FIGURES, read_results

    drawn = {**written, "benchmark": read_results()["benchmark"]}
    for make in (*TABLES.values(), *FIGURES.values()):
        assert make(drawn)


def test_paired_ratio():
    study = Study.__new__(Study)
    row = study.paired_ratio(np.array([400.0, 500.0]), np.array([500.0, 500.0]))
    assert row["ratio"] == pytest.approx(0.9) and row["interval"] == pytest.approx([0.8, 1.0])


def test_step_zero_of_a_trial_is_the_policy_itself():
    model = random_model(3)
    trials = run_trials(model, [World()] * 30, ONE_STEP, seed=0, eval_episodes=5)
    assert trials.returns[0].mean() == pytest.approx(evaluate_policy(model, World(), 150).mean(), rel=0.3)
