"""A run of the Adapt tab, and its repetitions: what the library makes, kept when stopped."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

import ui.runs.adaptation
from model import WORLDS, AdaptationStep, NonFiniteParameters, StandardAdapter, World, evaluate_policy
from ui.fields import FIELDS
from ui.runs.adaptation import adapt, config_of, go_on
from ui.runs.policies import shared_model
from ui.runs.seed_sweep import AT_ONCE, SEEDS, luck_words, repeat
from ui.settings import AdaptSettings
from ui.views.adaptation_words import sentence
from ui.views.decisions import MAP_SIZE, action_map

REVERSED = WORLDS["reversed_motor"]
SHORT = {"num_adapt_steps": 2, "episodes_per_step": 3}


def finished(settings=None, policy="meta", stop=None):
    """The last state of a run."""
    settings = settings or AdaptSettings(REVERSED, **SHORT)
    *_, run = adapt(settings, shared_model(policy), stop or threading.Event())
    return run


def same(one, two) -> bool:
    a, b = one.params(), two.params()
    return all(torch.equal(a[n], b[n]) for n in a)


def test_a_run_is_the_librarys_adaptation():
    run = finished()
    expected = list(StandardAdapter(config_of(run.settings, "standard")).adapt(shared_model("meta"), REVERSED, 0))
    points = run.curves[0].points
    assert [p.index for p in points] == [0, 1, 2] and run.ended == "finished"
    for point, step in zip(points, expected, strict=True):
        assert same(point.model, step.model) and point.env_steps == step.env_steps
        assert point.returns.tolist() == evaluate_policy(step.model, REVERSED, 20, 0).tolist()


def test_it_grows_step_by_step_and_both_modes_take_turns():
    settings = AdaptSettings(REVERSED, mode="both", **SHORT)
    runs = adapt(settings, shared_model("meta"), threading.Event())
    seen = [[c.last.index for c in run.curves] for run in runs if run.practising is None]
    assert seen == [[0, 0], [1, 0], [1, 1], [2, 1], [2, 2], [2, 2]]


def test_without_weight_hybrid_is_standard():
    run = finished(AdaptSettings(REVERSED, mode="both", experience_weight=0.0, **SHORT))
    assert same(run.curves[0].last.model, run.curves[1].last.model)


def test_adapting_leaves_the_shared_model_as_it_was():
    before = shared_model("meta").params()
    finished()
    assert all(torch.equal(before[n], p) for n, p in shared_model("meta").params().items())


def test_stop_keeps_what_was_reached():
    stop = threading.Event()
    runs = adapt(AdaptSettings(REVERSED, num_adapt_steps=10, episodes_per_step=2), shared_model("meta"), stop)
    for run in runs:
        if run.curves[0].last.index == 2:
            stop.set()
    assert run.ended == "stopped" and run.curves[0].last.index == 2 and run.target == 10
    assert "You stopped it after 2 of 10 steps" in sentence(run)
    assert same(run.curves[0].last.model, finished(AdaptSettings(REVERSED, num_adapt_steps=2, episodes_per_step=2)).curves[0].last.model)


def test_the_wall_clock_ends_a_run(monkeypatch):
    monkeypatch.setattr(ui.runs.adaptation, "TIME_LIMIT", -1.0)
    run = finished()
    assert run.ended == "time" and run.curves[0].last.index == 0


def test_a_busy_server_makes_the_same_run(monkeypatch):
    settings = AdaptSettings(REVERSED, mode="hybrid", num_adapt_steps=1, episodes_per_step=2)
    alone, clock = finished(settings), iter(range(0, 100_000, 5))
    monkeypatch.setattr(ui.runs.adaptation.time, "monotonic", lambda: float(next(clock)))  # every round takes 5 s
    monkeypatch.setattr(ui.runs.adaptation, "TIME_LIMIT", 100_000.0)
    busy = finished(settings)
    assert next(clock) > 30 and busy.ended == "finished"
    assert same(busy.curves[0].last.model, alone.curves[0].last.model)


def test_a_step_that_comes_too_late_is_left_out_whole(monkeypatch):
    settings = AdaptSettings(REVERSED, mode="hybrid", num_adapt_steps=2, episodes_per_step=2)
    one, clock = finished(replace(settings, num_adapt_steps=1)), [0.0]
    monkeypatch.setattr(ui.runs.adaptation.time, "monotonic", lambda: clock[0])
    for run in adapt(settings, shared_model("meta"), threading.Event()):
        if run.practising is not None and run.practising.step == 2:
            clock[0] = ui.runs.adaptation.TIME_LIMIT + 1
    assert run.ended == "time" and run.curves[0].last.index == 1
    assert same(run.curves[0].last.model, one.curves[0].last.model) and len(run.curves[0].buffer) == len(one.curves[0].buffer)


class BreaksAtTwo:
    """An adapter whose second step can't be taken."""

    def __init__(self, config):
        pass

    def adapt(self, model, world, seed=0):
        yield AdaptationStep(0, float("nan"), np.empty(0), 0, 0.0, model, float("nan"))
        yield AdaptationStep(1, 0.5, np.array([9.0]), 9, 0.0, model, 1.0)
        raise NonFiniteParameters("step 2")


