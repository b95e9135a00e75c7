"""The best so far plays: in two worlds, before and after adaptation, from the same starts.

The worker sends the actions alone; the page's side replays them.
"""

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from model import StandardAdaptationConfig, StateSpaceModel, World, WorldCartPole
from model.config import field_infos
from model.maml.adaptation import NonFiniteParameters, adapt_tasks
from model.policy.params import Params, with_task_axis
from model.rl.rollout import collect
from model.worlds.cartpole import MAX_EPISODE_STEPS, START_RANGE
from model.worlds.families import family_sampler
from ui.runs.episode import Recording, turns_of
from ui.training_settings import MetaSettings

SEED = 0
EVERY = 5.0  # s; an episode of 500 steps plays that long at double speed
COST = 0.03  # of the training's time at most


def adaptation_config(settings: MetaSettings, steps: int) -> StandardAdaptationConfig:
    """Test-time adaptation with the inner loop's own learning rate and limits."""
    c = settings.config
    limits = {i.name: i for i in field_infos(StandardAdaptationConfig)}
    return StandardAdaptationConfig(
        adapt_lr=c.inner_lr,
        num_adapt_steps=steps,
        episodes_per_step=min(c.episodes_per_task, limits["episodes_per_step"].maximum),
        min_grad_norm=c.min_grad_norm,
        max_grad_norm=c.max_grad_norm,
        discount_factor=c.discount_factor,
    )


def shown_worlds(settings: MetaSettings) -> list[World]:
    """The standard world, and one that shows what the training's families are about."""
    for name in ("reversed_motor", "mirrored_sensors"):
        if name in settings.families:
            return [World(), World(**{name: True})]
    drawn = family_sampler(settings.families)(16, np.random.default_rng(SEED))
    return [World(), next((w for w in drawn if w != World()), World())]


def starts() -> np.ndarray:
    """The first states of the two worlds' episodes, (2, 4)."""
    return np.random.default_rng(SEED).uniform(-START_RANGE, START_RANGE, size=(2, 4))


def perform(model: StateSpaceModel, settings: MetaSettings, epochs: int = 0) -> dict[str, Any]:
    """Greedy episodes in both worlds, before adaptation and after as many steps as the training makes: JSON for `recordings`.

    actions: a row for each of before and after (after is missing without inner steps, or where no finite step could be made);
    in each an episode for each world, "0" left, "1" right.
    """
    worlds, theta = shown_worlds(settings), with_task_axis(model.params())
    rows, steps = [_actions(theta, worlds)], settings.config.inner_steps
    if steps:
        try:
            *_, (adapted, *_) = adapt_tasks(theta, worlds, adaptation_config(settings, steps), np.random.default_rng(SEED + 1))
            rows.append(_actions(adapted, worlds))
        except NonFiniteParameters:
            pass
    return {"epochs": epochs, "steps": steps, "worlds": [dataclasses.asdict(w) for w in worlds], "actions": rows}


def _actions(params: Params, worlds: list[World]) -> list[str]:
    episodes = collect(params, worlds, 1, np.random.default_rng(SEED), greedy=True)
    lengths = episodes.lengths[:, 0].int().tolist()
    return ["".join(map(str, row[:n])) for row, n in zip(episodes.actions[:, 0].tolist(), lengths, strict=True)]


def recordings(show: Mapping[str, Any]) -> list[list[Recording]]:
    """What `perform` played, by world: its episodes before and after."""
    rows, worlds = show["actions"], [World(**w) for w in show["worlds"]]
    played = iter(_replayed(worlds * len(rows), np.tile(starts(), (len(rows), 1)), [text for row in rows for text in row]))
    by_row = [[next(played) for _ in worlds] for _ in rows]
    return [list(of_world) for of_world in zip(*by_row, strict=True)]


def _replayed(worlds: list[World], first: np.ndarray, texts: list[str]) -> list[Recording]:
    """All episodes at once; first: their first states, (episodes, 4)."""
    lengths = np.array([len(t) for t in texts])
    env = WorldCartPole(worlds, max_episode_steps=MAX_EPISODE_STEPS)
    env.begin(first)
    actions = np.array([[int(a) for a in t.ljust(lengths.max(), "0")] for t in texts])
    states, observations, forces, lost, motors = [env.state.copy()], [env.observe()], [], [], []
    for t in range(lengths.max()):
        motors.append(env.present_motor)
        env.advance(actions[:, t], t < lengths)
        states.append(env.state.copy())
        observations.append(env.observe())
        forces.append(env.applied_force.copy())
        lost.append(env.lost_force.copy())
    states, observations, forces, lost, motors = (np.array(rows) for rows in (states, observations, forces, lost, motors))

    def recording(i: int, world: World, n: int) -> Recording:
        seen, lost_forces = (states[: n + 1, :, i], observations[: n + 1, i]), lost[:n, i] if world.lost_push else None
        none = (None, None, None)  # neither probabilities nor values nor hidden states
        return Recording(world, "", True, SEED, *seen, actions[i, :n], forces[:n, i], *none, lost_forces, turns_of(motors[:n, i]))

    return [recording(i, world, n) for i, (world, n) in enumerate(zip(worlds, lengths, strict=True))]


class Showman:
    """Says when the next show is due: not too often, so that each can be watched, and never at more than COST of the time."""

    def __init__(self) -> None:
        self.last, self.cost = time.monotonic(), 0.0

    def due(self) -> bool:
        """Whether it is time for a show."""
        return time.monotonic() - self.last >= max(EVERY, self.cost / COST)

    def show(self, model: StateSpaceModel, settings: MetaSettings, epochs: int) -> dict[str, Any]:
        """Play now."""
        began = time.monotonic()
        played = perform(model, settings, epochs)
        self.last = time.monotonic()
        self.cost = self.last - began
        return played
