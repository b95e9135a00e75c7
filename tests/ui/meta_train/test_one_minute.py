"""The minute is one recipe, whoever runs it: the package, the page and the benchmark."""

import dataclasses

import numpy as np
import pytest
import torch

from model import MetaMAML, World, train_one_minute
from model.experiments import benchmark
from model.maml import recipes
from model.worlds.families import family_sampler
from ui.training_settings import FIRST_RECIPE, RECIPES

TINY = dataclasses.replace(recipes.ONE_MINUTE, num_epochs=3, max_steps_per_episode=30, long_episodes_share=0.0)


def test_the_page_offers_it_first_and_the_benchmark_measures_it():
    _, settings = RECIPES[FIRST_RECIPE]
    assert settings.config is recipes.ONE_MINUTE is benchmark.ONE_MINUTE
    assert settings.families == recipes.ONE_MINUTE_FAMILIES == benchmark.ONE_MINUTE_FAMILIES
    assert settings.start == "random"


def test_its_worlds_are_the_two_motors_half_each():
    worlds = family_sampler(recipes.ONE_MINUTE_FAMILIES)(8, np.random.default_rng(3))
    assert sorted(w.reversed_motor for w in worlds) == [False] * 4 + [True] * 4
    assert {dataclasses.replace(w, reversed_motor=False) for w in worlds} == {World()}


def test_the_function_trains_by_it(monkeypatch):
    monkeypatch.setattr(recipes, "ONE_MINUTE", TINY)
    learner = MetaMAML(dataclasses.replace(TINY, seed=4), family_sampler(recipes.ONE_MINUTE_FAMILIES))
    list(learner.train())
    assert all(torch.equal(p, q) for p, q in zip(train_one_minute(4).parameters(), learner.best.parameters(), strict=True))
    assert not torch.equal(train_one_minute(5).B, learner.best.B)
    with pytest.raises(ValueError, match="seed must be"):
        train_one_minute(-1)
