"""Control engineers who do more than fit once: one refits while the episode runs, one filters what the sensors say.

Both are told how far the sensors shake, which no policy is; the first begins with a data sheet of the standard cart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.config import bounded, check_fields
from model.experiments.linear_control import FIRST_PAST_PUSH, Controller, riccati
from model.model_based.dynamics import NOISE_SD, START_SD, DynamicsModel
from model.model_based.features import CONSTANT, FEATURES, PAST
from model.model_based.imagination import shifted
from model.worlds import disturbances
from model.worlds.linearised import linear_motion
from model.worlds.world import World

F, U = len(FEATURES), FEATURES.index("u")
AT_FIRST = 400  # iterations of the Riccati equation before the first step


def reading_variance(worlds: Sequence[World], episodes: int) -> np.ndarray:
    """By how much each reading shakes, (N, 4)."""
    return np.square(np.outer([w.sensor_noise for w in worlds], disturbances.NOISE_SD)).repeat(episodes, axis=0)


def data_sheet() -> np.ndarray:
    """The coefficients (F, 4) of the standard cart near upright."""
    world = World()
    (A,), (B,) = linear_motion([world])
    coefficients = np.zeros((F, 4))
    coefficients[:4], coefficients[U] = (A - np.eye(4)).T, B * world.force_mag
    return coefficients


@dataclass(frozen=True)
class AdaptiveConfig:
    """Chosen on validation worlds, one setting for all families of worlds."""

    window: int = bounded(60, 2, 500, "a step counts for so many further ones (exponential forgetting)", "steps")
    surprise: float = bounded(200.0, 1.0, 1e9, "a change that is wrong by so many standard deviations makes it forget what came before")
    kept: float = bounded(0.001, 0.0, 1.0, "share of the past that still counts after a surprise")
    prior_sd: float = bounded(0.3, 1e-4, 100.0, "standard deviation of the coefficients of state and push about the data sheet's")
    elsewhere: float = bounded(0.1, 1e-3, 10.0, "that of the other coefficients, as a share of it")
    iterations: int = bounded(15, 1, 1000, "of the Riccati equation in each step, from where it stood")

    def __post_init__(self) -> None:
        check_fields(self)


class AdaptiveRegulator(Controller):
    """Fits its model anew in every step of the running episode, and plans by it (a self-tuning regulator: Astrom and Wittenmark 1973)."""

    def __init__(self, worlds: Sequence[World], episodes: int, config: AdaptiveConfig | None = None):
        n = len(worlds) * episodes
        super().__init__(n)
        self.config = config or AdaptiveConfig()
        self.noise = np.square(NOISE_SD) + 2 * reading_variance(worlds, episodes)  # (N, 4), of a change
        self.gram, self.moment = np.zeros((n, F, F)), np.zeros((n, F, 4))
        self.before = np.zeros((n, F))  # the last step's features, with its push
        self.sheet = data_sheet()
        sd = np.full(F, self.config.prior_sd)
        sd[[CONSTANT, *range(FIRST_PAST_PUSH, F)]] *= self.config.elsewhere
        self.precision = 1 / np.square(sd)
        self.model = np.tile(self.sheet, (n, 1, 1))
        self.cost: np.ndarray | None = None

    def wanted(self, obs: np.ndarray) -> np.ndarray:
        if self.begun:
            self._learn(obs - self.before[:, :4])
        iterations = self.config.iterations if self.begun else AT_FIRST
        self.look(obs)
        gains, self.cost = riccati(shifted(self.model), np.zeros(len(obs)), self.cost, iterations)
        return -(self.features * gains).sum(1)

    def pushed(self, push: np.ndarray) -> None:
        self.before = self.features.copy()
        self.before[:, U] = push
        super().pushed(push)

    def _learn(self, change: np.ndarray) -> None:
        """Recursive Bayesian regression about the data sheet, by equations as in dynamics.py."""
        f, c = self.before, self.config
        wrong = np.abs(change - np.einsum("nf,nfo->no", f, self.model)) > c.surprise * np.sqrt(self.noise)
        kept = np.where(wrong.any(1), c.kept, 1 - 1 / c.window)[:, None, None]
        self.gram = kept * self.gram + f[:, :, None] * f[:, None]
        self.moment = kept * self.moment + f[:, :, None] * change[:, None]
        trust = self.noise[:, :, None] * self.precision  # (N, 4, F)
        known = self.moment.swapaxes(1, 2) + trust * self.sheet.T
        self.model = np.linalg.solve(self.gram[:, None] + trust[..., None] * np.eye(F), known[..., None])[..., 0].swapaxes(1, 2)


class FilteredRegulator(Controller):
    """A regulator of each task's posterior mean that knows the state from a Kalman (1960) filter by the same model.

    process_sds: what the model does not explain of a change, in NOISE_SDs.
    """

    def __init__(self, dynamics: DynamicsModel, worlds: Sequence[World], episodes: int, process_sds: float = 50.0):
        super().__init__(len(worlds) * episodes)
        step = shifted(dynamics.mean)
        self.gains, self.step = (x.repeat(episodes, axis=0) for x in (riccati(step, dynamics.angle_offset)[0], step))
        n = len(self.gains)
        self.readings = reading_variance(worlds, episodes)[:, :, None] * np.eye(4)
        self.process = np.zeros((F, F))
        self.process[range(4), range(4)] = np.square(process_sds * NOISE_SD)
        self.covariance = np.zeros((n, F, F))
        self.covariance[:, range(4), range(4)] = START_SD**2
        self.features[:, 2] = dynamics.angle_offset.repeat(episodes)

    def wanted(self, obs: np.ndarray) -> np.ndarray:
        f, P = self.features, self.covariance
        if not self.begun:  # before the first reading: upright and at rest, give or take
            f[:, PAST:] = f[:, :4]
            P[:, PAST:, PAST:] = P[:, :4, PAST:] = P[:, PAST:, :4] = P[:, :4, :4]
            self.begun = True
        seen = P[:, :4, :4] + self.readings + np.diag(np.square(NOISE_SD))
        gain = P[:, :, :4] @ np.linalg.pinv(seen, hermitian=True)  # (N, F, 4)
        f += (gain @ (obs - f[:, :4])[..., None])[..., 0]
        P = P - gain @ P[:, :4]
        self.covariance = (P + P.mT) / 2
        return -(f * self.gains).sum(1)

    def pushed(self, push: np.ndarray) -> None:
        self.features[:, U] = push
        self.features = np.einsum("nf,nfg->ng", self.features, self.step)
        self.features[:, U] = 0.0
        self.covariance = self.step.swapaxes(1, 2) @ self.covariance @ self.step + self.process
