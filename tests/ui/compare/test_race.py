"""A race: each lane is what Adapt makes of the same settings; winner, tie and who never stands are told as they are,
to visitors and to programs.
"""

import re
import threading
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from model import WORLDS, World, evaluate_policy
from model.maml.adaptation import AdaptationStep
from ui.runs.adaptation import Curve, Point, adapt
from ui.runs.policies import shared_model
from ui.runs.race import Lane, Race, race
from ui.server.session import Session
from ui.settings import Racer, RaceSettings, adaptation_of, check_race, chosen_of, page_values
from ui.tabs.compare import CompareTab
from ui.views.race_words import result_html, sentence, table

REVERSED = WORLDS["reversed_motor"]


def lane(policy: str, mode: str, *means: float, env_steps: int = 100) -> Lane:
    model = shared_model(policy)
    points = [Point(AdaptationStep(i, model, i * env_steps), np.full(20, mean)) for i, mean in enumerate(means)]
    return Lane(Racer(policy, mode), Curve(mode, tuple(points)))


def told(*lanes: Lane) -> str:
    return sentence(Race(RaceSettings(), lanes, "finished"))


def test_each_lane_is_what_adapt_makes():
    settings = check_race(REVERSED, "memory, meta.standard", 2, 3)
    *_, run = race(settings, shared_model, threading.Event())
    *_, same = adapt(adaptation_of(settings, settings.racers[1]), shared_model("meta"), threading.Event())
    assert run.ended == "finished" and [len(x.curve.points) for x in run.lanes] == [1, 3]
    for ours, theirs in zip(run.lanes[1].curve.points, same.curves[0].points, strict=True):
        np.testing.assert_array_equal(ours.returns, theirs.returns)
        assert ours.step.env_steps == theirs.step.env_steps
    np.testing.assert_array_equal(run.lanes[0].curve.last.returns, evaluate_policy(shared_model("memory"), REVERSED, 20, 3))


@pytest.mark.parametrize(
    ("lanes", "first"),
    [
        ((lane("meta", "standard", 9, 500, 500), lane("memory", "none", 500), lane("standard", "standard", 9, 12, 12)), {"Memory"}),
        ((lane("memory", "none", 500), lane("meta", "none", 480), lane("standard", "none", 9)), {"Memory", "Meta-trained"}),
        ((lane("memory", "none", 90), lane("meta", "standard", 9, 30)), {"Memory"}),
        ((lane("meta", "hybrid", 9, 500), lane("memory", "standard", 500, 40)), {"Meta-trained"}),
    ],
)
def test_the_sentence_begins_with_who_came_first(lanes, first):
    opening = told(*lanes).split(". ")[0]
    assert {name for name in ("Memory", "Meta-trained", "Single-world") if name in opening} == first
    assert ("Nobody" in opening) == all(x.stands_from is None for x in lanes)


@pytest.mark.parametrize(
    ("means", "says", "not_said"),
    [
        ((500, 9, 9), "at first", ("between", "never")),
        ((9, 500, 9), "between", ("at first", "never")),
        ((9, 12, 9), "never", ("at first", "between", "gradient")),
    ],
)
def test_when_one_that_falls_in_the_end_has_stood_is_true(means, says, not_said):
    words = told(lane("memory", "hybrid", *means))  # whose gradient step is off
    assert says in words and not any(other in words for other in not_said)


def test_the_world_of_a_result_keeps_its_units():
    settings = RaceSettings(World(wind=4.0, reversed_motor=True))
    assert "Wind 4 N to the right, motor reversed" in result_html(Race(settings, (lane("memory", "none", 500),), "finished"))


def test_the_table_goes_from_first_to_last():
    lanes = (lane("standard", "none", 9), lane("meta", "standard", 9, 500), lane("untrained", "none", 20), lane("memory", "none", 500))
    shown = table(Race(RaceSettings(), lanes, "finished"))
    rows = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(<td>.*?)</tr>", shown)]
    assert [(r[0], r[1].split(",")[0], r[-1]) for r in rows] == [
        ("1", "Memory", "0"),
        ("2", "Meta-trained", "100"),
        ("–", "Untrained", "never stood"),
        ("–", "Single-world", "never stood"),
    ]
    tied = table(Race(RaceSettings(), (lane("memory", "none", 500), lane("meta", "none", 500), lane("meta", "standard", 9, 500))))
    assert re.findall(r"<tr><td>(.*?)</td>", tied) == ["1", "1", "3"]


VISITOR = SimpleNamespace(session_hash="a racer")


def test_a_program_gets_the_race_that_the_page_runs(client):
    answer = client.predict(reversed_motor=True, racers="memory, meta.standard", num_adapt_steps=1, seed=3, api_name="/race")
    *_, run = race(check_race(REVERSED, "memory, meta.standard", 1, 3), shared_model, threading.Event())
    assert [racer["racer"] for racer in answer["racers"]] == ["memory", "meta.standard"] and answer["ended"] == "finished"
    for told, lane in zip(answer["racers"], run.lanes, strict=True):
        assert told["means"] == [p.returns.mean() for p in lane.curve.points]
        assert told["env_steps"] == [p.step.env_steps for p in lane.curve.points] and told["stands_from"] == lane.stands_from
    assert answer["racers"][0]["adapt_lr"] is None and answer["racers"][1]["adapt_lr"] == 0.5


@pytest.fixture(scope="module")
def tab() -> CompareTab:
    with gr.Blocks(), gr.Tab() as made:
        return CompareTab(gr.State(Session()), made)


def given(racers: str) -> list:
    """What the tab's controls hold when these race in the reversed world."""
    return ["reversed_motor", *page_values(REVERSED), *chosen_of(check_race(REVERSED, racers, 1, 0, has_own_model=True).racers), 1, 0]


def test_yours_races_with_the_visitors_own_weights(tab):
    own = shared_model("standard")  # falls with a reversed motor, as no "yours" that stood in for memory would
    *_, last = tab.raced(VISITOR, Session().with_model(own), *given("yours, memory"))
    told = last[tab.result]
    assert "Memory wins." in told and "Yours falls after" in told
    assert f"<td>Yours, as it is</td><td>{evaluate_policy(own, REVERSED, 20, 0).mean():.0f}</td>" in told
    assert "yours_memory" in last[tab.state.box]["link"]


def test_yours_is_offered_and_taken_only_where_it_is(tab):
    *_, refused = tab.raced(VISITOR, Session(), *given("yours, memory"))
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
    *_, raced = tab.raced(VISITOR, Session(), *given("meta, memory"))
    state = raced[tab.state.box]
    assert state["of"] == state["now"] and tab.player not in tab.shown(Session(), state, *given("meta, memory"))
    other = tab.shown(Session(), state, *given("memory"))
    assert tab.player in other and "of" not in other[tab.state.box] and state["of"] != other[tab.state.box]["now"]
