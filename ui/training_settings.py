"""What a training of the Meta-train tab is: its settings, their limits on the page, and the named recipes. Knows no Gradio."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from model import MetaTrainingConfig
from model.config import FieldInfo, field_infos
from model.maml.recipes import ONE_MINUTE, ONE_MINUTE_FAMILIES
from model.worlds.cartpole import MAX_EPISODE_STEPS
from model.worlds.families import FAMILIES
from ui.checks import FieldError, check, check_name, check_seed
from ui.runs.policies import POLICIES, short_name

STARTS: Mapping[str, str] = MappingProxyType({"random": POLICIES["untrained"], "meta": POLICIES["meta"], "yours": short_name("yours")})

# The page's limits where they are tighter than the config's: what two small cores do within minutes.
LIMITS = {
    "num_epochs": (1, 1000),
    "tasks_per_epoch": (1, 40),
    "episodes_per_task": (1, 40),
    "inner_steps": (0, 5),
    "max_steps_per_episode": (10, MAX_EPISODE_STEPS),
    "outer_updates": (1, 5),
    "state_dim": (1, 64),
    "hidden_dim": (1, 128),
}
# Environment steps of one epoch, all episodes full: 20 worlds x 10 full episodes, before and after one step, are as many.
# With the sizes below the worker then peaks at 1.2 GB.
MAX_EPOCH_STEPS = 200_000
FULL_SIZE = 96  # state_dim + hidden_dim; larger models need more memory for each step and get fewer
TIME_BUDGET = FieldInfo("time_budget", "s", 5.0, 300.0, 60.0, "the training ends after this time, whatever epoch it is in")

ON_PAGE = (
    "num_epochs",
    "tasks_per_epoch",
    "episodes_per_task",
    "inner_lr",
    "inner_steps",
    "outer_lr",
    "first_order",
    "outer_updates",
    "discount_factor",
    "max_steps_per_episode",
    "long_episodes_share",
    "state_dim",
    "hidden_dim",
)


def _page_info(info: FieldInfo) -> FieldInfo:
    low, high = LIMITS.get(info.name, (info.minimum, info.maximum))
    return info._replace(minimum=low, maximum=high)


INFOS: Mapping[str, FieldInfo] = MappingProxyType({i.name: _page_info(i) for i in field_infos(MetaTrainingConfig) if i.name in ON_PAGE})


@dataclass(frozen=True)
class MetaSettings:
    """One training: the worlds' families, the weights to start from, the config, and the time in seconds."""

    families: tuple[str, ...] = ("reversed_motor",)
    start: str = "random"
    config: MetaTrainingConfig = field(default_factory=MetaTrainingConfig)
    time_budget: float = 60.0
    made: str = ""  # how a start of the visitor's own came about (ui/made.py)

    def values(self) -> dict[str, Any]:
        """Everything adjustable, by name: families, start, the fields ON_PAGE, seed, time_budget."""
        config = {name: getattr(self.config, name) for name in ON_PAGE}
        return {"families": list(self.families), "start": self.start, **config, "seed": self.config.seed, "time_budget": self.time_budget}


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
    """Settings from what came by the names of `MetaSettings.values`; ValueError with one sentence, the config's own where it applies."""
    families = values["families"]
    if not isinstance(families, (list, tuple)) or not families:
        raise FieldError("families", f"name at least one of {', '.join(FAMILIES)}", families, "name at least one: tick a family")
    chosen = {check_name("families", name, tuple(FAMILIES)) for name in families[: len(FAMILIES) + 1]}
    start = check_name("start", values["start"], tuple(STARTS))
    if start == "yours" and not has_own_model:
        gone = "not be yours while you have no policy of your own: keep an adapted one, or use a trained one, first"
        raise FieldError("start", gone, start, gone)
    config = {name: check(info, values[name]) for name, info in INFOS.items()}
    budget = float(check(TIME_BUDGET, values[TIME_BUDGET.name]))
    settings = MetaSettings(
        tuple(name for name in FAMILIES if name in chosen), start, _config(**config, seed=check_seed(values["seed"])), budget
    )
    check_work(settings.config)
    return settings


def longest(config: MetaTrainingConfig) -> int:
    """The step limit of the longest training episodes."""
    return max(config.max_steps_per_episode, MAX_EPISODE_STEPS if config.long_episodes_share > 0 else 0)


def epoch_steps(config: MetaTrainingConfig) -> int:
    """Environment steps of one epoch at most."""
    return config.tasks_per_epoch * config.episodes_per_task * (config.inner_steps + 1) * longest(config)


def check_work(config: MetaTrainingConfig) -> None:
    """ValueError when one epoch is more work, or needs more memory, than the page allows."""
    size = config.state_dim + config.hidden_dim
    steps, most = epoch_steps(config), int(MAX_EPOCH_STEPS * min(1.0, FULL_SIZE / size))
    if steps > most:
        of_size = "" if size <= FULL_SIZE else f" for a model with state_dim + hidden_dim = {size}"
        product = f"tasks_per_epoch × episodes_per_task × (inner_steps + 1) × {longest(config)} steps an episode"
        must = f"be so few that {product} is at most {most:,} environment steps an epoch{of_size}"
        may = f"an epoch{' of so large a model' if of_size else ''} may take at most {most:,} environment steps"
        page = f"be fewer, or the episodes or inner steps: {may}, and these would take {steps:,}"
        raise FieldError("tasks_per_epoch", must, steps, page)


def to_json(settings: MetaSettings) -> dict[str, Any]:
    """The settings as JSON for the worker and for a checkpoint's metadata."""
    return {**dataclasses.asdict(settings), "families": list(settings.families)}


def from_json(data: Mapping[str, Any]) -> MetaSettings:
    """The settings that `to_json` wrote."""
    return MetaSettings(
        tuple(data["families"]), data["start"], MetaTrainingConfig(**data["config"]), float(data["time_budget"]), data.get("made", "")
    )
