"""One setting: what it allows, how the page shows it, how a link writes it, and the sentence for what can't be taken."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from model.config import check_number, exact, quoted

GONE = "the server has none of yours"


@dataclass(frozen=True)
class Field:
    """One setting. Its kind is that of the default: bool, int, float, str (one of `options`) or tuple (some of them).

    options: name -> what the page calls it. step: of the page's control. scale: "", "degrees" (of a field in rad) or "powers"
    (the page's control moves the power of ten around the default). key: its name in links, where that is another.
    """

    name: str
    label: str
    default: Any
    minimum: Any = None
    maximum: Any = None
    unit: str = ""
    help: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    step: float = 0.1
    scale: str = ""
    key: str = ""

    @property
    def kind(self) -> type:
        """bool, int, float, str or tuple."""
        return type(self.default)


class FieldError(ValueError):
    """A field's value that can't be taken.

    As text it speaks to programs: "num_adapt_steps must be a whole number between 1 and 10, got 11". `on_page` speaks to
    visitors: "Gradient steps must be a whole number between 1 and 10, not 11." must: what follows "must". page_must: the same
    for visitors, where it differs. label: what the page calls the field, where that is more than its name.
    """

    def __init__(self, field: str, must: str, value: Any, page_must: str = "", label: str = ""):
        super().__init__(f"{field} must {must}, got {quoted(value)}")
        self.field, self.must, self.value, self.page_must = field, must, value, page_must
        self.label = label or field[:1].upper() + field[1:].replace("_", " ")

    @property
    def on_page(self) -> str:
        """The sentence for visitors: the field's name on the page, no identifier, no bracket."""
        name = self.label
        if self.page_must:
            return f"{name} must {self.page_must}."
        must = self.must.replace("^2", "²").replace("be true or false", "be on or off")
        if self.value is None or self.value == "":
            return f"{name} must {must}; it is empty."
        return f"{name} must {must}{echoed(self.value)}."


class Forgotten(FieldError):
    """A visitor asks for what is their own, and the server does not have it, or not any more."""


def echoed(value: Any) -> str:
    """A sentence's end, ", not 9": a number, or a word or two that someone typed; nothing for what would only puzzle."""
    if isinstance(value, str):
        return f", not {value}" if re.fullmatch(r"[\w .,+-]{1,20}", value) and not re.search("_|None", value) else ""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e15:
        return ""
    return f", not {value:.10g}"


def offered(value: Any) -> str:
    """What the page says an option must be that it does not have."""
    return f"be one of those that the page offers{echoed(value)}"


def check(f: Field, value: Any, has_own_model: bool = False) -> Any:
    """The value of a field, of its kind. "yours" only for a visitor who has a policy of their own. Raises FieldError."""
    if f.kind is tuple:
        if not isinstance(value, (list, tuple)) or not value:
            raise FieldError(f.name, f"name at least one of {', '.join(f.options)}", value, "name at least one: tick one", f.label)
        chosen = {_one_of(f, name) for name in value[: len(f.options) + 1]}
        return tuple(name for name in f.options if name in chosen)
    if f.options:
        if value == "yours" and "yours" in f.options and not has_own_model:
            raise Forgotten(f.name, f"not be yours: {GONE}", value, f"be another than yours: {GONE}", f.label)
        return _one_of(f, value)
    try:
        number = check_number(f.name, value, f.minimum, f.maximum, f.kind, f.unit)
    except ValueError as error:
        if f.kind is int:  # the general sentence would write a large bound as 4.29497e+09
            must = f"be a whole number between {f.minimum} and {f.maximum}{' ' + f.unit if f.unit else ''}"
        else:
            must = str(error).removeprefix(f"{f.name} must ").removesuffix(f", got {quoted(value)}")
        raise FieldError(f.name, must, value, label=f.label) from None
    return float(f"{number:.3g}") if f.scale == "powers" else number


def _one_of(f: Field, value: Any) -> str:
    if isinstance(value, str) and value in f.options:
        return value
    raise FieldError(f.name, f"be one of {', '.join(f.options)}", value, offered(value), f.label)


# --- as the page shows it ---


def choices(f: Field, yours: bool = False) -> list[tuple[str, str]]:
    """What a field's control offers, (label, name). yours: whether the visitor has a policy of their own."""
    return [(label, name) for name, label in f.options.items() if yours or name != "yours"]


def on_page(f: Field) -> Field:
    """A field as the page's control shows it: limits, default and unit in the page's own scale."""
    if f.scale == "degrees":  # rounded inwards, so that the page's limits are always within the field's
        low, high = math.ceil(math.degrees(f.minimum) * 10) / 10, math.floor(math.degrees(f.maximum) * 10) / 10
        return replace(f, minimum=low, maximum=high, default=to_page(f, f.default), unit="degrees")
    if f.scale == "powers":
        return replace(f, minimum=to_page(f, f.minimum), maximum=to_page(f, f.maximum), default=0.0)
    return f


def to_page(f: Field, value: Any) -> Any:
    """A value as the page's control holds it."""
    if f.scale == "degrees":
        return round(math.degrees(value), 2)
    if f.scale == "powers":
        return round(math.log10(value / f.default), 4)
    return round(value, 3) if f.kind is float else list(value) if f.kind is tuple else value


def from_page(f: Field, value: Any, has_own_model: bool = False) -> Any:
    """The value that the page's control holds. Raises FieldError, in the page's unit."""
    if f.scale == "powers":
        try:
            value = f.default * 10 ** check(replace(on_page(f), scale=""), value)
        except FieldError as error:
            must = f"be between {exact(f.minimum)} and {exact(f.maximum)}"
            raise FieldError(f.name, must, error.value, must, f.label) from None
        return check(f, min(max(value, f.minimum), f.maximum))
    value = check(on_page(f), value, has_own_model)
    return math.radians(value) if f.scale == "degrees" else value


# --- in links ---


def to_link(f: Field, value: Any) -> str:
    """A value as a link's text: short where that is the very same value."""
    if f.kind is tuple:
        return ".".join(value)
    if isinstance(value, float):
        short = f"{value:.10g}"
        return short if float(short) == value else repr(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def from_link(f: Field, text: str, has_own_model: bool = False) -> Any:
    """The value of a link's text. Raises FieldError."""
    if f.kind is bool:
        return check(f, {"true": True, "false": False}.get(text.lower(), text))
    if f.options:
        return check(f, text.split(".") if f.kind is tuple else text, has_own_model)
    try:
        value: Any = float(text)
    except ValueError:
        value = text  # for the check to name
    return check(f, value)


def for_scripts(f: Field) -> dict[str, Any]:
    """What JavaScript knows of a field. kind: "bool", "int" or "float"."""
    known = {name: getattr(f, name) for name in ("name", "label", "unit", "default", "minimum", "maximum")}
    return {**known, "kind": f.kind.__name__}
