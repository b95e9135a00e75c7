"""How the shipped checkpoints are made, and the quick recipe that the page trains by."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from model.maml.meta_config import MetaTrainingConfig
from model.maml.training import MetaMAML, WorldSampler
from model.policy.ssm import StateSpaceModel
from model.worlds.families import family_sampler
from model.worlds.sampling import standard_worlds, training_worlds
from model.worlds.world import World


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How one of the shipped checkpoints is made: settings, its worlds after a number of epochs, polishing at the end."""

    help: str
    config: MetaTrainingConfig
    worlds: Callable[[int], WorldSampler]
    polish_epochs: int = 0

    def learner(self, config: MetaTrainingConfig, epochs_done: int = 0) -> MetaMAML:
        """What trains with this config, epochs_done epochs after the recipe began."""
        return MetaMAML(config, self.worlds(epochs_done))

    def configs(self, config: MetaTrainingConfig, polish_epochs: int) -> tuple[MetaTrainingConfig, ...]:
        """The settings of one training after the other, each from the best of the one before."""
        return (config, polish(config, polish_epochs)) if polish_epochs else (config,)


class TwoMotorsFirst:
    """The training distribution, after 80 epochs on the standard cart with normal and reversed motor only.

    Domain randomisation over everything at once settles on serving one direction of the motor and never learns the other.
    epochs_done: how many epochs a resumed training has behind it.
    """

    def __init__(self, epochs_done: int = 0):
        self.drawn = epochs_done

    def __call__(self, n: int, generator: np.random.Generator) -> list[World]:
        self.drawn += 1
        return two_motors(n, generator) if self.drawn <= 80 else training_worlds(n, generator)


def polish(config: MetaTrainingConfig, epochs: int) -> MetaTrainingConfig:
    """Settings of a second training that goes on from the best of the first: all episodes of 500 steps, half the outer_lr."""
    return dataclasses.replace(
        config, num_epochs=epochs, outer_lr=config.outer_lr / 2, long_episodes_share=1.0, seed=(config.seed + 1) % 2**32
    )


RECIPES = {
    "meta": Recipe("meta-trained with inner steps", MetaTrainingConfig(), lambda epochs_done: training_worlds, polish_epochs=120),
    "memory": Recipe(
        "the same worlds, zero inner steps (domain randomisation)",
        MetaTrainingConfig(
            inner_steps=0,
            num_epochs=1300,
            outer_updates=3,
            entropy_bonus=0.005,
            length_exponent=1.0,
            normalise_per_task=True,
        ),
        TwoMotorsFirst,
        polish_epochs=150,
    ),
    "standard": Recipe(
        "the standard world only, zero inner steps",
        MetaTrainingConfig(inner_steps=0, num_epochs=60, outer_updates=3),
        lambda epochs_done: standard_worlds,
    ),
}


def two_motors(n: int, generator: np.random.Generator) -> list[World]:
    """n standard worlds, every second one with the motor reversed."""
    return [World(reversed_motor=bool(i % 2)) for i in range(n)]


ONE_MINUTE = MetaTrainingConfig(
    num_epochs=60,
    tasks_per_epoch=8,
    episodes_per_task=6,
    min_support_episodes=6,
    long_episodes_share=0.4,
    spread_starts=True,
    inner_steps=1,
    min_grad_norm=0.6,
    outer_lr=0.003,
    hold_lr_share=0.6,
    outer_updates=3,
    split_meta_gradient=True,
    guard_from=100.0,
    entropy_bonus=0.05,
    entropy_where_counted=False,
    short_advantage_weight=0.3,
    advantage_std_floor=0.2,
)
"""The quickest meta-training worth watching: the standard cart with the motor as usual and reversed, half the worlds each.

How often it ends well is measured by python -m model benchmark --part one_minute.
"""
ONE_MINUTE_FAMILIES = ("reversed_motor",)


def train_one_minute(seed: int = 0) -> StateSpaceModel:
    """The page's first recipe from random weights, as the page runs it, without its time limit: the best model.

    Raises ValueError for a seed out of bounds.
    """
    learner = MetaMAML(dataclasses.replace(ONE_MINUTE, seed=seed), family_sampler(ONE_MINUTE_FAMILIES))
    for _ in learner.train():
        pass
    return learner.best
