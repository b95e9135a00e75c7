"""The checks of what a visitor or a program sends, and the sentence that says what is wrong, for each in their own words."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from model.config import FieldInfo, check_number, quoted
from ui.words import spoken

MAX_SEED = 2**32 - 1
MAX_EPISODES = 100


class FieldError(ValueError):
    """A field's value that can't be taken.

    As text it speaks to programs: "num_adapt_steps must be a whole number between 1 and 10, got 11". `on_page` speaks to
    visitors: "Gradient steps must be a whole number between 1 and 10, not 11." must: what follows "must". page_must: the same
    for visitors, where it differs.
    """

    def __init__(self, field: str, must: str, value: Any, page_must: str = ""):
        super().__init__(f"{field} must {must}, got {quoted(value)}")
        self.field, self.must, self.value, self.page_must = field, must, value, page_must

    @property
    def on_page(self) -> str:
        """The sentence for visitors: the field's name on the page, no identifier, no bracket."""
        name = spoken(self.field)
        if self.page_must:
            return f"{name} must {self.page_must}."
        must = self.must.replace("^2", "²").replace("be true or false", "be on or off")
        if self.value is None or self.value == "":
            return f"{name} must {must}; it is empty."
        echo = echoed(self.value)
        return f"{name} must {must}{f', not {echo}' if echo else ''}."


def echoed(value: Any) -> str:
    """A number, or a word or two that someone typed, as a sentence repeats it; nothing for what would only puzzle."""
    if isinstance(value, str):
        return value if re.fullmatch(r"[\w .,+-]{1,20}", value) and "_" not in value else ""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(abs(value) if abs(value) < 1e15 else math.inf):
        return ""
    return f"{value:.10g}"


def check(info: FieldInfo, value: Any) -> Any:
    """A bounded field's value, of its type. Raises FieldError."""
    kind = type(info.default)
    try:
        return check_number(info.name, value, info.minimum, info.maximum, kind, info.unit)
    except ValueError as error:
        if kind is int:  # the general sentence would write a large bound as 4.29497e+09
            must = f"be a whole number between {info.minimum} and {info.maximum}{' ' + info.unit if info.unit else ''}"
        else:
            must = str(error).removeprefix(f"{info.name} must ").removesuffix(f", got {quoted(value)}")
        raise FieldError(info.name, must, value) from None


def check_name(field: str, value: Any, allowed: Sequence[str]) -> str:
    """One of the allowed names. Raises FieldError."""
    if isinstance(value, str) and value in allowed:
        return value
    raise FieldError(field, f"be one of {', '.join(allowed)}", value, "be one of those that the page offers")


SEED = FieldInfo("seed", "", 0, MAX_SEED, 0, "")
EPISODES = FieldInfo("episodes", "", 1, MAX_EPISODES, 10, "")


def check_seed(value: Any) -> int:
    """A whole number from 0 to 2^32 - 1."""
    return check(SEED, value)


def check_episodes(value: Any) -> int:
    """How many episodes to verify with, 1 to 100."""
    return check(EPISODES, value)
