"""The one place where what a visitor or a program sends is checked and cleaned. Every problem is one ValueError, one sentence.

On the page angles are in degrees; in links and in the API every field has `World`'s own unit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from model import WORLDS, HybridAdaptationConfig, StandardAdaptationConfig, World
from model.config import FieldInfo, field_infos
from ui.checks import FieldError, check, check_name, check_seed
from ui.made import MADE
from ui.runs.policies import POLICIES

CUSTOM = "custom"
WHY_FORGOTTEN = "as it does after an hour of rest or when very many come"
MAX_LINK = 1000  # characters
GONE = f"you have none yet, or the server has forgotten it, {WHY_FORGOTTEN}"
FIELDS: Mapping[str, FieldInfo] = {info.name: info for info in World.fields()}


@dataclass(frozen=True)
class Choice:
    """What to play: a world, a policy, how it acts, and the seed."""

    world: World = field(default_factory=World)
    policy: str = "meta"
    greedy: bool = True
    seed: int = 0


def check_policy(value: Any, has_own_model: bool = False) -> str:
    """The name of a policy; "yours" only for a visitor who has one."""
    if value == "yours" and not has_own_model:
        raise FieldError("policy", f"be one of the shipped ones: {GONE}", value, f"be another than yours: {GONE}")
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
    """The world that the controls show. Values that are a preset's, however they came about, are that very world, free of rounding."""
    check_name("world", preset, [*WORLDS, CUSTOM])
    fields = {}
    for info, value in zip(map(on_page, FIELDS.values()), values, strict=True):
        value = check(info, value)
        fields[info.name] = math.radians(value) if info.unit == "degrees" else value
    named = next((world for world in WORLDS.values() if page_values(world) == list(values)), None)
    return World(**fields) if named is None else named


def choice_from_page(preset: Any, values: Sequence[Any], policy: Any, mode: Any, seed: Any, has_own_model: bool = False) -> Choice:
    """Everything beside the stage, cleaned. `mode` is "greedy" or "sampled"."""
    world = world_from_page(preset, values)
    greedy = check_name("actions", mode, ("greedy", "sampled")) == "greedy"
    return Choice(world, check_policy(policy, has_own_model), greedy, check_seed(seed))


# --- links ---


def query_of(text: Any) -> dict[str, str]:
    """A query, such as a link's, as names and values; what is no text has none."""
    return dict(parse_qsl(text)) if isinstance(text, str) else {}


def to_query(choice: Choice) -> dict[str, str]:
    """A choice as a link's query: a preset by its name, any other world by the fields that differ from the standard ones."""
    query = world_to_query(choice.world)
    return {**query, "policy": choice.policy, "actions": "greedy" if choice.greedy else "sampled", "seed": str(choice.seed)}


def world_to_query(world: World) -> dict[str, str]:
    """A world's part of a link."""
    preset = preset_of(world)
    if preset != CUSTOM:
        return {"world": preset}
    changed = {name: value for name, value in asdict(world).items() if value != FIELDS[name].default}
    return {"world": CUSTOM} | {n: _exactly(v) if isinstance(v, float) else str(v).lower() for n, v in changed.items()}


def _exactly(value: float) -> str:
    """A number of a link: short where that is the very same number."""
    short = f"{value:.10g}"
    return short if float(short) == value else repr(value)


def from_query(query: Mapping[str, str], has_own_model: bool = False) -> Choice | None:
    """The choice that a link encodes; None when it speaks of none. Names that are not ours (trackers, Gradio's) are passed over."""
    known = {name: value for name, value in query.items() if name in FIELDS or name in ("world", "policy", "actions", "seed")}
    if not known:
        return None
    world = world_from_query(known)
    greedy = check_name("actions", known.get("actions", "greedy"), ("greedy", "sampled")) == "greedy"
    seed = check_seed(_number(known.get("seed", "0")))
    return Choice(world, check_policy(known.get("policy", "meta"), has_own_model), greedy, seed)


def world_from_query(known: Mapping[str, str]) -> World:
    """The world of a link, given those of its parts that are ours."""
    if sum(map(len, known.values())) > MAX_LINK:
        raise ValueError(f"a link must have at most {MAX_LINK} characters")
    preset = check_name("world", known.get("world", CUSTOM), [*WORLDS, CUSTOM])
    given = {name: _parse(FIELDS[name], text) for name, text in known.items() if name in FIELDS}
    if given and preset != CUSTOM:
        raise FieldError("world", f"be {CUSTOM} when a link sets {next(iter(given))}", preset, "be custom when a link sets its details")
    return World(**given) if preset == CUSTOM else WORLDS[preset]


def _number(text: str) -> Any:
    """A link's number; text that is none stays text, for the check to name."""
    try:
        return float(text)
    except ValueError:
        return text


def _parse(info: FieldInfo, text: str) -> Any:
    return check(info, {"true": True, "false": False}.get(text, text) if isinstance(info.default, bool) else _number(text))


# --- adaptation ---

MODES = ("standard", "hybrid", "both")
STARTS = tuple(p for p in POLICIES if p != "random")
TRAINED_LR = StandardAdaptationConfig().adapt_lr
LR_POWER = FieldInfo("learning rate", "", -2.0, 2.0, 0.0, "powers of ten around the trained one")

