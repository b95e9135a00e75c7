"""What the Adapt tab says about a run is true for that run, also when it went badly."""

from __future__ import annotations

import re
import threading
from itertools import pairwise

import numpy as np
import pytest

from model import World
from ui.runs.adaptation import AdaptRun, Curve, Point, Segment, adapt
from ui.runs.policies import shared_model
from ui.settings import AdaptSettings
from ui.views.adaptation import curve_value
from ui.views.adaptation_words import progress, result_html, sentence, steps_table
from ui.views.movement import movement, movement_html, rule_html

MODEL = shared_model("untrained")


def run_of(*means, spread=0.0, moved=True, ended="finished", problem="", mode="standard"):
    """A run whose evaluation episodes have these mean returns after step 0, 1, ..."""
    points = []
    for i, mean in enumerate(means):
        returns = np.full(20, float(mean))
        returns[0] -= spread
        returns[1] += spread
        norm = 1.5 if moved else 0.0
        points.append(Point(i, returns, MODEL, 0.1, norm if i else float("nan"), 94, 94 * i, 0.1 * i))
    settings = AdaptSettings(World(reversed_motor=True), mode=mode)
    curve = Curve(mode, tuple(points), (Segment(settings, mode, 0, len(means) - 1),), problem=problem)
    return AdaptRun(settings, len(means) - 1, (curve,), ended, "id")


@pytest.mark.parametrize(
    ("means", "words"),
    [
        ((9, 500), "Fell after 9 steps before adaptation; after one gradient step on 94 environment steps it stands for all 500 steps."),
        ((9, 500, 500, 500), "after one gradient step on 94 environment steps it stands for all 500 steps, and after 3 it still does."),
        ((9, 200, 500), "after 2 gradient steps on 188 environment steps it stands for all 500 steps."),
        ((9, 80, 212), "it partly recovered: 212 of 500 after 2 gradient steps on 188 environment steps."),
        ((9, 12), "no change: after one gradient step on 94 environment steps it falls after 12 steps."),
        ((1, 1), "Fell after 1 step before adaptation; no change: after one gradient step on 94 environment steps it falls after 1 step."),
        ((500, 500), "Stood for all 500 steps before adaptation; it did not need to adapt, and after one"),
        ((500, 300), "it did not need to adapt and got worse: after one gradient step on 94 environment steps it falls after 300 steps."),
        ((500, 9), "it did not need to adapt and collapsed: after one gradient step on 94 environment steps it falls after 9 steps."),
        ((200, 100), "it got worse: after one gradient step on 94 environment steps it falls after 100 steps."),
        ((200, 9), "it collapsed: after one gradient step on 94 environment steps it falls after 9 steps."),
        (
            (9, 500, 300),
            "after one gradient step on 94 environment steps it reached 500 of 500, then it got worse: 300 of 500 after 2 steps.",
        ),
        ((9, 500, 9), "then it collapsed: 9 of 500 after 2 steps."),
        ((9,), "Fell after 9 steps before adaptation; no gradient step was made."),
    ],
)
def test_the_sentence(means, words):
    assert words in sentence(run_of(*means))


def test_it_never_says_all_when_one_episode_fell():
    words = sentence(run_of(9, 490, spread=10))
    assert "stands for 490 of 500 steps" in words and "all 500" not in words
    assert "Stood for 490 of 500 steps before" in sentence(run_of(490, 490, spread=10))
    assert "Reached 300 of 500 steps before" in sentence(run_of(300, 300, spread=200))  # some of its episodes stood


def test_nothing_to_learn():
    words = sentence(run_of(500, 500, moved=False))
    assert "nothing has changed: no episode fell, so there was nothing to learn" in words
    assert "stayed: no episode fell" in steps_table(run_of(500, 500, moved=False))
    assert curve_value(run_of(500, 500, moved=False))["series"][1]["hollow"] == [False, True]


