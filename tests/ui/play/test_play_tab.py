"""The Play tab's handlers: what they change, and that they never change half of it."""

import math
import secrets
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from model import WORLDS, World
from tests.ui.raw import listen, page_data, post
from ui.fields import CUSTOM
from ui.runs.policies import shared_model
from ui.settings import Choice, page_values
from ui.tabs.play import PlayTab, first_session
from ui.views.verdict import verdict

FIRST = first_session()


@pytest.fixture(scope="module")
def tab() -> PlayTab:
    with gr.Blocks(), gr.Tab() as made:
        return PlayTab(gr.State(FIRST), FIRST, made)


def sent(**changes) -> list:
    """What the controls hold: preset, fields, policy, actions, seed."""
    held = {"preset": "standard", "policy": "meta", "actions": "greedy", "seed": 0, "values": page_values(World())} | changes
    return [held["preset"], *held["values"], held["policy"], held["actions"], held["seed"]]


@pytest.mark.parametrize("bad", [{"seed": None}, {"seed": math.nan}, {"policy": ["meta"]}, {"actions": None}, {"preset": "venus"}])
@pytest.mark.parametrize(("handler", "state"), [("played", ()), ("shown", (None,))])
def test_a_bad_input_changes_nothing_but_says_so(tab, handler, state, bad):
    answer = getattr(tab, handler)(FIRST, *state, *sent(**bad))
    assert set(answer) == {tab.message, tab.state.box} and 'role="alert"' in answer[tab.message] and answer[tab.state.box]["refused"]
    mended = tab.shown(FIRST, answer[tab.state.box], *sent())
    assert mended[tab.message] == "" and not mended[tab.state.box]["refused"] and tab.player not in mended


def test_a_choice_comes_on_the_stage(tab):
    world = World(reversed_motor=True, wind=2.0)
    answer = tab.shown(FIRST, None, *sent(preset=CUSTOM, values=page_values(world), policy="random", seed=9))
    session, stage = answer[tab.session], answer[tab.player]
    assert session.choice == Choice(world, "random", True, 9)
    assert stage["episodes"][0]["steps"] == session.recording.steps and answer[tab.message] == ""
    assert "reversed_motor=true" in answer[tab.state.box]["now"] and "seed=9" in answer[tab.state.box]["now"]


def test_an_older_choice_that_plays_for_longer_is_not_shown_last(page_url):
    visitor = secrets.token_hex(6)
    older = post(page_url, "play-soon", page_data(page_url, "play-soon", seed=1), session=visitor)  # stands for all steps
    newer = post(page_url, "play-run", page_data(page_url, "play-run", policy="random"), session=visitor)  # falls soon
    order = [m["event_id"] for m in listen(page_url, visitor) if m["msg"] == "process_completed"]
    assert order == [asked.json()["event_id"] for asked in (older, newer)]


def test_a_policy_that_was_kept_elsewhere_is_played_and_offered(tab):
    kept = replace(FIRST.with_model(shared_model("untrained")), choice=Choice(World(), "yours"), recording=None)
    answer = tab.shown(kept, None, *sent(policy="yours"))
    assert answer[tab.session].recording.policy == "yours"
    assert "yours" in [name for _, name in answer[tab.policy.policy]["choices"]]


def test_a_file_holds_the_world_that_its_name_says(tab):
    elsewhere = replace(FIRST, choice=Choice(WORLDS["reversed_motor"], seed=3))  # another tab has chosen this world
    for make in (tab.csv_file, partial(tab.gif_file, SimpleNamespace(session_hash="a test"))):
        answer = make(elsewhere)
        value = (answer if isinstance(answer, dict) else list(answer)[-1])[tab.file].value
        path = Path(value["path"] if isinstance(value, dict) else value)
        assert path.name.startswith("cartpole-meta-reversed_motor-3") and path.stat().st_size > 1000


@pytest.mark.parametrize(("values", "spread"), [([9.0], None), ([9.0, 11.0], "1.4")])
def test_the_spread_is_told_where_there_is_one(values, spread):
    told = verdict(np.array(values), Choice())
    assert told.count("±") == (2 if spread else 0) and (f"± {spread} " in told) == bool(spread)


@pytest.mark.parametrize(
    ("query", "leads"),
    [
        ({"utm_source": "x"}, False),
        ({"tab": "play"}, False),
        ({"world": "moon", "__theme": "dark"}, True),
        ({"tab": "play", "seed": "4"}, True),
    ],
)
def test_a_link_leads_to_what_it_names(tab, query, leads):
    assert (tab.player in tab.opened(FIRST, query)) is leads
    assert set(tab.opened(FIRST, {**query, "seed": "-4"})) == {tab.message}
