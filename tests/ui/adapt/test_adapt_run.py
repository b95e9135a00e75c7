"""A run of the Adapt tab, and its seed sweep: what the library makes, kept when stopped."""

import threading
from dataclasses import replace
from urllib.parse import parse_qsl

from model import WORLDS
from tests.model.made_up import same, same_parameters
from ui.runs.adaptation import adapt, config_of, go_on, link_of
from ui.runs.policies import shared_model
from ui.runs.seed_sweep import AT_ONCE, sweep_seeds
from ui.settings import AdaptSettings, adapt_from_query, adapt_to_query

REVERSED = WORLDS["reversed_motor"]
SHORT = {"num_adapt_steps": 2, "episodes_per_step": 3}


def finished(settings=None, policy="meta"):
    """The last state of a run."""
    *_, run = adapt(settings or AdaptSettings(REVERSED, **SHORT), shared_model(policy), threading.Event())
    return run


def test_both_modes_take_turns_are_the_same_without_weight_and_leave_the_shared_model_as_it_was():
    before = shared_model("meta").params()
    settings = AdaptSettings(REVERSED, mode="both", experience_weight=0.0, **SHORT)
    runs = list(adapt(settings, shared_model("meta"), threading.Event()))
    assert [[c.last.index for c in run.curves] for run in runs] == [[0, 0], [1, 0], [1, 1], [2, 1], [2, 2], [2, 2]]
    assert same_parameters(runs[-1].curves[0].last.model, runs[-1].curves[1].last.model)
    assert same(before, shared_model("meta").params()) and runs[-1].ended == "finished"


def test_a_link_gives_settings_and_result_again():
    run = finished(AdaptSettings(REVERSED, mode="both", seed=3, experience_weight=0.05, **SHORT))
    query = dict(parse_qsl(link_of(run)))
    again = finished(adapt_from_query(query))
    assert query["ran"] == "1" and again.settings == run.settings
    assert all(same_parameters(a.last.model, b.last.model) for a, b in zip(run.curves, again.curves, strict=True))
    *_, further = go_on(run, replace(run.settings, num_adapt_steps=1), threading.Event())
    assert dict(parse_qsl(link_of(further))) == adapt_to_query(further.settings)  # its result is more than these settings say


def test_going_on_continues_the_curve_with_fresh_episodes():
    first = finished(AdaptSettings(REVERSED, mode="both", experience_weight=0.05, **SHORT), "untrained")
    size = len(first.curves[1].buffer)
    *_, run = go_on(first, AdaptSettings(num_adapt_steps=1, episodes_per_step=4, adapt_lr=0.2, experience_weight=0.05), threading.Event())
    for curve, before in zip(run.curves, first.curves, strict=True):
        assert [p.index for p in curve.points] == [0, 1, 2, 3] and curve.points[:3] == before.points
        assert curve.last.step.env_steps > before.last.step.env_steps and curve.last.config.adapt_lr == 0.2
        assert curve.last.step.seconds > before.last.step.seconds
    assert run.id != first.id and len(first.curves[1].buffer) == size < len(run.curves[1].buffer)


def test_hybrid_alone_leaves_the_gradient_step_out_and_standard_its_rate():
    alone = AdaptSettings(WORLDS["mirrored_jupiter"], "memory", "both", adapt_lr=0.05, fresh_step=False, experience_weight=0.0)
    assert config_of(alone, "hybrid").adapt_lr == 0 and config_of(alone, "standard").adapt_lr == 0.05
    curve = finished(replace(alone, **SHORT), "memory").curve("hybrid")
    assert same_parameters(curve.before.model, curve.last.model) and not any(p.moved for p in curve.points)


def test_a_stopped_sweep_counts_whole_batches_only():
    stop = threading.Event()
    for sweep in sweep_seeds(AdaptSettings(REVERSED, num_adapt_steps=1, episodes_per_step=2), shared_model("untrained"), stop):
        if sweep.done == AT_ONCE:
            stop.set()
    assert sweep.done == AT_ONCE and sweep.ended == "stopped"
