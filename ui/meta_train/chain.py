"""A training as a stage of a link, counted in epochs and not in seconds: so many epochs give the same policy on any machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from model.config import FieldInfo
from ui.meta_train.settings import FIRST_RECIPE, RECIPES, TIME_BUDGET, MetaSettings, check_settings
from ui.meta_train.trained import Trained
from ui.shared.checks import check, check_name
from ui.shared.made import joined


class Retraining(NamedTuple):
    """What trains a policy again: settings, how many of their epochs, and the seconds that it took its maker."""

    settings: MetaSettings
    epochs: int
    seconds: float


def made_by(trained: Trained) -> str:
    """How this policy came about; empty for an uploaded one, and for one that started from such a one."""
    settings = trained.settings
    if settings is None or not trained.epochs or (settings.start == "yours" and not settings.made):
        return ""
    values = settings.values()
    changed = {name: _changes(values, recipe.values()) for name, (_, recipe) in RECIPES.items()}
    nearest = min(changed, key=lambda name: len(changed[name]))
    about = {"epochs": str(len(trained.epochs)), "seconds": f"{max(1.0, trained.epochs[-1].seconds):.0f}"}
    return joined(settings.made, "trained", {"recipe": nearest, **about, **changed[nearest]})


def _changes(values: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(v) for name, v in values.items() if v != usual[name] and name != TIME_BUDGET.name}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ".".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def retraining(fields: Mapping[str, str], follows: bool) -> Retraining:
    """The training of a stage; follows: whether there is a policy that it can start from. Raises FieldError."""
    recipe = check_name("recipe", fields.get("recipe", FIRST_RECIPE), tuple(RECIPES))
    usual = RECIPES[recipe][1].values()
    values = {name: _parsed(fields[name], value) if name in fields else value for name, value in usual.items()}
    settings = replace(check_settings({**values, TIME_BUDGET.name: TIME_BUDGET.maximum}, follows), time_budget=TIME_BUDGET.maximum)
    epochs = check(FieldInfo("epochs", "", 1, settings.config.num_epochs, 1, ""), _parsed(fields.get("epochs", ""), 1))
    seconds = check(FieldInfo("seconds", "", 1.0, TIME_BUDGET.maximum, 1.0, ""), _parsed(fields.get("seconds", ""), 1.0))
    return Retraining(settings, epochs, seconds)


def _parsed(text: str, usual: Any) -> Any:
    """A value of the kind that `usual` is; text that is none stays text, for the check to name."""
    if isinstance(usual, list):
        return text.split(".")
    if isinstance(usual, bool):
        return {"true": True, "false": False}.get(text, text)
    if isinstance(usual, str):
        return text
    try:
        return float(text)
    except ValueError:
        return text
