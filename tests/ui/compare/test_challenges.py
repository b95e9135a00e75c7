"""The challenges are judged by what the policies do, and scored by how far the world is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from model import WORLDS, World, evaluate_policy
from model.worlds.sampling import TRAINING_RANGES
from ui.racers import RaceSettings, race_from_query
from ui.runs.challenges import distance, judge_memory, judge_mend
from ui.runs.policies import shared_model
from ui.tabs.compare.challenges_part import outcome


@pytest.mark.parametrize("name", TRAINING_RANGES)
@pytest.mark.parametrize("end", [0, 1])
def test_the_end_of_a_training_range_is_one_away(name, end):
    world = replace(World(), **{name: TRAINING_RANGES[name][end]})
    assert distance(world) == pytest.approx(1)
    half = (getattr(World(), name) + getattr(world, name)) / 2
    assert distance(replace(World(), **{name: half})) == pytest.approx(0.5)


def test_switches_and_steps_of_delay_count_one_each():
    assert distance(World()) == 0
    assert distance(World(reversed_motor=True, mirrored_sensors=True, velocity_sensors=False, action_delay=2)) == 5
    assert distance(World(wind=6.0, reversed_motor=True)) == 3  # outside the range it goes on


def test_what_one_step_mends_is_no_win_and_what_stands_is_not_broken():
    mended, whole = judge_mend(WORLDS["reversed_motor"]), judge_mend(World())
    assert not mended.won and mended.words.startswith("It was mended: after 1 step it stands")
    assert not whole.won and "without a step" in whole.words


def test_a_world_that_three_steps_cannot_mend_wins_with_its_distance():
    verdict = judge_mend(World(action_delay=4, pole_half_length=0.1, reversed_motor=True))
    assert verdict.won and verdict.words.startswith("3 steps could not mend it") and f"{verdict.score:.2f}" in verdict.words


@pytest.mark.parametrize("world", [WORLDS["reversed_gale"], World(action_delay=4, pole_half_length=0.1)])
def test_memory_is_judged_by_what_it_does(world):
    mean = evaluate_policy(shared_model("memory"), world, 20, 0).mean()
    verdict = judge_memory(world)
    assert verdict.won == (mean >= 475) and f"{mean:.0f} of 500" in verdict.words


def test_the_browser_gets_the_score_and_the_way_back_to_the_world():
    world = World(reversed_motor=True, wind=2.0)
    told = json.loads(outcome(judge_memory(world), RaceSettings(world)))
    assert race_from_query(told["query"], False).world == world and told["score"] == pytest.approx(distance(world), abs=1e-3)
