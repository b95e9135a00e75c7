"""Training, validation and test worlds are apart by construction."""

import numpy as np
import pytest

from model import sample_worlds
from model.worlds.sampling import TRAINING_RANGES, training_worlds

INSIDE = ("train", "validation", "test")


def test_splits_never_share_a_gravity():
    digits = {split: {round(w.gravity * 1000) % 10 for w in sample_worlds(split, 500, 0)} for split in INSIDE}
    assert digits == {"train": {0, 1, 2, 3, 4, 5}, "validation": {6, 7}, "test": {8, 9}}
    assert {round(w.gravity * 1000) % 10 for w in training_worlds(500, np.random.default_rng(1))} == digits["train"]


def test_sealed_worlds_have_a_gravity_that_no_other_split_can_have():
    """Its fourth decimal is 5 in them and 0 elsewhere."""
    fourth = {split: {round(w.gravity * 10_000) % 10 for w in sample_worlds(split, 300, 0)} for split in (*INSIDE, "sealed")}
    assert fourth == {"train": {0}, "validation": {0}, "test": {0}, "sealed": {5}}
    outside = [w for w in sample_worlds("sealed_outside", 300, 0) if 6 <= w.gravity <= 16.01]
    assert len(outside) > 150 and {round(w.gravity * 10_000) % 10 for w in outside} == {5}


def test_worlds_of_the_open_splits_stay_what_they_were():
    """Results stand beside them: a world that changes would make the results those of others."""
    second = {"train": 14.575, "validation": 9.296, "validation_outside": 15.846, "test": 10.329, "test_outside": 21.77047732145465}
    assert {split: sample_worlds(split, 2, 0)[1].gravity for split in second} == pytest.approx(second, rel=1e-12)


@pytest.mark.parametrize(("split", "own"), [("validation_outside", {6, 7}), ("test_outside", {8, 9})])
def test_outside_worlds_keep_apart_what_is_chosen_on_from_what_is_reported(split, own):
    """Also where gravity is the feature that left its range: there it may be any number, and no two draws are equal."""
    inside = [w for w in sample_worlds(split, 500, 0) if 6 <= w.gravity <= 16.01]
    assert len(inside) > 300 and {round(w.gravity * 1000) % 10 for w in inside} == own


@pytest.mark.parametrize("name", ["pole_half_length", "wind", "angle_bias", "gravity"])
def test_outside_worlds_leave_the_ranges_on_both_sides(name):
    low, high = TRAINING_RANGES[name]
    values = [getattr(w, name) for w in sample_worlds("test_outside", 300, 2)]
    assert min(values) < low - 0.005 and max(values) > high + 0.005


@pytest.mark.parametrize("split", INSIDE)
def test_inside_worlds_keep_to_the_training_ranges(split):
    worlds = sample_worlds(split, 500, 1)
    for name, (low, high) in TRAINING_RANGES.items():
        values = np.array([getattr(w, name) for w in worlds])
        assert values.min() >= low - 0.01 and values.max() <= high + 0.01
        assert values.max() - values.min() > 0.8 * (high - low)
    assert 200 < sum(w.reversed_motor for w in worlds) < 300
    assert 40 < sum(w.mirrored_sensors for w in worlds) < 110
    assert 200 < sum(w.wind == 0 for w in worlds) < 300
