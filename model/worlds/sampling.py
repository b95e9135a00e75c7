"""The meta-training distribution and the held-out distributions: the one place where they are defined.

| split              | ranges                                     | kept apart by                 | used for         |
| train              | TRAINING_RANGES; the motor reversed in     | gravity's third decimal: 0-5  | meta-training    |
|                    | half, the sensors mirrored in 15%          |                               |                  |
| validation         | the same                                   | the same: 6 or 7              | choosing         |
| test               | the same                                   | the same: 8 or 9              | looking          |
| sealed             | the same                                   | gravity's fourth decimal: 5   | reporting        |
| validation_outside | the same, and one feature out of its range | that feature (OUTSIDE); 6, 7  | choosing         |
| test_outside       | the same, and one feature out of its range | that feature (OUTSIDE); 8, 9  | looking          |
| sealed_outside     | the same, and one feature out of its range | that feature; fourth decimal  | reporting        |

All other splits have 0 as gravity's fourth decimal. The test splits were read several times while the methods were made; of the sealed
ones `model.experiments.runner` records every reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from model.config import check_choice, check_number
from model.worlds.world import World

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

SPLITS = {
    "train": (0, 1, 2, 3, 4, 5),
    "validation": (6, 7),
    "test": (8, 9),
    "test_outside": (8, 9),
    "validation_outside": (6, 7),
    "sealed": (0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5),
    "sealed_outside": (0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5),
}
"""The thousandths of gravity that each split may have."""


def draw_world(generator: np.random.Generator, split: str = "train") -> World:
    """One world of a split, drawn with the given generator."""
    values: dict = {name: generator.uniform(*bounds) for name, bounds in TRAINING_RANGES.items()}
    for name in SOMETIMES_ZERO:
        values[name] *= generator.random() < 0.5
    values["gravity"] = np.floor(values["gravity"] * 100) / 100 + generator.choice(SPLITS[split]) / 1000
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
    """n worlds of "train", "validation", "test" or "sealed" (inside the training ranges), or of the last three + "_outside".

    The same seed gives the same worlds. Raises ValueError for another split or bad numbers.
    """
    check_choice("split", split, SPLITS)
    n = check_number("n", n, 0, 10**6, int)
    seed = check_number("seed", seed, 0, 2**32 - 1, int)
    generator = np.random.default_rng([list(SPLITS).index(split), seed])
    return [draw_world(generator, split) for _ in range(n)]
