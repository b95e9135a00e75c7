"""Named worlds, the meta-training distribution, and the held-out distributions: the one place where they are defined.

| split              | ranges                                     | kept apart by                 | used for         |
| train              | TRAINING_RANGES; the motor reversed in     | gravity's third decimal: 0-5  | meta-training    |
|                    | half, the sensors mirrored in 15%          |                               |                  |
| validation         | the same                                   | the same: 6 or 7              | choosing         |
| test               | the same                                   | the same: 8 or 9              | reported once    |
| validation_outside | the same, and one feature out of its range | that feature (OUTSIDE); 6, 7  | choosing         |
| test_outside       | the same, and one feature out of its range | that feature (OUTSIDE); 8, 9  | reported once    |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from model.cartpole import World
from model.config import check_number

_PRESETS: dict[str, tuple[World, str]] = {
    "standard": (World(), "CartPole-v1 as Gymnasium defines it."),
    "moon": (World(gravity=1.62), "Gravity of the Moon: the pole falls slowly."),
    "jupiter": (World(gravity=24.8), "Gravity of Jupiter: the pole falls fast."),
    "long_pole": (World(pole_half_length=1.2), "A pole 2.4 m long."),
    "short_pole": (World(pole_half_length=0.25), "A pole half as long: quick to fall."),
    "heavy_pole": (World(pole_mass=0.5), "A pole five times as heavy."),
    "heavy_cart": (World(cart_mass=2.0), "A cart twice as heavy: pushes do less."),
    "weak_motor": (World(force_mag=6.0), "A motor with 6 N instead of 10 N."),
    "windy": (World(wind=2.5), "Wind that always pushes the cart to the right."),
    "biased_sensor": (World(angle_bias=0.06), "The angle sensor reads 3.4 degrees too much."),
    "reversed_motor": (World(reversed_motor=True), "Left pushes right, and right pushes left."),
    "reversed_windy": (World(reversed_motor=True, wind=2.5), "The motor is reversed, in wind."),
    "mirrored_sensors": (World(mirrored_sensors=True), "The pole's sensors show a mirror image."),
    "reversed_tiny_pole": (World(reversed_motor=True, pole_half_length=0.12), "The motor is reversed and the pole is only 24 cm long."),
    "reversed_gale": (World(reversed_motor=True, wind=4.0), "The motor is reversed, in a wind stronger than any in training."),
    "reversed_delay": (World(reversed_motor=True, action_delay=2), "The motor is reversed and answers two steps late."),
    "reversed_jupiter": (World(reversed_motor=True, gravity=24.8), "The motor is reversed under Jupiter's gravity."),
    "reversed_tilted": (
        World(reversed_motor=True, angle_bias=0.1),
        "The motor is reversed and the angle sensor reads 5.7 degrees too much.",
    ),
    "mirrored_gale": (
        World(mirrored_sensors=True, wind=4.0),
        "The pole's sensors show a mirror image, in a wind stronger than any in training.",
    ),
    "mirrored_jupiter": (World(mirrored_sensors=True, gravity=24.8), "The pole's sensors show a mirror image, under Jupiter's gravity."),
    "mirrored_long_pole": (
        World(mirrored_sensors=True, pole_half_length=1.8),
        "The pole's sensors show a mirror image of a pole 3.6 m long.",
    ),
    "delayed_motor": (World(action_delay=4), "Every action reaches the motor four steps late."),
    "blind_velocity": (World(velocity_sensors=False), "Both velocity sensors are dead: only positions are seen."),
}
WORLDS: Mapping[str, World] = MappingProxyType({name: world for name, (world, _) in _PRESETS.items()})
DESCRIPTIONS: Mapping[str, str] = MappingProxyType({name: text for name, (_, text) in _PRESETS.items()})

BREAK_SET = (
    "reversed_motor",
    "mirrored_sensors",
    "reversed_tiny_pole",
    "reversed_gale",
    "reversed_jupiter",
    "reversed_tilted",
    "reversed_delay",
    "mirrored_gale",
    "mirrored_long_pole",
    "mirrored_jupiter",
)
"""Worlds that break the meta-trained policy, chosen on drafts and validation worlds before the shipped weights were made.

The first two lie inside the training ranges, the others outside: in one feature, and in conflict with the standard cart.
"""

TRAINING_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "gravity": (6.0, 16.0),
        "cart_mass": (0.5, 2.0),
        "pole_mass": (0.05, 0.5),
        "pole_half_length": (0.25, 1.5),
        "force_mag": (6.0, 15.0),
        "wind": (-3.0, 3.0),  # in half of the worlds, else 0
        "angle_bias": (-0.07, 0.07),  # in half of the worlds, else 0
    }
)
SOMETIMES_ZERO = ("wind", "angle_bias")

OUTSIDE: Mapping[str, tuple[tuple[float, float], ...]] = MappingProxyType(
    {
        "pole_half_length": ((0.1, 0.22), (1.6, 2.0)),
        "wind": ((-4.5, -3.3), (3.3, 4.5)),
        "angle_bias": ((-0.11, -0.08), (0.08, 0.11)),
        "gravity": ((2.0, 5.0), (18.0, 26.0)),
        "action_delay": ((1, 4),),
        "velocity_sensors": ((0, 0),),
    }
)

_SPLITS = {"train": (0, 1, 2, 3, 4, 5), "validation": (6, 7), "test": (8, 9), "test_outside": (8, 9), "validation_outside": (6, 7)}


def draw_world(generator: np.random.Generator, split: str = "train") -> World:
    """One world of a split, drawn with the given generator."""
    values: dict = {name: generator.uniform(*bounds) for name, bounds in TRAINING_RANGES.items()}
    for name in SOMETIMES_ZERO:
        values[name] *= generator.random() < 0.5
    values["gravity"] = np.floor(values["gravity"] * 100) / 100 + generator.choice(_SPLITS[split]) / 1000
    reversed_motor, mirrored = bool(generator.random() < 0.5), bool(generator.random() < 0.15)
    world = World(reversed_motor=reversed_motor, mirrored_sensors=mirrored, **values)
    if not split.endswith("_outside"):
        return world
    name = list(OUTSIDE)[generator.integers(len(OUTSIDE))]
    low, high = OUTSIDE[name][generator.integers(len(OUTSIDE[name]))]
    kind = type(getattr(world, name))
    return replace(world, **{name: generator.uniform(low, high) if kind is float else kind(generator.integers(low, high + 1))})


def training_worlds(n: int, generator: np.random.Generator) -> list[World]:
    """n worlds of the meta-training distribution."""
    return [draw_world(generator) for _ in range(n)]


def standard_worlds(n: int, generator: np.random.Generator) -> list[World]:
    """n times the standard world; for a policy that never saw another."""
    return [World()] * n


def sample_worlds(split: str, n: int, seed: int) -> list[World]:
    """n worlds of "train", "validation", "test" (inside the training ranges), "test_outside" or "validation_outside".

    The same seed gives the same worlds. Raises ValueError for another split or bad numbers.
    """
    if split not in _SPLITS:
        raise ValueError(f"split must be one of {', '.join(_SPLITS)}, got {split!r}")
    n = check_number("n", n, 0, 10**6, int)
    seed = check_number("seed", seed, 0, 2**32 - 1, int)
    generator = np.random.default_rng([list(_SPLITS).index(split), seed])
    return [draw_world(generator, split) for _ in range(n)]
