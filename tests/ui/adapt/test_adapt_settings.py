"""An adaptation's settings: the slider's scale, links there and back, and what is checked."""

from __future__ import annotations

import pytest

from model import WORLDS, World
from ui.fields import TRAINED_LR, AdaptSettings, adapt_from_query, adapt_to_query, check_adaptation, lr_of, power_of


@pytest.mark.parametrize("lr", [0.005, 0.3, TRAINED_LR, 1.23, 50.0])
def test_the_slider_gives_a_learning_rate_back(lr):
    assert lr_of(power_of(lr)) == lr


@pytest.mark.parametrize(
    "settings",
    [
        AdaptSettings(),
        AdaptSettings(WORLDS["reversed_gale"], "memory", "both", 0.123, 7, 1, 1.5, 42),
        AdaptSettings(World(wind=1.25, mirrored_sensors=True), "untrained", "hybrid"),
    ],
)
def test_a_link_gives_the_settings_back(settings):
    assert adapt_from_query(adapt_to_query(settings)) == settings


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"num_adapt_steps": "1000"}, "num_adapt_steps must be a whole number between 1 and 10, got 1000"),
        ({"adapt_lr": "inf"}, "adapt_lr must be between"),
        ({"mode": "x"}, "mode must be one of"),
        ({"start": "yours"}, "starting point must not be yours"),
        ({"world": "venus"}, "world must be one of"),
        ({"seed": "x" * 3000}, "a link must have at most"),
    ],
)
def test_a_bad_link_is_one_sentence(query, words):
    with pytest.raises(ValueError, match=words):
        adapt_from_query({"tab": "adapt", **query})


def test_a_link_to_another_tab_is_none():
    assert adapt_from_query({"world": "moon"}) is None


def test_check_adaptation_takes_what_it_documents():
    settings = check_adaptation(WORLDS["reversed_motor"], "yours", "both", 0.12345, 3.0, 10, 1, 7, False, has_own_model=True)
    assert settings.fresh_step is False
    assert settings.adapt_lr == 0.123 and settings.num_adapt_steps == 3 and isinstance(settings.num_adapt_steps, int)


@pytest.mark.parametrize("bias", [0.1, 0.034906585039886591, 1 / 12])
def test_worlds_travel_exactly(bias):
    settings = AdaptSettings(World(angle_bias=bias, wind=-0.3))
    assert adapt_from_query(adapt_to_query(settings)) == settings
