"""One visitor never touches another, nor the shipped models."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import gradio as gr
import pytest
import torch

from model import WORLDS, World
from ui.shared.inputs import CUSTOM, Choice, page_values
from ui.shared.policies import POLICIES, shared_model
from ui.shared.session import Session


@pytest.mark.parametrize("policy", [p for p in POLICIES if p not in ("yours", "random")])
def test_playing_leaves_the_shared_model_as_it_was(policy):
    before = shared_model(policy).params()
    Session().play(Choice(WORLDS["reversed_motor"], policy, False, 1))
    assert all(torch.equal(before[name], p) for name, p in shared_model(policy).params().items())
    assert not any(p.requires_grad for p in shared_model(policy).parameters())


def test_a_session_is_a_value():
    first = Session()
    second = first.play(Choice(seed=5))
    assert first.recording is None and second.recording.seed == 5
    with pytest.raises(AttributeError):
        second.choice = Choice()


def test_a_choice_changed_elsewhere_is_noticed():
    played = Session().play(Choice(seed=5))
    assert Session().stale and not played.stale
    assert replace(played, choice=Choice(WORLDS["moon"], seed=5)).stale


def test_coming_back_plays_what_another_tab_chose(play_tab):
    played = Session().play(Choice())
    assert play_tab._return(played) == (gr.skip(), gr.skip(), gr.skip())
    session, stage, link = play_tab._return(replace(played, choice=Choice(WORLDS["moon"])))
    assert session.recording.world == WORLDS["moon"] and "world=moon" in link and stage["episodes"][0]["notes"] == ["gravity 1.62 m/s²"]


def test_your_own_model_is_yours_alone():
    own = shared_model("untrained").with_params({n: p + 1 for n, p in shared_model("untrained").params().items()})
    mine = Session().with_model(own)
    assert mine.policy_model("yours") is own
    assert copy.deepcopy(Session()).policy_model("yours") is None


def handler_inputs(**changes):
    """What the Run button sends: preset, fields, policy, mode, seed."""
    given = {"preset": "standard", "policy": "meta", "mode": "greedy", "seed": 0, "values": page_values(World())} | changes
    return [given["preset"], *given["values"], given["policy"], given["mode"], given["seed"]]


@pytest.fixture(scope="module")
def play_tab():
    from ui.play.tab import PlayTab, first_session

    first = first_session()
    with gr.Blocks():
        return PlayTab(gr.State(first), first)


@pytest.mark.parametrize(
    "bad", [{"seed": None}, {"seed": -1}, {"policy": ["meta"]}, {"mode": None}, {"preset": "venus"}, {"seed": math.nan}]
)
def test_a_bad_input_changes_nothing_but_the_message(play_tab, bad):
    session, stage, message, link = play_tab._run(Session(), *handler_inputs(**bad))
    assert 'role="alert"' in message
    assert session == stage == link == gr.skip()


def test_a_message_cannot_carry_markup(play_tab):
    message = play_tab._run(Session(), *handler_inputs(policy="<img src=x>"))[2]
    assert "<img" not in message and "&lt;img" in message


def test_run_puts_the_choice_on_the_stage(play_tab):
    values = page_values(World(reversed_motor=True, wind=2.0))
    session, stage, message, link = play_tab._run(Session(), *handler_inputs(preset=CUSTOM, values=values, policy="random", seed=9))
    assert session.choice == Choice(World(reversed_motor=True, wind=2.0), "random", True, 9)
    assert stage["episodes"][0]["steps"] == session.recording.steps and message == ""
    assert "reversed_motor=true" in link and "seed=9" in link


def test_verify_says_how_many_and_how_far(play_tab):
    text, message = play_tab._verify(Session(), 5, *handler_inputs(policy="random"))
    assert message == "" and "n = 5" in text and "<table>" in text
    refused, message = play_tab._verify(Session(), 101, *handler_inputs())
    assert refused == gr.skip() and "episodes must be a whole number between 1 and 100, got 101" in message
