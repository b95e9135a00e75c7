"""A race: each lane is what Adapt makes of the same settings; winner, tie and who never stands are told as they are."""

from __future__ import annotations

import re
import threading

import numpy as np
import pytest

from model import WORLDS, evaluate_policy
from model.maml.adaptation import AdaptationStep
from ui.runs.adaptation import Curve, Point, adapt
from ui.runs.policies import shared_model
from ui.runs.race import Lane, Race, race
from ui.settings import Racer, RaceSettings, adaptation_of, check_race
from ui.views.compare_next import after_race
from ui.views.race_words import sentence, table

REVERSED = WORLDS["reversed_motor"]


def point(index: int, returns: np.ndarray, env_steps: int, policy: str = "meta") -> Point:
    step = AdaptationStep(index, shared_model(policy), env_steps)
    return Point(step, returns)


def lane(policy: str, mode: str, *means: float, env_steps: int = 100) -> Lane:
    points = [point(i, np.full(20, mean), i * env_steps, policy) for i, mean in enumerate(means)]
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


def test_a_stopped_race_keeps_what_was_reached():
    stop = threading.Event()
    stop.set()
    *_, run = race(check_race(REVERSED, "meta.standard", 3, 0), shared_model, stop)
    assert run.ended == "stopped" and run.made == 0 and run.total == 3


def test_each_start_has_its_own_step_size():
    rates = {p: adaptation_of(RaceSettings(), Racer(p, "standard")).adapt_lr for p in ("meta", "memory", "taught", "untrained", "yours")}
    assert rates["meta"] == rates["yours"] != rates["memory"] == rates["taught"]


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


def test_standing_once_is_not_standing():
    assert lane("meta", "standard", 9, 500, 300).stands_from is None
    assert lane("meta", "standard", 9, 300, 500).stands_from == 2
    assert lane("meta", "standard", 500, 500).stands_from == 0


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


@pytest.mark.parametrize(
    ("lanes", "act"),
    [
        ([("memory", "none", [500.0])], "train"),
        ([("meta", "standard", [9.0, 500.0]), ("standard", "none", [9.0])], "adapt"),
        ([("standard", "none", [9.0])], "adapt"),
        ([("meta", "none", [500.0]), ("memory", "none", [20.0])], "train"),
    ],
)
def test_a_race_leads_on(lanes, act):
    made = tuple(Lane(Racer(p, m), Curve(m, tuple(point(i, np.array([r]), 50 * i) for i, r in enumerate(rs)))) for p, m, rs in lanes)
    step = after_race(Race(RaceSettings(), made))
    assert step.act == act and ("Nobody" in step.text) == (act == "adapt" and made[0].cost == np.inf)
