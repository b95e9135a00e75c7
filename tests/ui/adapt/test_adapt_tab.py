"""A run that waits in line, and what the page shows meanwhile."""

from types import SimpleNamespace

import gradio as gr

from ui.server.jobs import JOBS
from ui.server.session import Session
from ui.tabs.adapt import AdaptTab


def visitor(name: str) -> SimpleNamespace:
    return SimpleNamespace(session_hash=name, headers={"x-forwarded-for": "1.1.1.1"}, client=None)


def test_what_was_touched_while_a_run_waited_is_shown_again_at_its_turn():
    with gr.Blocks(), gr.Tab() as made:
        tab, session = AdaptTab(gr.State(None), made), Session()
    steps = tab.controls.settings["num_adapt_steps"]
    inputs = [1 if c is steps else c.value for c in tab.controls.inputs]
    one_run = [*tab._adapt(visitor("me"), None, session, *inputs)]
    state = one_run[-1][tab.shown]
    assert state.ended
    with JOBS.enter(visitor("a"), "adaptation") as a, JOBS.enter(visitor("b"), "adaptation") as b:
        assert not list(a.places()) and not list(b.places())  # both are at work
        waiting = tab._adapt(visitor("me"), state, session, *inputs)
        assert "in the line" in next(waiting)[tab.message]
        gone = tab._reset(state, session, *inputs)
        assert gone[tab.result]["visible"] is False
    shown: dict = {}
    for update in waiting:
        shown |= update
    assert shown[tab.result]["visible"] and shown[tab.player] is not None and shown[tab.shown].ended
