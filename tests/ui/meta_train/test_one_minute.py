"""The minute is one recipe, whoever runs it: the package, the page and the benchmark."""

from dataclasses import replace

import numpy as np
import pytest

from model import World, train_one_minute
from model.experiments import benchmark
from model.maml import recipes
from model.worlds.families import family_sampler
from ui.training_settings import FIRST_RECIPE, RECIPES


def test_the_page_offers_it_first_and_the_benchmark_measures_it():
    _, settings = RECIPES[FIRST_RECIPE]
    assert settings.config is recipes.ONE_MINUTE is benchmark.ONE_MINUTE and settings.start == "random"
    assert settings.families == recipes.ONE_MINUTE_FAMILIES == benchmark.ONE_MINUTE_FAMILIES


def test_its_worlds_are_the_two_motors_half_each():
    worlds = family_sampler(recipes.ONE_MINUTE_FAMILIES)(8, np.random.default_rng(3))
    assert sorted(w.reversed_motor for w in worlds) == [False] * 4 + [True] * 4
    assert {replace(w, reversed_motor=False) for w in worlds} == {World()}


def test_a_bad_seed_trains_nothing():
    with pytest.raises(ValueError, match="seed must be"):
        train_one_minute(-1)
