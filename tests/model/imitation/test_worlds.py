"""The worlds of the taught start: splits that share none, everything that the page can set, changes within an episode."""

from dataclasses import asdict

import numpy as np

from model import World
from model.imitation.worlds import ALL, BOUNDS, MOST_CHANGES, MOST_REVERSALS, Mix, life, taught_world, world_anywhere

DIGITS = {"train": set("012345"), "validation": set("67"), "test": set("89")}


def drawn(split: str, n: int = 400, mix: Mix = ALL) -> list[World]:
    generator = np.random.default_rng(0)
    return [taught_world(generator, split, mix) for _ in range(n)]


def test_gravitys_decimals_keep_the_splits_apart_also_after_a_change():
    for split, allowed in DIGITS.items():
        generator = np.random.default_rng(1)
        worlds = drawn(split, 100)
        later = [w for world in worlds for _, w in life(world, 400, generator, split)]
        anywhere = [world_anywhere(generator, split) for _ in range(100)]
        assert len(later) > 100
        for w in (*worlds, *later, *anywhere):
            *_, third, fourth = f"{w.gravity:.4f}"
            assert third in allowed and fourth == "0"


def test_every_field_is_drawn_over_its_whole_slider_but_the_reversals_that_changes_stand_for():
    worlds = drawn("train", 3000)
    for name, (low, high) in BOUNDS.items():
        seen = [getattr(w, name) for w in worlds]
        if name == "motor_reversals":
            assert not any(seen)
        else:
            assert min(seen) <= low + 0.1 * (high - low) and max(seen) >= high - 0.1 * (high - low), name


def test_a_life_is_a_list_of_rising_steps_whose_worlds_differ_from_those_before():
    generator, kinds = np.random.default_rng(2), set()
    for world in drawn("train", 200):
        steps = life(world, 100, generator)
        assert [s for s, _ in steps] == sorted({s for s, _ in steps}) and all(1 <= s < 100 for s, _ in steps)
        assert len(steps) <= max(MOST_REVERSALS, MOST_CHANGES)
        for before, (_, after) in zip([world, *(w for _, w in steps)], steps, strict=False):
            kinds |= {name for name, value in asdict(after).items() if value != getattr(before, name)}
    assert kinds == set(BOUNDS) - {"motor_reversals"}
