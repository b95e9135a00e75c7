"""Gymnasium's id of these worlds, for one environment and for many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import gymnasium
import numpy as np

from model.worlds.cartpole import MAX_EPISODE_STEPS, NO_LIMIT, WorldCartPole
from model.worlds.named import AnyWorld, as_world, as_worlds
from model.worlds.world import World


class WorldCartPoleEnv(gymnasium.Env):
    """One environment in one world, with Gymnasium's single-environment interface (id "CartPoleWorld-v0")."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": [], "render_fps": 50}

    def __init__(self, world: AnyWorld | None = None, render_mode: str | None = None):
        self.world = World() if world is None else as_world(world)
        # The step limit belongs to gymnasium's TimeLimit wrapper.
        self.batch = WorldCartPole([self.world], max_episode_steps=NO_LIMIT)
        self.action_space = self.batch.single_action_space
        self.observation_space = self.batch.single_observation_space
        self.render_mode = render_mode

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed)
        obs, info = self.batch.reset(seed=seed, options=options)
        return obs[0], info

    def step(self, action: int):
        obs, reward, terminated, _, info = self.batch.step(np.array([action]))
        return obs[0], float(reward[0]), bool(terminated[0]), False, info


def make_vector(
    num_envs: int = 1, worlds: Sequence[AnyWorld] | None = None, max_episode_steps: int = MAX_EPISODE_STEPS, **kwargs: Any
) -> WorldCartPole:
    """Entry point of gymnasium.make_vec("CartPoleWorld-v0", num_envs=n, worlds=[...]); one world serves all."""
    worlds = as_worlds(World() if worlds is None else worlds)
    if len(worlds) == 1:
        worlds = worlds * num_envs
    if len(worlds) != num_envs:
        raise ValueError(f"worlds must hold 1 or num_envs = {num_envs} worlds, got {len(worlds)}")
    return WorldCartPole(worlds, max_episode_steps, **kwargs)


ENV_ID = "CartPoleWorld-v0"


def register() -> None:
    """Register the Gymnasium id; importing `model` does this."""
    if ENV_ID not in gymnasium.registry:
        gymnasium.register(ENV_ID, entry_point=WorldCartPoleEnv, vector_entry_point=make_vector, max_episode_steps=MAX_EPISODE_STEPS)
