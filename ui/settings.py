"""What a visitor or a program asks for, as values: read once from the page, from a link or from a program, and written into links.

Every problem is one FieldError, one sentence. On the page values stand in the page's units; in links and in the API in the model's.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from model import WORLDS, World, adaptation_config
from model.config import LONGEST_ECHO
from ui.field import GONE, Field, FieldError, Forgotten, check, echoed, from_link, from_page, to_link, to_page
from ui.fields import CUSTOM, FIELDS, MODES, short_name
from ui.links import BETWEEN, check_names

MAX_LINK = 1000  # characters
RAN = "ran"  # in a link: the result is wanted too
_WORLD, _PLAY, _ADAPT, _COMPARE = (FIELDS[group] for group in ("world", "play", "adapt", "compare"))


# --- worlds ---


def page_values(world: World) -> list[Any]:
    """The world's details in order, as the page's controls show them."""
    return [to_page(f, getattr(world, name)) for name, f in _WORLD.items()]


def preset_of(world: World) -> str:
    """The named world that this is, else "custom"."""
    return next((name for name, named in WORLDS.items() if named == world), CUSTOM)


def world_from_page(preset: Any, values: Sequence[Any]) -> World:
    """The world that the controls show. Values that are a named world's, however they came about, are that very world, free of rounding."""
    check(_PLAY["world"], preset)
    details = {name: from_page(f, value) for (name, f), value in zip(_WORLD.items(), values, strict=True)}
    named = next((world for world in WORLDS.values() if page_values(world) == list(values)), None)
    return World(**details) if named is None else named


def world_to_query(world: World) -> dict[str, str]:
    """A world's part of a link: a named one by its name, any other by the details that differ from the standard ones."""
    name = preset_of(world)
    changed = {n: to_link(f, getattr(world, n)) for n, f in _WORLD.items() if getattr(world, n) != f.default}
    return {"world": name} if name != CUSTOM else {"world": CUSTOM, **changed}


def world_from_query(query: Mapping[str, str]) -> World:
    """The world of a link, given what of its query is known here."""
    details = {name: query[name] for name in _WORLD if name in query}
    if sum(map(len, query.values())) > MAX_LINK:
        raise FieldError("link", f"have at most {MAX_LINK} characters", "more")
    name = from_link(_PLAY["world"], query.get("world", CUSTOM))
    if details and name != CUSTOM:
        page_must = f"be custom when a link sets its details{echoed(name)}"
        raise FieldError("world", f"be {CUSTOM} when a link sets {next(iter(details))}", name, page_must)
    return World(**{n: from_link(_WORLD[n], text) for n, text in details.items()}) if name == CUSTOM else WORLDS[name]


# --- what each part reads and writes ---


def _read(fields: Mapping[str, Field], given: Mapping[str, Any], has_own_model: bool, read: Any = check) -> dict[str, Any]:
    """The fields' values, by name; the world, which is read apart, left out. What is not given has its default."""
    wanted = {name: f for name, f in fields.items() if name != "world"}
    return {n: read(f, given[f.key or n], has_own_model) if (f.key or n) in given else f.default for n, f in wanted.items()}


def _link(fields: Mapping[str, Field], values: Mapping[str, Any]) -> dict[str, str]:
    return {fields[name].key or name: to_link(fields[name], value) for name, value in values.items()}


# --- an episode ---


@dataclass(frozen=True)
class Choice:
    """What to play: a world, a policy, how it acts, and the seed."""

    world: World = field(default_factory=World)
    policy: str = "meta"
    greedy: bool = True
    seed: int = 0


def _choice(world: World, values: Mapping[str, Any]) -> Choice:
    return Choice(world, values["policy"], values["actions"] == "greedy", values["seed"])


def choice_from_page(preset: Any, values: Sequence[Any], policy: Any, actions: Any, seed: Any, has_own_model: bool = False) -> Choice:
    """Everything beside Play's stage. actions: "greedy" or "sampled"."""
    world = world_from_page(preset, values)
    return _choice(world, _read(_PLAY, {"policy": policy, "actions": actions, "seed": seed}, has_own_model))


