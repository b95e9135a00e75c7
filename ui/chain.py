"""A training as a stage of a link, counted in epochs and not in seconds: so many epochs give the same policy on any machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from model.config import FieldInfo
from ui.checks import check
from ui.made import joined
from ui.runs.trained import Trained
from ui.training_link import changes, parsed, values_of
from ui.training_settings import TIME_BUDGET, MetaSettings, check_settings


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
    nearest, changed = changes(settings, leave_out=(TIME_BUDGET.name,))
    about = {"epochs": str(len(trained.epochs)), "seconds": f"{max(1.0, trained.epochs[-1].seconds):.0f}"}
    return joined(settings.made, "trained", {"recipe": nearest, **about, **changed})


def retraining(fields: Mapping[str, str], follows: bool) -> Retraining:
    """The training of a stage; follows: whether there is a policy that it can start from. Raises FieldError."""
    settings = replace(
        check_settings({**values_of(fields), TIME_BUDGET.name: TIME_BUDGET.maximum}, follows), time_budget=TIME_BUDGET.maximum
    )
    epochs = check(FieldInfo("epochs", "", 1, settings.config.num_epochs, 1, ""), parsed(fields.get("epochs", ""), 1))
    seconds = check(FieldInfo("seconds", "", 1.0, TIME_BUDGET.maximum, 1.0, ""), parsed(fields.get("seconds", ""), 1.0))
    return Retraining(settings, epochs, seconds)
