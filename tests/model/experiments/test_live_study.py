"""The study of learning from every fall: its shares, and the protocol's rules as they are written down."""

from __future__ import annotations

import numpy as np
import pytest

from model import WORLDS, load_pretrained
from model.experiments import live_study
from model.experiments.live_study import falls_until_standing, live_learning, live_rounds
from model.maml.live_rules import LiveRules


def test_shares_grow_with_the_falls_allowed_and_say_how_many_runs(monkeypatch):
    monkeypatch.setattr(live_study, "PRETRAINED", ("meta",))
    lines = []
    result = live_learning(lines.append, seed=0, runs=2)
    assert result["runs"] == 2 and result["rules"]["lr"] == LiveRules().lr and len(lines) == 3
    for sets in result["stands_within_falls"].values():
        for row in sets.values():
            assert list(row) == ["0", "1", "3", "5", "10", "20"] and list(row.values()) == sorted(row.values())
    # The break set's first world, the reversed motor: one fall teaches it.
    assert result["stands_within_falls"]["meta"]["break set"]["1"] >= 0.5


def test_steps_of_length_zero_are_all_fruitless():
    rules = LiveRules(lr=0.0, fruitless_updates=2, hopeless_falls=4)
    rounds = live_rounds(load_pretrained("meta"), [WORLDS["reversed_motor"]], rules, np.random.default_rng(0))
    events = [next(rounds).event[0] for _ in range(6)]
    assert events == ["learnt", "learnt", "back_to_start", "learnt", "given_up", "given_up"]


def test_the_same_seed_gives_the_same_falls():
    worlds = [WORLDS["reversed_gale"], WORLDS["mirrored_sensors"]]
    runs = [falls_until_standing(load_pretrained("meta"), worlds, LiveRules(), seed) for seed in (4, 4)]
    assert np.array_equal(*runs)


def test_rules_have_bounds():
    with pytest.raises(ValueError, match=r"fruitless_updates must be a whole number between 1 and 1000, got 0"):
        LiveRules(fruitless_updates=0)
