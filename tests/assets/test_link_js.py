"""A link of the Live page opens what it was made from."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from model import WORLDS, World
from model.maml.live_rules import LiveRules
from tests.assets.engine import run_check
from tests.assets.vectors import any_worlds

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
