"""World families: what varies from world to world in a short training, such as those of the page; all else stays standard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType

import numpy as np

from model.worlds.sampling import draw_world
from model.worlds.world import MAX_DELAY, World

FAMILIES: MappingProxyType[str, str] = MappingProxyType(
    {
        "reversed_motor": "Reversed motor",
        "wind": "Wind",
        "angle_bias": "Angle sensor error",
        "mirrored_sensors": "Mirrored sensors",
        "action_delay": "Delay",
        "physics": "Physics (gravity, masses, length, force)",
    }
)
PHYSICS = ("gravity", "cart_mass", "pole_mass", "pole_half_length", "force_mag")
LONGEST_DELAY = MAX_DELAY - 1  # steps; the longest possible is left for what no meta-training saw


def family_sampler(families: Sequence[str], split: str = "train") -> Callable[[int, np.random.Generator], list[World]]:
    """Draws worlds in which the chosen families vary over the ranges of model.worlds.

    Reversed motor and mirrored sensors take turns, so that even a few worlds hold both. split "validation": worlds that no
    training draws; gravity's third decimal keeps them apart, as everywhere in model.worlds.
    """
    drawn = [name for name in ("wind", "angle_bias") if name in families] + [*PHYSICS] * ("physics" in families)

    def sample(n: int, generator: np.random.Generator) -> list[World]:
        turn = int(generator.integers(4))
        return [world(generator, turn + i) for i in range(n)]

    def world(generator: np.random.Generator, turn: int) -> World:
        full = draw_world(generator, split)
        values = {name: getattr(full, name) for name in drawn}
        if "gravity" not in values and split != "train":
            values["gravity"] = round(World().gravity + round(full.gravity * 1000) % 10 / 1000, 3)
        delay = int(generator.integers(LONGEST_DELAY + 1)) if "action_delay" in families else 0
        return World(
            reversed_motor="reversed_motor" in families and turn % 2 == 1,
            mirrored_sensors="mirrored_sensors" in families and turn // 2 % 2 == 1,
            action_delay=delay,
            **values,
        )

    return sample
