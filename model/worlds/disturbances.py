"""What a world does at random: noise on its sensors, pushes that are lost, a motor that reverses by itself.

Every draw is a hash of (the episode's key, the step, the channel), so that an episode's noise is the same whatever a policy
does, and Python and JavaScript (assets/live/disturbances.js) replay the same from the key alone. The hash is Wellons'
lowbias32, nullprogram.com/blog/2018/07/31; counter-based generators: Salmon et al. 2011. All integers are uint32 and wrap.
"""

from __future__ import annotations

import numpy as np

NOISE_SD = (0.05, 0.3, 0.02, 0.3)  # m, m/s, rad, rad/s: of the four readings at sensor_noise 1
MAX_REVERSALS = 20
FIRST_REVERSAL = 20  # steps before the motor's first reversal
SPACING = 20  # steps between two reversals at least; MAX_REVERSALS of them fit into PERIOD
PERIOD = 500  # steps that motor_reversals counts over: an episode; a longer run begins a new count
CHANNELS = 8  # draws of one step: 4 of the sensors, then that of the push, then one reversal of the period's list
PUSH, REVERSAL = 4, 5
SHIFTS, FACTORS = (16, 15, 16), (0x7FEB352D, 0x846CA68B)  # of lowbias32


def mix(x: np.ndarray) -> np.ndarray:
    """lowbias32: a bijection of uint32 in which every bit of x moves half of the bits."""
    x = np.atleast_1d(np.asarray(x, dtype=np.uint32))  # an array wraps silently, a scalar warns
    x = (x ^ (x >> np.uint32(SHIFTS[0]))) * np.uint32(FACTORS[0])
    x = (x ^ (x >> np.uint32(SHIFTS[1]))) * np.uint32(FACTORS[1])
    return x ^ (x >> np.uint32(SHIFTS[2]))


def episode_keys(*words: np.ndarray) -> np.ndarray:
    """An episode's key, uint32, from the words that name it, each an array of integers below 2^32 or one number."""
    key = np.ones(1, dtype=np.uint32)
    for word in words:
        key = mix(key ^ mix(word))
    return key


def keys_of_starts(first: np.ndarray) -> np.ndarray:
    """Keys of episodes from the bits of their first states: first (n, 4) float64 -> (n,) uint32.

    A drawn first state names its episode without another draw.
    """
    return episode_keys(*np.ascontiguousarray(first, dtype="<f8").view("<u4").T)


def uniforms(keys: np.ndarray, steps: np.ndarray, channel: int | np.ndarray) -> np.ndarray:
    """Draws from [0, 1), multiples of 2^-32; keys, steps and channels broadcast."""
    counter = np.asarray(steps).astype(np.uint32) * np.uint32(CHANNELS) + np.asarray(channel, dtype=np.uint32)
    return mix(keys ^ mix(counter)) * 2.0**-32


def gaussians(keys: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Standard normal draws for the four sensors, (4, n), in two pairs by Box and Muller (1958)."""
    u = uniforms(keys, steps, np.arange(4)[:, None])
    radius, turn = np.sqrt(-2.0 * np.log(1.0 - u[::2])), 2.0 * np.pi * u[1::2]
    return np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1).reshape(4, *u.shape[1:])


def reversal_steps(keys: np.ndarray, counts: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """The steps at which the motor reverses in the period-th 500 steps, (MAX_REVERSALS, n), PERIOD where there are fewer.

    `counts` steps from FIRST_REVERSAL to PERIOD - 1 that lie SPACING or more apart: sorted draws over what the gaps leave free, and
    then the gaps. Nearly uniform over all such lists: whole steps make a gap of just SPACING half as likely.
    """
    k = np.arange(MAX_REVERSALS)[:, None]
    free = PERIOD - FIRST_REVERSAL - SPACING * (counts - 1)
    drawn = np.where(k < counts, uniforms(keys, periods * PERIOD + k, REVERSAL), 1.0)
    steps = FIRST_REVERSAL + np.floor(np.sort(drawn, axis=0) * free) + SPACING * k
    return np.where(k < counts, steps, PERIOD).astype(np.int64)


class Disturbances:
    """Those of n environments. `active`: whether any of them has one; without it nothing else need be asked.

    sensor_noise, lost_push, motor_reversals (n,): a world's fields. keys (n,) uint32: the episodes'.
    """

    def __init__(self, n: int):
        self.sensor_noise, self.lost_push = np.zeros(n), np.zeros(n)
        self.motor_reversals = np.zeros(n, dtype=np.int64)
        self.keys = np.zeros(n, dtype=np.uint32)
        self.active = False
        self._listed: tuple[np.ndarray, np.ndarray] | None = None  # periods (n,) and their reversals

    def set(self, chosen: np.ndarray, sensor_noise: np.ndarray, lost_push: np.ndarray, motor_reversals: np.ndarray) -> None:
        """New values for some environments; the episodes' keys stay."""
        self.sensor_noise[chosen], self.lost_push[chosen], self.motor_reversals[chosen] = sensor_noise, lost_push, motor_reversals
        self.active = bool(self.sensor_noise.any() or self.lost_push.any() or self.motor_reversals.any())
        self._listed = None

    def begin(self, chosen: np.ndarray, keys: np.ndarray) -> None:
        """Episodes with these keys begin in some environments."""
        self.keys[chosen] = keys
        self._listed = None

    def readings(self, steps: np.ndarray) -> np.ndarray:
        """What noise adds to the four readings, (4, n), in their units. steps (n,): of each episode so far."""
        if not self.sensor_noise.any():
            return np.zeros((4, len(self.keys)))
        return np.array(NOISE_SD)[:, None] * self.sensor_noise * gaussians(self.keys, steps)

    def lost(self, steps: np.ndarray) -> np.ndarray:
        """Whether the motor gives no force in this step, (n,) bool."""
        if not self.lost_push.any():
            return np.zeros(len(self.keys), dtype=bool)
        return uniforms(self.keys, steps, PUSH) < self.lost_push

    def turned(self, steps: np.ndarray) -> np.ndarray:
        """Whether the motor has by itself reversed an odd number of times, (n,) bool."""
        if not self.motor_reversals.any():
            return np.zeros(len(self.keys), dtype=bool)
        periods = steps // PERIOD
        if self._listed is None or (self._listed[0] != periods).any():
            self._listed = periods, reversal_steps(self.keys, self.motor_reversals, periods)
        so_far = self.motor_reversals * periods + (self._listed[1] <= steps % PERIOD).sum(axis=0)
        return so_far % 2 == 1
