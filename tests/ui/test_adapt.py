"""The Adapt tab's runs and handlers: what a visitor reaches is what the library makes, kept when stopped, and nobody else's."""

from __future__ import annotations

import contextlib
import io
import threading
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import ui.adapt_run
from model import WORLDS, AdaptationStep, NonFiniteParameters, StandardAdapter, World, evaluate_policy
from ui import stops
from ui.adapt import EXPIRED, AdaptTab
from ui.adapt_luck import AT_ONCE, SEEDS, luck_words, repeat
from ui.adapt_preview import key
from ui.adapt_run import adapt, config_of, go_on
from ui.adapt_snippet import snippet
from ui.adapt_words import sentence
from ui.comparison import MAP_SIZE, action_map
from ui.inputs import (
    TRAINED_LR,
    AdaptSettings,
    adapt_from_page,
    adapt_from_query,
    adapt_to_query,
    check_adaptation,
    lr_of,
    page_values,
    power_of,
)
from ui.play import PlayTab, first_session
from ui.policies import shared_model
from ui.session import Session

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


# --- runs ---


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
    seen = [[c.last.index for c in run.curves] for run in adapt(settings, shared_model("meta"), threading.Event())]
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
    monkeypatch.setattr(ui.adapt_run, "TIME_LIMIT", -1.0)
    run = finished()
    assert run.ended == "time" and run.curves[0].last.index == 0


class BreaksAtTwo:
    """An adapter whose second step can't be taken."""

    def __init__(self, config):
        pass

    def adapt(self, model, world, seed=0):
        yield AdaptationStep(0, float("nan"), np.empty(0), 0, 0.0, model, float("nan"))
        yield AdaptationStep(1, 0.5, np.array([9.0]), 9, 0.0, model, 1.0)
        raise NonFiniteParameters("step 2")


def test_parameters_that_are_not_finite_end_a_run_and_the_last_good_ones_stay(monkeypatch):
    monkeypatch.setattr(ui.adapt_run, "StandardAdapter", BreaksAtTwo)
    run = finished(AdaptSettings(REVERSED, num_adapt_steps=5))
    assert run.ended == "finished" and run.curves[0].last.index == 1
    assert "Step 2 made parameters that are not finite; those of step 1 are kept." in sentence(run)


@pytest.mark.parametrize("lr", [TRAINED_LR * 100, TRAINED_LR / 100])
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


def test_the_snippet_runs_and_makes_the_same_numbers():
    first = finished(AdaptSettings(World(reversed_motor=True, wind=1.5), mode="both", start="untrained", seed=3, **SHORT), "untrained")
    *_, run = go_on(first, AdaptSettings(num_adapt_steps=1, episodes_per_step=4, adapt_lr=0.2), threading.Event())
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(snippet(run), {})
    expected = [[c.mode, str(p.index), str(p.returns.mean()), str(p.env_steps)] for c in run.curves for p in c.points]
    # The first point of the second segment is printed again, as its step 0.
    got = [line.split() for line in printed.getvalue().splitlines()]
    assert [row for i, row in enumerate(got) if row not in got[:i]] == expected


def test_the_snippet_of_a_shipped_policy_names_it():
    text = snippet(finished())
    assert 'load_pretrained("meta")' in text and "World(reversed_motor=True)" in text
    compile(text, "snippet", "exec")


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


# --- inputs ---


def page(**changes):
    """What the Adapt button sends."""
    given = {
        "preset": "reversed_motor",
        "start": "meta",
        "mode": "standard",
        "power": 0,
        "steps": 2,
        "episodes": 3,
        "weight": 0.5,
        "seed": 0,
    }
    given |= changes
    values = given.pop("values", page_values(WORLDS.get(given["preset"], World()) if isinstance(given["preset"], str) else World()))
    preset = given.pop("preset")
    return [preset, *values, *given.values()]


def test_the_page_gives_settings():
    *world, _, _, _, _, _, _, _ = page()
    settings = adapt_from_page(world[0], world[1:], page()[len(world) :])
    assert settings == AdaptSettings(REVERSED, num_adapt_steps=2, episodes_per_step=3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 11}, "num_adapt_steps must be a whole number between 1 and 10, got 11"),
        ({"steps": 0}, "num_adapt_steps must be a whole number between 1 and 10, got 0"),
        ({"steps": 2.5}, "num_adapt_steps must be a whole number"),
        ({"episodes": None}, "episodes_per_step must be a whole number between 1 and 20 episodes, got None"),
        ({"episodes": [3]}, "episodes_per_step must be a whole number"),
        ({"weight": -1}, "experience_weight must be between 0 and 5, got -1"),
        ({"weight": float("nan")}, "experience_weight must be between 0 and 5, got nan"),
        ({"power": 3}, "learning rate (powers of ten around the trained one) must be between -2 and 2, got 3"),
        ({"power": True}, "learning rate (powers of ten around the trained one) must be between -2 and 2, got True"),
        ({"mode": "all"}, "mode must be one of standard, hybrid, both, got "),
        ({"mode": None}, "mode must be one of"),
        ({"start": "random"}, "starting point must be one of"),
        ({"start": ["meta"]}, "starting point must be one of"),
        ({"start": "yours"}, "starting point must not be yours while you have no policy of your own"),
        ({"seed": -1}, "seed must be a whole number between 0 and 4294967295, got -1"),
        ({"preset": "venus"}, "world must be one of"),
    ],
)
def test_a_bad_input_is_one_sentence_and_changes_nothing_else(tab, change, words):
    answers = list(tab._adapt(request("a"), Session(), *page(**change)))
    assert len(answers) == 1 and set(answers[0]) == {tab.message}
    assert words in answers[0][tab.message].replace("&#x27;", "'") and 'role="alert"' in answers[0][tab.message]


