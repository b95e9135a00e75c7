"""Kinds of episodes whose world changes while they run, or that are held out from what the taught start was taught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from model.imitation.worlds import life, moments, reversed_world, taught_world, world_anywhere
from model.rl.rollout import Intervention
from model.worlds.cartpole import MAX_EPISODE_STEPS as T
from model.worlds.cartpole import WorldCartPole
from model.worlds.named import WORLDS
from model.worlds.sampling import draw_world
from model.worlds.world import World

Life = list[tuple[int, World]]
Draw = Callable[[np.random.Generator, str], tuple[World, Life]]
"""One episode: (generator, split) -> its first world, and what it changes to at which steps."""
Following = Callable[[World, np.random.Generator, str], World]
"""(present world, generator, split) -> the next."""
APART = 20  # steps between changes at least
GUST, GUST_STEPS = 3.0, 25  # N, steps: of the hands and gusts that nobody was taught


@dataclass(frozen=True)
class Case:
    """A kind of episode. draw: makes one; hand: an intervention that adds forces which no field of a world knows."""

    words: str
    draw: Draw
    hand: Callable[[np.random.Generator, int], Intervention] | None = None


def spaced(n: int, generator: np.random.Generator, apart: int = APART) -> list[int]:
    """n moments at random, none in an episode's first and last 20 steps."""
    return moments(n, T - APART, generator, APART, apart)


def inside(generator: np.random.Generator, split: str) -> World:
    """A world of the meta-training ranges."""
    return draw_world(generator, split)


def still(change: Callable[[World], World]) -> Draw:
    """Worlds that stay, made from those of the meta-training ranges."""
    return lambda g, split: (change(inside(g, split)), [])


def switching(n: int, following: Following, first: dict[str, Any] | None = None, apart: int = APART) -> Draw:
    """Worlds that change n times; first: fields of the first one."""

    def draw(g: np.random.Generator, split: str) -> tuple[World, Life]:
        world = begin = replace(inside(g, split), **(first or {}))
        steps: Life = []
        for step in spaced(n, g, apart):
            world = following(world, g, split)
            steps.append((step, world))
        return begin, steps

    return draw


def flip(world: World, g: np.random.Generator, split: str) -> World:
    return reversed_world(world)


def mirror(world: World, g: np.random.Generator, split: str) -> World:
    return replace(world, mirrored_sensors=not world.mirrored_sensors)


def turn_wind(world: World, g: np.random.Generator, split: str) -> World:
    return replace(world, wind=-world.wind)


def another(world: World, g: np.random.Generator, split: str) -> World:
    return inside(g, split)


def every_50(g: np.random.Generator, split: str) -> tuple[World, Life]:
    world = begin = inside(g, split)
    steps = []
    for step in range(50, T, 50):
        world = reversed_world(world)
        steps.append((step, world))
    return begin, steps


def mixed(g: np.random.Generator, split: str) -> tuple[World, Life]:
    """As in teaching, where the world changes."""
    while True:
        world = taught_world(g, split)
        steps = life(world, T, g, split)
        if steps:
            return world, steps


def anywhere(where: Callable[[World], bool]) -> Draw:
    def draw(g: np.random.Generator, split: str) -> tuple[World, Life]:
        while True:
            world = world_anywhere(g, split)
            if where(world):
                return world, []

    return draw


def by_hand(g: np.random.Generator, n: int) -> Intervention:
    """Five pushes by hand in each episode, of GUST N to either side for GUST_STEPS steps."""
    begins = np.array([spaced(5, g, 2 * GUST_STEPS) for _ in range(n)])  # (n, 5)
    sides = g.choice([-GUST, GUST], (n, 5))

    def push(env: WorldCartPole, action: np.ndarray) -> np.ndarray:
        since = env.episode_steps[:, None] - begins
        env.external_force[:] = (sides * ((since >= 0) & (since < GUST_STEPS))).sum(1)
        return action

    return push


def gusts(g: np.random.Generator, n: int) -> Intervention:
    """A wind that swings between -GUST and GUST N, with a period between 1 and 4 s."""
    period, phase = g.uniform(50, 200, n), g.uniform(0, 2 * np.pi, n)

    def blow(env: WorldCartPole, action: np.ndarray) -> np.ndarray:
        env.external_force[:] = GUST * np.sin(2 * np.pi * env.episode_steps / period + phase)
        return action

    return blow


CALM = {"wind": 0.0}
CASES: dict[str, Case] = {
    "inside": Case("worlds inside the meta-training ranges", still(lambda w: w)),
    **{f"reversals_{n}": Case(f"motor reverses {n} times", switching(n, flip)) for n in (1, 2, 5, 9)},
    "every_50": Case("motor reverses every 50 steps", every_50),
    "reversals_20_close": Case("20 reversals, 5 steps apart or more", switching(20, flip, apart=5)),
    **{f"switches_{n}": Case(f"{n} switches of the whole world", switching(n, another)) for n in (1, 2, 5)},
    "wind_turns": Case("wind of 3 N that turns 5 times", switching(5, turn_wind, {"wind": 3.0})),
    **{f"mirrors_{n}": Case(f"sensors mirrored {n} times", switching(n, mirror)) for n in (1, 3)},
    "mixed": Case("anything changes, as in teaching", mixed),
    **{f"reversals_delay_{d}": Case(f"5 reversals, delay {d}", switching(5, flip, {"action_delay": d})) for d in (1, 2)},
    **{f"reversals_noise_{s:g}": Case(f"5 reversals, noise {s:g}", switching(5, flip, {"sensor_noise": s})) for s in (0.3, 1.0)},
    "reversals_lost": Case("5 reversals, 30% lost pushes", switching(5, flip, {"lost_push": 0.3})),
    "reversed_delay": Case("standard cart, reversed motor, delay 2", lambda g, split: (WORLDS["reversed_delay"], [])),
    "delayed_motor": Case("standard cart, delay 4", lambda g, split: (WORLDS["delayed_motor"], [])),
    "blind_velocity": Case("standard cart, dead velocity sensors", lambda g, split: (WORLDS["blind_velocity"], [])),
    "anywhere_at_once": Case(
        "every slider anywhere: the motor answers at once, velocities are read",
        anywhere(lambda w: w.velocity_sensors and w.action_delay == 0),
    ),
    "anywhere_delay": Case("every slider anywhere: with delay", anywhere(lambda w: w.velocity_sensors and w.action_delay > 0)),
    "anywhere_dead": Case("every slider anywhere: dead velocity sensors", anywhere(lambda w: not w.velocity_sensors)),
    "hands": Case("never taught: five pushes by hand of 3 N for half a second", still(lambda w: replace(w, **CALM)), by_hand),
    "gusts": Case("never taught: wind that swings within 3 N", still(lambda w: replace(w, **CALM)), gusts),
}
