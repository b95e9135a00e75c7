"""What a training of the Meta-train tab is: its settings, the named recipes, the work that one epoch may be, and its link."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from model import MetaTrainingConfig
from model.maml.recipes import ONE_MINUTE, ONE_MINUTE_FAMILIES
from model.worlds.cartpole import MAX_EPISODE_STEPS
from ui.field import Field, FieldError, check, from_link, offered
from ui.fields import FIELDS
from ui.links import check_names

TAB = "meta-train"
TRAIN = FIELDS["train"]
PLACE = Field("place", "Where it computes", "browser", options={"browser": "In this browser", "server": "On the server"})
CONFIG = tuple(name for name in TRAIN if name not in ("families", "start", "time_budget"))
"""The settings that are fields of MetaTrainingConfig."""
# Environment steps of one epoch, all episodes full: 20 worlds x 10 full episodes, before and after one step, are as many.
# With the sizes below the training's process then peaks at 1.2 GB.
MAX_EPOCH_STEPS = 200_000
FULL_SIZE = 96  # state_dim + hidden_dim; larger models need more memory for each step and get fewer


@dataclass(frozen=True)
class MetaSettings:
    """One training: the worlds' families, the weights to start from, the config, and the time in seconds."""

    families: tuple[str, ...] = ("reversed_motor",)
    start: str = "random"
    config: MetaTrainingConfig = field(default_factory=MetaTrainingConfig)
    time_budget: float = 60.0

    def values(self) -> dict[str, Any]:
        """Everything adjustable, by the names of the table."""
        config = {name: getattr(self.config, name) for name in CONFIG}
        return {"families": list(self.families), "start": self.start, **config, "time_budget": self.time_budget}


def _config(**changes: Any) -> MetaTrainingConfig:
    # The page's inner loop always learns from all the episodes of a task.
    episodes = changes.get("episodes_per_task", ONE_MINUTE.episodes_per_task)
    return dataclasses.replace(ONE_MINUTE, **changes, min_support_episodes=episodes)


RECIPES: Mapping[str, tuple[str, MetaSettings]] = MappingProxyType(
    {
        "reversed_motor": ("1 minute: reversed motor", MetaSettings(ONE_MINUTE_FAMILIES, config=ONE_MINUTE, time_budget=60.0)),
        "wind_and_motor": (
            "2 minutes: wind and motor",
            MetaSettings(("reversed_motor", "wind"), config=_config(num_epochs=70, tasks_per_epoch=12), time_budget=120.0),
        ),
        "go_on": (
            "Go on from the shipped weights",
            MetaSettings(
                ("reversed_motor", "wind", "physics"),
                "meta",
                _config(num_epochs=30, tasks_per_epoch=12, outer_lr=0.0003, long_episodes_share=1.0),
                60.0,
            ),
        ),
    }
)
FIRST_RECIPE = "reversed_motor"
CUSTOM_RECIPE = "custom"


def check_settings(values: Mapping[str, Any], has_own_model: bool = False) -> MetaSettings:
    """Settings from values by the names of the table. Raises FieldError, and ValueError where they are not all there."""
    if not isinstance(values, Mapping) or not TRAIN.keys() <= values.keys():
        raise ValueError("a training must come with all its settings")
    v = {name: check(f, values[name], has_own_model) for name, f in TRAIN.items()}
    settings = MetaSettings(v["families"], v["start"], _config(**{name: v[name] for name in CONFIG}), v["time_budget"])
    check_work(settings.config)
    return settings


def longest(config: MetaTrainingConfig) -> int:
    """The step limit of the longest training episodes."""
    return max(config.max_steps_per_episode, MAX_EPISODE_STEPS if config.long_episodes_share > 0 else 0)


def epoch_steps(config: MetaTrainingConfig) -> int:
    """Environment steps of one epoch at most."""
    return config.tasks_per_epoch * config.episodes_per_task * (config.inner_steps + 1) * longest(config)


def check_work(config: MetaTrainingConfig) -> None:
    """FieldError when one epoch is more work, or needs more memory, than the page allows."""
    size = config.state_dim + config.hidden_dim
    steps, most = epoch_steps(config), int(MAX_EPOCH_STEPS * min(1.0, FULL_SIZE / size))
    if steps > most:
        of_size = "" if size <= FULL_SIZE else f" for a model with state_dim + hidden_dim = {size}"
        product = f"tasks_per_epoch × episodes_per_task × (inner_steps + 1) × {longest(config)} steps an episode"
        must = f"be so few that {product} is at most {most:,} environment steps an epoch{of_size}"
        may = f"an epoch{' of so large a model' if of_size else ''} may take at most {most:,} environment steps"
        page = f"be fewer, or the episodes or inner steps: {may}, and these would take {steps:,}"
        raise FieldError("tasks_per_epoch", must, steps, page, TRAIN["tasks_per_epoch"].label)


# --- links: the nearest recipe, and what is different from it (ui/tabs/training_controls.py writes them) ---


def recipe_of(settings: MetaSettings) -> str:
    """The recipe that these settings are, else "custom"."""
    return next((name for name, (_, known) in RECIPES.items() if known.values() == settings.values()), CUSTOM_RECIPE)


def settings_from_query(query: Mapping[str, str], has_own_model: bool = False) -> MetaSettings | None:
    """The settings of a link; None where it names none of this tab. Raises FieldError."""
    if query.get("tab") != TAB:
        return None
    check_names(query)
    if not {"recipe", *TRAIN} & set(query):
        return None
    recipe = query.get("recipe", FIRST_RECIPE)
    if recipe not in RECIPES:
        raise FieldError("recipe", f"be one of {', '.join(RECIPES)}", recipe, offered(recipe))
    values = RECIPES[recipe][1].values()
    return check_settings({n: from_link(TRAIN[n], query[n], has_own_model) if n in query else v for n, v in values.items()}, has_own_model)


def place_from_query(query: Mapping[str, str]) -> str | None:
    """Where the training of a link computes; None where it says nothing of it. Raises FieldError."""
    return from_link(PLACE, query["place"]) if query.get("tab") == TAB and "place" in query else None


def to_json(settings: MetaSettings) -> dict[str, Any]:
    """The settings as JSON, for a checkpoint's metadata."""
    return {**dataclasses.asdict(settings), "families": list(settings.families)}
