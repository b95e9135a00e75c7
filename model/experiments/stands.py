"""Who stands while the world changes: memory, meta-trained and taught policies without any adaptation, in the same episodes.

The teacher that knows the true world plays beside them: what it can't hold, no student of it will. Worlds are those of the
split asked for; gravity's digits keep them apart from all that was taught in (model/imitation/worlds.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from model.experiments.study import Part, Study
from model.imitation.teacher import Teacher
from model.imitation.worlds import as_changes, life, moments, reversed_world, taught_world, world_anywhere
from model.policy.params import with_task_axis
from model.policy.pretrained import load_pretrained
from model.policy.ssm import StateSpaceModel
from model.rl.evaluation import summary
from model.rl.rollout import Changes, Intervention, collect
from model.worlds.cartpole import MAX_EPISODE_STEPS as T
from model.worlds.cartpole import World, WorldCartPole
from model.worlds.named import WORLDS
from model.worlds.sampling import draw_world

POLICIES = ("memory", "meta", "taught")
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
    "reversed_delay": Case("reversed motor, delay 3", lambda g, split: (WORLDS["reversed_delay"], [])),
    "delayed_motor": Case("delay 4", lambda g, split: (WORLDS["delayed_motor"], [])),
    "blind_velocity": Case("dead velocity sensors", lambda g, split: (WORLDS["blind_velocity"], [])),
    "anywhere_at_once": Case(
        "every slider anywhere: the motor answers at once, velocities are read",
        anywhere(lambda w: w.velocity_sensors and w.action_delay == 0),
    ),
    "anywhere_delay": Case("every slider anywhere: with delay", anywhere(lambda w: w.velocity_sensors and w.action_delay > 0)),
    "anywhere_dead": Case("every slider anywhere: dead velocity sensors", anywhere(lambda w: not w.velocity_sensors)),
    "hands": Case("never taught: five pushes by hand of 3 N for half a second", still(lambda w: replace(w, **CALM)), by_hand),
    "gusts": Case("never taught: wind that swings within 3 N", still(lambda w: replace(w, **CALM)), gusts),
}


def episodes_of(case: Case, name: str, split: str, n: int, seed: int) -> tuple[list[World], Changes]:
    """The same n episodes for every policy."""
    generator = np.random.default_rng([list(CASES).index(name), seed, 31])
    drawn = [case.draw(generator, split) for _ in range(n)]
    return [world for world, _ in drawn], as_changes([steps for _, steps in drawn])


def lengths(model: StateSpaceModel | None, name: str, split: str, n: int, seed: int) -> np.ndarray:
    """How long a policy stands in n episodes of a case, greedy, (n,); None is the teacher."""
    case = CASES[name]
    worlds, changes = episodes_of(case, name, split, n, seed)
    hand = case.hand(np.random.default_rng([seed, 32]), n) if case.hand else None
    params = with_task_axis((model or load_pretrained("memory")).params())
    teachers: list[Teacher] = []

    def intervene(env: WorldCartPole, action: np.ndarray) -> np.ndarray:
        if hand:
            action = hand(env, action)
        if model is None:
            if not teachers:
                teachers.append(Teacher(env))
            action = teachers[0].act(env, action)
        return action

    played = collect(params, worlds, 1, np.random.default_rng([seed, 33]), T, True, None, None, changes, intervene)
    return played.lengths[:, 0].double().numpy()


def wilson(share: float, n: int) -> list[float]:
    """95% interval of a share of n trials (Wilson 1927), honest at 0 and 1 too."""
    z = 1.959964
    middle, spread = share + z * z / (2 * n), z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return [(middle - spread) / (1 + z * z / n), (middle + spread) / (1 + z * z / n)]


def stands(study: Study, name: str) -> dict[str, Any]:
    """One case by every policy and by the teacher: returns, and the share of episodes that stand for all 500 steps."""
    n = study.size.trials * (2 if name == "inside" or name.startswith("anywhere") else 1)
    rows: dict[str, Any] = {}
    for policy in (*POLICIES, "teacher"):
        model = None if policy == "teacher" else load_pretrained(policy)
        returns = lengths(model, name, study.split, n, study.seed)
        share = float((returns >= T).mean())
        rows[policy] = {**summary(returns), "share_standing": share, "share_interval": wilson(share, n)}
    study.say(f"{CASES[name].words}: " + ", ".join(f"{p} {r['share_standing']:.0%} ({r['mean']:.0f})" for p, r in rows.items()))
    return rows


def stands_parts() -> dict[tuple[str, ...], Part]:
    """Every part: its place in the results, and what makes it."""
    return {("taught", "stands", name): partial(stands, name=name) for name in CASES}
