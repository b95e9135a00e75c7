"""The curves keep the worlds apart; the line in words says what the numbers say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from model import MetaEpoch
from ui.training_settings import FIRST_RECIPE, RECIPES, MetaSettings
from ui.views.training import returns_chart
from ui.views.training_lines import lines, smoothed, treads
from ui.views.training_seen import what_you_see

MINUTE = RECIPES[FIRST_RECIPE][1]


def epochs(usual, conflicting, n: int = 5, limit: int = 200, first: int = 0, rolled_back: bool = False) -> tuple[MetaEpoch, ...]:
    """n equal epochs with these returns before and after each step."""
    both = [s for s in (usual, conflicting) if s]
    before, after = (float(np.mean([s[i] for s in both])) for i in (0, -1))
    return tuple(
        MetaEpoch(first + i, 0.1, before, after, (after,), 8, 900, 0.3, rolled_back, limit, tuple(usual), tuple(conflicting))
        for i in range(n)
    )


def of_families(*families: str, steps: int = 1) -> MetaSettings:
    return replace(MINUTE, families=families, config=replace(MINUTE.config, inner_steps=steps))


def test_the_lines_are_the_returns_of_their_worlds():
    drawn = {line.label: line for line in lines(MINUTE, epochs((150.0, 160.0), (10.0, 90.0)))}
    assert {label: line.values[0] for label, line in drawn.items()} == {
        "usual motor, before": 150.0,
        "usual motor, after 1 step": 160.0,
        "reversed motor, before": 10.0,
        "reversed motor, after 1 step": 90.0,
    }
    assert drawn["reversed motor, before"].bold and not drawn["usual motor, before"].bold


@pytest.mark.parametrize(
    ("settings", "drawn"),
    [
        (of_families("wind", steps=2), 2),
        (of_families("wind", steps=0), 1),
        (of_families("mirrored_sensors", "reversed_motor"), 4),
        (of_families("mirrored_sensors", steps=0), 2),
    ],
)
def test_there_are_two_for_each_kind_of_world_where_a_step_is_made(settings, drawn):
    assert len({line.label for line in lines(settings, epochs((50.0, 60.0), (10.0, 20.0)))}) == drawn


def test_an_epoch_without_such_a_world_is_a_gap():
    drawn = lines(MINUTE, (*epochs((50.0, 60.0), (), 1), *epochs((50.0, 60.0), (20.0, 30.0), 1, first=1)))
    assert math.isnan(drawn[2].smooth[0]) and drawn[2].smooth[1] == 20.0
    assert returns_chart(MINUTE, epochs((50.0, 60.0), (), 1), final=True)["series"][3]["y"] == [None]


def test_a_mean_never_mixes_two_step_limits():
    drawn = lines(MINUTE, (*epochs((200.0, 200.0), (10.0, 20.0)), *epochs((480.0, 500.0), (10.0, 300.0), 2, 500, first=5)))
    assert drawn[0].smooth.tolist() == [200.0] * 5 + [480.0] * 2


def test_smoothing_is_a_running_mean():
    assert smoothed([1, 2, 3, 4, 5, 6, 13]).tolist() == [1, 1.5, 2, 2.5, 3, 4, 6.2]
    assert smoothed([math.nan, 2, 4], 2).tolist()[1:] == [2, 3]


def test_the_step_limit_is_a_staircase():
    assert treads(MINUTE, 60) == [(1, 37, 200), (37, 60, 500)] and treads(MINUTE, 20) == [(1, 20, 200)]
    assert [MINUTE.config.step_limit(e) for e in (35, 36)] == [200, 500]  # epochs 36 and 37


@pytest.mark.parametrize(
    ("usual", "conflicting", "says", "numbers"),
    [
        ((22, 21), (20, 23), "no better than random", (22, 20)),
        ((190, 188), (9, 11), "does not help yet", (190, 9)),
        ((120, 90), (10, 70), "begins to turn", (120, 10, 70)),
        ((197, 195), (10, 150), "far longer", (197, 10, 150)),
        ((197, 195), (10, 190), "turns the reversed motor around", (195, 10, 190)),
        ((199, 20), (10, 190), "then falls at once", (10, 190, 20)),
        ((197, 195), (190, 199), "before any gradient step", ()),
        ((100, 110), (90, 100), "after adaptation", (100, 90, 110)),
    ],
)
def test_the_sentence_is_the_one_that_the_numbers_make_true(usual, conflicting, says, numbers):
    seen = what_you_see(MINUTE, epochs(usual, conflicting))
    assert says in seen and all(f" {n}" in seen for n in numbers)


def test_where_nothing_is_reversed_all_worlds_are_one():
    assert "from 40 to 90" in what_you_see(of_families("wind"), epochs((40, 90), ()))
    assert "without a gradient step" in what_you_see(of_families("wind", steps=0), epochs((199, 199), ()))


def test_what_just_happened_is_said_too():
    longer = (*epochs((190, 190), (10, 180)), *epochs((300, 300), (10, 200), 2, 500, first=5))
    assert "up to 500 steps" in what_you_see(MINUTE, longer)
    assert "undone" in what_you_see(MINUTE, epochs((9, 9), (9, 9), rolled_back=True))
    assert what_you_see(MINUTE, ()) == ""
