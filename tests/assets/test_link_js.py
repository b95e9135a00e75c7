"""A link of the Live page opens what it was made from."""

import dataclasses

import numpy as np
import pytest

from model import WORLDS, World
from model.maml.live_rules import LiveRules
from tests.assets.engine import run_check
from tests.assets.vectors import any_worlds
from tests.ui.test_settings import MISSPELT, TRACKERS
from ui.fields import TABS

POLICIES = ["meta", "memory", "standard"]


def test_every_part_of_the_state_travels():
    worlds = [World(), WORLDS["reversed_gale"], *any_worlds(10, np.random.default_rng(0))]
    states = [
        {"world": dataclasses.asdict(w), "policy": POLICIES[i % 3], "seed": 7 * i, "learning": i % 2 == 0, "lr": 0.05 * (i + 1)}
        for i, w in enumerate(worlds)
    ]
    for sent, opened in zip(states, run_check("travelled", {"states": states, "policies": POLICIES}), strict=True):
        assert opened["world"] == pytest.approx(sent["world"], rel=1e-9)
        assert {"lr": LiveRules().lr, **opened, "world": None} == {**sent, "world": None}  # the usual rate needs no word


def opened(*links: str) -> list:
    """What each link opens on a page of all tabs, where a link without one leads to Live."""
    return run_check("opened", {"links": links, "policies": POLICIES, "tabs": list(TABS), "usual": "live"})


def test_capitals_and_foreign_names_change_nothing():
    trackers = "&".join(f"{name}=X" for name in TRACKERS)
    plain, loud, bare = opened(
        "tab=live&world=moon&policy=memory&learning=off&seed=3",
        f"?Tab=LIVE&World=Moon&POLICY=Memory&Learning=Off&Seed=3&{trackers}",
        trackers,
    )
    assert loud == plain and plain["world"]["gravity"] == WORLDS["moon"].gravity and plain["policy"] == "memory" and bare == {}
    assert opened("Reversed-Motor=True")[0]["world"]["reversed_motor"] is True


def test_an_unknown_tab_and_a_name_that_is_almost_ours_are_said():
    said = [f"Its “{name}” must be “{meant}”." for name, meant in MISSPELT.items()]
    assert opened(*(f"tab=live&{name}=1" for name in MISSPELT)) == said
    assert opened("tab=shop&world=moon", "tab=play&wrold=moon") == [f"Tab must be one of {', '.join(TABS)}, not shop.", {}]
