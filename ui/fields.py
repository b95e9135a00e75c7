"""Every setting that a visitor or a program can give, once: name, label, limits, unit, default, and how the page shows it.

Controls, checks, links, the API's signatures and what the scripts know are made from this table.
Values are in the units of `model` (angles in rad); where the page shows another unit, `on_page` says which.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from model import HybridAdaptationConfig, MetaTrainingConfig, World
from model.config import FieldInfo, check_number, field_infos, quoted
from model.worlds.families import FAMILIES
from model.worlds.named import WORLDS

CUSTOM = "custom"
MAX_SEED = 2**32 - 1
WHY_FORGOTTEN = "as it does after an hour of rest or when very many come"
GONE = f"you have none yet, or the server has forgotten it, {WHY_FORGOTTEN}"


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
    for visitors, where it differs.
    """

    def __init__(self, field: str, must: str, value: Any, page_must: str = ""):
        super().__init__(f"{field} must {must}, got {quoted(value)}")
        self.field, self.must, self.value, self.page_must = field, must, value, page_must

    @property
    def on_page(self) -> str:
        """The sentence for visitors: the field's name on the page, no identifier, no bracket."""
        name = label_of(self.field)
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
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e15:
        return ""
    return f"{value:.10g}"


def check(f: Field, value: Any, has_own_model: bool = False) -> Any:
    """The value of a field, of its kind. "yours" only for a visitor who has a policy of their own. Raises FieldError."""
    if f.kind is tuple:
        if not isinstance(value, (list, tuple)) or not value:
            raise FieldError(f.name, f"name at least one of {', '.join(f.options)}", value, "name at least one: tick one")
        chosen = {_one_of(f, name) for name in value[: len(f.options) + 1]}
        return tuple(name for name in f.options if name in chosen)
    if f.options:
        if value == "yours" and "yours" in f.options and not has_own_model:
            raise FieldError(f.name, f"not be yours: {GONE}", value, f"be another than yours: {GONE}")
        return _one_of(f, value)
    try:
        number = check_number(f.name, value, f.minimum, f.maximum, f.kind, f.unit)
    except ValueError as error:
        if f.kind is int:  # the general sentence would write a large bound as 4.29497e+09
            must = f"be a whole number between {f.minimum} and {f.maximum}{' ' + f.unit if f.unit else ''}"
        else:
            must = str(error).removeprefix(f"{f.name} must ").removesuffix(f", got {quoted(value)}")
        raise FieldError(f.name, must, value) from None
    return float(f"{number:.3g}") if f.scale == "powers" else number


def _one_of(f: Field, value: Any) -> str:
    if isinstance(value, str) and value in f.options:
        return value
    raise FieldError(f.name, f"be one of {', '.join(f.options)}", value, "be one of those that the page offers")


# --- as the page shows it ---


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
            must = f"be between {f.minimum:g} and {f.maximum:g}"
            raise FieldError(f.name, must, error.value, must) from None
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


# --- the table ---

POLICIES: Mapping[str, str] = MappingProxyType(
    {
        "meta": "Meta-trained",
        "memory": "Memory (adapts within the episode)",
        "standard": "Single-world (trained on the standard world only)",
        "untrained": "Untrained (random weights)",
        "random": "Random actions",
        "yours": "Yours (adapted or trained in this visit)",
    }
)
SHIPPED = ("meta", "memory", "standard")
MODES: Mapping[str, str] = MappingProxyType({"standard": "Gradient", "hybrid": "Hybrid", "both": "Both"})


def short_name(policy: str) -> str:
    """A policy's name without its explanation; a name of no policy stays as it is."""
    return POLICIES.get(policy, policy).split(" (")[0]


def choices(f: Field, yours: bool = False) -> list[tuple[str, str]]:
    """What a field's control offers, (label, name). yours: whether the visitor has a policy of their own."""
    return [(label, name) for name, label in f.options.items() if yours or name != "yours"]


_LABELS = {
    "force_mag": "Motor force",
    "pole_half_length": "Pole half-length",
    "adapt_lr": "Learning rate",
    "num_adapt_steps": "Gradient steps",
    "episodes_per_step": "Episodes per step",
    "num_epochs": "Epochs",
    "tasks_per_epoch": "Worlds per epoch",
    "episodes_per_task": "Episodes per world",
    "inner_lr": "Inner learning rate",
    "outer_lr": "Outer learning rate",
    "max_steps_per_episode": "Steps per episode",
    "long_episodes_share": "Share of long episodes",
    "state_dim": "State size",
    "hidden_dim": "Hidden size",
    "reversed_jupiter": "Reversed Jupiter",
    "mirrored_jupiter": "Mirrored Jupiter",
}
# The page's limits where they are tighter than the config's: a run ends within half a minute, an epoch on two small cores within seconds.
_TRAINED_LR = HybridAdaptationConfig().adapt_lr
_LIMITS = {
    "adapt_lr": (_TRAINED_LR / 100, _TRAINED_LR * 100),
    "num_adapt_steps": (1, 10),
    "episodes_per_step": (1, 20),
    "experience_weight": (0.0, 5.0),
    "num_epochs": (1, 1000),
    "tasks_per_epoch": (1, 40),
    "episodes_per_task": (1, 40),
    "inner_steps": (0, 5),
    "max_steps_per_episode": (10, 500),
    "outer_updates": (1, 5),
    "state_dim": (1, 64),
    "hidden_dim": (1, 128),
}
_STEPS = {"pole_mass": 0.01, "pole_half_length": 0.01, "cart_mass": 0.05, "gravity": 0.01}


