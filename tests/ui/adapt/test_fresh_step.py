"""Hybrid adaptation without a gradient step first: as the starting point asks for, in runs, links and words."""

import json
import threading
from dataclasses import replace

import pytest

from model import WORLDS, adaptation_config
from ui.runs.adaptation import adapt, config_of
from ui.runs.policies import shared_model
from ui.settings import RACERS as STARTS
from ui.settings import AdaptSettings, adapt_from_query, adapt_to_query
from ui.tabs.adapt.controls import SUITED, suited
from ui.views.adaptation_words import after, outcome, steps_table
from ui.views.movement import rule_html

ALONE = AdaptSettings(
    WORLDS["mirrored_jupiter"],
    "memory",
    "both",
    adapt_lr=0.05,
    num_adapt_steps=1,
    episodes_per_step=3,
    experience_weight=0.2,
    fresh_step=False,
)


def ended(runs):
    return list(runs)[-1]


@pytest.fixture(scope="module")
def run():
    return ended(adapt(ALONE, shared_model("memory"), threading.Event()))


def test_what_suits_a_start_is_what_validation_chose():
    for start in STARTS:
        known = {"untrained": "random", "yours": "meta"}.get(start, start)
        lr, fresh = suited(start)
        assert lr == adaptation_config(known, "standard").adapt_lr and fresh == (adaptation_config(known, "hybrid").adapt_lr > 0)
        assert json.dumps(start) in SUITED
    assert suited("meta")[1] and not suited("memory")[1]


def test_it_holds_for_hybrid_and_leaves_standard_its_rate():
    assert config_of(ALONE, "hybrid").adapt_lr == 0 and config_of(ALONE, "standard").adapt_lr == 0.05


def test_memory_keeps_its_parameters_when_neither_step_nor_practice_moves_them():
    still = AdaptSettings(ALONE.world, "memory", "hybrid", num_adapt_steps=1, episodes_per_step=3, experience_weight=0.0, fresh_step=False)
    curve = ended(adapt(still, shared_model("memory"), threading.Event())).curve("hybrid")
    assert all((a == b).all() for a, b in zip(curve.before.model.params().values(), curve.last.model.params().values(), strict=True))


def test_the_link_says_it():
    assert adapt_from_query(adapt_to_query(ALONE)) == ALONE
    assert "fresh_step" not in adapt_to_query(AdaptSettings(mode="hybrid"))


def test_the_rule_says_that_practice_alone_moved_it(run):
    assert "no gradient step on fresh episodes came before." in rule_html(run)


@pytest.mark.parametrize("text", ["1", "yes", ""])
def test_a_link_with_another_word_is_refused(text):
    with pytest.raises(ValueError, match="fresh_step must be true or false"):
        adapt_from_query({**adapt_to_query(ALONE), "fresh_step": text})


def test_words_count_collections_where_no_gradient_step_was_made(run):
    hybrid, standard = run.curve("hybrid"), run.curve("standard")
    assert hybrid.last.moved and not hybrid.last.stepped and standard.last.stepped
    assert after(hybrid.last).startswith("after one collection and ") and after(standard.last).startswith("after one gradient step on ")
    still = replace(hybrid.last, practice=None)
    assert still.fell and not still.moved
    assert "neither a gradient step nor practice" in outcome(replace(hybrid, points=(hybrid.before, still)))
    _, _, before, standard_row, hybrid_row = steps_table(run).split("<tr>")
    assert hybrid_row.count("<td></td>") == 2 and standard_row.count("<td></td>") == 0 and "as they were" in before
