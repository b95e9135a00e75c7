"""How the taught checkpoint is made; and all recipes by their names."""

from __future__ import annotations

from dataclasses import dataclass, replace

from model.imitation.config import ImitationConfig
from model.imitation.dagger import Dagger
from model.maml.recipes import RECIPES, Recipe


@dataclass(frozen=True)
class ImitationRecipe:
    """How a taught checkpoint is made: from the memory weights, by a teacher that knows the world."""

    help: str
    config: ImitationConfig
    polish_epochs: int = 400

    def polish(self, config: ImitationConfig, epochs: int) -> ImitationConfig:
        """Settings of a second training from the best of the first: ordinary worlds again, and one handicap at a time."""
        return replace(
            config,
            num_epochs=epochs,
            small_epochs=0,
            plain_share=0.4,
            single_share=0.35,
            easy_epochs=round(0.3 * epochs),
            lr=0.002,
            hold_lr_epochs=round(0.35 * epochs),
            fall_lr_epochs=round(0.65 * epochs),
            seed=(config.seed + 1) % 2**32,
        )

    def learner(self, config: ImitationConfig, epochs_done: int = 0) -> Dagger:
        """What teaches with this config."""
        return Dagger(config)


ALL_RECIPES: dict[str, Recipe | ImitationRecipe] = {
    **RECIPES,
    "taught": ImitationRecipe(
        "from memory, by imitation of a teacher that knows the world; the previous push as an input", ImitationConfig()
    ),
}
