"""A link to a training's settings opens the same settings, and what the browser writes is what the server would."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest

from tests.assets.page_engine import on_page
from ui.checks import FieldError
from ui.training_link import NAMES, QUERY, settings_from_query, settings_to_query
from ui.training_settings import RECIPES, MetaSettings, check_settings

FIRST = RECIPES["reversed_motor"][1].values()
OTHERS = [
    {"families": ["wind", "angle_bias"], "seed": 9, "time_budget": 12.5},
    {"outer_lr": 0.00003, "first_order": True, "num_epochs": 3},
    {"start": "meta", "inner_steps": 0, "hidden_dim": 8, "state_dim": 4, "discount_factor": 0.97},
]
ALL = [s for _, s in RECIPES.values()] + [check_settings({**FIRST, **other}) for other in OTHERS]


@pytest.mark.parametrize("settings", ALL)
def test_there_and_back_and_the_same_in_the_browser(settings: MetaSettings):
    query = settings_to_query(settings)
    assert settings_from_query(dict(parse_qsl(query))) == settings
    written = on_page(f"return ({QUERY})(...payload);", [settings.values()[n] for n in NAMES])
    assert settings_from_query(dict(parse_qsl(written))) == settings
    assert dict(parse_qsl(written)).keys() == dict(parse_qsl(query)).keys()


def test_a_recipe_is_a_short_link_and_other_tabs_are_left_alone():
    assert settings_to_query(RECIPES["go_on"][1]) == "tab=meta-train&recipe=go_on"
    assert settings_from_query({"tab": "meta-train"}) is None
    assert settings_from_query({"tab": "play", "seed": "3"}) is None


@pytest.mark.parametrize(
    "wrong", [{"recipe": "x"}, {"seed": "-1"}, {"num_epochs": "many"}, {"families": ""}, {"start": "yours"}, {"inner_lr": "nan"}]
)
def test_what_can_not_be_is_refused(wrong):
    with pytest.raises(FieldError):
        settings_from_query({"tab": "meta-train", **wrong})


def test_yours_is_taken_where_there_is_one():
    settings = settings_from_query({"tab": "meta-train", "start": "yours"}, has_own_model=True)
    assert settings == replace(settings, start="yours")
