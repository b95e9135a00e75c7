"""How the taught checkpoint is made; and all recipes by their names."""

from __future__ import annotations

from dataclasses import dataclass

from model.imitation.config import ImitationConfig
from model.imitation.dagger import Dagger
from model.maml.recipes import RECIPES, Recipe


@dataclass(frozen=True)
class ImitationRecipe:
    """How a taught checkpoint is made: from the memory weights, by a teacher that knows the world."""

    help: str
    config: ImitationConfig
    polish_epochs: int = 0

    def learner(self, config: ImitationConfig, epochs_done: int = 0) -> Dagger:
        """What teaches with this config."""
        return Dagger(config)


ALL_RECIPES: dict[str, Recipe | ImitationRecipe] = {
    **RECIPES,
    "taught": ImitationRecipe(
        "from memory, by imitation of a teacher that knows the world; the previous push as an input", ImitationConfig()
    ),
}
