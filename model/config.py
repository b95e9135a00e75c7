"""Bounded fields: one place where a setting's default, limits, unit and help text live.

Every frozen config (and `World`) declares its fields with `bounded`. The same declaration checks the
value when the object is made, fills the command line's --help and sets the page's sliders.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple


class FieldInfo(NamedTuple):
    """What a bounded field allows. For booleans `minimum` is False and `maximum` True."""

    name: str
    unit: str
    minimum: Any
    maximum: Any
    default: Any
    help: str


def bounded(default: Any, minimum: Any, maximum: Any, help: str, unit: str = "") -> Any:
    """A dataclass field with closed bounds; its type (bool, int, float) is that of the default."""
    return dataclasses.field(default=default, metadata={"minimum": minimum, "maximum": maximum, "unit": unit, "help": help})


def field_infos(cls: type) -> list[FieldInfo]:
    """The bounded fields of a dataclass, in order of declaration."""
    return list(_field_infos(cls))


@lru_cache
def _field_infos(cls: type) -> tuple[FieldInfo, ...]:
    return tuple(
        FieldInfo(f.name, f.metadata["unit"], f.metadata["minimum"], f.metadata["maximum"], f.default, f.metadata["help"])
        for f in dataclasses.fields(cls)
        if "help" in f.metadata
    )


class ReadOnly(dict):
    """A dictionary that stays as it is; unlike types.MappingProxyType it can be copied, pickled and written as JSON."""

    def _refused(self, *_: Any, **__: Any) -> None:
        raise TypeError("this table is read-only; dict(...) makes one of your own")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refused

    def __reduce__(self) -> tuple[Any, ...]:
        return ReadOnly, (dict(self),)


LONGEST_ECHO = 80  # characters of a bad value that an error repeats


def cut(text: str) -> str:
    """A text of at most LONGEST_ECHO characters."""
    return text if len(text) <= LONGEST_ECHO else text[: LONGEST_ECHO - 1] + "…"


def quoted(value: Any) -> str:
    """A given value as an error repeats it."""
    return cut(" ".join(repr(value).split()))


def exact(number: float) -> str:
    """A bound as text, every digit that it has."""
    return f"{number:.15g}"


def check_number(name: str, value: Any, minimum: Any, maximum: Any, kind: type = float, unit: str = "") -> Any:
    """The value as `kind` (bool, int or float), or ValueError naming the field, the bound and the value."""
    if kind is bool:
        if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
            return bool(value)
        raise ValueError(f"{name} must be true or false, got {quoted(value)}")
    number = math.nan
    if not isinstance(value, (bool, str, bytes)):
        with contextlib.suppress(TypeError, ValueError, OverflowError):  # reported below
            number = float(value)
    if not math.isfinite(number) or not minimum <= number <= maximum or (kind is int and number != int(number)):
        whole = "a whole number " if kind is int else ""
        bounds = f"{exact(minimum)} and {exact(maximum)}{' ' + unit if unit else ''}"
        raise ValueError(f"{name} must be {whole}between {bounds}, got {quoted(value)}")
    return kind(number)


def check_kind(name: str, value: Any, kind: type, default: bool = False) -> Any:
    """The value, which must be a `kind`; with `default`, None stands for kind(). Raises ValueError for another kind."""
    if value is None and default:
        return kind()
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise ValueError(f"{name} must be {article} {kind.__name__}, got {quoted(value)}")
    return value


def check_choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """The value, which must be one of the choices, or ValueError naming them."""
    choices = list(choices)
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {quoted(value)}")
    return value


def check_fields(config: Any) -> None:
    """Validate and normalise every bounded field of a frozen dataclass; call from __post_init__."""
    for info in _field_infos(type(config)):
        value, kind = getattr(config, info.name), type(info.default)
        if type(value) is kind and info.minimum <= value <= info.maximum:  # as it should be; by far the most
            continue
        value = check_number(info.name, value, info.minimum, info.maximum, kind, info.unit)
        object.__setattr__(config, info.name, value)
