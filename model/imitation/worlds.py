"""The worlds that the taught start is taught in: all that the page's controls can set, and can switch while it runs.

Half of them have the physics of the meta-training distribution, half have every physical field anywhere on its slider; then come what
SHARES names. As everywhere, gravity's third decimal keeps the splits apart (sampling.py): 0 to 5 is taught in, with 0 as
its fourth decimal. Each later world of an episode that changes obeys this too.

Kept out altogether: any force on the cart but motor and steady wind, such as a push by hand or gusts (`external_force`). It was
never met in teaching, and the teacher itself does not see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from model.worlds.sampling import SPLITS, draw_world
from model.worlds.world import MAX_DELAY, World

PHYSICS = ("gravity", "cart_mass", "pole_mass", "pole_half_length", "force_mag")
BOUNDS = {f.name: (f.minimum, f.maximum) for f in World.fields()}
SHARES: Mapping[str, float] = MappingProxyType(
    {
        "anywhere": 0.5,  # every physical field anywhere on its slider
        "reversed_motor": 0.5,
        "mirrored_sensors": 0.35,
        "wind": 0.5,  # up to WIND_OF_MOTOR of the motor's force
        "angle_bias": 0.5,
        "action_delay": 0.5,
        "velocity_sensors": 0.3,  # dead
        "sensor_noise": 0.2,
        "lost_push": 0.2,
    }
)
WIND_OF_MOTOR = 0.7
HANDICAPS = ("action_delay", "velocity_sensors", "sensor_noise", "lost_push")
SINGLE_SHARES = (0.5, 0.34, 0.08, 0.08)
RARE_AT_FIRST = ("anywhere", "mirrored_sensors", "angle_bias", "action_delay", "velocity_sensors", "sensor_noise", "lost_push")
RANDOM = ("sensor_noise", "lost_push", "motor_reversals")
STAYS, REVERSES = 0.4, 0.25  # shares of episodes whose world stays, or whose motor alone reverses; in the others anything changes
MOST_REVERSALS, MOST_CHANGES = 12, 6
REVERSED_BY_CHANGE, ALL_BY_CHANGE = 0.35, 0.2  # of the changes: the motor reverses; everything is drawn anew; else one thing is
THINGS = ("wind", "mirrored_sensors", "angle_bias", "action_delay", "velocity_sensors", "sensor_noise", "lost_push", PHYSICS)


class Mix(NamedTuple):
    """What is drawn how often. hardness 0 to 1: how much of the shares of RARE_AT_FIRST is there yet. plain, single: shares of worlds
    without any of HANDICAPS, and of ordinary worlds with one of them; single worlds begin with the usual motor and short delays.
    """

    hardness: float = 1.0
    plain: float = 0.0
    single: float = 0.0


ALL = Mix()


def taught_world(generator: np.random.Generator, split: str = "train", mix: Mix = ALL) -> World:
    """One world of a split."""
    kind = generator.random() if mix.plain + mix.single > 0 else 1.0
    if kind < mix.single:
        return _single(generator, split, mix.hardness)
    plain = kind < mix.single + mix.plain

    def happens(name: str) -> bool:
        share = 0.0 if plain and name in HANDICAPS else SHARES[name]
        return bool(generator.random() < share * (mix.hardness if name in RARE_AT_FIRST and not plain else 1.0))

    drawn = draw_world(generator, split)
    values: dict[str, Any] = {name: getattr(drawn, name) for name in PHYSICS}
    if happens("anywhere"):
        values = {name: float(generator.uniform(*BOUNDS[name])) for name in PHYSICS}
        values["gravity"] = with_digit(values["gravity"], generator, split)
    strongest = min(BOUNDS["wind"][1], WIND_OF_MOTOR * values["force_mag"])
    return World(
        **values,
        reversed_motor=happens("reversed_motor"),
        mirrored_sensors=happens("mirrored_sensors"),
        wind=float(generator.uniform(-strongest, strongest)) * happens("wind"),
        angle_bias=float(generator.uniform(*BOUNDS["angle_bias"])) * happens("angle_bias"),
        action_delay=int(generator.integers(1, MAX_DELAY + 1)) * happens("action_delay"),
        velocity_sensors=not happens("velocity_sensors"),
        sensor_noise=float(generator.uniform(*BOUNDS["sensor_noise"])) * happens("sensor_noise"),
        lost_push=float(generator.uniform(*BOUNDS["lost_push"])) * happens("lost_push"),
    )


def _single(generator: np.random.Generator, split: str, hardness: float) -> World:
    """A world of the meta-training distribution with one of HANDICAPS; the easier, the lower the hardness."""
    drawn = draw_world(generator, split)
    name = HANDICAPS[generator.choice(len(HANDICAPS), p=SINGLE_SHARES)]
    value: Any = False  # the velocity sensors
    if name == "action_delay":
        value = int(generator.integers(1, 2 + round((MAX_DELAY - 1) * hardness)))
    elif name != "velocity_sensors":
        value = float(generator.uniform(*BOUNDS[name])) * hardness
    odd, calm = bool(generator.random() < hardness), generator.random() < 0.5
    return replace(
        drawn,
        **{name: value},
        reversed_motor=drawn.reversed_motor and odd,
        mirrored_sensors=drawn.mirrored_sensors and odd,
        **({"wind": 0.0, "angle_bias": 0.0} if calm else {}),
    )


def world_anywhere(generator: np.random.Generator, split: str) -> World:
    """A world with every field that stays anywhere on its slider, also where nothing could hold it; no noise, no lost push."""
    values: dict[str, Any] = {}
    for f in World.fields():
        if f.name not in RANDOM:
            drawn = generator.uniform(f.minimum, f.maximum + (1 if isinstance(f.default, int) else 0))
            values[f.name] = type(f.default)(drawn) if isinstance(f.default, float) else type(f.default)(int(drawn))
    values["gravity"] = with_digit(values["gravity"], generator, split)
    return World(**values)


def with_digit(gravity: float, generator: np.random.Generator, split: str) -> float:
    """A gravity with the third decimal of a split."""
    return float(np.floor(gravity * 100) / 100 + generator.choice(SPLITS[split]) / 1000)


def reversed_world(world: World) -> World:
    """The same with the motor the other way round."""
    return replace(world, reversed_motor=not world.reversed_motor)


def life(world: World, steps: int, generator: np.random.Generator, split: str = "train", mix: Mix = ALL) -> list[tuple[int, World]]:
    """What an episode's world changes to: (before which step, the world from then on), by rising steps; empty where it stays."""
    kind = generator.random()
    if kind < STAYS:
        return []
    alone = kind < STAYS + REVERSES
    changes = []
    for step in moments(int(generator.integers(1, (MOST_REVERSALS if alone else MOST_CHANGES) + 1)), steps, generator):
        what = generator.random()
        if alone or what < REVERSED_BY_CHANGE:
            world = reversed_world(world)
        else:
            new = taught_world(generator, split, mix)
            thing = THINGS[generator.integers(len(THINGS))]
            names = (thing,) if isinstance(thing, str) else thing
            world = new if what < REVERSED_BY_CHANGE + ALL_BY_CHANGE else replace(world, **{name: getattr(new, name) for name in names})
        changes.append((step, world))
    return changes


def moments(n: int, steps: int, generator: np.random.Generator, first: int = 1, apart: int = 1) -> list[int]:
    """n steps from `first` to `steps` - 1 at random, at least `apart` from each other, rising."""
    free = steps - first - (apart - 1) * (n - 1)
    return [first + int(step) + (apart - 1) * i for i, step in enumerate(np.sort(generator.choice(free, n, replace=False)))]


def as_changes(lives: list[list[tuple[int, World]]]) -> dict[int, tuple[list[int], list[World]]]:
    """The changes of many environments as `collect` takes them."""
    changes: dict[int, tuple[list[int], list[World]]] = {}
    for i, one in enumerate(lives):
        for step, world in one:
            indices, worlds = changes.setdefault(step, ([], []))
            indices.append(i)
            worlds.append(world)
    return changes
