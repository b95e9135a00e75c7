"""Every setting that a visitor or a program can give, once: name, label, limits, unit, default, and how the page shows it.

Controls, checks, links, the API's signatures and what the scripts know are made from this table.
Values are in the units of `model` (angles in rad); where the page shows another unit, `field.on_page` says which.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from model import HybridAdaptationConfig, MetaTrainingConfig, World
from model.config import FieldInfo, field_infos
from model.worlds.cartpole import MAX_EPISODE_STEPS
from model.worlds.families import FAMILIES
from model.worlds.named import WORLDS
from ui.field import Field

CUSTOM = "custom"
MAX_SEED = 2**32 - 1

POLICIES: Mapping[str, str] = MappingProxyType(
    {
        "meta": "Meta-trained",
        "memory": "Memory (adapts within the episode)",
        "taught": "Taught (by imitation)",
        "standard": "Single-world (trained on the standard world only)",
        "untrained": "Untrained (random weights)",
        "random": "Random actions",
        "yours": "Yours (adapted or trained in this visit)",
    }
)
TABS: Mapping[str, str] = MappingProxyType(
    {name: name.capitalize() for name in ("live", "play", "adapt", "compare", "meta-train", "about")}
)
"""A tab's id, which links name, and its title."""
SHIPPED = ("meta", "memory", "taught", "standard")
MODES: Mapping[str, str] = MappingProxyType({"standard": "Gradient", "hybrid": "Hybrid", "both": "Both"})


def short_name(policy: str) -> str:
    """A policy's name without its explanation; a name of no policy stays as it is."""
    return POLICIES.get(policy, policy).split(" (")[0]


_LABELS = {
    "force_mag": "Motor force",
    "pole_half_length": "Pole half-length",
    "lost_push": "Lost pushes",
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
    "max_steps_per_episode": (10, MAX_EPISODE_STEPS),
    "outer_updates": (1, 5),
    "state_dim": (1, 64),
    "hidden_dim": (1, 128),
}
_STEPS = {"pole_mass": 0.01, "pole_half_length": 0.01, "cart_mass": 0.05, "gravity": 0.01, "lost_push": 0.01}


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


def _group(*fields: Field) -> Mapping[str, Field]:
    return MappingProxyType({f.name: f for f in fields})


def _only(*names: str) -> dict[str, str]:
    return {name: POLICIES[name] for name in names}


_SEED = Field("seed", "Seed", 0, 0, MAX_SEED, step=1)
_WORLD = Field("world", "World", "standard", options={name: spoken(name) for name in (*WORLDS, CUSTOM)})
_START = Field("start", "Starting point", "meta", options=_only(*SHIPPED, "untrained", "yours"), help="what it starts from")
_FRESH_HELP = "for hybrid adaptation; off where a gradient step spoils what a policy does already, as with Memory and Taught"

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

LINK_NAMES = frozenset(f.key or name for group in FIELDS.values() for name, f in group.items()) | {
    "tab", "race", "ran", "recipe", "place", "learning", "lr",
}  # fmt: skip
"""Every name that a link may use; those of the last line are none of the table: the Live page's two stand in assets/live/link.js."""
