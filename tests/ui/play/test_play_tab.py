"""The Play tab's handlers: what they change, and that they never change half of it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from model import WORLDS, World
from ui.fields import CUSTOM
from ui.runs.policies import shared_model
from ui.server.session import Session
from ui.settings import Choice, page_values
from ui.tabs.play import PlayTab, first_session
from ui.views.messages import problem


@pytest.fixture(scope="module")
def tab():
    with gr.Blocks():
        first = first_session()
        tab = PlayTab(gr.State(first), first)
    return tab


def saved(answer: dict, tab) -> Path:
    value = answer[tab.file].value
    return Path(value["path"] if isinstance(value, dict) else value)


def sent(**changes):
    """What the Run button sends: preset, fields, policy, mode, seed."""
    given = {"preset": "standard", "policy": "meta", "mode": "greedy", "seed": 0, "values": page_values(World())} | changes
    return [given["preset"], *given["values"], given["policy"], given["mode"], given["seed"]]


@pytest.mark.parametrize(
    "bad", [{"seed": None}, {"seed": -1}, {"policy": ["meta"]}, {"mode": None}, {"preset": "venus"}, {"seed": math.nan}]
)
def test_a_bad_input_changes_nothing_but_the_message_and_that_it_was_refused(tab, bad):
    answer = tab._run(Session(), *sent(**bad))
    assert set(answer) == {tab.message, tab.refused} and 'role="alert"' in answer[tab.message] and answer[tab.refused]
    assert tab._run(Session(), *sent())[tab.refused] == ""


def test_a_message_cannot_carry_markup(tab):
    message = tab._run(Session(), *sent(seed="<img src=x>"))[tab.message]
    assert "<img" not in message and "Seed must be" in message
    assert "&lt;img" in problem("<img src=x>")


def test_run_puts_the_choice_on_the_stage(tab):
    values = page_values(World(reversed_motor=True, wind=2.0))
    answer = tab._run(Session(), *sent(preset=CUSTOM, values=values, policy="random", seed=9))
    session, stage = answer[tab.session], answer[tab.player]
    assert session.choice == Choice(World(reversed_motor=True, wind=2.0), "random", True, 9)
    assert stage["episodes"][0]["steps"] == session.recording.steps and answer[tab.message] == ""
    assert "reversed_motor=true" in answer[tab.link] and "seed=9" in answer[tab.link]


def test_coming_back_plays_what_another_tab_chose(tab):
    played = Session().play(Choice())
    assert tab._return(played, "", *sent()) == gr.skip()
    answer = tab._return(replace(played, choice=Choice(WORLDS["moon"])), "", *sent())
    assert answer[tab.session].recording.world == WORLDS["moon"] and "world=moon" in answer[tab.link]
    assert answer[tab.player]["episodes"][0]["notes"] == ["gravity 1.62 m/s²"]


def test_coming_back_reads_again_what_was_refused(tab):
    """Another tab may have mended the seed, for it is the same on all."""
    played = Session().play(Choice())
    assert tab._return(played, "refused", *sent())[tab.refused] == ""
    assert "Seed must be" in tab._return(played, "refused", *sent(seed=-1))[tab.message]


def test_verify_says_how_many_and_how_far(tab):
    answer = tab._verify(Session(), 5, *sent(policy="random"))
    assert answer[tab.message] == "" and "n = 5" in answer[tab.verdict] and "<table>" in answer[tab.verdict]
    refused = tab._verify(Session(), 101, *sent())
    assert set(refused) == {tab.message} and "Episodes must be a whole number between 1 and 100, not 101." in refused[tab.message]


def test_a_kept_policy_can_be_saved_before_play_has_shown_it(tab):
    kept = Session().with_model(shared_model("untrained"))
    kept = replace(kept, choice=Choice(WORLDS["reversed_motor"], "yours", True, 3), recording=None)
    visitor = SimpleNamespace(session_hash="a test")
    for make in (tab._csv, lambda session: next(tab._gif(visitor, session))):
        path = saved(make(kept), tab)
        assert path.name.startswith("cartpole-yours-reversed_motor-3") and path.stat().st_size > 1000


def test_a_file_holds_the_world_that_its_name_says(tab):
    elsewhere = replace(first_session(), choice=Choice(WORLDS["reversed_motor"]))  # another tab has chosen this world
    path = saved(tab._csv(elsewhere), tab)
    assert "reversed_motor" in path.name and len(path.read_text().splitlines()) < 100
