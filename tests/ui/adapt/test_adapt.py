"""The Adapt tab: what its inputs mean and what its handlers do, for one visitor and nobody else."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import parse_qsl

import gradio as gr
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from model import WORLDS, World
from ui.server import stops
from ui.server.session import Session
from ui.settings import MAKERS_ONLY, AdaptSettings, adapt_to_query, page_values
from ui.tabs.adapt.preview import key
from ui.tabs.adapt.tab import AdaptTab
from ui.tabs.adapt.use_part import EXPIRED
from ui.tabs.play import PlayTab, first_session
from ui.views.share import headline

REVERSED = WORLDS["reversed_motor"]
SHORT = {"num_adapt_steps": 2, "episodes_per_step": 3}


def page(**changes):
    """What the Adapt button sends."""
    given = {
        "preset": "reversed_motor",
        "mode": "standard",
        "power": 0,
        "steps": 2,
        "start": "meta",
        "episodes": 3,
        "weight": 0.5,
        "fresh": True,
        "seed": 0,
    }
    given |= changes
    values = given.pop("values", page_values(WORLDS.get(given["preset"], World()) if isinstance(given["preset"], str) else World()))
    preset = given.pop("preset")
    return [preset, *values, *given.values()]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 11}, "Gradient steps must be a whole number between 1 and 10, not 11."),
        ({"steps": 0}, "Gradient steps must be a whole number between 1 and 10, not 0."),
        ({"steps": 2.5}, "Gradient steps must be a whole number"),
        ({"episodes": None}, "Episodes per step must be a whole number between 1 and 20 episodes; it is empty."),
        ({"episodes": [3]}, "Episodes per step must be a whole number between 1 and 20 episodes."),
        ({"weight": -1}, "Experience weight must be between 0 and 5, not -1."),
        ({"weight": float("nan")}, "Experience weight must be between 0 and 5."),
        ({"power": 3}, "Learning rate must be between 0.005 and 50."),
        ({"power": True}, "Learning rate must be between 0.005 and 50."),
        ({"mode": "all"}, "Adaptation must be one of those that the page offers."),
        ({"mode": None}, "Adaptation must be one of those that the page offers."),
        ({"start": "random"}, "Starting point must be one of those that the page offers."),
        ({"start": ["meta"]}, "Starting point must be one of those that the page offers."),
        ({"start": "yours"}, "Starting point must be another than yours: you have none yet"),
        ({"seed": -1}, "Seed must be a whole number between 0 and 4294967295, not -1."),
        ({"seed": "x" * 1000}, "Seed must be a whole number between 0 and 4294967295."),
        ({"preset": "venus"}, "World must be one of those that the page offers."),
    ],
)
def test_a_bad_input_is_one_sentence_and_changes_nothing_else(tab, change, words):
    answers = list(tab._adapt(request("a"), Session(), *page(**change)))
    assert len(answers) == 1 and set(answers[0]) == {tab.message}
    assert words in answers[0][tab.message].replace("&#x27;", "'") and 'role="alert"' in answers[0][tab.message]


def request(name: str):
    return SimpleNamespace(session_hash=name, query_params={})


@pytest.fixture(scope="module")
def tab():
    first = first_session()
    with gr.Blocks() as page:
        session = gr.State(first)
        tabs = gr.Tabs()
        play = PlayTab(session, first)
        tab = AdaptTab(session)
        tab.connect_play(play)
        tab.connect_link(page, tabs)
    tab.play = play
    return tab


def keep(tab, run, step, which="standard", run_id=None):
    return tab.use.keep(tab.play, tab.controls, Session(), run, run_id or run.id, which, step)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr("ui.views.adaptation.PACE", 0.0)


def pressed(tab, name="a", session=None, **changes):
    """The last answer of pressing Adapt."""
    *_, last = tab._adapt(request(name), session or Session(), *page(**changes))
    return last


def test_pressing_adapt_ends_with_everything_filled(tab):
    answers = list(tab._adapt(request("a"), Session(), *page(mode="both")))
    last = answers[-1]
    assert [len(a[tab.results.curve]["series"][1]["x"]) for a in answers if tab.results.curve in a] == [1, 2, 2, 3, 3, 3]
    stage = last[tab.player]["episodes"]
    assert [e["role"] for e in stage] == ["before", "standard", "hybrid"] and len({tuple(e["x"][:1]) for e in stage}) == 1
    assert "before adaptation" in last[tab.results.sentence] and last[tab.use.run_id] == last[tab.run].id
    assert {role: len(steps) for role, steps in last[tab.player]["maps"].items()} == {"standard": 3, "hybrid": 3}
    assert all(e["map"] for e in stage) and last[tab.player]["maps"]["hybrid"][-1] == stage[2]["map"]
    assert "tab=adapt" in last[tab.link]
    assert last[tab.adapt]["interactive"] and not last[tab.stop]["interactive"] and last[tab.use.buttons["keep"]]["interactive"]
    assert all(last[part]["visible"] for part in (tab.results.column, tab.results.what, tab.use.column, tab.use.steps))
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
    assert again.curves[0].before.model is session.model


def test_the_saved_weights_are_the_adapted_ones(tab):
    run = pressed(tab, mode="hybrid")[tab.run]
    answer = tab.use.download(run, run.id, "hybrid", 2)
    button, message = answer[tab.use.file], answer[tab.message]
    saved = load_file(button.value["path"] if isinstance(button.value, dict) else button.value)
    assert "ready" in message and all(torch.equal(saved[n], p) for n, p in run.curves[0].last.model.params().items())


@pytest.mark.parametrize("which", ["hybrid", None, ["standard"]])
def test_only_a_mode_that_ran_can_be_used(tab, which):
    run = pressed(tab)[tab.run]
    assert "Result to use must be one of those" in tab.use.download(run, run.id, which, 2)[tab.message]


def test_an_earlier_step_can_be_watched_and_kept(tab):
    run = pressed(tab)[tab.run]
    answer = tab.use.show_step(run, run.id, 1)
    assert answer[tab.message] == "" and [e["label"] for e in answer[tab.player]["episodes"]] == ["Before", "After 1 step"]
    assert keep(tab, run, 1)[tab.session].model is run.curves[0].points[1].model
    for bad in (3, None, 1.5, -1, True):
        assert "Gradient step must be a whole number between 0 and 2" in tab.use.show_step(run, run.id, bad)[tab.message]
        assert "Gradient step must be a whole number between 0 and 2" in tab.use.download(run, run.id, "standard", bad)[tab.message]
    assert EXPIRED in tab.use.show_step(None, run.id, 1)[tab.message]


def test_going_on_needs_the_same_world_and_mode(tab):
    run = pressed(tab)[tab.run]
    *_, last = tab._further(request("a"), Session(), run, run.id, *page(steps=1))
    assert last[tab.run].curves[0].last.index == 3
    (only,) = tab._further(request("a"), Session(), run, run.id, *page(preset="moon"))
    assert set(only) == {tab.message} and "controls show others" in only[tab.message]


def test_a_run_does_not_grow_for_ever(tab):
    run = replace(pressed(tab)[tab.run], target=95)
    (only,) = tab._further(request("a"), Session(), run, run.id, *page(steps=6))
    assert set(only) == {tab.message} and "come to 101 gradient steps, and 100 are the most" in only[tab.message]


def test_an_expired_visit_is_told_so_and_starts_fresh(tab):
    forgotten = keep(tab, None, 2, run_id="id")
    assert set(forgotten) == {tab.message} and EXPIRED in forgotten[tab.message]
    assert EXPIRED in tab.use.download(None, "id", "standard", 2)[tab.message]
    (answer,) = tab._further(request("a"), Session(), None, "id", *page())
    assert EXPIRED in answer[tab.message] and answer[tab.run] is None and answer[tab.use.run_id] == ""
    assert pressed(tab)[tab.run].ended == "finished"


def test_reset_forgets_the_result(tab):
    run = pressed(tab)[tab.run]
    answer = tab._reset(run)
    assert answer[tab.run] is None and len(answer[tab.player]["episodes"]) == 1 and not answer[tab.use.column]["visible"]


def looked(tab, session, shown, run=None, **changes):
    return tab.preview.show(session, shown, run, *page(**changes))


def test_the_stage_shows_the_starting_point_in_the_chosen_world(tab):
    answer = looked(tab, first_session(), key(AdaptSettings()), start="memory", seed=4)
    session, stage = answer[tab.session], answer[tab.player]
    assert answer[tab.message] == "" and answer[tab.preview.shown] == (REVERSED, "memory", 4)
    assert stage["episodes"][0]["notes"] == ["motor reversed"] and "Memory" in stage["episodes"][0]["label"] and stage["episodes"][0]["map"]
    assert (session.choice.world, session.choice.seed, session.choice.policy) == (REVERSED, 4, "meta") and session.stale
    assert answer[tab.preview.refused] == ""
    refused = looked(tab, Session(), (), preset=["x"])
    assert set(refused) == {tab.message, tab.preview.refused} and refused[tab.preview.refused]


def test_what_stands_on_the_stage_already_stays(tab):
    shown = pressed(tab)[tab.preview.shown]
    answer = looked(tab, Session(), shown, power=1)
    assert set(answer) == {tab.message, tab.preview.now, tab.preview.refused} and "adapt_lr=5" in answer[tab.preview.now]


def test_coming_back_to_the_runs_world_shows_the_run_again(tab):
    run = pressed(tab)[tab.run]
    assert len(looked(tab, Session(), (), run)[tab.player]["episodes"]) == 2
    assert len(looked(tab, Session(), (), run, seed=1)[tab.player]["episodes"]) == 1


def test_a_link_makes_the_same_result_again(tab):
    first = pressed(tab, mode="both")
    opened = tab._open_link(Session(), SimpleNamespace(query_params=dict(parse_qsl(first[tab.link]))))
    *_, again = tab._make_result(request("b"), Session(), opened[tab.asked])
    assert again[tab.link] == first[tab.link] and again[tab.run].id != first[tab.run].id
    for one, two in zip(first[tab.run].curves, again[tab.run].curves, strict=True):
        assert [p.env_steps for p in one.points] == [p.env_steps for p in two.points] and len(one.points) == 3
        for name, p in one.last.model.params().items():
            assert torch.equal(p, two.last.model.params()[name])
    *_, further = tab._further(request("a"), Session(), first[tab.run], first[tab.run].id, *page(mode="both", steps=1))
    assert "ran=" not in further[tab.link]  # a run that went on is more than its link's settings say


def test_a_link_from_ones_own_policy_opens_with_a_shipped_one_and_says_so(tab):
    query = {**adapt_to_query(AdaptSettings(REVERSED, "yours")), "ran": "1"}
    answer = tab._open_link(Session(), SimpleNamespace(query_params=query))
    assert MAKERS_ONLY in answer[tab.message] and answer[tab.asked] == "" and answer[tab.controls.start] == "meta"


def test_the_picture_to_share_tells_what_happened(tab):
    run = pressed(tab)[tab.run]
    words = headline(run, run.curves[0].points[1])
    assert re.fullmatch(r"\d+ -> \d+ steps after one gradient step on \d+ environment steps", words)
    path = tab.use.share(request("a"), run, run.id, "standard", 1)[tab.use.file].value
    image = Image.open(path["path"] if isinstance(path, dict) else path)
    assert image.format == "GIF" and image.n_frames > 5


def test_a_link_opens_the_tab(tab):
    visit = SimpleNamespace(query_params=adapt_to_query(AdaptSettings(WORLDS["moon"], mode="both", adapt_lr=1.0)))
    answer = tab._open_link(Session(), visit)
    assert answer[tab.tabs].selected == "adapt" and answer[tab.asked] == ""
    assert answer[tab.player]["episodes"][0]["notes"] == ["gravity 1.62 m/s²"]
    assert set(tab.controls.outputs) <= set(answer) and answer[tab.controls.mode] == "both"
    bad = SimpleNamespace(query_params={"tab": "adapt", "seed": "-1"})
    assert "can&#x27;t be opened" in tab._open_link(Session(), bad)[tab.message]