def test_how_it_ended():
    assert "You stopped it after 2 of 2 steps; what was reached is kept." in sentence(run_of(9, 20, 30, ended="stopped"))
    assert "in 180 s it made 2 of 2 steps" in sentence(run_of(9, 20, 30, ended="time"))
    problem = "Step 2 made parameters that are not finite; those of step 1 are kept."
    assert problem in sentence(run_of(9, 20, problem=problem))


def test_both_modes_each_have_their_own_words():
    one, two = run_of(9, 500), run_of(9, 100, mode="hybrid")
    words = sentence(AdaptRun(one.settings, 1, (*one.curves, *two.curves), "finished"))
    assert (
        words.startswith("Fell after 9 steps before adaptation. Fresh episodes: after one")
        and "Fresh + buffer: it partly recovered: 100" in words
    )


def test_the_result_names_its_world_policy_and_seed():
    assert re.search(r"Meta-trained, motor reversed, .*>seed<.* 0\. ", result_html(run_of(9, 500)))


def test_the_curve_has_fixed_axes_and_both_limits():
    value = curve_value(run_of(9, 500))
    assert value["x"]["range"] == [0, 1] and value["y"]["range"][0] == 0 and [limit["at"] for limit in value["limits"]] == [475, 500]
    assert value["series"][0]["role"] == "before" and value["series"][1]["low"] == [9.0, 500.0]


def test_progress_says_how_far():
    assert progress(run_of(9, 500, 500)).startswith("Adapting: 2 of 2 gradient steps made, 0.2 s so far")


def test_movement_is_the_relative_change_of_each_group():
    params = MODEL.params()
    moved = movement(MODEL, MODEL.with_params(params | {"C": params["C"] * 1.5}))
    assert moved["C"][0] / moved["C"][1] == pytest.approx(0.5) and all(moved[g][0] == 0 for g in ("A", "B", "D", "other layers"))
    table = movement_html(run_of(9, 9))
    assert [table.index(f"<th>{g}") for g in ("A", "B", "C", "D", "Other layers")] == sorted(
        table.index(f"<th>{g}") for g in ("A", "B", "C", "D", "Other layers")
    )
    assert "0 from 0" in table  # D is all zeros in an untrained model: no share of nothing is claimed


def test_the_rule_shows_the_values_that_ran():
    text = rule_html(run_of(9, 500))
    assert "θ′ = θ − 0.5 · g · 1.5 / 1.5" in text and "|θ′ − θ| = 0.5 · 1.5 = 0.75" in text
    assert "at most 2 and at least 0.981" in text  # 10 episodes of 500 steps were to be had, and 94 steps were
    assert "10 fresh episodes (94 environment steps)" in text
    assert "nothing to learn" in rule_html(run_of(500, 500, moved=False))
    assert "nothing was practised" in rule_html(run_of(9, 500, mode="hybrid"))


@pytest.mark.parametrize(("start", "seed"), [("meta", 2), ("untrained", 0)])  # gradients that are cut and lengthened
def test_the_rule_says_how_far_the_parameters_moved(start, seed):
    settings = AdaptSettings(World(reversed_motor=True), start, num_adapt_steps=1, episodes_per_step=3, seed=seed)
    *_, run = adapt(settings, shared_model(start), threading.Event())
    before, after = (p.model.params() for p in run.curves[0].points)
    moved = sum(float((after[name] - p).double().square().sum()) for name, p in before.items()) ** 0.5
    assert f"= {moved:.3g}</pre>" in rule_html(run)


def test_the_sentences_of_all_shapes_end_as_sentences():
    rng = np.random.default_rng(0)
    for _ in range(300):
        words = sentence(run_of(*rng.choice([1, 9, 15, 60, 212, 430, 476, 499, 500], size=4)))
        assert words.endswith(".") and ".." not in words and "nan" not in words
        assert all(a + b != "  " for a, b in pairwise(words))
