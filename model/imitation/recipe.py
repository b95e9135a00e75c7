"""How the taught checkpoint is made; and all recipes by their names."""

from __future__ import annotations

from dataclasses import dataclass, replace

from model.imitation.config import ImitationConfig
from model.imitation.dagger import Dagger
from model.maml.recipes import RECIPES, Recipe

LATER = (
    {"num_epochs": 560, "small_epochs": 0, "easy_epochs": 120, "plain_share": 0.35, "single_share": 0.4}
    | {"lr": 0.002, "hold_lr_epochs": 330, "fall_lr_epochs": 230},
    {"num_epochs": 150, "easy_epochs": 0, "plain_share": 0.6, "single_share": 0.25}
    | {"lr": 0.0015, "hold_lr_epochs": 60, "fall_lr_epochs": 90},
)
"""What the later trainings change, each against the one before: ordinary worlds again, and one handicap at a time, easy ones first;
at last mostly ordinary worlds."""


@dataclass(frozen=True)
class ImitationRecipe:
    """How a taught checkpoint is made from the memory weights: everything at once, then LATER."""

    help: str
    config: ImitationConfig
    polish_epochs: int

    def learner(self, config: ImitationConfig, epochs_done: int = 0) -> Dagger:
        """What teaches with this config."""
        return Dagger(config)

    def configs(self, config: ImitationConfig, polish_epochs: int) -> tuple[ImitationConfig, ...]:
        """The settings of each training, which starts from the best of the one before; of the first alone with no polishing.

        polish_epochs: of the last one; those between are no longer than the first. Seeds are one apart.
        """
        configs = [config]
        for later in LATER if polish_epochs else ():
            epochs = polish_epochs if later is LATER[-1] else min(later["num_epochs"], config.num_epochs)
            configs.append(replace(configs[-1], **later | {"num_epochs": epochs, "seed": (configs[-1].seed + 1) % 2**32}))
        return tuple(configs)


ALL_RECIPES: dict[str, Recipe | ImitationRecipe] = {
    **RECIPES,
    "taught": ImitationRecipe("from memory, by imitation of a teacher that is told the true world", ImitationConfig(), polish_epochs=150),
}
