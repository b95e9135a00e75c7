"""A run of the Adapt tab, and its seed sweep: what the library makes, kept when stopped."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

import ui.runs.adaptation
from model import WORLDS, AdaptationStep, NonFiniteParameters, StandardAdapter, World, evaluate_policy
from ui.fields import FIELDS
from ui.runs.adaptation import adapt, config_of, go_on, link_of
from ui.runs.policies import shared_model
from ui.runs.seed_sweep import AT_ONCE, SEEDS, sweep_seeds
from ui.settings import AdaptSettings, adapt_from_query, adapt_to_query, query_of
from ui.views.adaptation_words import sentence

REVERSED = WORLDS["reversed_motor"]
SHORT = {"num_adapt_steps": 2, "episodes_per_step": 3}
RATE = FIELDS["adapt"]["adapt_lr"]


def finished(settings=None, policy="meta"):
    """The last state of a run."""
    *_, run = adapt(settings or AdaptSettings(REVERSED, **SHORT), shared_model(policy), threading.Event())
    return run


def same(one, two) -> bool:
    a, b = one.params(), two.params()
    return all(torch.equal(a[n], b[n]) for n in a)


def test_a_run_is_the_librarys_adaptation():
    before = shared_model("meta").params()
    run = finished()
    expected = list(StandardAdapter(config_of(run.settings, "standard")).adapt(shared_model("meta"), REVERSED, 0))
    points = run.curves[0].points
    assert [p.index for p in points] == [0, 1, 2] and run.ended == "finished"
    for point, step in zip(points, expected, strict=True):
        assert same(point.model, step.model) and point.step.env_steps == step.env_steps
        assert point.returns.tolist() == evaluate_policy(step.model, REVERSED, 20, 0).tolist()
    assert all(torch.equal(before[n], p) for n, p in shared_model("meta").params().items())


def test_both_modes_take_turns_and_without_weight_are_the_same():
    settings = AdaptSettings(REVERSED, mode="both", experience_weight=0.0, **SHORT)
    runs = list(adapt(settings, shared_model("meta"), threading.Event()))
    assert [[c.last.index for c in run.curves] for run in runs] == [[0, 0], [1, 0], [1, 1], [2, 1], [2, 2], [2, 2]]
    assert same(runs[-1].curves[0].last.model, runs[-1].curves[1].last.model)


def test_a_link_gives_settings_and_result_again():
    run = finished(AdaptSettings(REVERSED, mode="both", seed=3, **SHORT))
    query = query_of(link_of(run))
    again = finished(adapt_from_query(query))
    assert query["ran"] == "1" and again.settings == run.settings
    assert all(same(a.last.model, b.last.model) for a, b in zip(run.curves, again.curves, strict=True))
    *_, further = go_on(run, replace(run.settings, num_adapt_steps=1), threading.Event())
    assert query_of(link_of(further)) == adapt_to_query(further.settings)  # its result is more than these settings say


def test_going_on_continues_the_curve_with_fresh_episodes():
    first = finished(AdaptSettings(REVERSED, mode="both", **SHORT), "untrained")
    size = len(first.curves[1].buffer)
    *_, run = go_on(first, AdaptSettings(num_adapt_steps=1, episodes_per_step=4, adapt_lr=0.2), threading.Event())
    for curve, before in zip(run.curves, first.curves, strict=True):
        assert [p.index for p in curve.points] == [0, 1, 2, 3] and curve.points[:3] == before.points
        assert curve.last.step.env_steps > before.last.step.env_steps and curve.last.config.adapt_lr == 0.2
        assert curve.last.step.seconds > before.last.step.seconds
    assert run.id != first.id and len(first.curves[1].buffer) == size < len(run.curves[1].buffer)


def test_stop_keeps_what_was_reached():
    stop = threading.Event()
    settings = AdaptSettings(REVERSED, num_adapt_steps=10, episodes_per_step=2)
    for run in adapt(settings, shared_model("meta"), stop):
        if run.reached == 2:
            stop.set()
    assert run.ended == "stopped" and run.reached == 2 and "You stopped it after 2 of 10 steps" in sentence(run)
    assert same(run.curves[0].last.model, finished(replace(settings, num_adapt_steps=2)).curves[0].last.model)


def test_a_step_that_comes_too_late_is_left_out_whole(monkeypatch):
    settings = AdaptSettings(WORLDS["reversed_tilted"], mode="hybrid", num_adapt_steps=2, episodes_per_step=2)
    one, clock = finished(replace(settings, num_adapt_steps=1)), [0.0]
    monkeypatch.setattr(ui.runs.adaptation.time, "monotonic", lambda: clock[0])
    for run in adapt(settings, shared_model("meta"), threading.Event()):
        if run.imagining is not None and run.imagining.step == 2:
            clock[0] = ui.runs.adaptation.TIME_LIMIT + 1
    assert run.ended == "time" and run.reached == 1
    assert same(run.curves[0].last.model, one.curves[0].last.model) and len(run.curves[0].buffer) == len(one.curves[0].buffer)


class BreaksAtTwo:
    """An adapter whose second step can't be taken."""

    def __init__(self, config):
        pass

    def adapt(self, model, world, seed=0):
        yield AdaptationStep(0, model)
        yield AdaptationStep(1, model, 9, np.array([9.0]), 0.5, 1.0)
        raise NonFiniteParameters("step 2")


def test_parameters_that_are_not_finite_end_a_run_and_the_last_good_ones_stay(monkeypatch):
    monkeypatch.setattr(ui.runs.adaptation, "StandardAdapter", BreaksAtTwo)
    run = finished(AdaptSettings(REVERSED, num_adapt_steps=5))
    assert run.ended == "finished" and run.reached == 1
    assert "Step 2 made parameters that are not finite; those of step 1 are kept." in sentence(run)


@pytest.mark.parametrize("lr", [RATE.minimum, RATE.maximum])
def test_any_learning_rate_is_an_experiment(lr):
    run = finished(AdaptSettings(World(), adapt_lr=lr, num_adapt_steps=2, episodes_per_step=2), "untrained")
    assert all(torch.isfinite(p).all() for p in run.curves[0].last.model.params().values()) and sentence(run)


def test_hybrid_alone_leaves_the_gradient_step_out_and_standard_its_rate():
    alone = AdaptSettings(WORLDS["mirrored_jupiter"], "memory", "both", adapt_lr=0.05, fresh_step=False, experience_weight=0.0)
    assert config_of(alone, "hybrid").adapt_lr == 0 and config_of(alone, "standard").adapt_lr == 0.05
    curve = finished(replace(alone, **SHORT), "memory").curve("hybrid")
    assert same(curve.before.model, curve.last.model) and not any(p.moved for p in curve.points)


def test_a_seed_sweep_repeats_over_many_seeds():
    settings = AdaptSettings(REVERSED, num_adapt_steps=1, episodes_per_step=2)
    *_, sweep = sweep_seeds(settings, shared_model("untrained"), threading.Event())
    assert sweep.done == SEEDS and sweep.ended == "finished" and sweep.returns["standard"].shape == (SEEDS, 2)
    assert sweep.returns["standard"].std(axis=0)[1] > 0 and sweep.share == 1


def test_a_stopped_sweep_counts_whole_batches_only():
    stop = threading.Event()
    for sweep in sweep_seeds(AdaptSettings(REVERSED, num_adapt_steps=1, episodes_per_step=2), shared_model("untrained"), stop):
        if sweep.done == AT_ONCE:
            stop.set()
    assert sweep.done == AT_ONCE and sweep.ended == "stopped"
