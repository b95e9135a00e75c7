"""CartPole in other worlds: the batched environment that obeys them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.envs.classic_control.cartpole import CartPoleVectorEnv
from gymnasium.spaces import Box
from gymnasium.vector.utils import batch_space

from model.config import check_number
from model.worlds.disturbances import PERIOD, Disturbances, episode_keys, keys_of_starts
from model.worlds.named import AnyWorld, as_worlds
from model.worlds.world import World

MAX_EPISODE_STEPS = PERIOD  # CartPole-v1's limit, 500, and the highest return
NO_LIMIT = 2**31 - 1  # steps, where something else ends an episode
SOLVED = 475.0  # the mean return at which Gymnasium counts CartPole-v1 as solved
X_LIMIT = 2.4  # m
ANGLE_LIMIT = 12 * 2 * np.pi / 360  # rad
TAU = 0.02  # s, from step to step
START_RANGE = 0.05  # each of the four state variables starts uniformly within +-0.05


class WorldCartPole(CartPoleVectorEnv):
    """Gymnasium's CartPoleVectorEnv with a world for each of its environments.

    Observations, actions, rewards, limits and autoreset are those of the base class; the observation space is wide enough for
    the sensors of the first worlds. `external_force` (num_envs,),
    in N, adds to the force on the cart from the next step on; a visitor's push, for one. `applied_force` (num_envs,)
    is the motor's force of the last step, in N, after delay, reversal and loss; `lost_force` (num_envs,), N, is what the push
    that was lost in it would have given, 0 where none was. The noise of an episode follows from what began it (`reset`,
    `begin`), not from the actions.
    """

    def __init__(self, worlds: Sequence[AnyWorld], max_episode_steps: int = MAX_EPISODE_STEPS, render_mode: str | None = None):
        worlds = as_worlds(worlds)
        max_episode_steps = check_number("max_episode_steps", max_episode_steps, 1, NO_LIMIT, int)
        if not worlds:
            raise ValueError("worlds must hold at least 1 world, got 0")
        super().__init__(num_envs=len(worlds), max_episode_steps=max_episode_steps, render_mode=render_mode)
        self._widen_space(max(abs(w.angle_bias) for w in worlds), any(w.sensor_noise for w in worlds))

        n = self.num_envs
        self.worlds = worlds
        self.tau, self.x_threshold, self.theta_threshold_radians = TAU, X_LIMIT, ANGLE_LIMIT
        # The base class computes with these attributes; as arrays they hold one value per environment.
        self.gravity, self.masscart, self.masspole, self.length, self.total_mass, self.polemass_length = np.zeros((6, n))
        self.motor, self.wind = np.zeros((2, n))  # N; the motor's is signed
        self.sensor_gain, self.sensor_offset = np.zeros((2, 4, n))  # observation = sensor_gain * state + sensor_offset
        self.delay = np.zeros(n, dtype=np.int64)
        self.disturbances = Disturbances(n)
        self.external_force, self.applied_force, self.lost_force = np.zeros((3, n))
        self._everyone = np.arange(n)
        self._push_right = np.ones(n, dtype=np.int64)
        self._clock = 0
        self._begun = np.zeros(n, dtype=np.int64)  # the clock when each episode began
        self._episodes = np.zeros(n, dtype=np.uint32)  # begun since the last reset that was given a seed
        self._set_worlds(self._everyone, worlds)
        self._pending = np.zeros((int(self.delay.max()) + 1, n))  # ring of past actions: -1, 0 (none), 1

    def _widen_space(self, bias: float, noisy: bool) -> None:
        """Gymnasium's limits are those of the state; a tilted angle sensor reads that much further, and Gaussian noise has no limit."""
        if not (bias or noisy):
            return
        high = self.single_observation_space.high.copy()
        high[2] += bias
        if noisy:
            high[:] = np.inf
        self.single_observation_space = Box(-high, high, dtype=np.float32)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)

    def _set_worlds(self, chosen: np.ndarray, worlds: Sequence[World]) -> None:
        def column(name: str) -> np.ndarray:
            return np.array([getattr(w, name) for w in worlds], dtype=np.float64)

        gravity, cart, pole, length = (column(name) for name in ("gravity", "cart_mass", "pole_mass", "pole_half_length"))
        self.gravity[chosen], self.masscart[chosen], self.masspole[chosen], self.length[chosen] = gravity, cart, pole, length
        self.total_mass[chosen], self.polemass_length[chosen] = pole + cart, pole * length
        self.motor[chosen] = column("force_mag") * np.where(column("reversed_motor") > 0, -1.0, 1.0)
        self.wind[chosen] = column("wind")
        mirror = np.where(column("mirrored_sensors") > 0, -1.0, 1.0)
        sees_velocity = column("velocity_sensors")
        self.sensor_gain[:, chosen] = np.stack([np.ones_like(mirror), sees_velocity, mirror, mirror * sees_velocity])
        self.sensor_offset[:, chosen] = np.stack([0 * mirror, 0 * mirror, column("angle_bias"), 0 * mirror])
        self.delay[chosen] = column("action_delay").astype(np.int64)
        self.disturbances.set(chosen, *(column(name) for name in ("sensor_noise", "lost_push", "motor_reversals")))
        self.lost_force[chosen] = 0.0

    def change(self, chosen: Sequence[int], worlds: Sequence[World]) -> None:
        """Give some environments, by index, another world in the middle of their episodes.

        State, step count and noise go on, and so do the actions on their way to the motor, unless the delay itself changes: then
        the motor gives no force until the first action with the new delay arrives. Raises ValueError for bad indices.
        """
        chosen, worlds = np.asarray(chosen, dtype=np.int64).reshape(-1), as_worlds(worlds)
        if len(chosen) != len(worlds) or len(np.unique(chosen)) != len(chosen) or not np.isin(chosen, self._everyone).all():
            must = f"hold {len(worlds)} different indices below {self.num_envs}, one for each world"
            raise ValueError(f"chosen must {must}, got {chosen.tolist()}")
        if not worlds:
            return
        before, old, had = self.delay[chosen], self._pending, len(self._pending)
        for i, world in zip(chosen, worlds, strict=True):
            self.worlds[i] = world
        self._set_worlds(chosen, worlds)
        slots = int(self.delay.max()) + 1
        if slots != had:
            self._pending = np.zeros((slots, self.num_envs))
            past = self._clock - 1 - np.arange(min(slots, had))
            self._pending[past % slots] = old[past % had]
        self._pending[:, chosen[self.delay[chosen] != before]] = 0.0

    @property
    def episode_steps(self) -> np.ndarray:
        """Steps of each episode so far, (num_envs,); in `advance` also of those that do not move."""
        return self._clock - self._begun

    @property
    def present_motor(self) -> np.ndarray:
        """The force of a push to the right that reaches the motor now, N, negative where the motor is reversed: (num_envs,)."""
        return np.where(self.disturbances.turned(self.episode_steps), -self.motor, self.motor) if self.disturbances.active else self.motor

    def on_their_way(self, steps: int) -> np.ndarray:
        """The pushes -1, 0 (none), 1 that were chosen and reach the motor in the next steps, (steps, num_envs); 0 from a delay on."""
        ahead = np.arange(steps)[:, None]
        arriving = self._pending[(self._clock + ahead - self.delay) % len(self._pending), self._everyone]
        return np.where(ahead < self.delay, arriving, 0.0)

    def observe(self) -> np.ndarray:
        """What the sensors report of the present state, (num_envs, 4) float32."""
        seen = self.sensor_gain * self.state + self.sensor_offset
        if self.disturbances.active:
            # A sensor that reads 0 has no noise.
            seen += np.abs(self.sensor_gain) * self.disturbances.readings(self.episode_steps)
        return seen.T.astype(np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        """Episodes begin; their noise follows from the seed, the environment's index and the episodes since that seed."""
        super().reset(seed=seed, options=options)
        if seed is not None:
            self._episodes[:] = 0
        self._begin(self._everyone)
        return self.observe(), {}

    def begin(self, first: np.ndarray, keys: np.ndarray | None = None) -> None:
        """Episodes begin with these first states, (num_envs, 4); for the loops with `observe` and `advance`.

        keys (num_envs,) uint32: of their noise; without them it follows from the first states themselves, so that who draws
        these alike gets the same noise, and no draw is made for it.
        """
        super().reset(seed=0)
        self.state = np.array(first, dtype=np.float64).T.copy()
        self._begin(self._everyone, keys_of_starts(first) if keys is None else keys)

    def _begin(self, chosen: np.ndarray, keys: np.ndarray | None = None) -> None:
        """What every new episode needs but its first state."""
        self._pending[:, chosen] = 0.0
        self._begun[chosen] = self._clock
        self.lost_force[chosen] = 0.0
        self._episodes[chosen] += np.uint32(1)
        if keys is None:
            seed = self.np_random_seed % 2**64
            keys = episode_keys(seed % 2**32, seed >> 32, chosen, self._episodes[chosen])
        self.disturbances.begin(chosen, keys)

    def step(self, action: np.ndarray):
        action = np.asarray(action)
        if action.shape != (self.num_envs,) or not ((action == 0) | (action == 1)).all():
            raise ValueError(f"action must hold {self.num_envs} values of 0 or 1, got {action!r}")
        starting_anew = self.prev_done.copy()  # these reset in this step and ignore their action
        # The base class pushes with sign(action - 0.5) * force_mag: with action 1 everywhere, force_mag is the net force.
        self.force_mag = self._net_force(np.where(starting_anew, 0.0, 2.0 * action - 1.0))
        _, reward, terminated, truncated, info = super().step(self._push_right)
        if starting_anew.any():
            self._begin(np.flatnonzero(starting_anew))
        return self.observe(), reward, terminated, truncated, info

    def _net_force(self, push: np.ndarray) -> np.ndarray:
        """Motor, wind and external force of this step, N; push -1, 0 or 1 joins the actions on their way to the motor."""
        slots = len(self._pending)
        self._pending[self._clock % slots] = push
        # An action that was never taken (before the episode began) is 0: the motor gives no force.
        delayed = push if slots == 1 else self._pending[(self._clock - self.delay) % slots, self._everyone]
        self.applied_force = self.motor * delayed
        if self.disturbances.active:
            pushed, lost = self.present_motor * delayed, self.disturbances.lost(self.episode_steps)
            self.applied_force, self.lost_force = np.where(lost, 0.0, pushed), np.where(lost, pushed, 0.0)
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