@pytest.mark.parametrize("lr", [0.005, 0.3, TRAINED_LR, 1.23, 50.0])
def test_the_slider_gives_a_learning_rate_back(lr):
    assert lr_of(power_of(lr)) == lr


@pytest.mark.parametrize(
    "settings",
    [
        AdaptSettings(),
        AdaptSettings(WORLDS["reversed_gale"], "memory", "both", 0.123, 7, 1, 1.5, 42),
        AdaptSettings(World(wind=1.25, mirrored_sensors=True), "untrained", "hybrid"),
    ],
)
def test_a_link_gives_the_settings_back(settings):
    assert adapt_from_query(adapt_to_query(settings)) == settings


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"num_adapt_steps": "1000"}, "num_adapt_steps must be a whole number between 1 and 10, got 1000"),
        ({"adapt_lr": "inf"}, "adapt_lr must be between"),
        ({"mode": "x"}, "mode must be one of"),
        ({"start": "yours"}, "starting point must not be yours"),
        ({"world": "venus"}, "world must be one of"),
        ({"seed": "x" * 3000}, "a link must have at most"),
    ],
)
def test_a_bad_link_is_one_sentence(query, words):
    with pytest.raises(ValueError, match=words):
        adapt_from_query({"tab": "adapt", **query})


def test_a_link_to_another_tab_is_none():
    assert adapt_from_query({"world": "moon"}) is None


# --- handlers ---


def request(name: str):
    return SimpleNamespace(session_hash=name, query_params={})


@pytest.fixture(scope="module")
def tab():
    first = first_session()
    with gr.Blocks() as page:
        session = gr.State(first)
        tabs = gr.Tabs()
        play = PlayTab(session, first)
        tab = AdaptTab(session, first)
        tab.connect_play(play)
        tab.connect_link(page, tabs)
    return tab


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr("ui.adapt_view.PACE", 0.0)


def pressed(tab, name="a", session=None, **changes):
    """The last answer of pressing Adapt."""
    *_, last = tab._adapt(request(name), session or Session(), *page(**changes))
    return last


def test_pressing_adapt_ends_with_everything_filled(tab):
    answers = list(tab._adapt(request("a"), Session(), *page(mode="both")))
    last = answers[-1]
    assert [len(a[tab.curve]["series"][1]["x"]) for a in answers] == [1, 2, 2, 3, 3, 3]
    stage = last[tab.player]["episodes"]
    assert [e["role"] for e in stage] == ["before", "standard", "hybrid"] and len({tuple(e["x"][:1]) for e in stage}) == 1
    assert "before adaptation" in last[tab.result] and last[tab.run_id] == last[tab.run].id
    assert [m["role"] for m in last[tab.maps]["maps"]] == ["before", "standard", "hybrid"]
    assert "tab=adapt" in last[tab.link] and "HybridAdapter" in last[tab.code]
    assert last[tab.adapt]["interactive"] and not last[tab.stop]["interactive"] and last[tab.then["keep"]]["interactive"]
    assert not answers[0][tab.adapt]["interactive"] and answers[0][tab.stop]["interactive"]


def test_stop_ends_only_the_visitors_own_run(tab):
    mine = tab._adapt(request("mine"), Session(), *page(steps=10))
    theirs = tab._adapt(request("theirs"), Session(), *page(preset="moon", steps=2))
    next(mine), next(theirs)
    assert "Stopping" in tab._stop(request("mine"))
    *_, last_mine = mine
    *_, last_theirs = theirs
    assert last_mine[tab.run].ended == "stopped" and last_mine[tab.run].curves[0].last.index < 10
    assert last_theirs[tab.run].ended == "finished" and last_theirs[tab.run].settings.world == WORLDS["moon"]
    assert tab._stop(request("mine")) == gr.skip() and not stops._flags


def test_a_closed_page_leaves_no_flag(tab):
    run = tab._adapt(request("gone"), Session(), *page())
    next(run)
    run.close()
    assert not stops._flags


def test_keep_puts_the_adapted_policy_on_plays_stage(tab):
    run = pressed(tab)[tab.run]
    session, message, *rest = tab._keep(Session(), run, run.id, "standard", 2)
    assert session.model is run.curves[0].last.model and session.stale
    assert (session.choice.policy, session.choice.world) == ("yours", REVERSED)
    assert "Kept" in message and rest[1]["value"] == "yours"
    again = pressed(tab, session=session, start="yours")[tab.run]
    assert again.curves[0].before.model is session.model and "load_checkpoint" in snippet(again)


