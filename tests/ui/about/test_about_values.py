"""What the drawing shows is what the policy computed, and its tables are the loaded model's."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from model import World, load_pretrained
from ui.runs.episode import record
from ui.server.session import Session
from ui.settings import Choice
from ui.tabs.about import value_of
from ui.views.about.architecture import EQUATIONS, PARTS, drawing
from ui.views.about.parameters import parameter_table
from ui.views.about.values import last_step, prob_right

WORLD = World(reversed_motor=True, mirrored_sensors=True)


@pytest.mark.parametrize("name", ["meta", "memory", "taught"])
def test_the_terms_add_up_to_what_was_recorded(name):
    recording = record(load_pretrained(name), WORLD, seed=3)
    s = last_step(recording, load_pretrained(name))
    assert s.h == pytest.approx(recording.hidden[-1], abs=1e-4)
    assert prob_right(s) == pytest.approx(recording.prob_right[-1], abs=1e-4)
    assert s.y[2:] == pytest.approx(recording.values[-1], abs=1e-4)
    assert s.z == pytest.approx(s.m + s.network) and np.abs(s.m).max() <= 1


def test_an_episode_of_one_step_begins_at_the_learned_state():
    recording = record(load_pretrained(), World(), seed=0, max_steps=1)
    assert prob_right(last_step(recording, load_pretrained())) == pytest.approx(recording.prob_right[0], abs=1e-4)


def test_every_part_has_a_sentence_and_a_place_in_drawing_and_equations():
    value = value_of(Session().play(Choice(world=WORLD)))
    assert set(value["words"]) == set(PARTS) == set(re.findall(r'data-part="(\w+)"', drawing(load_pretrained())))
    assert {p[0] for row in EQUATIONS for p in row if isinstance(p, tuple)} == set(PARTS)
    assert {name: len(cells) for name, cells in value["cells"].items()} == {"x": 4, "h": 32, "m": 32, "z": 32}
    assert "motor reversed" in value["whose"] and "Meta-trained" in value["whose"]
    assert set(value["sizes"]) == set(re.findall(r'data-size="(\w+)"', drawing(load_pretrained()))) and value["sizes"]["B"] == "4 × 32"


def test_the_taught_policys_own_push_is_its_fifth_input():
    value = value_of(Session().play(Choice(policy="taught", world=WORLD)))
    assert len(value["cells"]["x"]) == 5 and "its last push" in value["words"]["x"] and value["sizes"]["B"] == "5 × 32"


def test_the_visitors_own_policy_is_shown_as_it_is_now():
    one, other = load_pretrained("standard"), load_pretrained("meta")
    session = Session().with_model(one).play(Choice(policy="yours", world=WORLD)).with_model(other)
    expected = record(other, WORLD, seed=0)
    assert value_of(session)["outputs"]["p"] == f"{expected.prob_right[-1]:.3f}"


def test_random_actions_have_no_values():
    value = value_of(Session().play(Choice(policy="random")))
    assert not value["words"] and not value["cells"] and "Random actions" in value["whose"]


def test_the_parameter_table_counts_the_model():
    model = load_pretrained()
    table = parameter_table(model)
    counts = [int(c.replace(",", "")) for c in re.findall(r"<td>([\d,]+)</td></tr>", re.sub(r"<tr class=sum>.*?</tr>", "", table))]
    assert sum(counts) == sum(p.numel() for p in model.parameters()) and len(counts) == len(list(model.parameters()))
    smaller = type(model)(state_dim=8, hidden_dim=16, generator=torch.Generator().manual_seed(0))
    assert "<td>8 × 8</td><td>64</td>" in parameter_table(smaller) and "8 → 16 → 8" in drawing(smaller)
