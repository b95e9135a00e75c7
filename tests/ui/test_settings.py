"""What comes from the page, a link or a program is taken whole or refused in one sentence, and a link gives back what it was made of."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from model import WORLDS, World
from ui.field import FieldError, check, from_link, from_page, on_page, to_link, to_page
from ui.fields import CUSTOM, FIELDS
from ui.settings import (
    AdaptSettings,
    Choice,
    Racer,
    RaceSettings,
    adapt_from_page,
    adapt_from_query,
    adapt_to_query,
    check_adaptation,
    check_race,
    choice_from_page,
    chosen_of,
    from_query,
    page_values,
    preset_of,
    race_from_page,
    race_from_query,
    race_to_query,
    suited,
    to_query,
    world_from_page,
)

ALL = [f for group in FIELDS.values() for f in group.values()]


def changed(**fields):
    """The page's values of the standard world with some fields changed, in the page's units."""
    return [fields.get(name, value) for name, value in zip(FIELDS["world"], page_values(World()), strict=True)]


# --- the table ---


@pytest.mark.parametrize("f", ALL, ids=lambda f: f.name)
def test_defaults_and_limits_survive_page_and_link(f):
    ends = [] if f.options or f.kind is bool else [f.minimum, f.maximum]
    for value in [f.default, *ends]:
        assert check(f, value) == value
        assert from_link(f, to_link(f, value)) == value
        assert from_page(f, on_page(f).default) == f.default
    for end in ends and (on_page(f).minimum, on_page(f).maximum):
        assert f.minimum <= from_page(f, end) <= f.maximum


def test_every_setting_of_a_value_is_in_the_table():
    for cls, group in ((AdaptSettings, "adapt"), (RaceSettings, "compare")):
        assert FIELDS[group].keys() - cls.__dataclass_fields__.keys() == set()


@pytest.mark.parametrize("lr", [0.005, 0.3, 0.5, 1.23, 50.0])
def test_the_learning_rates_slider_gives_it_back(lr):
    f = FIELDS["adapt"]["adapt_lr"]
    assert from_page(f, to_page(f, lr)) == lr


# --- worlds ---


@pytest.mark.parametrize("name", WORLDS)
def test_a_named_world_on_the_page_is_that_very_world(name):
    assert world_from_page(name, page_values(WORLDS[name])) == WORLDS[name]
    assert preset_of(WORLDS[name]) == name


def test_the_page_speaks_of_degrees():
    world = world_from_page(CUSTOM, changed(angle_bias=5.0))
    assert world.angle_bias == pytest.approx(math.radians(5))
    assert page_values(world) == changed(angle_bias=5.0)


def test_a_changed_named_world_is_another():
    assert world_from_page("standard", changed(wind=1.0)) == World(wind=1.0)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("pole_half_length", -1, "pole_half_length must be between 0.05 and 2 m, got -1"),
        ("angle_bias", 40, "angle_bias must be between -11.4 and 11.4 degrees, got 40"),
        ("gravity", math.nan, "gravity must be between 1 and 30 m/s^2, got nan"),
        ("wind", None, "wind must be between -6 and 6 N, got None"),
        ("wind", [1], "wind must be between -6 and 6 N, got [1]"),
        ("cart_mass", True, "cart_mass must be between 0.2 and 5 kg, got True"),
        ("action_delay", 1.5, "action_delay must be a whole number between 0 and 5 steps, got 1.5"),
        ("reversed_motor", "true", "reversed_motor must be true or false, got 'true'"),
    ],
)
def test_a_bad_detail_is_one_sentence(field, value, sentence):
    with pytest.raises(FieldError) as error:
        world_from_page("standard", changed(**{field: value}))  # that True == 1.0 does not make it the standard world
    assert str(error.value) == sentence


# --- an episode ---

CHOICES = [
    Choice(),
    Choice(WORLDS["reversed_tilted"], "memory", False, 7),
    Choice(World(angle_bias=math.radians(3.3), reversed_motor=True, velocity_sensors=False, action_delay=2), "random", True, 2**32 - 1),
]


@pytest.mark.parametrize("choice", CHOICES)
def test_a_link_gives_the_choice_back(choice):
    assert from_query({"fbclid": "x", **to_query(choice)}) == choice


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
        ({"seed": "-1"}, "seed must be a whole number between 0 and 4294967295, got -1"),
        ({"seed": "1e999"}, "seed must be a whole number"),
        ({"actions": "lucky"}, "actions must be one of greedy, sampled"),
        ({"policy": "yours"}, "policy must not be yours"),
        ({"policy": "x" * 2000}, "link must have at most"),
    ],
)
def test_a_bad_link_is_one_sentence(query, sentence):
    with pytest.raises(FieldError) as error:
        from_query(query)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize("bad", [-1, 2**32, 1.5, None, True, "3", math.inf, math.nan, [0]])
def test_a_bad_seed(bad):
    with pytest.raises(FieldError, match=r"^seed must be a whole number between 0 and 4294967295, got "):
        choice_from_page("standard", changed(), "meta", "greedy", bad)


@pytest.mark.parametrize("bad", ["", None, ["meta"], "META", {"policy": "meta"}, "x" * 500, "yours"])
def test_a_bad_policy_is_quoted_briefly(bad):
    with pytest.raises(FieldError, match=r"^policy must ") as error:
        choice_from_page("standard", changed(), bad, "greedy", 0)
    assert len(str(error.value)) < 200
    assert choice_from_page("standard", changed(), "yours", "sampled", 0, has_own_model=True) == Choice(World(), "yours", False)


# --- an adaptation ---


@pytest.mark.parametrize(
    "settings",
    [
        AdaptSettings(),
        AdaptSettings(WORLDS["reversed_gale"], "memory", "both", 0.123, 7, 1, 1.5, 42),
        AdaptSettings(World(wind=1.25, mirrored_sensors=True), "untrained", "hybrid", fresh_step=False),
    ],
)
def test_a_link_gives_the_adaptation_back(settings):
    assert adapt_from_query(adapt_to_query(settings)) == settings


def test_a_link_to_the_tab_alone_opens_a_world_in_which_there_is_something_to_learn():
    assert adapt_from_query({"tab": "adapt"}).world == WORLDS["reversed_motor"]
    assert adapt_from_query({"world": "moon"}) is None


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"num_adapt_steps": "1000"}, "num_adapt_steps must be a whole number between 1 and 10, got 1000"),
        ({"adapt_lr": "inf"}, "adapt_lr must be between 0.005 and 50, got inf"),
        ({"mode": "x"}, "mode must be one of standard, hybrid, both"),
        ({"start": "yours"}, "start must not be yours"),
        ({"fresh_step": "1"}, "fresh_step must be true or false"),
        ({"world": "x" * 3000}, "link must have at most"),
    ],
)
def test_a_bad_link_to_adapt_is_one_sentence(query, words):
    with pytest.raises(FieldError, match=words):
        adapt_from_query({"tab": "adapt", **query})


def test_programs_and_page_ask_for_the_same():
    asked = check_adaptation(WORLDS["reversed_motor"], True, start="yours", mode="both", adapt_lr=0.12345, num_adapt_steps=3.0, seed=7)
    assert asked == AdaptSettings(WORLDS["reversed_motor"], "yours", "both", 0.123, 3, seed=7) and isinstance(asked.num_adapt_steps, int)
    f = FIELDS["adapt"]["adapt_lr"]
    values = {"start": "yours", "mode": "both", "adapt_lr": to_page(f, 0.123), "num_adapt_steps": 3, "seed": 7}
    assert adapt_from_page("reversed_motor", page_values(asked.world), values, True) == asked


@pytest.mark.parametrize("bad", [3, None, "x", math.nan, [0]])
def test_a_bad_position_of_the_slider_speaks_of_the_rate(bad):
    with pytest.raises(FieldError, match=r"adapt_lr must be between 0\.005 and 50"):
        adapt_from_page("standard", changed(), {"adapt_lr": bad})


# --- a comparison ---

RACE = RaceSettings(World(wind=2.0), (Racer("memory"), Racer("untrained", "hybrid")), 5, 9)


def test_a_link_and_the_controls_give_the_race_back():
    assert race_from_query(race_to_query(RACE)) == RACE
    chosen = chosen_of(RACE.racers)
    assert race_from_page(CUSTOM, page_values(RACE.world), chosen, 5, 9) == RACE
    assert race_from_query({"tab": "compare"}) == RaceSettings()


@pytest.mark.parametrize(
    ("racers", "sentence"),
    [
        ("", "racers must be 1 to 6 policies"),
        (None, "racers must be 1 to 6 policies"),
        (["meta"] * 7, "racers must be 1 to 6 policies, got 7"),
        ("meta, meta", "racers must differ"),
        ("meta.fast", "racers must be named POLICY or POLICY.MODE"),
        ("random", "racers must be named POLICY"),
        ("yours", "racers must not name yours"),
    ],
)
def test_bad_racers_are_one_sentence(racers, sentence):
    with pytest.raises(FieldError) as error:
        check_race(World(), racers, 3, 0)
    assert str(error.value).startswith(sentence)
    assert check_race(World(), "yours, meta.none", 3, 0, True).racers == (Racer("yours"), Racer("meta"))


def test_a_race_takes_fewer_steps_than_an_adaptation():
    with pytest.raises(FieldError, match="num_adapt_steps must be a whole number between 1 and 5, got 6"):
        check_race(World(), "meta", 6, 0)


# --- for visitors ---


@pytest.mark.parametrize("f", [f for f in ALL if not (f.options or f.kind is bool)], ids=lambda f: f.name)
@pytest.mark.parametrize("bad", [None, "", "soon", 1e12, [1]])
def test_visitors_read_no_identifier_and_no_bracket(f, bad):
    with pytest.raises(FieldError) as error:
        from_page(f, bad)
    sentence = error.value.on_page
    assert sentence.startswith(f.label) and sentence.endswith(".") and not set("_[]'") & set(sentence)


def test_a_starting_point_that_is_gone_says_why():
    with pytest.raises(FieldError) as error:
        check(FIELDS["adapt"]["start"], "yours")
    assert error.value.on_page.startswith("Starting point must be another than yours: you have none yet")


@pytest.mark.parametrize("start", ["meta", "memory", "taught", "standard", "untrained"])
def test_a_link_without_a_rate_takes_what_suits_its_start_and_one_with_a_rate_keeps_it(start):
    settings = adapt_from_query({"tab": "adapt", "start": start, "mode": "hybrid"})
    assert (settings.adapt_lr, settings.fresh_step) == suited(start)
    other = replace(settings, adapt_lr=0.2, fresh_step=not settings.fresh_step)
    assert adapt_from_query(adapt_to_query(other)) == other
