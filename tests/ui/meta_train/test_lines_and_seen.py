"""The curves keep the worlds apart; the line in words says what the numbers say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from model import MetaEpoch
from ui.training_settings import RECIPES, MetaSettings, _config
from ui.views.training import returns_chart
from ui.views.training_lines import lines, smoothed, treads
from ui.views.training_seen import what_you_see

MINUTE = RECIPES["reversed_motor"][1]


def epochs(usual, conflicting, n: int = 5, limit: int = 200, first: int = 0, rolled_back: bool = False) -> tuple[MetaEpoch, ...]:
    """n equal epochs with these returns before and after each step."""
    both = [s for s in (usual, conflicting) if s]
    before, after = (float(np.mean([s[i] for s in both])) for i in (0, -1))
    return tuple(
        MetaEpoch(first + i, 0.1, before, after, (after,), 8, 900, 0.3, rolled_back, limit, tuple(usual), tuple(conflicting))
        for i in range(n)
    )


def test_the_lines_are_the_returns_of_their_worlds():
    drawn = {line.label: line for line in lines(MINUTE, epochs((150.0, 160.0), (10.0, 90.0)))}
    assert {label: line.values[0] for label, line in drawn.items()} == {
        "usual motor, before": 150.0,
        "usual motor, after 1 step": 160.0,
        "reversed motor, before": 10.0,
        "reversed motor, after 1 step": 90.0,
    }
    assert drawn["reversed motor, before"].bold and not drawn["usual motor, before"].bold
    assert {line.role for label, line in drawn.items() if "after" in label} == {"standard"}


@pytest.mark.parametrize(
    ("families", "steps", "labels"),
    [
        (("wind",), 2, ["before adaptation", "after 2 steps"]),
        (("wind",), 0, ["before adaptation"]),
        (("mirrored_sensors",), 0, ["usual sensors, before", "mirrored sensors, before"]),
        (("mirrored_sensors", "reversed_motor"), 0, ["usual motor and sensors, before", "reversed motor or sensors, before"]),
    ],
)
def test_their_names_follow_the_worlds(families, steps, labels):
    settings = MetaSettings(families, config=_config(inner_steps=steps))
    assert [line.label for line in lines(settings, epochs((50.0, 60.0), (10.0, 20.0)))] == labels


def test_an_epoch_without_such_a_world_is_a_gap():
    drawn = lines(MINUTE, (*epochs((50.0, 60.0), (), 1), *epochs((50.0, 60.0), (20.0, 30.0), 1, first=1)))
    assert math.isnan(drawn[2].smooth[0]) and drawn[2].smooth[1] == 20.0
    value = returns_chart(MINUTE, epochs((50.0, 60.0), (), 1), final=True)
    assert value["series"][3]["y"] == [None] and value["series"][3]["words"] == ["reversed motor, after 1 step: no such world"]


def test_a_mean_never_mixes_two_step_limits():
    drawn = lines(MINUTE, (*epochs((200.0, 200.0), (10.0, 20.0)), *epochs((480.0, 500.0), (10.0, 300.0), 2, 500, first=5)))
    assert drawn[0].smooth.tolist() == [200.0] * 5 + [480.0] * 2


def test_smoothing_is_a_running_mean():
    assert smoothed([1, 2, 3, 4, 5, 6, 13]).tolist() == [1, 1.5, 2, 2.5, 3, 4, 6.2]
    assert smoothed([]).tolist() == []
    assert smoothed([math.nan, 2, 4], 2).tolist()[1:] == [2, 3]


def test_the_step_limit_is_a_staircase():
    assert treads(MINUTE, 60) == [(1, 37, 200), (37, 60, 500)]
    assert [MINUTE.config.step_limit(e) for e in (35, 36)] == [200, 500]  # epochs 36 and 37
    assert treads(MINUTE, 20) == [(1, 20, 200)]
    assert [t["label"] for t in returns_chart(MINUTE, ())["treads"]] == ["200: step limit", "500: step limit from epoch 37"]


AT_THE_TOP = (497.0, 495.0)


@pytest.mark.parametrize(
    ("usual", "conflicting", "limit", "sentence"),
    [
        ((22, 21), (20, 23), 200, "It falls at once in all worlds, after 22 and 20 steps: no better than random actions."),
        (
            (190, 188),
            (9, 11),
            200,
            "With the usual motor it stands for 190 of 200 steps; with the reversed motor it still falls after 9, and one gradient step "
            "on its own falls does not help yet.",
        ),
        (
            (120, 90),
            (10, 70),
            200,
            "With the usual motor it holds the pole for 120 of 200 steps. One gradient step on its own falls begins to turn the reversed "
            "motor around: from 10 to 70 of 200 steps.",
        ),
        (
            AT_THE_TOP,
            (10, 400),
            500,
            "With the usual motor it stands for 497 of 500 steps. One gradient step on its own falls keeps the pole up far longer with "
            "the reversed motor: from 10 to 400 of 500 steps.",
        ),
        (
            AT_THE_TOP,
            (10, 490),
            500,
            "With the usual motor it stands for 495 of 500 steps, and one gradient step on its own falls turns the reversed motor "
            "around, from 10 to 490 of 500 steps.",
        ),
        (
            (499, 20),
            (10, 490),
            500,
            "One gradient step on its own falls turns the reversed motor around, from 10 to 490 of 500 steps; with the usual motor it "
            "then falls at once (after 20 steps).",
        ),
        (AT_THE_TOP, (480, 500), 500, "It stands in all worlds before any gradient step: it tells them apart within the episode."),
        (
            (100, 110),
            (90, 100),
            200,
            "With the usual motor it holds the pole for 100 of 200 steps, with the reversed motor it holds the pole for 90 of 200 "
            "steps; after adaptation 110 and 100.",
        ),
    ],
)
def test_what_you_see(usual, conflicting, limit, sentence):
    assert what_you_see(MINUTE, epochs(usual, conflicting, limit=limit)) == sentence


@pytest.mark.parametrize(
    ("values", "steps", "sentence"),
    [
        ((22, 22), 1, "It falls at once, after 22 steps: no better than random actions."),
        ((40, 90), 1, "One gradient step on its own falls lifts it from 40 to 90 of 200 steps."),
        ((40, 90), 3, "3 gradient steps on its own falls lift it from 40 to 90 of 200 steps."),
        ((80, 90), 1, "It holds the pole for 80 of 200 steps, and after adaptation for 90."),
        ((199, 199), 0, "It stands for 199 of 200 steps, without a gradient step."),
    ],
)
def test_what_you_see_where_nothing_is_reversed(values, steps, sentence):
    settings = MetaSettings(("wind",), config=_config(inner_steps=steps))
    assert what_you_see(settings, epochs(values, ())) == sentence


def test_what_just_happened_is_said_too():
    before = epochs((190, 190), (10, 180))
    longer = (*before, *epochs((300, 300), (10, 200), 2, 500, first=5))
    assert what_you_see(MINUTE, longer).endswith("from 10 to 200 of 500 steps. Episodes now last up to 500 steps.")
    assert what_you_see(MINUTE, epochs((9, 9), (9, 9), rolled_back=True)).endswith("undone, because the return had collapsed.")
    assert what_you_see(MINUTE, ()) == ""
    assert "curves tell more" in what_you_see(MINUTE, epochs((9, 9), ()))
