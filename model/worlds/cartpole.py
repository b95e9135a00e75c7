"""CartPole in other worlds: physics, motor and sensors as one frozen value, and the environments that obey it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.envs.classic_control.cartpole import CartPoleVectorEnv

from model.config import FieldInfo, bounded, check_fields, field_infos

MAX_EPISODE_STEPS = 500  # CartPole-v1's limit, and the highest return
SOLVED = 475.0  # the mean return at which Gymnasium counts CartPole-v1 as solved
MAX_DELAY = 5  # steps
X_LIMIT = 2.4  # m
ANGLE_LIMIT = 12 * 2 * np.pi / 360  # rad
TAU = 0.02  # s, from step to step
START_RANGE = 0.05  # each of the four state variables starts uniformly within +-0.05


@dataclasses.dataclass(frozen=True)
class World:
    """One CartPole world. The defaults are CartPole-v1. Raises ValueError for a field out of its bounds."""

    gravity: float = bounded(9.8, 1.0, 30.0, "pull on cart and pole", "m/s^2")
    cart_mass: float = bounded(1.0, 0.2, 5.0, "mass of the cart", "kg")
    pole_mass: float = bounded(0.1, 0.01, 2.0, "mass of the pole", "kg")
    pole_half_length: float = bounded(0.5, 0.05, 2.0, "half the pole's length", "m")
    force_mag: float = bounded(10.0, 1.0, 30.0, "force of one push of the motor", "N")
    wind: float = bounded(0.0, -6.0, 6.0, "constant horizontal force on the cart, to the right when positive", "N")
    reversed_motor: bool = bounded(False, False, True, "left pushes right and right pushes left")
    angle_bias: float = bounded(0.0, -0.2, 0.2, "error added to the observed pole angle only", "rad")
    mirrored_sensors: bool = bounded(False, False, True, "the pole's angle and angular velocity are read with the opposite sign")
    action_delay: int = bounded(0, 0, MAX_DELAY, "steps that pass before an action reaches the motor", "steps")
    velocity_sensors: bool = bounded(True, False, True, "off: both velocities read 0")

    def __post_init__(self) -> None:
        check_fields(self)

    @staticmethod
    def fields() -> list[FieldInfo]:
        """For each field: name, unit, minimum, maximum, default, help."""
        return field_infos(World)


class WorldCartPole(CartPoleVectorEnv):
    """Gymnasium's CartPoleVectorEnv with a world for each of its environments.

    Observations, actions, rewards, limits and autoreset are those of the base class. `external_force` (num_envs,),
    in N, adds to the force on the cart from the next step on; a visitor's push, for one. `applied_force` (num_envs,)
    is the motor's force of the last step, in N, after delay and reversal.
    """

    def __init__(self, worlds: Sequence[World], max_episode_steps: int = MAX_EPISODE_STEPS, render_mode: str | None = None):
        worlds = list(worlds)
        if not worlds:
            raise ValueError("worlds must hold at least 1 world, got 0")
        super().__init__(num_envs=len(worlds), max_episode_steps=max_episode_steps, render_mode=render_mode)

        def column(name: str) -> np.ndarray:
            return np.array([getattr(w, name) for w in worlds], dtype=np.float64)

        self.worlds = worlds
        self.tau, self.x_threshold, self.theta_threshold_radians = TAU, X_LIMIT, ANGLE_LIMIT
        # The base class computes with these attributes; as arrays they hold one value per environment.
        self.gravity, self.masscart, self.masspole = column("gravity"), column("cart_mass"), column("pole_mass")
        self.length = column("pole_half_length")
        self.total_mass = self.masspole + self.masscart
        self.polemass_length = self.masspole * self.length
        self.motor = column("force_mag") * np.where(column("reversed_motor") > 0, -1.0, 1.0)  # N, signed
        self.wind = column("wind")
        mirror = np.where(column("mirrored_sensors") > 0, -1.0, 1.0)
        sees_velocity = column("velocity_sensors")
        # observation = sensor_gain * state + sensor_offset, each (4, num_envs)
        self.sensor_gain = np.stack([np.ones_like(mirror), sees_velocity, mirror, mirror * sees_velocity])
        self.sensor_offset = np.stack([0 * mirror, 0 * mirror, column("angle_bias"), 0 * mirror])
        self.delay = column("action_delay").astype(np.int64)
        self.external_force = np.zeros(self.num_envs)
        self.applied_force = np.zeros(self.num_envs)
        self._pending = np.zeros((int(self.delay.max()) + 1, self.num_envs))  # ring of past actions: -1, 0 (none), 1
        self._clock = 0
        self._everyone = np.arange(self.num_envs)
        self._push_right = np.ones(self.num_envs, dtype=np.int64)

    def observe(self) -> np.ndarray:
        """What the sensors report of the present state, (num_envs, 4) float32."""
        return (self.sensor_gain * self.state + self.sensor_offset).T.astype(np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed, options=options)
        self._pending[:] = 0.0
        return self.observe(), {}

    def step(self, action: np.ndarray):
        action = np.asarray(action)
        if action.shape != (self.num_envs,) or not ((action == 0) | (action == 1)).all():
            raise ValueError(f"action must hold {self.num_envs} values of 0 or 1, got {action!r}")
        starting_anew = self.prev_done.copy()  # these reset in this step and ignore their action
        # The base class pushes with sign(action - 0.5) * force_mag: with action 1 everywhere, force_mag is the net force.
        self.force_mag = self._net_force(np.where(starting_anew, 0.0, 2.0 * action - 1.0))
        _, reward, terminated, truncated, info = super().step(self._push_right)
        if starting_anew.any():
            self._pending[:, starting_anew] = 0.0
        return self.observe(), reward, terminated, truncated, info

    def _net_force(self, push: np.ndarray) -> np.ndarray:
        """Motor, wind and external force of this step, N; push -1, 0 or 1 joins the actions on their way to the motor."""
        slots = len(self._pending)
        self._pending[self._clock % slots] = push
        # An action that was never taken (before the episode began) is 0: the motor gives no force.
        delayed = push if slots == 1 else self._pending[(self._clock - self.delay) % slots, self._everyone]
        self.applied_force = self.motor * delayed
        self._clock += 1
        return self.applied_force + self.wind + self.external_force

    def advance(self, action: np.ndarray, moving: np.ndarray) -> np.ndarray:
        """What `step` does to the states of the environments that move, without checks, resets and step limit.

        For the loop over steps in rollout.py: the same motion as `step`, at less cost. action (num_envs,) of 0 or 1, moving
        (num_envs,) bool. Returns the environments that fell in this step, (num_envs,) bool.
        """
        _, x_dot, theta, theta_dot = self.state
        force = self._net_force(2.0 * action - 1.0)
        cos, sin = np.cos(theta), np.sin(theta)
        # As in CartPoleVectorEnv.step, to the last bit: coneural.org/florian/papers/05_cart_pole.pdf, without friction.
        temp = (force + self.polemass_length * np.square(theta_dot) * sin) / self.total_mass
        angular = (self.gravity * sin - cos * temp) / (self.length * (4.0 / 3.0 - self.masspole * np.square(cos) / self.total_mass))
        linear = temp - self.polemass_length * angular * cos / self.total_mass
        new = self.state + self.tau * np.stack((x_dot, linear, theta_dot, angular))
        self.state = np.where(moving, new, self.state)
        return moving & ((np.abs(new[0]) > self.x_threshold) | (np.abs(new[2]) > self.theta_threshold_radians))


class WorldCartPoleEnv(gymnasium.Env):
    """One environment in one world, with Gymnasium's single-environment interface (id "CartPoleWorld-v0")."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": [], "render_fps": 50}

    def __init__(self, world: World | None = None, render_mode: str | None = None):
        self.world = World() if world is None else world
        # The step limit belongs to gymnasium's TimeLimit wrapper.
        self.batch = WorldCartPole([self.world], max_episode_steps=np.iinfo(np.int32).max)
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
    num_envs: int = 1, worlds: Sequence[World] | None = None, max_episode_steps: int = MAX_EPISODE_STEPS, **kwargs: Any
) -> WorldCartPole:
    """Entry point of gymnasium.make_vec("CartPoleWorld-v0", num_envs=n, worlds=[...]); one world serves all."""
    worlds = list(worlds) if worlds is not None else [World()]
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
