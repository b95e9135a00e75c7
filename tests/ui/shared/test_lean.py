"""A visit costs little and is still a visit: its own values, nobody else's."""

from __future__ import annotations

import tracemalloc

import gradio as gr
import pytest
from gradio.state_holder import SessionState, StateHolder

from ui.server.gateway import CLOSED
from ui.server.guarded import GuardedBlocks


@pytest.fixture
def page():
    with GuardedBlocks() as blocks:
        for i in range(100):
            gr.Slider(0, i + 1, 0, label=f"slider {i}")
        blocks.box, blocks.kept = gr.Textbox("first"), gr.State([])
    blocks.state_session_capacity = 5
    StateHolder().set_blocks(blocks)
    return blocks


def test_each_visit_has_its_own_values(page):
    one, two = page.state_holder["one"], page.state_holder["two"]
    one[page.kept._id].append(1)
    one[page.box._id] = gr.Textbox("changed", render=False)
    one._update_config(page.box._id)
    one._update_value_in_config(page.box._id, "more")
    assert (one[page.kept._id], two[page.kept._id]) == ([1], [])
    assert (one[page.box._id].value, two[page.box._id].value) == ("changed", "first")
    assert page.state_holder["one"] is one and list(one.components) == []


def test_the_visit_that_rested_longest_goes_first(page):
    for name in "abcdef":
        assert page.state_holder[name] is not None
    assert list(page.state_holder.session_data) == list("bcdef")


def test_a_crowd_pushes_out_its_own(page):
    page.state_holder.capacity = 30
    for name in ("first", "second"):
        page.state_holder[name].address = name
    for i in range(200):
        page.state_holder[f"crowd {i}"].address = "one address"
    assert {"first", "second"} < set(page.state_holder.session_data) and len(page.state_holder.session_data) == 30
    for i in range(200):
        page.state_holder[f"visit {i}"].address = f"address {i}"
    # Visitors from everywhere are no crowd: once the crowd is small enough, who rested longest goes.
    assert list(page.state_holder.session_data) == [f"visit {i}" for i in range(170, 200)]


def test_it_costs_a_small_part_of_what_gradio_keeps(page):
    def cost(make) -> float:
        tracemalloc.start()
        kept = [make(i) for i in range(5)]
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return size / len(kept)

    assert cost(lambda i: page.state_holder[str(i)]) < 0.2 * cost(lambda i: SessionState(page))


def test_what_would_read_it_is_closed():
    assert any(path.endswith("/deep_link") for path in CLOSED)