def to_query(c: Choice) -> dict[str, str]:
    """A choice as a link's query."""
    values = {"policy": c.policy, "actions": "greedy" if c.greedy else "sampled", "seed": c.seed}
    return {**world_to_query(c.world), **_link(_PLAY, values)}


def from_query(query: Mapping[str, str], has_own_model: bool = False) -> Choice | None:
    """The choice that a link encodes; None when it speaks of none."""
    check_names(query)
    known = {name: query[name] for name in (*_WORLD, "world", "policy", "actions", "seed") if name in query}
    if not known:
        return None
    return _choice(world_from_query(known), _read(_PLAY, known, has_own_model, from_link))


# --- an adaptation ---

TUNED = {"untrained": "random", "yours": "meta"}  # the starts whose step sizes these take, for they have none of their own


@dataclass(frozen=True)
class AdaptSettings:
    """What to adapt, from where, where, and how."""

    world: World = field(default_factory=World)
    start: str = "meta"
    mode: str = "standard"
    adapt_lr: float = _ADAPT["adapt_lr"].default
    num_adapt_steps: int = _ADAPT["num_adapt_steps"].default
    episodes_per_step: int = _ADAPT["episodes_per_step"].default
    experience_weight: float = _ADAPT["experience_weight"].default
    seed: int = 0
    fresh_step: bool = True  # hybrid: a gradient step on the fresh episodes comes before the imagined rollouts


def suited(start: str) -> tuple[float, bool]:
    """The learning rate that suits a starting point, and whether hybrid should take a gradient step at all."""
    known = TUNED.get(start, start)
    return adaptation_config(known, "standard").adapt_lr, adaptation_config(known, "hybrid").adapt_lr > 0


def check_adaptation(world: World, has_own_model: bool = False, **values: Any) -> AdaptSettings:
    """Everything that an adaptation needs, from a program; what is left out has its default. The learning rate has three digits."""
    return AdaptSettings(world, **_read(_ADAPT, values, has_own_model))


def adapt_from_page(preset: Any, details: Sequence[Any], values: Mapping[str, Any], has_own_model: bool = False) -> AdaptSettings:
    """What the Adapt tab's controls show, by the fields' names."""
    world = world_from_page(preset, details)
    return AdaptSettings(world, **_read(_ADAPT, values, has_own_model, from_page))


def adapt_to_query(s: AdaptSettings) -> dict[str, str]:
    """An adaptation as a link's query."""
    values = {name: getattr(s, name) for name in _ADAPT if name != "world"}
    if s.mode == "standard":
        del values["experience_weight"]
    if s.fresh_step or s.mode == "standard":
        del values["fresh_step"]
    return {**world_to_query(s.world), "tab": "adapt", **_link(_ADAPT, values)}


def adapt_from_query(query: Mapping[str, str], has_own_model: bool = False) -> AdaptSettings | None:
    """The adaptation that a link encodes; None when it does not lead to the Adapt tab.

    Where it names no world it is in the tab's first, and where it names no learning rate it takes the one that suits its start.
    """
    if query.get("tab") != "adapt":
        return None
    check_names(query)
    known = {name: text for name, text in query.items() if name in (*_WORLD, *_ADAPT)}
    world = world_from_query(known) if {*_WORLD, "world"} & {*known} else WORLDS[_ADAPT["world"].default]
    values = _read(_ADAPT, known, has_own_model, from_link)
    if "adapt_lr" not in known:
        lr, fresh = suited(values["start"])
        values = {**values, "adapt_lr": lr, **({} if "fresh_step" in known else {"fresh_step": fresh})}
    return AdaptSettings(world, **values)


# --- a comparison ---

MOST_RACERS = 6
RACER_MODES = ("none", "standard", "hybrid")
RACERS = FIELDS["adapt"]["start"].options


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
        """As the page writes it: "Meta-trained, gradient"."""
        return f"{short_name(self.policy)}, {self.how}"

    @property
    def how(self) -> str:
        """The mode as the page writes it."""
        return "as it is" if self.mode == "none" else MODES[self.mode].lower()


FIRST_RACERS = (Racer("memory"), Racer("taught"), Racer("meta", "standard"), Racer("standard", "standard"))


