"""The Adapt tab: what its inputs mean and what its handlers do, for one visitor and nobody else."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import pytest
import torch
from safetensors.torch import load_file

from model import WORLDS, World
from ui.adapt.preview import key
from ui.adapt.snippet import snippet
from ui.adapt.tab import EXPIRED, AdaptTab
from ui.play.tab import PlayTab, first_session
from ui.shared import stops
from ui.shared.inputs import (
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
from ui.shared.session import Session

REVERSED = WORLDS["reversed_motor"]
SHORT = {"num_adapt_steps": 2, "episodes_per_step": 3}


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
    assert settings == AdaptSettings(REVERSED, num_adapt_steps=2, episodes_per_step=3, experience_weight=0.5)


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
    tab.play = play
    return tab


def keep(tab, run, step, which="standard", run_id=None):
    return tab._keep(tab.play, Session(), run, run_id or run.id, which, step)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr("ui.adapt.view.PACE", 0.0)


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
    answer = keep(tab, run, 2)
    session = answer[tab.session]
    assert session.model is run.curves[0].last.model and session.stale
    assert (session.choice.policy, session.choice.world) == ("yours", REVERSED)
    assert "Kept" in answer[tab.message] and answer[tab.play.policy.policy]["value"] == "yours"
    assert answer[tab.play.world.preset] == answer[tab.controls.world.preset] == "reversed_motor"
    again = pressed(tab, session=session, start="yours")[tab.run]
    assert again.curves[0].before.model is session.model and "load_checkpoint" in snippet(again)


def test_the_saved_weights_are_the_adapted_ones(tab):
    run = pressed(tab, mode="hybrid")[tab.run]
    answer = tab._download(run, run.id, "hybrid", 2)
    button, message = answer[tab.file], answer[tab.message]
    saved = load_file(button.value["path"] if isinstance(button.value, dict) else button.value)
    assert "ready" in message and all(torch.equal(saved[n], p) for n, p in run.curves[0].last.model.params().items())


@pytest.mark.parametrize("which", ["hybrid", None, ["standard"]])
def test_only_a_mode_that_ran_can_be_used(tab, which):
    run = pressed(tab)[tab.run]
    assert "result to use must be one of standard" in tab._download(run, run.id, which, 2)[tab.message]


def test_an_earlier_step_can_be_watched_and_kept(tab):
    run = pressed(tab)[tab.run]
    answer = tab._show_step(run, run.id, 1)
    assert answer[tab.message] == "" and [e["label"] for e in answer[tab.player]["episodes"]] == ["Before", "After 1 step"]
    assert keep(tab, run, 1)[tab.session].model is run.curves[0].points[1].model
    for bad in (3, None, 1.5, -1, True):
        assert "step must be a whole number between 0 and 2" in tab._show_step(run, run.id, bad)[tab.message]
        assert "step must be a whole number between 0 and 2" in tab._download(run, run.id, "standard", bad)[tab.message]
    assert EXPIRED in tab._show_step(None, run.id, 1)[tab.message]


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
    forgotten = keep(tab, None, 2, run_id="id")
    assert set(forgotten) == {tab.message} and EXPIRED in forgotten[tab.message]
    assert EXPIRED in tab._download(None, "id", "standard", 2)[tab.message]
    (answer,) = tab._further(request("a"), Session(), None, "id", *page())
    assert EXPIRED in answer[tab.message] and answer[tab.run] is None and answer[tab.run_id] == ""
    assert pressed(tab)[tab.run].ended == "finished"


def test_reset_forgets_the_result(tab):
    run = pressed(tab)[tab.run]
    answer = tab._reset(run)
    assert answer[tab.run] is None and len(answer[tab.player]["episodes"]) == 1 and not answer[tab.then["keep"]]["interactive"]


def test_the_stage_shows_the_starting_point_in_the_chosen_world(tab):
    preview = tab.preview
    answer = preview.preset(first_session(), "reversed_motor", "memory", 4)
    session, stage, message, shown = (answer[c] for c in preview.outputs)
    assert message == "" and shown == (REVERSED, "memory", 4)
    assert stage["episodes"][0]["notes"] == ["motor reversed"] and "Memory" in stage["episodes"][0]["label"]
    assert (session.choice.world, session.choice.seed, session.choice.policy) == (REVERSED, 4, "meta") and session.stale
    assert 'role="alert"' in preview.preset(Session(), ["x"], "meta", 0)[tab.message]


def test_coming_back_shows_what_another_tab_has_chosen_and_else_nothing(tab):
    shown = pressed(tab)[tab.preview.shown]
    inputs = ["reversed_motor", *page_values(REVERSED), "meta", 0]
    assert tab.preview.coming_back(Session(), shown, *inputs) == gr.skip()
    there = tab.preview.coming_back(first_session(), key(AdaptSettings()), *inputs)
    assert there[tab.player]["episodes"][0]["notes"] == ["motor reversed"] and there[tab.preview.shown] == shown


def test_a_link_opens_the_tab(tab):
    visit = SimpleNamespace(query_params=adapt_to_query(AdaptSettings(WORLDS["moon"], mode="both", adapt_lr=1.0)))
    answer = tab._open_link(Session(), visit)
    assert answer[tab.tabs].selected == "adapt" and "Press Adapt" in answer[tab.message]
    assert answer[tab.player]["episodes"][0]["notes"] == ["gravity 1.62 m/s²"]
    assert set(tab.controls.outputs) <= set(answer) and answer[tab.controls.mode] == "both"
    bad = SimpleNamespace(query_params={"tab": "adapt", "seed": "-1"})
    assert "can&#x27;t be opened" in tab._open_link(Session(), bad)[tab.message]


def test_check_adaptation_takes_what_it_documents():
    settings = check_adaptation(REVERSED, "yours", "both", 0.12345, 3.0, 10, 1, 7, has_own_model=True)
    assert settings.adapt_lr == 0.123 and settings.num_adapt_steps == 3 and isinstance(settings.num_adapt_steps, int)
