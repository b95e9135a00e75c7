"""Who races where: the racers, their world, the steps that they may take and the seed; from the page, from links and from programs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from model import WORLDS, World, adaptation_config
from model.config import LONGEST_ECHO, FieldInfo
from ui.checks import FieldError, check, check_seed
from ui.fields import ADAPT_FIELDS, FIELDS, GONE, STARTS, AdaptSettings, world_from_page, world_from_query, world_to_query
from ui.runs.policies import short_name
from ui.tabs.controls import FIRST_BREAK
from ui.words import MODE_NAMES

MOST = 6
MODES = ("none", "standard", "hybrid")
RAN = "ran"  # in a link: the result is wanted too
MODE_WORDS = {"none": "as it is", "standard": MODE_NAMES["standard"].lower(), "hybrid": MODE_NAMES["hybrid"].lower()}
STEPS = FieldInfo("num_adapt_steps", "", 1, 5, 3, "that each racer may take")
TUNED = {"untrained": "random", "yours": "meta"}  # the starts whose step sizes these take, for they have none of their own


@dataclass(frozen=True)
class Racer:
    """A policy, as it is (mode "none") or adapted by one of the modes with the settings that were chosen for its start."""

    policy: str
    mode: str = "none"

    @property
    def name(self) -> str:
        """As links and programs write it: "meta", "meta.hybrid"."""
        return self.policy if self.mode == "none" else f"{self.policy}.{self.mode}"

    @property
    def label(self) -> str:
        """As the page writes it: "Meta-trained, fresh episodes"."""
        return f"{short_name(self.policy)}, {MODE_WORDS[self.mode]}"


FIRST_RACERS = (Racer("meta"), Racer("memory"), Racer("meta", "standard"), Racer("standard", "standard"))


@dataclass(frozen=True)
class RaceSettings:
    """Racers in one world, from the same start; those that adapt take `steps` steps."""

    world: World = field(default_factory=lambda: WORLDS[FIRST_BREAK])
    racers: tuple[Racer, ...] = FIRST_RACERS
    steps: int = STEPS.default
    seed: int = 0


def adaptation_of(settings: RaceSettings, racer: Racer) -> AdaptSettings:
    """What the Adapt tab would show for this racer; its mode must not be "none"."""
    config = adaptation_config(TUNED.get(racer.policy, racer.policy), racer.mode, num_adapt_steps=settings.steps)
    numbers = {name: getattr(config, name) for name in ADAPT_FIELDS if hasattr(config, name)}
    return AdaptSettings(settings.world, racer.policy, racer.mode, seed=settings.seed, **numbers)


def check_racers(names: Any, has_own_model: bool = False) -> tuple[Racer, ...]:
    """Racers from their names, a list or one text with commas, spaces or underscores between. Raises FieldError."""
    if isinstance(names, str) and len(names) < 4 * LONGEST_ECHO:
        names = [name for name in re.split(r"[,_\s]+", names) if name]
    if not isinstance(names, (list, tuple)) or not 1 <= len(names) <= MOST or not all(isinstance(n, str) for n in names):
        n = len(names) if isinstance(names, (list, tuple)) else None
        got = "" if n is None else f", not {n}"
        raise FieldError(
            "racers", f"be 1 to {MOST} policies", names if n is None else n, f"be 1 to {MOST} of those that the page offers{got}"
        )
    racers = tuple(_racer(name, has_own_model) for name in names)
    if len(set(racers)) < len(racers):
        raise FieldError("racers", "differ from one another", ", ".join(names), "differ from one another")
    return racers


def _racer(name: str, has_own_model: bool) -> Racer:
    policy, _, mode = name.partition(".")
    if policy == "yours" and not has_own_model:
        raise FieldError("racers", f"not name yours: {GONE}", name, f"be others than yours: {GONE}")
    if policy not in STARTS or mode not in ("", *MODES):
        must = f"be named POLICY or POLICY.MODE with a policy of {', '.join(STARTS)} and a mode of {', '.join(MODES)}"
        raise FieldError("racers", must, name, "be of those that the page offers")
    return Racer(policy, mode or "none")


def check_race(world: World, racers: Any, steps: Any, seed: Any, has_own_model: bool = False) -> RaceSettings:
    """Everything that a race needs, cleaned. Raises FieldError."""
    return RaceSettings(world, check_racers(racers, has_own_model), check(STEPS, steps), check_seed(seed))


def race_from_page(preset: Any, values: Sequence[Any], chosen: Sequence[Any], steps: Any, seed: Any, own: bool = False) -> RaceSettings:
    """What the tab's controls show. chosen: the policies of each mode, in the order of MODES."""
    lists = [policies if isinstance(policies, list) else [policies] for policies in chosen]
    names = [f"{policy}.{mode}" for mode, policies in zip(MODES, lists, strict=True) for policy in policies]
    return check_race(world_from_page(preset, values), names, steps, seed, own)


def chosen_of(racers: Iterable[Racer]) -> list[list[str]]:
    """The policies of each mode, as the controls show them."""
    racers = list(racers)
    return [[r.policy for r in racers if r.mode == mode] for mode in MODES]


def race_to_query(s: RaceSettings) -> dict[str, str]:
    """A race as a link's query."""
    names = "_".join(r.name for r in s.racers)
    return {**world_to_query(s.world), "tab": "compare", "race": names, "steps": str(s.steps), "seed": str(s.seed)}


def link_of(settings: RaceSettings, ran: bool = False) -> str:
    """The query that opens these settings, and the result where it is wanted."""
    return urlencode({**race_to_query(settings), **({RAN: "1"} if ran else {})})


def race_from_query(query: Mapping[str, str], has_own_model: bool = False) -> RaceSettings | None:
    """The race that a link encodes; None when it does not lead here."""
    if query.get("tab") != "compare":
        return None
    known = {name: value for name, value in query.items() if name in (*FIELDS, "world")}
    world = world_from_query(known) if known else RaceSettings().world
    names = query.get("race", "_".join(r.name for r in FIRST_RACERS))
    return check_race(world, names, _whole(query.get("steps", STEPS.default)), _whole(query.get("seed", 0)), has_own_model)


def _whole(value: Any) -> Any:
    """A link's whole number; text that is none stays text, for the check to name."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,12}", value) else value
