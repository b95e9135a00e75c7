"""The study's parts on small numbers: paired trials, the baseline from scratch, and the shape of what is reported."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from model import HybridAdaptationConfig, StandardAdaptationConfig, StateSpaceModel, World, evaluate_policy
from model.experiments import hybrid_study
from model.experiments import study as study_module
from model.experiments.provenance import provenance
from model.experiments.scratch import train_from_scratch
from model.experiments.study import Size, run_study
from model.experiments.summaries import paired_ratio
from model.experiments.trials import Trials, run_trials
from model.model_based.imagined_ppo import PracticeConfig

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
    honest, kept = study_module.measured, {}

    def remembered(split, size, seed, tuned, part):
        if repr(part) not in kept:
            kept[repr(part)] = honest(split, size, seed, tuned, part)
        return kept[repr(part)]

    monkeypatch.setattr(study_module, "measured", remembered)

    def made_up(start, worlds, config, *arguments):
        steps, n = config.num_adapt_steps + 1, len(worlds)
        rising = np.tile(np.linspace(9, 500, steps)[:, None], n)
        return Trials(rising, np.tile(100.0 * np.arange(steps)[:, None], n), np.ones((steps, n), bool))

    monkeypatch.setattr(hybrid_study, "run_trials", made_up)
    monkeypatch.setattr(hybrid_study, "linear_trials", made_up)
    monkeypatch.setattr(hybrid_study, "bootstrap_interval", lambda values: (values.min(), values.max()))  # thousands of them
    monkeypatch.setattr(
        study_module,
        "run_hybrid_study",
        lambda *args, chosen: hybrid_study.run_hybrid_study("validation", processes=1, chosen=chosen),
    )
    lines = []
    quick = run_study("validation", quick=True, report=lines.append, processes=1)
    assert not results.exists() and any("reversed_motor: meta" in line for line in lines)
    run_study("test", processes=1)
    written = json.loads(results.read_text())
    assert written.keys() == quick.keys() and written["split"] == "test"
    assert written["made_with"] == provenance() and written["checkpoints"]["meta"]["sha256"] == provenance()["weights"]["meta"]
    assert set(written["presets"]["standard"]) == {"meta", "memory", "standard", "random"}
    assert written["presets"]["standard"]["meta"]["10"]["n"] == 2
    from model.experiments.results_page import TABLES
    from ui.figures import FIGURES, PAGES, read_results

    drawn = {**written, "benchmark": read_results()["benchmark"]}
    for make in (*TABLES.values(), *FIGURES.values(), *PAGES.values()):
        assert make(drawn)


def test_a_part_alone_keeps_what_the_file_says_of_the_others_if_the_weights_are_the_same(monkeypatch, tmp_path):
    small = Size(trials=2, gymnasium_seeds=1, worlds_inside=2, worlds_outside=2, tuning_worlds=1, scratch_steps=300)
    monkeypatch.setattr(study_module, "Size", lambda: small)
    monkeypatch.setattr(study_module, "STEP_SIZES", (0.5,))
    monkeypatch.setattr(study_module, "RESULTS", tmp_path / "results.json")
    run_study(processes=1, chosen=["verification"])
    second = run_study(processes=1, chosen=["standard_world"])
    assert second["verification"]["mean"] == 500 and second["standard_world"]["memory"]["n"] == 1
    assert set(second["seconds"]) == {"verification", "standard_world"}
    assert second["parts_made_with"] == dict.fromkeys(("verification", "standard_world"), provenance())
    other = {**provenance(), "weights": {"meta": "of another file"}}
    monkeypatch.setattr(study_module, "provenance", lambda: other)
    third = run_study(processes=1, chosen=["checkpoints"])
    assert "verification" not in third and third["parts_made_with"] == {"checkpoints": other}
    elsewhere = {**other, "processor": "another"}
    monkeypatch.setattr(study_module, "provenance", lambda: elsewhere)
    fourth = run_study(processes=1, chosen=["verification"])
    assert fourth["parts_made_with"] == {"checkpoints": other, "verification": elsewhere}
    with pytest.raises(ValueError, match="part must be one of checkpoints"):
        run_study(chosen=["everything"])


def test_paired_ratio():
    row = paired_ratio(np.array([400.0, 500.0]), np.array([500.0, 500.0]))
    assert row["ratio"] == pytest.approx(0.9) and row["interval"] == pytest.approx([0.8, 1.0])


def test_step_zero_of_a_trial_is_the_policy_itself():
    model = random_model(3)
    trials = run_trials(model, [World()] * 30, ONE_STEP, seed=0, eval_episodes=5)
    assert trials.returns[0].mean() == pytest.approx(evaluate_policy(model, World(), 150).mean(), rel=0.3)