# Tighter than the configs' own bounds, so that a run on the page ends within half a minute.
_TIGHTER = {
    "adapt_lr": (TRAINED_LR / 100, TRAINED_LR * 100),
    "num_adapt_steps": (1, 10),
    "episodes_per_step": (1, 20),
    "experience_weight": (0.0, 5.0),
}
ADAPT_FIELDS: Mapping[str, FieldInfo] = {
    info.name: info._replace(minimum=_TIGHTER[info.name][0], maximum=_TIGHTER[info.name][1])
    for info in field_infos(HybridAdaptationConfig)
    if info.name in _TIGHTER
}


@dataclass(frozen=True)
class AdaptSettings:
    """What to adapt, from where, where, and how."""

    world: World = field(default_factory=World)
    start: str = "meta"
    mode: str = "standard"
    adapt_lr: float = TRAINED_LR
    num_adapt_steps: int = ADAPT_FIELDS["num_adapt_steps"].default
    episodes_per_step: int = ADAPT_FIELDS["episodes_per_step"].default
    experience_weight: float = ADAPT_FIELDS["experience_weight"].default
    seed: int = 0
    made: str = ""  # how a starting point of the visitor's own came about (made.py)
    fresh_step: bool = True  # hybrid: a gradient step on the fresh episodes comes before the practice


def check_adaptation(
    world: World,
    start: Any,
    mode: Any,
    lr: Any,
    steps: Any,
    episodes: Any,
    weight: Any,
    seed: Any,
    fresh_step: Any = True,
    has_own_model: bool = False,
) -> AdaptSettings:
    """Everything that an adaptation needs, cleaned. A learning rate is taken to three significant digits."""
    check_name("starting point", start, STARTS)
    if start == "yours" and not has_own_model:
        raise FieldError("starting point", f"not be yours: {GONE}", start, f"be another than yours: {GONE}")
    check_name("mode", mode, MODES)
    given = zip(ADAPT_FIELDS.values(), (lr, steps, episodes, weight), strict=True)
    numbers = {i.name: check(i, value) for i, value in given}
    numbers["adapt_lr"] = float(f"{numbers['adapt_lr']:.3g}")
    if not isinstance(fresh_step, bool):
        raise FieldError("fresh_step", "be true or false", fresh_step)
    return AdaptSettings(world, start, mode, **numbers, seed=check_seed(seed), fresh_step=fresh_step)


def lr_of(power: Any) -> float:
    """The learning rate at a position of the page's slider, to three significant digits."""
    try:
        power = check(LR_POWER, power)
    except FieldError as error:
        info = ADAPT_FIELDS["adapt_lr"]
        must = f"be between {info.minimum:g} and {info.maximum:g}"
        raise FieldError(info.name, must, error.value, must) from None
    return float(f"{TRAINED_LR * 10**power:.3g}")


def power_of(lr: float) -> float:
    """The slider's position for a learning rate; lr_of gives back its three significant digits."""
    return round(math.log10(lr / TRAINED_LR), 4)


def adapt_from_page(preset: Any, values: Sequence[Any], settings: Sequence[Any], has_own_model: bool = False) -> AdaptSettings:
    """What the Adapt tab's controls show: start, mode, position of the learning rate, steps, episodes, weight, seed, fresh step."""
    start, mode, power, *rest = settings
    return check_adaptation(world_from_page(preset, values), start, mode, lr_of(power), *rest, has_own_model)


def adapt_to_query(settings: AdaptSettings) -> dict[str, str]:
    """An adaptation as a link's query."""
    query = {**world_to_query(settings.world), "tab": "adapt", "start": settings.start, "mode": settings.mode}
    used = [name for name in ADAPT_FIELDS if name != "experience_weight" or settings.mode != "standard"]
    query |= {name: f"{getattr(settings, name):.10g}" for name in used}
    alone = {} if settings.fresh_step or settings.mode == "standard" else {"fresh_step": "false"}
    made = {MADE: settings.made} if settings.made else {}
    return {**query, **alone, "seed": str(settings.seed), **made}


def adapt_from_query(query: Mapping[str, str], has_own_model: bool = False) -> AdaptSettings | None:
    """The adaptation that a link encodes; None when it does not lead to the Adapt tab."""
    if query.get("tab") != "adapt":
        return None
    names = (*FIELDS, *ADAPT_FIELDS, "world", "start", "mode", "seed", "fresh_step")
    known = {name: value for name, value in query.items() if name in names}
    world, default = world_from_query(known), AdaptSettings()
    numbers = [_number(known[name]) if name in known else getattr(default, name) for name in ADAPT_FIELDS]
    seed, fresh = _number(known.get("seed", "0")), known.get("fresh_step", "true")
    rest = (seed, {"true": True, "false": False}.get(fresh, fresh), has_own_model)
    settings = check_adaptation(world, known.get("start", default.start), known.get("mode", default.mode), *numbers, *rest)
    return replace(settings, made=query.get(MADE, "")) if settings.start == "yours" else settings
