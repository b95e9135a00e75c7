"""What a training may be: world families, the work of an epoch, and its link."""

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
    place_from_query,
    settings_from_query,
)

FIRST = RECIPES["reversed_motor"][1].values()
VARIES = {name: {name} for name in FAMILIES} | {"physics": set(PHYSICS)}


def digits(worlds: list[World]) -> set[int]:
    """The third decimals of gravity, which keep the splits apart."""
    return {round(w.gravity * 1000) % 10 for w in worlds}


def varied(worlds: list[World]) -> set[str]:
    return {name for name in World.__dataclass_fields__ if len({getattr(w, name) for w in worlds}) > 1}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_varies_and_nothing_else_does(family):
    worlds = family_sampler([family])(200, np.random.default_rng(0))
    assert varied(worlds) == VARIES[family] and digits(worlds) <= set(range(6))  # never a world of validation or test
    for name in varied(worlds) & TRAINING_RANGES.keys():
        low, high = TRAINING_RANGES[name]
        assert all(low <= getattr(w, name) <= high + 0.01 for w in worlds)
    assert all(0 <= w.action_delay <= MAX_DELAY for w in worlds)
    check = family_sampler([family], "validation")(50, np.random.default_rng(0))
    assert digits(check) == {6, 7} and varied(check) == {"gravity"} | VARIES[family]


def test_motors_and_sensors_take_turns():
    worlds = family_sampler(["reversed_motor", "mirrored_sensors"])(8, np.random.default_rng(3))
    kinds = [(w.reversed_motor, w.mirrored_sensors) for w in worlds]
    assert all(kinds.count(k) == 2 for k in set(kinds)) and len(set(kinds)) == 4


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_within_the_limits_and_has_a_short_link(name):
    settings = RECIPES[name][1]
    assert check_settings(settings.values()) == settings == settings_from_query({"tab": "meta-train", "recipe": name})
    assert epoch_steps(settings.config) <= MAX_EPOCH_STEPS and settings.values().keys() == FIELDS["train"].keys()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"families": ["wind", "venus"]}, "families must be one of .*, got 'venus'"),
        ({"start": "yours"}, "start must not be yours: the server has none of yours"),
        ({"tasks_per_epoch": 40, "episodes_per_task": 40}, "is at most 200,000 environment steps an epoch, got 1600000"),
        ({"tasks_per_epoch": 40, "state_dim": 64, "hidden_dim": 128}, "at most 100,000 .* state_dim \\+ hidden_dim = 192, got 240000"),
    ],
)
def test_what_can_not_be_trained_is_one_sentence(changes, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        check_settings({**FIRST, **changes})
    assert not set("_[]'") & set(error.value.on_page)


def test_a_link_elsewhere_names_no_training():
    assert settings_from_query({"tab": "meta-train"}) is None is settings_from_query({"tab": "play", "seed": "3"})
    assert place_from_query({"tab": "play", "place": "server"}) is None


@pytest.mark.parametrize("wrong", [{"recipe": "x"}, {"num_epochs": "many"}, {"families": ""}, {"start": "yours"}, {"inner_lr": "nan"}])
def test_a_link_to_what_can_not_be_is_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        settings_from_query({"tab": "meta-train", **wrong})
    with pytest.raises(ValueError, match="place must be one of browser, server"):
        place_from_query({"tab": "meta-train", "place": "moon"})
