"""The teacher: the linear-quadratic regulator of the true present world. It is told what no student sees.

It knows every field of the world as it is now, the true state, and the pushes that are on their way to the motor; not what will
change, which pushes will be lost, nor a visitor's hand. Such a teacher is called privileged ("learning by cheating": Chen et al. 2019).

Shapes: n environments; states (n, 4): position, velocity, angle, angular velocity.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from model.worlds.cartpole import WorldCartPole
from model.worlds.linearised import linear_motion
from model.worlds.world import World

COST = np.array([1.0, 0.1, 10.0, 0.1])  # of squared position, velocity, angle and angular velocity
PUSH_COST = 0.1  # of a squared push, in the motor's own
DISCOUNT = 0.995
DOUBLINGS = 12  # 2^12 steps ahead
LABEL_SLOPE = 3.0
PHYSICS = ("gravity", "cart_mass", "pole_mass", "pole_half_length", "force_mag")


def gains(worlds: list[World]) -> np.ndarray:
    """The regulators' gains K, N for each unit of the state: the wanted force is F = -K state. (n, 4)

    The discrete Riccati equation by structure-preserving doubling (Chu, Fan, Lin and Wang 2004).
    """
    A, B = linear_motion(worlds)
    force = np.array([w.force_mag for w in worlds])
    R = (PUSH_COST / force**2)[:, None, None]
    A, b = A * DISCOUNT**0.5, B[:, :, None] * DISCOUNT**0.5
    F, G, H = A, b @ b.mT / R, np.tile(np.diag(COST), (len(worlds), 1, 1))
    eye = np.eye(4)
    for _ in range(DOUBLINGS):
        W = np.linalg.inv(eye + G @ H)
        F, G, H = F @ W @ F, G + F @ W @ G @ F.mT, H + F.mT @ H @ W @ F
    return ((b.mT @ H @ A) / (R + b.mT @ H @ b))[:, 0]


class Teacher:
    """The teacher of some environments, whatever worlds they are in at the moment.

    worlds: that they will be in later, so that all gains are found at once; others are found when they are met.
    """

    def __init__(self, env: WorldCartPole, worlds: Iterable[World] = ()):
        self.env = env
        self._gains: dict[tuple[float, ...], np.ndarray] = {}
        self._find([*env.worlds, *worlds])
        n = env.num_envs
        self._worlds: list[World | None] = [None] * n
        self._gain, self._A, self._B = np.zeros((n, 4)), np.zeros((n, 4, 4)), np.zeros((n, 4))

    def _find(self, worlds: Iterable[World]) -> None:
        new = list({physics(w): w for w in worlds if physics(w) not in self._gains}.values())
        if new:
            self._gains |= dict(zip(map(physics, new), gains(new), strict=True))

    def _look(self) -> None:
        """Take in the worlds that have changed."""
        changed = [i for i, (now, known) in enumerate(zip(self.env.worlds, self._worlds, strict=True)) if now is not known]
        if changed:
            worlds = [self.env.worlds[i] for i in changed]
            self._find(worlds)
            self._gain[changed] = [self._gains[physics(w)] for w in worlds]
            self._A[changed], self._B[changed] = linear_motion(worlds)
            for i, w in zip(changed, worlds, strict=True):
                self._worlds[i] = w

    def pushes(self) -> np.ndarray:
        """The push u* that the teacher wants done now, in units of the motor's own: left below 0, right above. (n,)

        A push arrives only after the delay. So the state is first rolled ahead through the pushes that are on their way, and the
        regulator answers the state that its push will meet; the wind is pushed against.
        """
        self._look()
        env = self.env
        motor, state = env.present_motor, env.state.T.copy()
        delay = env.delay
        longest = int(delay.max())
        if longest:
            coming = motor * (1 - env.disturbances.lost_push) * env.on_their_way(longest) + env.wind  # (longest, n), N
            for j in range(longest):
                ahead = (self._A @ state[:, :, None])[:, :, 0] + self._B * coming[j][:, None]
                state = np.where((j < delay)[:, None], ahead, state)
        return (-(self._gain * state).sum(1) - env.wind) / motor

    def labels(self) -> np.ndarray:
        """The probability of pushing right that a student is to imitate: sigmoid(3 u*), (n,)."""
        return 1 / (1 + np.exp(-LABEL_SLOPE * np.clip(self.pushes(), -20, 20)))

    def act(self, env: WorldCartPole, action: np.ndarray) -> np.ndarray:
        """The teacher's own actions, whatever `action` says: for `collect`."""
        return (self.pushes() > 0).astype(np.int64)


def physics(world: World) -> tuple[float, ...]:
    """What a regulator's gain depends on."""
    return tuple(getattr(world, name) for name in PHYSICS)
