"""The visitor's own policy: offered on every tab, and taken back from a browser only where it is one."""

import gradio as gr
import pytest

from ui.page import build
from ui.runs.policies import shared_model
from ui.server.session import Session
from ui.settings import Choice
from ui.tabs.yours import Yours


@pytest.fixture(scope="module")
def yours() -> Yours:
    with gr.Blocks():
        lists = [gr.Dropdown(["meta"]) for _ in range(2)]
        return Yours({made: [("Meta-trained", "meta"), ("Yours", "yours")] for made in lists})


def test_what_a_browser_keeps_it_gives_back(yours):
    kept = yours.kept(Session().with_model(shared_model("taught")))
    assert all(kept[c]["choices"] for c in yours.choices) and kept[yours.play]["value"] == "yours"
    session, changed = yours.given_back(Session(), kept[yours.weights])
    assert changed == {yours.weights: kept[yours.weights]}
    assert all(session.model.params()[name].equal(p) for name, p in shared_model("taught").params().items())


def test_what_is_no_policy_is_given_up_and_most_browsers_hold_nothing(yours):
    for weights in ("x", 7):
        session, changed = yours.given_back(Session(), weights)
        assert session.model is None and changed == {yours.weights: ""}
    assert yours.given_back(Session(), "") == (Session(), {})


def test_the_episode_of_another_policy_stays_where_ones_own_is_given_back():
    played = Session().play(Choice())
    assert played.with_model(shared_model("taught")).recording is played.recording
    mine = played.with_model(shared_model("taught")).play(Choice(policy="yours"))
    assert mine.recording and mine.with_model(shared_model("memory")).recording is None


def test_what_is_kept_while_an_episode_runs_is_not_undone_at_its_end():
    page, _ = build()
    writers = [fn for fn in page.fns.values() if any(isinstance(c, gr.State) and isinstance(c.value, Session) for c in fn.outputs)]
    assert len(writers) >= 6  # Run, Play's own, Keep in Live and in Adapt, a trained model's use, a link
    assert {(fn.concurrency_id, fn.concurrency_limit) for fn in writers} == {("session", 1)}