def test_the_saved_weights_are_the_adapted_ones(tab):
    run = pressed(tab, mode="hybrid")[tab.run]
    button, message = tab._download(run, run.id, "hybrid", 2)
    saved = load_file(button.value["path"] if isinstance(button.value, dict) else button.value)
    assert "ready" in message and all(torch.equal(saved[n], p) for n, p in run.curves[0].last.model.params().items())


@pytest.mark.parametrize("which", ["hybrid", None, ["standard"]])
def test_only_a_mode_that_ran_can_be_used(tab, which):
    run = pressed(tab)[tab.run]
    assert "result to use must be one of standard" in tab._download(run, run.id, which, 2)[1]


def test_an_earlier_step_can_be_watched_and_kept(tab):
    run = pressed(tab)[tab.run]
    stage, message = tab._show_step(run, run.id, 1)
    assert message == "" and [e["label"] for e in stage["episodes"]] == ["Before", "After 1 step"]
    assert tab._keep(Session(), run, run.id, "standard", 1)[0].model is run.curves[0].points[1].model
    for bad in (3, None, 1.5, -1, True):
        assert "step must be a whole number between 0 and 2" in tab._show_step(run, run.id, bad)[1]
        assert "step must be a whole number between 0 and 2" in tab._download(run, run.id, "standard", bad)[1]
    assert EXPIRED in tab._show_step(None, run.id, 1)[1]


def test_going_on_needs_the_same_world_and_mode(tab):
    run = pressed(tab)[tab.run]
    *_, last = tab._further(request("a"), Session(), run, run.id, *page(steps=1))
    assert last[tab.run].curves[0].last.index == 3
    (only,) = tab._further(request("a"), Session(), run, run.id, *page(preset="moon"))
    assert set(only) == {tab.message} and "controls show others" in only[tab.message]


def test_a_run_does_not_grow_for_ever(tab):
    run = replace(pressed(tab)[tab.run], target=95)
    (only,) = tab._further(request("a"), Session(), run, run.id, *page(steps=6))
    assert set(only) == {tab.message} and "at most 100 gradient steps, got 101" in only[tab.message]


def test_an_expired_visit_is_told_so_and_starts_fresh(tab):
    assert EXPIRED in tab._keep(Session(), None, "id", "standard", 2)[1]
    assert EXPIRED in tab._download(None, "id", "standard", 2)[1]
    (answer,) = tab._further(request("a"), Session(), None, "id", *page())
    assert EXPIRED in answer[tab.message] and answer[tab.run] is None and answer[tab.run_id] == ""
    assert pressed(tab)[tab.run].ended == "finished"


def test_reset_forgets_the_result(tab):
    run = pressed(tab)[tab.run]
    answer = tab._reset(run)
    assert answer[tab.run] is None and len(answer[tab.player]["episodes"]) == 1 and not answer[tab.then["keep"]]["interactive"]


def test_the_stage_shows_the_starting_point_in_the_chosen_world(tab):
    session, stage, message, shown = tab.preview.preset(first_session(), "reversed_motor", "memory", 4)
    assert message == "" and shown == (REVERSED, "memory", 4)
    assert stage["episodes"][0]["notes"] == ["motor reversed"] and "Memory" in stage["episodes"][0]["label"]
    assert (session.choice.world, session.choice.seed, session.choice.policy) == (REVERSED, 4, "meta") and session.stale
    assert 'role="alert"' in tab.preview.preset(Session(), ["x"], "meta", 0)[2]


def test_coming_back_shows_what_another_tab_has_chosen_and_else_nothing(tab):
    shown = pressed(tab)[tab.preview.shown]
    inputs = ["reversed_motor", *page_values(REVERSED), "meta", 0]
    assert set(map(str, tab.preview.coming_back(Session(), shown, *inputs))) == {str(gr.skip())}
    there = tab.preview.coming_back(first_session(), key(AdaptSettings()), *inputs)
    assert there[1]["episodes"][0]["notes"] == ["motor reversed"] and there[3] == shown


def test_a_link_opens_the_tab(tab):
    visit = SimpleNamespace(query_params=adapt_to_query(AdaptSettings(WORLDS["moon"], mode="both", adapt_lr=1.0)))
    tabs, message, stage, _, *controls = tab._open_link(Session(), visit)
    assert tabs.selected == "adapt" and "Press Adapt" in message and stage["episodes"][0]["notes"] == ["gravity 1.62 m/s²"]
    assert len(controls) == len(tab.controls.outputs) and "both" in controls
    bad = SimpleNamespace(query_params={"tab": "adapt", "seed": "-1"})
    assert "can&#x27;t be opened" in tab._open_link(Session(), bad)[1]


def test_check_adaptation_takes_what_it_documents():
    settings = check_adaptation(REVERSED, "yours", "both", 0.12345, 3.0, 10, 1, 7, has_own_model=True)
    assert settings.adapt_lr == 0.123 and settings.num_adapt_steps == 3 and isinstance(settings.num_adapt_steps, int)