def test_parameters_that_are_not_finite_end_a_run_and_the_last_good_ones_stay(monkeypatch):
    monkeypatch.setattr(ui.runs.adaptation, "StandardAdapter", BreaksAtTwo)
    run = finished(AdaptSettings(REVERSED, num_adapt_steps=5))
    assert run.ended == "finished" and run.curves[0].last.index == 1
    assert "Step 2 made parameters that are not finite; those of step 1 are kept." in sentence(run)


@pytest.mark.parametrize("lr", [FIELDS["adapt"]["adapt_lr"].default * 100, FIELDS["adapt"]["adapt_lr"].default / 100])
def test_any_learning_rate_is_an_experiment(lr):
    run = finished(AdaptSettings(World(), adapt_lr=lr, num_adapt_steps=2, episodes_per_step=2), "untrained")
    assert all(torch.isfinite(p).all() for p in run.curves[0].last.model.params().values()) and sentence(run)


def test_going_on_continues_the_curve_with_fresh_episodes():
    first = finished(AdaptSettings(REVERSED, mode="both", **SHORT), "untrained")
    size = len(first.curves[1].buffer)
    *_, run = go_on(first, AdaptSettings(REVERSED, num_adapt_steps=1, episodes_per_step=4, adapt_lr=0.2), threading.Event())
    for curve, before in zip(run.curves, first.curves, strict=True):
        assert [p.index for p in curve.points] == [0, 1, 2, 3] and curve.points[:3] == before.points
        assert curve.last.env_steps > before.last.env_steps and curve.segments[1].seed == 2
    assert run.id != first.id and len(first.curves[1].buffer) == size < len(run.curves[1].buffer)


# --- luck ---


def test_luck_repeats_over_many_seeds():
    *_, luck = repeat(AdaptSettings(REVERSED, num_adapt_steps=1, episodes_per_step=2), shared_model("untrained"), threading.Event())
    assert luck.done == SEEDS and luck.ended == "finished" and luck.returns["standard"].shape == (SEEDS, 2)
    assert luck.returns["standard"].std(axis=0)[1] > 0 and f"{SEEDS} runs" in luck_words(luck)


def test_stopped_luck_counts_whole_batches_only():
    stop = threading.Event()
    for luck in repeat(AdaptSettings(REVERSED, num_adapt_steps=1, episodes_per_step=2), shared_model("untrained"), stop):
        if luck.done == AT_ONCE:
            stop.set()
    assert luck.done == AT_ONCE and luck.ended == "stopped" and f"Stopped after {AT_ONCE} of {SEEDS} runs" in luck_words(luck)


def test_the_action_map_is_the_policys_first_step():
    grid = action_map(shared_model("meta"))
    model = shared_model("meta")
    obs = torch.tensor([[0.0, 0.0, np.radians(12.0), np.radians(-120.0)]], dtype=torch.float32)
    outputs, _ = model(obs, model.init_hidden())
    assert grid.shape == (MAP_SIZE, MAP_SIZE)
    assert grid[-1, -1] == pytest.approx(
        float(outputs[0, :2].softmax(0)[1]), abs=1e-5
    )  # right column: leaning right; last row: falling back
