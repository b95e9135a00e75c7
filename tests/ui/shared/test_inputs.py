"""What comes from the page, a link or a program is taken whole or refused in one sentence."""

from __future__ import annotations

import math

import pytest

from model import WORLDS, World
from ui.checks import check_episodes, check_seed
from ui.fields import (
    CUSTOM,
    FIELDS,
    Choice,
    check_policy,
    choice_from_page,
    from_query,
    on_page,
    page_values,
    preset_of,
    to_query,
    world_from_page,
)


def changed(**fields):
    """The page's values of the standard world with some fields changed, in the page's units."""
    return [fields.get(name, value) for name, value in zip(FIELDS, page_values(World()), strict=True)]


@pytest.mark.parametrize("name", WORLDS)
def test_a_preset_on_the_page_is_that_very_world(name):
    assert world_from_page(name, page_values(WORLDS[name])) == WORLDS[name]
    assert preset_of(WORLDS[name]) == name


def test_the_page_speaks_of_degrees():
    world = world_from_page(CUSTOM, changed(angle_bias=5.0))
    assert world.angle_bias == pytest.approx(math.radians(5))
    assert page_values(world) == changed(angle_bias=5.0)


def test_every_slider_end_is_a_valid_world():
    for name, info in FIELDS.items():
        for end in (on_page(info).minimum, on_page(info).maximum):
            world_from_page(CUSTOM, changed(**{name: end}))


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("pole_half_length", -1, "pole_half_length must be between 0.05 and 2 m, got -1"),
        ("angle_bias", 40, "angle_bias must be between -11.4 and 11.4 degrees, got 40"),
        ("gravity", math.nan, "gravity must be between 1 and 30 m/s^2, got nan"),
        ("wind", None, "wind must be between -6 and 6 N, got None"),
        ("wind", [1], "wind must be between -6 and 6 N, got [1]"),
        ("wind", True, "wind must be between -6 and 6 N, got True"),
        ("action_delay", 1.5, "action_delay must be a whole number between 0 and 5 steps, got 1.5"),
        ("reversed_motor", 1, "reversed_motor must be true or false, got 1"),
        ("reversed_motor", "true", "reversed_motor must be true or false, got 'true'"),
    ],
)
def test_a_bad_field_is_one_sentence(field, value, sentence):
    with pytest.raises(ValueError) as error:
        world_from_page(CUSTOM, changed(**{field: value}))
    assert str(error.value) == sentence


def test_a_preset_does_not_excuse_bad_values():
    with pytest.raises(ValueError, match=r"cart_mass must be between 0\.2 and 5 kg, got True"):
        world_from_page("standard", changed(cart_mass=True))  # though True == 1.0


def test_a_changed_preset_is_not_the_preset():
    assert world_from_page("standard", changed(wind=1.0)) == World(wind=1.0)


@pytest.mark.parametrize("bad", [-1, 2**32, 1.5, None, True, "3", math.inf, math.nan, [0]])
def test_a_bad_seed(bad):
    with pytest.raises(ValueError, match=r"^seed must be a whole number between 0 and 4294967295, got "):
        check_seed(bad)


@pytest.mark.parametrize("bad", [0, 101, None, 2.5, True])
def test_a_bad_number_of_episodes(bad):
    with pytest.raises(ValueError, match=r"^episodes must be a whole number between 1 and 100, got "):
        check_episodes(bad)


@pytest.mark.parametrize("bad", ["", None, ["meta"], "META", {"policy": "meta"}, "x" * 500])
def test_a_bad_policy_is_quoted_briefly(bad):
    with pytest.raises(ValueError, match=r"^policy must be one of meta, ") as error:
        check_policy(bad)
    assert len(str(error.value)) < 160


def test_your_own_policy_needs_one():
    assert check_policy("yours", has_own_model=True) == "yours"
    with pytest.raises(ValueError, match="policy must be one of"):
        check_policy("yours")


def test_bad_names_from_the_page():
    with pytest.raises(ValueError, match=r"^world must be one of standard, "):
        choice_from_page("venus", changed(), "meta", "greedy", 0)
    with pytest.raises(ValueError, match=r"^actions must be one of greedy, sampled, got None"):
        choice_from_page("standard", changed(), "meta", None, 0)


CHOICES = [
    Choice(),
    Choice(WORLDS["reversed_tilted"], "memory", False, 7),
    Choice(
        world_from_page(CUSTOM, changed(angle_bias=3.3, reversed_motor=True, velocity_sensors=False, action_delay=2)),
        "random",
        True,
        2**32 - 1,
    ),
]


@pytest.mark.parametrize("choice", CHOICES)
def test_a_link_gives_the_choice_back(choice):
    again = from_query(to_query(choice))
    assert page_values(again.world) == page_values(choice.world)
    assert again.world.angle_bias == pytest.approx(choice.world.angle_bias, rel=1e-9)
    assert (again.policy, again.greedy, again.seed) == (choice.policy, choice.greedy, choice.seed)


def test_a_link_about_something_else_is_none():
    assert from_query({"utm_source": "mail", "__theme": "dark"}) is None


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"world": "venus"}, "world must be one of standard"),
        ({"wind": "nan"}, "wind must be between -6 and 6 N, got nan"),
        ({"wind": "strong"}, "wind must be between -6 and 6 N, got 'strong'"),
        ({"reversed_motor": "1"}, "reversed_motor must be true or false, got '1'"),
        ({"world": "moon", "wind": "2"}, "world must be custom when a link sets wind, got 'moon'"),
        ({"seed": "-1"}, "seed must be a whole number"),
        ({"seed": "1e999"}, "seed must be a whole number"),
        ({"actions": "lucky"}, "actions must be one of greedy, sampled"),
        ({"policy": "x" * 2000}, "a link must have at most"),
    ],
)
def test_a_bad_link_is_one_sentence(query, sentence):
    with pytest.raises(ValueError) as error:
        from_query(query)
    assert str(error.value).startswith(sentence)
