"""The one place where what a visitor or a program sends is checked and cleaned. Every problem is one ValueError, one sentence.

On the page angles are in degrees; in links and in the API every field has `World`'s own unit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from model import WORLDS, World
from model.config import FieldInfo, check_number
from ui.policies import POLICIES

CUSTOM = "custom"
MAX_SEED = 2**32 - 1
MAX_EPISODES = 100
MAX_LINK = 1000  # characters
FIELDS: Mapping[str, FieldInfo] = {info.name: info for info in World.fields()}


@dataclass(frozen=True)
class Choice:
    """What to play: a world, a policy, how it acts, and the seed."""

    world: World = field(default_factory=World)
    policy: str = "meta"
    greedy: bool = True
    seed: int = 0


def shown(value: Any) -> str:
    """A given value as a message quotes it, cut to a length that a sentence bears."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def check_name(name: str, value: Any, allowed: Sequence[str]) -> str:
    """One of the allowed names, else ValueError."""
    if isinstance(value, str) and value in allowed:
        return value
    raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {shown(value)}")


def check_seed(value: Any) -> int:
    """A whole number from 0 to 2^32 - 1."""
    try:
        return check_number("seed", value, 0, MAX_SEED, int)
    except ValueError:  # the general sentence would write the bound as 4.29497e+09
        raise ValueError(f"seed must be a whole number between 0 and {MAX_SEED}, got {shown(value)}") from None


def check_episodes(value: Any) -> int:
    """How many episodes to verify with, 1 to 100."""
    return check_number("episodes", value, 1, MAX_EPISODES, int)


def check_policy(value: Any, has_own_model: bool = False) -> str:
    """The name of a policy; "yours" only for a visitor who has one."""
    return check_name("policy", value, [p for p in POLICIES if p != "yours" or has_own_model])


# --- the page: angles in degrees ---


def on_page(info: FieldInfo) -> FieldInfo:
    """A World field as the page shows it: the same, with degrees in place of rad."""
    if info.unit != "rad":
        return info
    low, high, default = (round(math.degrees(v), 1) for v in (info.minimum, info.maximum, info.default))
    # Rounded inwards, so that the page's bounds are always within the world's.
    low, high = math.ceil(math.degrees(info.minimum) * 10) / 10, math.floor(math.degrees(info.maximum) * 10) / 10
    return info._replace(unit="degrees", minimum=low, maximum=high, default=default)


def page_values(world: World) -> list[Any]:
    """The world's fields in order, as the page's controls show them."""
    return [
        round(math.degrees(value), 2) if FIELDS[name].unit == "rad" else round(value, 3) if isinstance(value, float) else value
        for name, value in asdict(world).items()
    ]


def preset_of(world: World) -> str:
    """The preset that is this world, else "custom"."""
    return next((name for name, preset in WORLDS.items() if preset == world), CUSTOM)


def world_from_page(preset: Any, values: Sequence[Any]) -> World:
    """The world that the controls show. A preset whose values stand unchanged is that very world, free of rounding."""
    check_name("world", preset, [*WORLDS, CUSTOM])
    fields = {}
    for info, value in zip(map(on_page, FIELDS.values()), values, strict=True):
        value = check_number(info.name, value, info.minimum, info.maximum, type(info.default), info.unit)
        fields[info.name] = math.radians(value) if info.unit == "degrees" else value
    unchanged = preset != CUSTOM and page_values(WORLDS[preset]) == list(values)
    return WORLDS[preset] if unchanged else World(**fields)


def choice_from_page(preset: Any, values: Sequence[Any], policy: Any, mode: Any, seed: Any, has_own_model: bool = False) -> Choice:
    """Everything beside the stage, cleaned. `mode` is "greedy" or "sampled"."""
    world = world_from_page(preset, values)
    greedy = check_name("actions", mode, ("greedy", "sampled")) == "greedy"
    return Choice(world, check_policy(policy, has_own_model), greedy, check_seed(seed))


# --- links ---


def to_query(choice: Choice) -> dict[str, str]:
    """A choice as a link's query: a preset by its name, any other world by the fields that differ from the standard ones."""
    preset = preset_of(choice.world)
    if preset != CUSTOM:
        query = {"world": preset}
    else:
        query = {"world": CUSTOM}
        for name, value in asdict(choice.world).items():
            if value != FIELDS[name].default:
                query[name] = f"{value:.10g}" if isinstance(value, float) else str(value).lower()
    return {**query, "policy": choice.policy, "actions": "greedy" if choice.greedy else "sampled", "seed": str(choice.seed)}


def from_query(query: Mapping[str, str], has_own_model: bool = False) -> Choice | None:
    """The choice that a link encodes; None when it speaks of none. Names that are not ours (trackers, Gradio's) are passed over."""
    known = {name: value for name, value in query.items() if name in FIELDS or name in ("world", "policy", "actions", "seed")}
    if not known:
        return None
    if sum(map(len, known.values())) > MAX_LINK:
        raise ValueError(f"a link must have at most {MAX_LINK} characters")
    preset = check_name("world", known.get("world", CUSTOM), [*WORLDS, CUSTOM])
    given = {name: _parse(FIELDS[name], text) for name, text in known.items() if name in FIELDS}
    if given and preset != CUSTOM:
        raise ValueError(f"world must be {CUSTOM} when a link sets {next(iter(given))}, got {preset!r}")
    world = World(**given) if preset == CUSTOM else WORLDS[preset]
    greedy = check_name("actions", known.get("actions", "greedy"), ("greedy", "sampled")) == "greedy"
    seed = check_seed(_number(known.get("seed", "0")))
    return Choice(world, check_policy(known.get("policy", "meta"), has_own_model), greedy, seed)


def _number(text: str) -> Any:
    """A link's number; text that is none stays text, for the check to name."""
    try:
        return float(text)
    except ValueError:
        return text


def _parse(info: FieldInfo, text: str) -> Any:
    if isinstance(info.default, bool):
        return {"true": True, "false": False}.get(text, text)
    return check_number(info.name, _number(text), info.minimum, info.maximum, type(info.default), info.unit)
