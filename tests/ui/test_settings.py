"""What comes from the page, a link or a program is taken whole or refused in one sentence, and a link gives back what it was made of."""

import math
from dataclasses import replace

import pytest

from model import WORLDS, World
from ui.field import FieldError, check, from_link, from_page, on_page, to_link, to_page
from ui.fields import CUSTOM, FIELDS
from ui.links import link_query
from ui.runs.adaptation import config_of
from ui.settings import (
    AdaptSettings,
    Choice,
    Racer,
    RaceSettings,
    adapt_from_page,
    adapt_from_query,
    adapt_to_query,
    adaptation_of,
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
from ui.training_settings import settings_from_query

ALL = [f for group in FIELDS.values() for f in group.values()]


def changed(**fields):
    """The page's values of the standard world with some fields changed, in the page's units."""
    return [fields.get(name, value) for name, value in zip(FIELDS["world"], page_values(World()), strict=True)]


@pytest.mark.parametrize("f", ALL, ids=lambda f: f.name)
def test_defaults_and_limits_survive_page_and_link(f):
    ends = [] if f.options or f.kind is bool else [f.minimum, f.maximum]
    for value in [f.default, *ends]:
        assert check(f, value) == value == from_link(f, to_link(f, value))
        assert from_page(f, on_page(f).default) == f.default
    for end, reached in zip(ends, (on_page(f).minimum, on_page(f).maximum), strict=False):
        inwards = math.radians(0.1) if f.scale == "degrees" else 0  # degrees are rounded inwards
        assert f.minimum <= from_page(f, reached) <= f.maximum and from_page(f, reached) == pytest.approx(end, abs=inwards)


def test_named_worlds_travel_whole_and_a_changed_one_is_another():
    for name, world in WORLDS.items():
        assert world_from_page(name, page_values(world)) == world and preset_of(world) == name
    assert world_from_page("standard", changed(wind=1.0)) == World(wind=1.0)
    tilted = world_from_page(CUSTOM, changed(angle_bias=5.0))
    assert tilted.angle_bias == pytest.approx(math.radians(5)) and page_values(tilted) == changed(angle_bias=5.0)
    with pytest.raises(FieldError, match="cart_mass must be between"):
        world_from_page("standard", changed(cart_mass=True))  # that True == 1.0 does not make it the standard world


TRACKERS = (
    "utm_source", "utm_term", "fbclid", "gclid", "msclkid", "mc_eid", "_gl",
    "ref", "src", "si", "code", "state", "view", "node", "__theme", "__sign",
)  # fmt: skip
MISSPELT = {"wrold": "world", "winds": "wind", "polcy": "policy", "sede": "seed", "reversedmotor": "reversed motor"}
FAR = World(**{f.name: f.minimum if f.default == f.maximum else f.maximum for f in FIELDS["world"].values()})
LINKED = [
    (to_query, from_query, Choice()),
    (to_query, from_query, Choice(FAR)),  # no field is lost
    (to_query, from_query, Choice(WORLDS["reversed_tilted"], "memory", False, 7)),
    (
        to_query,
        from_query,
        Choice(World(angle_bias=math.radians(3.3), reversed_motor=True, velocity_sensors=False, action_delay=2), "random", True, 2**32 - 1),
    ),
    (adapt_to_query, adapt_from_query, AdaptSettings()),
    (adapt_to_query, adapt_from_query, AdaptSettings(WORLDS["reversed_gale"], "memory", "both", 0.123, 7, 1, 1.5, 42)),
    (adapt_to_query, adapt_from_query, AdaptSettings(World(wind=1.25), "untrained", "hybrid", fresh_step=False)),
    (race_to_query, race_from_query, RaceSettings(World(wind=2.0), (Racer("memory"), Racer("untrained", "hybrid")), 5, 9)),
]


@pytest.mark.parametrize(("to_link", "from_link", "settings"), LINKED)
def test_a_link_gives_back_what_it_was_made_of(to_link, from_link, settings):
    assert from_link({"fbclid": "x", **to_link(settings)}) == settings


def test_what_a_link_leaves_open_is_what_suits():
    assert from_query(dict.fromkeys(TRACKERS, "x")) is None is adapt_from_query({"world": "moon"})
    assert adapt_from_query({"tab": "adapt"}).world == WORLDS["reversed_motor"] and race_from_query({"tab": "compare"}) == RaceSettings()
    for start in ("meta", "memory", "taught", "standard", "untrained"):
        settings = adapt_from_query({"tab": "adapt", "start": start, "mode": "hybrid"})
        assert (settings.adapt_lr, settings.fresh_step) == suited(start)
        other = replace(settings, adapt_lr=0.2, fresh_step=not settings.fresh_step)
        assert adapt_from_query(adapt_to_query(other)) == other
        for mode in ("standard", "hybrid"):  # a racer takes the steps that its link on the Adapt tab takes
            racing = adaptation_of(RaceSettings(num_adapt_steps=3, seed=0), Racer(start, mode))
            shown = adapt_from_query({"tab": "adapt", "start": start, "mode": mode, "num_adapt_steps": "3"})
            assert config_of(racing, mode) == config_of(shown, mode)


def test_capitals_blanks_and_foreign_names_change_nothing():
    loud = {"Tab": "Adapt", "WORLD": "Custom", "Reversed-Motor": "True", "start": " Memory", **dict.fromkeys(TRACKERS, "Meta")}
    assert adapt_from_query(link_query(loud)) == adapt_from_query({"tab": "adapt", "reversed_motor": "true", "start": "memory"})
    for group in FIELDS.values():
        assert all(name == name.lower() for f in group.values() for name in f.options)


@pytest.mark.parametrize("read", [from_query, adapt_from_query, race_from_query, settings_from_query])
@pytest.mark.parametrize(("name", "meant"), MISSPELT.items())
def test_a_name_that_is_almost_ours_is_said(read, name, meant):
    tab = {adapt_from_query: "adapt", race_from_query: "compare", settings_from_query: "meta-train"}.get(read, "play")
    with pytest.raises(FieldError) as error:
        read(link_query({"tab": tab, name: "1"}))
    assert error.value.on_page == f"Its “{name}” must be “{meant}”."


def test_yours_is_for_who_has_one():
    assert choice_from_page("standard", changed(), "yours", "sampled", 0, has_own_model=True) == Choice(World(), "yours", False)
    assert check_race(World(), "yours, meta.none", 3, 0, True).racers == (Racer("yours"), Racer("meta"))


def test_programs_and_page_ask_for_the_same():
    asked = check_adaptation(WORLDS["reversed_motor"], True, start="yours", mode="both", adapt_lr=0.12345, num_adapt_steps=3.0, seed=7)
    assert asked == AdaptSettings(WORLDS["reversed_motor"], "yours", "both", 0.123, 3, seed=7) and isinstance(asked.num_adapt_steps, int)
    values = {"start": "yours", "mode": "both", "adapt_lr": to_page(FIELDS["adapt"]["adapt_lr"], 0.123), "num_adapt_steps": 3, "seed": 7}
    assert adapt_from_page("reversed_motor", page_values(asked.world), values, True) == asked
    raced = check_race(World(wind=2.0), "memory, untrained.hybrid", 5, 9)
    assert race_from_page(CUSTOM, page_values(raced.world), chosen_of(raced.racers), 5, 9) == raced