def _of(info: FieldInfo, **changes: Any) -> Field:
    """The table's row for a field of World or of a config."""
    low, high = _LIMITS.get(info.name, (info.minimum, info.maximum))
    scale = "degrees" if info.unit == "rad" else ""
    step = 1 if isinstance(info.default, int) else _STEPS.get(info.name, 0.01 if scale else 0.1)
    row = Field(info.name, spoken(info.name), info.default, low, high, info.unit, info.help, step=step, scale=scale)
    return replace(row, **changes)


def _configs(cls: type, *names: str, **changes: dict[str, Any]) -> list[Field]:
    infos = {info.name: info for info in field_infos(cls)}
    return [_of(infos[name], **changes.get(name, {})) for name in names]


def spoken(name: str) -> str:
    """A snake_case name as the page shows it."""
    return _LABELS.get(name, name[:1].upper() + name[1:].replace("_", " "))


def label_of(name: str) -> str:
    """What the page calls a field."""
    return next((group[name].label for group in FIELDS.values() if name in group), spoken(name))


def _group(*fields: Field) -> Mapping[str, Field]:
    return MappingProxyType({f.name: f for f in fields})


def _only(*names: str) -> dict[str, str]:
    return {name: POLICIES[name] for name in names}


_SEED = Field("seed", "Seed", 0, 0, MAX_SEED, step=1)
_WORLD = Field("world", "World", "standard", options={name: spoken(name) for name in (*WORLDS, CUSTOM)})
_START = Field(
    "start", "Starting point", "meta", options=_only("meta", "memory", "standard", "untrained", "yours"), help="what it starts from"
)
_FRESH_HELP = "for hybrid adaptation; off where a gradient step spoils what a policy does already, as with Memory"

FIELDS: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {
        "world": _group(*(_of(info) for info in World.fields())),
        "play": _group(
            _WORLD,
            Field("policy", "Policy", "meta", options=POLICIES),
            Field("actions", "Actions", "greedy", options={"greedy": "Greedy", "sampled": "Sampled"}),
            _SEED,
            Field("episodes", "Episodes", 10, 1, 100, step=1),
        ),
        "adapt": _group(
            replace(_WORLD, default="reversed_motor"),
            _START,
            Field("mode", "Adaptation", "standard", options=MODES),
            *_configs(
                HybridAdaptationConfig,
                "adapt_lr",
                "num_adapt_steps",
                "episodes_per_step",
                "experience_weight",
                adapt_lr={"scale": "powers", "step": 0.1},
            ),
            _SEED,
            Field("fresh_step", "Gradient step before imagined rollouts", True, False, True, help=_FRESH_HELP),
        ),
        "compare": _group(
            replace(_WORLD, default="reversed_motor"),
            Field("num_adapt_steps", "Gradient steps", 3, 1, 5, help="that each racer may take", step=1, key="steps"),
            _SEED,
        ),
        "train": _group(
            Field("families", "World families", ("reversed_motor",), options=FAMILIES),
            replace(_START, default="random", options={"random": POLICIES["untrained"], **_only("meta", "yours")}),
            *_configs(
                MetaTrainingConfig,
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
                state_dim={"help": "size S of the hidden state; with random weights only"},
                hidden_dim={"help": "width H of the read-out's hidden layer; with random weights only"},
            ),
            _SEED,
            Field("time_budget", "Time budget", 60.0, 5.0, 300.0, "s", "the training ends after this time, whatever epoch it is in"),
        ),
    }
)
"""By tab: what it can set. "world" are the details of a world, the same on every tab."""


def for_scripts(f: Field) -> dict[str, Any]:
    """What JavaScript knows of a field: the same, and how the page shows it."""
    p = on_page(f)
    page = {"unit": p.unit.replace("^2", "²"), "minimum": p.minimum, "maximum": p.maximum, "step": f.step}
    known = {"name": f.name, "label": f.label, "kind": f.kind.__name__, "unit": f.unit, "help": f.help, "default": f.default}
    return {**known, "minimum": f.minimum, "maximum": f.maximum, "page": page}
