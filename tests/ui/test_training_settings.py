"""What a training may be: world families, limits, and sentences for everything else."""

from __future__ import annotations

import math
from urllib.parse import parse_qsl

import numpy as np
import pytest

from model import World
from model.worlds.families import FAMILIES, MAX_DELAY, PHYSICS, family_sampler
from model.worlds.sampling import TRAINING_RANGES
from ui.fields import FIELDS
from ui.training_settings import (
    MAX_EPOCH_STEPS,
    RECIPES,
    check_settings,
    epoch_steps,
    from_json,
    settings_from_query,
    settings_to_query,
    to_json,
)

FIRST = RECIPES["reversed_motor"][1].values()
VARIES = {name: {name} for name in FAMILIES} | {"physics": set(PHYSICS)}


def digit(world: World) -> int:
    """The third decimal of gravity, which keeps the splits apart."""
    return round(world.gravity * 1000) % 10


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_varies_and_nothing_else_does(family):
    worlds = family_sampler([family])(200, np.random.default_rng(0))
    varied = {name for name in World.__dataclass_fields__ if len({getattr(w, name) for w in worlds}) > 1}
    assert varied == VARIES[family]
    for name in varied & TRAINING_RANGES.keys():
        low, high = TRAINING_RANGES[name]
        assert all(low <= getattr(w, name) <= high + 0.01 for w in worlds)
    assert all(0 <= w.action_delay <= MAX_DELAY for w in worlds)
    assert set(map(digit, worlds)) <= set(range(6))  # never a world of validation or test


@pytest.mark.parametrize("families", [["reversed_motor"], ["wind", "physics"], list(FAMILIES)])
def test_the_check_is_on_validation_worlds(families):
    worlds = family_sampler(families, "validation")(50, np.random.default_rng(0))
    assert set(map(digit, worlds)) == {6, 7}
    varied = {name for name in World.__dataclass_fields__ if len({getattr(w, name) for w in worlds}) > 1}
    assert varied == {"gravity"}.union(*(VARIES[f] for f in families))


def test_motors_and_sensors_take_turns():
    worlds = family_sampler(["reversed_motor", "mirrored_sensors"])(8, np.random.default_rng(3))
    kinds = [(w.reversed_motor, w.mirrored_sensors) for w in worlds]
    assert all(kinds.count(k) == 2 for k in set(kinds)) and len(set(kinds)) == 4
    one_at_a_time = [family_sampler(["reversed_motor"])(1, np.random.default_rng(seed))[0].reversed_motor for seed in range(20)]
    assert True in one_at_a_time and False in one_at_a_time


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_within_the_limits_and_survives_the_wire(name):
    settings = RECIPES[name][1]
    assert check_settings(settings.values()) == settings == from_json(to_json(settings))
    assert epoch_steps(settings.config) <= MAX_EPOCH_STEPS
    assert settings.values().keys() == FIELDS["train"].keys()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"inner_lr": -1}, "inner_lr must be between 0 and 100, got -1"),
        ({"inner_lr": "0.1"}, "inner_lr must be between 0 and 100, got '0.1'"),
        ({"outer_lr": math.nan}, "outer_lr must be between 0 and 1, got nan"),
        ({"num_epochs": None}, "num_epochs must be a whole number between 1 and 1000, got None"),
        ({"num_epochs": True}, "num_epochs must be a whole number between 1 and 1000, got True"),
        ({"inner_steps": 1.5}, "inner_steps must be a whole number between 0 and 5, got 1.5"),
        ({"state_dim": 512}, "state_dim must be a whole number between 1 and 64, got 512"),
        ({"first_order": 1}, "first_order must be true or false, got 1"),
        ({"seed": -1}, "seed must be a whole number between 0 and 4294967295, got -1"),
        ({"time_budget": 1e9}, "time_budget must be between 5 and 300 s, got 1000000000.0"),
        ({"families": []}, "families must name at least one of"),
        ({"families": "wind"}, "families must name at least one of"),
        ({"families": ["wind", "venus"]}, "families must be one of .*, got 'venus'"),
        ({"families": [{"a": 1}]}, "families must be one of"),
        ({"start": ["meta"]}, "start must be one of random, meta, yours"),
        ({"start": "yours"}, "start must not be yours: you have none yet"),
        ({"tasks_per_epoch": 40, "episodes_per_task": 40}, "is at most 200,000 environment steps an epoch, got 1600000"),
        ({"tasks_per_epoch": 40, "state_dim": 64, "hidden_dim": 128}, "at most 100,000 .* state_dim \\+ hidden_dim = 192, got 240000"),
    ],
)
def test_anything_else_is_one_sentence(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_settings({**FIRST, **changes})


def test_yours_needs_a_model_of_ones_own():
    assert check_settings({**FIRST, "start": "yours"}, has_own_model=True).start == "yours"


def test_the_page_names_no_identifier():
    with pytest.raises(ValueError) as error:
        check_settings({**FIRST, "tasks_per_epoch": 40, "state_dim": 64, "hidden_dim": 128})
    assert error.value.on_page == (
        "Worlds per epoch must be fewer, or the episodes or inner steps: an epoch of so large a model may take at most 100,000 "
        "environment steps, and these would take 240,000."
    )


OTHERS = [
    {"families": ["wind", "angle_bias"], "seed": 9, "time_budget": 12.5},
    {"outer_lr": 0.00003, "first_order": True, "num_epochs": 3},
    {"start": "meta", "inner_steps": 0, "hidden_dim": 8, "state_dim": 4, "discount_factor": 0.97},
]


@pytest.mark.parametrize("settings", [s for _, s in RECIPES.values()] + [check_settings({**FIRST, **other}) for other in OTHERS])
def test_a_link_gives_the_training_back(settings):
    assert settings_from_query(dict(parse_qsl(settings_to_query(settings)))) == settings


def test_a_recipe_is_a_short_link_and_other_tabs_are_left_alone():
    assert settings_to_query(RECIPES["go_on"][1]) == "tab=meta-train&recipe=go_on"
    assert settings_from_query({"tab": "meta-train"}) is None
    assert settings_from_query({"tab": "play", "seed": "3"}) is None


@pytest.mark.parametrize(
    "wrong", [{"recipe": "x"}, {"seed": "-1"}, {"num_epochs": "many"}, {"families": ""}, {"start": "yours"}, {"inner_lr": "nan"}]
)
def test_a_link_to_what_can_not_be_is_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        settings_from_query({"tab": "meta-train", **wrong})
