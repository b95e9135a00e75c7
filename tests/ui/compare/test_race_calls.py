"""A race as a program calls it, and as a visitor starts it who has a policy of their own."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from model import WORLDS, evaluate_policy
from ui.runs.policies import shared_model
from ui.runs.race import race
from ui.server.session import Session
from ui.settings import check_race, chosen_of, page_values
from ui.tabs.compare import CompareTab

REVERSED = WORLDS["reversed_motor"]
VISITOR = SimpleNamespace(session_hash="a racer")


@pytest.fixture(scope="module")
def client(page_url) -> Client:
    return Client(page_url, verbose=False)


def test_a_program_gets_the_race_that_the_page_runs(client):
    answer = client.predict(reversed_motor=True, racers="memory, meta.standard", num_adapt_steps=1, seed=3, api_name="/race")
    *_, run = race(check_race(REVERSED, "memory, meta.standard", 1, 3), shared_model, threading.Event())
    assert [racer["racer"] for racer in answer["racers"]] == ["memory", "meta.standard"] and answer["ended"] == "finished"
    for told, lane in zip(answer["racers"], run.lanes, strict=True):
        assert told["means"] == [p.returns.mean() for p in lane.curve.points]
        assert told["env_steps"] == [p.step.env_steps for p in lane.curve.points] and told["stands_from"] == lane.stands_from
    assert answer["racers"][0]["adapt_lr"] is None and answer["racers"][1]["adapt_lr"] == 0.5


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ({"racers": "meta, meta"}, "racers must differ from one another"),
        ({"racers": "yours"}, "racers must not name yours"),
        ({"num_adapt_steps": 9}, "num_adapt_steps must be a whole number between 1 and 5, got 9"),
        ({"wind": 99}, "wind must be between -6 and 6 N, got 99"),
    ],
)
def test_a_program_is_refused_in_one_sentence(client, call, sentence):
    with pytest.raises(AppError, match=sentence):
        client.predict(**call, api_name="/race")


@pytest.fixture(scope="module")
def tab() -> CompareTab:
    with gr.Blocks(), gr.Tab() as made:
        return CompareTab(gr.State(Session()), made)


def given(racers: str) -> list:
    """What the tab's controls hold when these race in the reversed world."""
    return ["reversed_motor", *page_values(REVERSED), *chosen_of(check_race(REVERSED, racers, 1, 0, has_own_model=True).racers), 1, 0]


def test_yours_races_with_the_visitors_own_weights(tab):
    own = shared_model("standard")  # falls with a reversed motor, as no "yours" that stood in for memory would
    *_, last = tab.raced(VISITOR, Session().with_model(own), None, *given("yours, memory"))
    told = last[tab.result]
    assert "Memory wins." in told and "Yours falls after" in told
    assert f"<td>Yours, as it is</td><td>{evaluate_policy(own, REVERSED, 20, 0).mean():.0f}</td>" in told
    assert "yours_memory" in last[tab.state.box]["link"]


def test_yours_is_offered_and_taken_only_where_it_is(tab):
    *_, refused = tab.raced(VISITOR, Session(), None, *given("yours, memory"))
    assert "Racers must be others than yours" in refused[tab.message] and tab.result not in refused
    offers = [
        {name for _, name in tab.shown(session, None, *given("memory")).get(tab.chosen[0], {"choices": []})["choices"]}
        for session in (Session(), Session().with_model(shared_model("meta")))
    ]
    assert "yours" not in offers[0] and "yours" in offers[1]


def test_the_stage_follows_the_controls_and_keeps_a_result_that_fits(tab):
    lanes = tab.shown(Session(), None, *given("meta, memory"))
    assert len(lanes[tab.player]["episodes"]) == 2
    again = tab.shown(Session(), lanes[tab.state.box], *given("meta, memory"))
    assert tab.player not in again
    *_, raced = tab.raced(VISITOR, Session(), again[tab.state.box], *given("meta, memory"))
    state = raced[tab.state.box]
    assert state["of"] == state["now"] and tab.player not in tab.shown(Session(), state, *given("meta, memory"))
    other = tab.shown(Session(), state, *given("memory"))
    assert tab.player in other and other[tab.state.box]["of"] == state["of"] != other[tab.state.box]["now"]
