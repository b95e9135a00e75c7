"""What the Adapt tab says about a run is true for that run, also when it went badly."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from model import AdaptationStep, World
from ui.runs.adaptation import AdaptRun, Curve, Point, adapt, config_of
from ui.runs.policies import shared_model
from ui.settings import AdaptSettings
from ui.views.adaptation import curve_value
from ui.views.adaptation_words import sentence, steps_table
from ui.views.movement import movement, movement_html, rule_html

MODEL = shared_model("untrained")


def run_of(*means, spread=0.0, moved=True, ended="finished", problem="", mode="standard"):
    """A run whose evaluation episodes have these mean returns after step 0, 1, ..."""
    settings, points = AdaptSettings(World(reversed_motor=True), mode=mode), []
    for i, mean in enumerate(means):
        returns = np.full(20, float(mean))
        returns[0] -= spread
        returns[1] += spread
        step = AdaptationStep(i, MODEL, 94 * i, np.array([94.0]), 0.1, (1.5 if moved else 0.0) if i else float("nan"), 0.1 * i)
        points.append(Point(step, returns, config_of(settings, mode) if i else None))
    return AdaptRun(settings, len(means) - 1, (Curve(mode, tuple(points), problem=problem),), ended, "id")


ONE = "after one gradient step on 94 environment steps"


@pytest.mark.parametrize(
    ("means", "words"),
    [
        ((9, 500), f"Fell after 9 steps before adaptation; {ONE} it stands for all 500 steps."),
        ((9, 500, 500, 500), f"{ONE} it stands for all 500 steps, and after 3 it still does."),
        ((9, 200, 500), "after 2 gradient steps on 188 environment steps it stands for all 500 steps."),
        ((9, 80, 212), "it partly recovered: 212 of 500 after 2 gradient steps on 188 environment steps."),
        ((1, 1), f"Fell after 1 step before adaptation; no change: {ONE} it falls after 1 step."),
        ((500, 500), "Stood for all 500 steps before adaptation; it did not need to adapt, and after one"),
        ((500, 300), f"it did not need to adapt and got worse: {ONE} it falls after 300 steps."),
        ((500, 9), f"it did not need to adapt and collapsed: {ONE} it falls after 9 steps."),
        ((200, 100), f"it got worse: {ONE} it falls after 100 steps."),
        ((9, 500, 300), f"{ONE} it reached 500 of 500, then it got worse: 300 of 500 after 2 steps."),
        ((9,), "Fell after 9 steps before adaptation; no gradient step was made."),
    ],
)
def test_the_sentence(means, words):
    assert words in sentence(run_of(*means))


def test_it_never_says_all_when_one_episode_fell():
    words = sentence(run_of(9, 490, spread=10))
    assert "stands for 490 of 500 steps" in words and "all 500" not in words
    assert "Reached 300 of 500 steps before" in sentence(run_of(300, 300, spread=200))  # some of its episodes stood


def test_nothing_to_learn():
    run = run_of(500, 500, moved=False)
    assert "nothing has changed: no episode fell, so there was nothing to learn" in sentence(run)
    assert "stayed: no episode fell" in steps_table(run) and curve_value(run)["series"][1]["hollow"] == [False, True]


def test_it_says_when_what_was_imagined_was_not_trusted_yet():
    run = run_of(9, 100, 500, mode="hybrid")
    (curve,) = run.curves
    practice = SimpleNamespace(adopted=np.array([False]), last=SimpleNamespace(updates=np.array([60])))
    wary = replace(curve.points[1], step=replace(curve.points[1].step, imagined=practice))
    run = replace(run, curves=(replace(curve, points=(curve.before, wary, curve.last)),))
    assert "imagined in step 1 was not trusted yet" in sentence(run)
    assert "in imagination" not in sentence(run) and run.curves[0].updates(2) == 60


def test_movement_is_the_relative_change_of_each_group():
    params = MODEL.params()
    moved = movement(MODEL, MODEL.with_params(params | {"C": params["C"] * 1.5}))
    assert moved["C"][0] / moved["C"][1] == pytest.approx(0.5) and all(moved[g][0] == 0 for g in ("A", "B", "D", "other layers"))
    assert "0 from 0" in movement_html(run_of(9, 9))  # D is all zeros in an untrained model: no share of nothing is claimed


@pytest.mark.parametrize(("start", "seed"), [("meta", 2), ("untrained", 0)])  # gradients that are cut and lengthened
def test_the_rule_says_how_far_the_parameters_moved(start, seed):
    settings = AdaptSettings(World(reversed_motor=True), start, num_adapt_steps=1, episodes_per_step=3, seed=seed)
    *_, run = adapt(settings, shared_model(start), threading.Event())
    before, after = (p.model.params() for p in run.curves[0].points)
    moved = sum(float((after[name] - p).double().square().sum()) for name, p in before.items()) ** 0.5
    assert f"= {moved:.3g}</pre>" in rule_html(run)
    assert "nothing to learn" in rule_html(run_of(500, 500, moved=False))