@dataclass(frozen=True)
class RaceSettings:
    """Racers in one world, from the same start; those that adapt take `num_adapt_steps` steps."""

    world: World = field(default_factory=lambda: WORLDS[_COMPARE["world"].default])
    racers: tuple[Racer, ...] = FIRST_RACERS
    num_adapt_steps: int = _COMPARE["num_adapt_steps"].default
    seed: int = 0


def adaptation_of(settings: RaceSettings, racer: Racer) -> AdaptSettings:
    """What the Adapt tab would show for this racer; its mode must not be "none"."""
    lr, fresh_step = suited(racer.policy)
    steps = settings.num_adapt_steps
    return AdaptSettings(settings.world, racer.policy, racer.mode, lr, steps, fresh_step=fresh_step, seed=settings.seed)


def check_race(world: World, racers: Any, num_adapt_steps: Any, seed: Any, has_own_model: bool = False) -> RaceSettings:
    """Everything that a comparison needs. racers: names, a list or one text with commas, spaces or underscores between."""
    values = _read(_COMPARE, {"steps": num_adapt_steps, "seed": seed}, has_own_model)
    return RaceSettings(world, _racers(racers, has_own_model), **values)


def _racers(given: Any, has_own_model: bool) -> tuple[Racer, ...]:
    if isinstance(given, str) and len(given) < 4 * LONGEST_ECHO:
        given = [name for name in re.split(BETWEEN, given) if name]
    if not isinstance(given, (list, tuple)) or not 1 <= len(given) <= MOST_RACERS or not all(isinstance(n, str) for n in given):
        n = len(given) if isinstance(given, (list, tuple)) else given
        page_must = f"be 1 to {MOST_RACERS} of those that the page offers{echoed(n)}"
        raise FieldError("racers", f"be 1 to {MOST_RACERS} policies", n, page_must)
    racers = tuple(_racer(name, has_own_model) for name in given)
    if len(set(racers)) < len(racers):
        raise FieldError("racers", "differ from one another", ", ".join(given), "differ from one another")
    return racers


def _racer(name: str, has_own_model: bool) -> Racer:
    policy, _, mode = name.partition(".")
    if policy == "yours" and not has_own_model:
        raise Forgotten("racers", f"not name yours: {GONE}", name, f"be others than yours: {GONE}")
    if policy not in RACERS or mode not in ("", *RACER_MODES):
        must = f"be named POLICY or POLICY.MODE with a policy of {', '.join(RACERS)} and a mode of {', '.join(RACER_MODES)}"
        raise FieldError("racers", must, name, "be of those that the page offers")
    return Racer(policy, mode or "none")


def race_from_page(
    preset: Any, details: Sequence[Any], chosen: Sequence[Any], num_adapt_steps: Any, seed: Any, has_own_model: bool = False
) -> RaceSettings:
    """What Compare's controls show. chosen: the policies of each mode, in the order of RACER_MODES."""
    lists = [policies if isinstance(policies, list) else [policies] for policies in chosen]
    racers = [f"{policy}.{mode}" for mode, policies in zip(RACER_MODES, lists, strict=True) for policy in policies]
    return check_race(world_from_page(preset, details), racers, num_adapt_steps, seed, has_own_model)


def chosen_of(racers: Sequence[Racer]) -> list[list[str]]:
    """The policies of each mode, as the controls show them."""
    return [[r.policy for r in racers if r.mode == mode] for mode in RACER_MODES]


def race_to_query(s: RaceSettings) -> dict[str, str]:
    """A comparison as a link's query."""
    racers = "_".join(r.name for r in s.racers)
    values = {"num_adapt_steps": s.num_adapt_steps, "seed": s.seed}
    return {**world_to_query(s.world), "tab": "compare", "race": racers, **_link(_COMPARE, values)}


def race_from_query(query: Mapping[str, str], has_own_model: bool = False) -> RaceSettings | None:
    """The comparison that a link encodes; None when it does not lead here."""
    if query.get("tab") != "compare":
        return None
    check_names(query)
    known = {name: text for name, text in query.items() if name in (*_WORLD, "world")}
    world = world_from_query(known) if known else RaceSettings().world
    values = _read(_COMPARE, query, has_own_model, from_link)
    racers = _racers(query.get("race", "_".join(r.name for r in FIRST_RACERS)), has_own_model)
    return RaceSettings(world, racers, **values)
