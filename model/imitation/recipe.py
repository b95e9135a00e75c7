"""How the taught checkpoint is made; and all recipes by their names."""

from __future__ import annotations

from dataclasses import dataclass, replace

from model.imitation.config import ImitationConfig
from model.imitation.dagger import Dagger
from model.maml.recipes import RECIPES, Recipe

SECOND_EPOCHS, THIRD_EPOCHS = 179, 380


@dataclass(frozen=True)
class ImitationRecipe:
    """How a taught checkpoint is made, from the memory weights: everything at once; then ordinary worlds again, and one handicap at a
    time, easy ones first; then all of it; and for polish_epochs mostly ordinary worlds.
    """

    help: str
    config: ImitationConfig
    polish_epochs: int

    def learner(self, config: ImitationConfig, epochs_done: int = 0) -> Dagger:
        """What teaches with this config."""
        return Dagger(config)

    def configs(self, config: ImitationConfig, polish_epochs: int) -> tuple[ImitationConfig, ...]:
        """The settings of the four trainings, each from the best of the one before; of the first alone with no polishing."""
        if not polish_epochs:
            return (config,)
        second = replace(
            config,
            num_epochs=min(SECOND_EPOCHS, config.num_epochs),
            small_epochs=0,
            plain_share=0.4,
            single_share=0.35,
            easy_epochs=120,
            lr=0.002,
            hold_lr_epochs=140,
            fall_lr_epochs=260,
            seed=(config.seed + 1) % 2**32,
        )
        third = replace(
            second,
            num_epochs=min(THIRD_EPOCHS, config.num_epochs),
            plain_share=0.3,
            single_share=0.45,
            easy_epochs=0,
            hold_lr_epochs=152,
            fall_lr_epochs=228,
            seed=(config.seed + 2) % 2**32,
        )
        last = replace(
            third,
            num_epochs=polish_epochs,
            plain_share=0.6,
            single_share=0.25,
            lr=0.0015,
            hold_lr_epochs=60,
            fall_lr_epochs=90,
            seed=(config.seed + 3) % 2**32,
        )
        return config, second, third, last


ALL_RECIPES: dict[str, Recipe | ImitationRecipe] = {
    **RECIPES,
    "taught": ImitationRecipe("from memory, by imitation of a teacher that is told the true world", ImitationConfig(), polish_epochs=74),
}
