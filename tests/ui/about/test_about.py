"""What About shows is what the policy computed, and what it says are the results; what is missing names its command."""

import re

import numpy as np
import pytest
import torch

from model import World, load_pretrained
from model.experiments.cases import CASES
from ui.lesson import LESSON
from ui.live_page import html
from ui.runs.episode import record
from ui.server.session import Session
from ui.settings import Choice
from ui.tabs.about import value_of
from ui.views.about.architecture import EQUATIONS, PARTS, drawing
from ui.views.about.content import content
from ui.views.about.measured import comparison, measured, part, read, share_by_start
from ui.views.about.parameters import parameter_table
from ui.views.about.starts import start_picture, start_pictures
from ui.views.about.taught import where_it_falls
from ui.views.about.values import last_step, prob_right
from ui.views.about.words import META

WORLD = World(reversed_motor=True, mirrored_sensors=True)


@pytest.mark.parametrize("name", ["meta", "memory", "taught"])
def test_the_terms_add_up_to_what_was_recorded(name):
    recording = record(load_pretrained(name), WORLD, seed=3)
    s = last_step(recording, load_pretrained(name))
    assert s.h == pytest.approx(recording.hidden[-1], abs=1e-4)
    assert prob_right(s) == pytest.approx(recording.prob_right[-1], abs=1e-4)
    assert s.y[2:] == pytest.approx(recording.values[-1], abs=1e-4)
    assert s.z == pytest.approx(s.m + s.network) and np.abs(s.m).max() <= 1


def test_every_part_has_a_sentence_and_a_place_in_drawing_and_equations():
    value = value_of(Session().play(Choice(world=WORLD)))
    assert set(value["words"]) == set(PARTS) == set(re.findall(r'data-part="(\w+)"', drawing(load_pretrained())))
    assert {p[0] for row in EQUATIONS for p in row if isinstance(p, tuple)} == set(PARTS)
    assert {name: len(cells) for name, cells in value["cells"].items()} == {"x": 4, "h": 32, "m": 32, "z": 32}
    assert "motor reversed" in value["whose"] and "Meta-trained" in value["whose"]
    assert set(value["sizes"]) == set(re.findall(r'data-size="(\w+)"', drawing(load_pretrained()))) and value["sizes"]["B"] == "4 × 32"


def test_the_taught_policys_own_push_is_its_fifth_input():
    value = value_of(Session().play(Choice(policy="taught", world=WORLD)))
    assert len(value["cells"]["x"]) == 5 and "its last push" in value["words"]["x"] and value["sizes"]["B"] == "5 × 64"


def test_the_visitors_own_policy_is_shown_as_it_is_now():
    one, other = load_pretrained("standard"), load_pretrained("meta")
    session = Session().with_model(one).play(Choice(policy="yours", world=WORLD)).with_model(other)
    expected = record(other, WORLD, seed=0)
    assert value_of(session)["outputs"]["p"] == f"{expected.prob_right[-1]:.3f}"


def test_the_parameter_table_counts_the_model():
    model = load_pretrained()
    table = parameter_table(model)
    counts = [int(c.replace(",", "")) for c in re.findall(r"<td>([\d,]+)</td></tr>", re.sub(r"<tr class=sum>.*?</tr>", "", table))]
    assert sum(counts) == sum(p.numel() for p in model.parameters()) and len(counts) == len(list(model.parameters()))
    smaller = type(model)(state_dim=8, hidden_dim=16, generator=torch.Generator().manual_seed(0))
    assert "<td>8 × 8</td><td>64</td>" in parameter_table(smaller) and "8 → 16 → 8" in drawing(smaller)


def test_the_pictures_numbers_are_the_results():
    results = read()
    starts = results["presets"]["reversed_motor"]
    picture = start_picture("reversed_motor", results)
    for start in ("meta", "memory", "standard", "random"):
        assert f"{starts[start]['0']['mean']:.0f} → {starts[start]['1']['mean']:.0f}" in picture
    assert f"{starts['meta']['env_steps'][1]:,.0f} environment steps" in start_pictures(results)


def test_where_the_taught_policy_falls_is_the_results():
    names = list(CASES)
    stands = {name: {"taught": {"share_standing": 1 - 0.01 * i}, "teacher": {"share_standing": 1.0}} for i, name in enumerate(names)}
    text = where_it_falls({"taught": {"stands": stands}})
    assert all(CASES[name].words in text for name in names[-3:]) and f"({1 - 0.01 * (len(names) - 1):.0%}, its teacher 100%)" in text
    assert CASES[names[0]].words not in text and "%" not in where_it_falls({})


def test_missing_numbers_name_the_command():
    for text in (part(start_pictures, {}), part(comparison, {}), part(share_by_start, {}), measured({})):
        assert "python -m model evaluate" in text and "None" not in text
    assert "python -m model benchmark" in measured({}) and "missing" not in content()


def test_the_page_from_disk_leads_nowhere_that_is_not_there_and_every_id_stands_once():
    alone = content(alone=True)
    assert META in alone and drawing(load_pretrained("taught")) in alone
    links = re.findall(r'(?:href|src)="([^"]*)"', alone)
    assert all(link.startswith("https://") or link == LESSON.name for link in links)  # the lesson is written beside the page
    for text in (html(), content()):
        ids = re.findall(r'\bid="([^"]+)"', text)
        assert len(ids) == len(set(ids))
