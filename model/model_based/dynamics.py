"""DynamicsModel: what the observations of one world say about how it moves, by Bayesian linear regression.

    o_{t+1} - o_t = f_t W + e,    e ~ N(0, s^2),    W ~ N(0, p^2)          for each of the 4 observations
    f_t = [o_t (4), u_t, 1, u_{t-1} .. u_{t-5}, o_{t-1} (4)]               u: +1 pushed right, -1 left, 0 before the first action

The posterior of W is Gaussian, with precision I / p^2 + F'F / s^2 (Bishop 2006, section 3.3). Near the upright pole CartPole
is almost linear, so that a reversed motor, mirrored or tilted sensors, wind and other masses are all in W; past actions
show a late motor, and past observations stand in for dead velocity sensors.

s covers what is not linear (NOISE_SD) or, where the steps scatter far more (noisy sensors, lost pushes, a motor that reverses by
itself), that scatter (empirical Bayes: Bishop 2006, section 3.5). The model stays one of constant
dynamics: of a motor that reverses it learns the mean, and noise in the regressors draws the coefficients of the state towards 0
(attenuation: Fuller 1987, section 1.1). `unexplained` says where that is so.

It sees what an agent in the world sees: observations, its own actions and the falls; and it knows the rules of the task:
the limits and the range of the first states. Shapes: M tasks, K episodes, T steps, F = 15 features, O = 4 observations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.config import bounded, check_fields, check_kind, check_number
from model.model_based.dynamics_summary import DynamicsSummary, Estimate, summarised
from model.model_based.features import FEATURES, features
from model.model_based.imagination import Generators, Starts, imagined_episodes, listed
from model.policy.params import Params
from model.rl.rollout import Episodes
from model.worlds.cartpole import MAX_EPISODE_STEPS

NOISE_SD = np.array([2e-4, 2e-4, 2e-4, 6e-4])  # of a step's change: m, m/s, rad, rad/s; what is not linear
UNEXPLAINED = 40.0  # NOISE_SDs of scatter that are more than what is not linear: of 1,200 unseen calm worlds the most is 14, with noise 74
START_RANGE = 0.05  # the first states are uniform within +- this in all four
START_SD = START_RANGE / 3**0.5
SUMMARY_DRAWS = 400


@dataclass(frozen=True)
class DynamicsConfig:
    """What is believed before any step is seen."""

    prior_sd: float = bounded(0.3, 1e-4, 100.0, "standard deviation of every coefficient before the data; weak")
    tilt_prior_sd: float = bounded(0.2, 0.01, 100.0, "standard deviation of the angle sensor's offset before the data; weak", "rad")

    def __post_init__(self) -> None:
        check_fields(self)


class DynamicsModel:
    """The posterior of the dynamics of M worlds, each from its own episodes. All arrays are float64.

    mean (M, F, O), covariance (M, O, F, F): of the coefficients. angle_offset (M,), rad, with angle_offset_sd (M,): what the
    angle sensor reads when the pole is upright, from the first angles. velocity_reads_zero (M,) bool. transitions (M,).
    noise_sd (M, O): s. unexplained (M,) bool: whether the steps scatter more than constant, nearly linear dynamics do.
    """

    def __init__(self, config: DynamicsConfig | None = None):
        self.config = check_kind("config", config, DynamicsConfig, default=True)

    def fit(self, episodes: Episodes | Sequence[Episodes]) -> DynamicsModel:
        """Fit to episodes of M tasks (M, K, T), or to one batch of single-task episodes for each task; returns self.

        What was fitted before is forgotten. Raises ValueError where a task has no episode.
        """
        tasks = [episodes.task(i) for i in range(episodes.obs.shape[0])] if isinstance(episodes, Episodes) else episodes
        tasks = [check_kind("episodes", e, Episodes) for e in tasks]
        if not tasks or any(e.obs.shape[1] == 0 for e in tasks):
            raise ValueError("episodes must hold at least 1 episode of every task, got 0")
        gram, moment, squares, self.transitions, starts, dead = (list(column) for column in zip(*map(_statistics, tasks), strict=True))
        self.transitions, self.velocity_reads_zero = np.array(self.transitions), np.array(dead)
        gram, moment = np.stack(gram), np.stack(moment)  # (M, F, F), (M, F, O)
        self.noise_sd = np.tile(NOISE_SD, (len(tasks), 1))
        self._posterior(gram, moment)
        # y'y - 2 W'F'y + W'F'F W, over the degrees of freedom that are left: the residuals' variance.
        left = np.stack(squares) + (self.mean * (gram @ self.mean - 2.0 * moment)).sum(1)  # (M, O)
        scatter = np.sqrt(left.clip(0.0) / np.maximum(1, self.transitions - len(FEATURES))[:, None])
        self.unexplained = (scatter > UNEXPLAINED * NOISE_SD).any(1)
        if self.unexplained.any():
            self.noise_sd = np.where(self.unexplained[:, None], np.maximum(scatter, NOISE_SD), NOISE_SD)
            self._posterior(gram, moment)
        # The first angles scatter about the offset by START_SD: a normal mean with a normal prior (Bishop 2006, section 2.3.6).
        told, believed = np.array([len(s[0]) for s in starts]) / START_SD**2, 1 / self.config.tilt_prior_sd**2
        self.angle_offset = np.array([s[0][:, 2].mean() for s in starts]) * told / (told + believed)
        self.angle_offset_sd = 1 / np.sqrt(told + believed)
        self._first_changes = [s[1] for s in starts]
        return self

    def _posterior(self, gram: np.ndarray, moment: np.ndarray) -> None:
        """Mean, covariance and its root from F'F (M, F, F), F'y (M, F, O) and noise_sd."""
        noise = np.square(self.noise_sd)[:, :, None, None]
        precision = np.eye(len(FEATURES)) / self.config.prior_sd**2 + gram[:, None] / noise  # (M, O, F, F)
        self.covariance = np.linalg.inv(precision)
        self.mean = (self.covariance @ (moment.swapaxes(1, 2)[..., None] / noise))[..., 0].swapaxes(1, 2)
        # W = mean + R^-T n with R R' = precision and n ~ N(0, I) has the posterior's covariance.
        self._spread = np.linalg.inv(np.linalg.cholesky(precision)).swapaxes(-1, -2)  # (M, O, F, F)

    def __len__(self) -> int:
        """Tasks."""
        return len(self.mean)

    def tasks(self, chosen: np.ndarray) -> DynamicsModel:
        """The model of some tasks, chosen (n,) by index."""
        part = DynamicsModel(self.config)
        kept = ("transitions", "velocity_reads_zero", "noise_sd", "unexplained", "covariance", "mean", "_spread")
        for name in (*kept, "angle_offset", "angle_offset_sd"):
            setattr(part, name, getattr(self, name)[chosen])
        part._first_changes = [self._first_changes[i] for i in chosen]
        return part

    def draw(self, generator: Generators, n: int) -> np.ndarray:
        """n sets of coefficients of each task from the posterior, (M, n, F, O). generator: one, or one for each task."""
        noise = np.stack([g.standard_normal((n, *self.mean.shape[:0:-1])) for g in listed(generator, len(self))])  # (M, n, O, F)
        return self.mean[:, None] + np.einsum("mofg,mnog->mnfo", self._spread, noise)

    def starts(self, generator: Generators, n: int) -> Starts:
        """n first observations of each task as its rules let them be, about the angle sensor's offset."""
        first, before = np.empty((2, len(self), n, 4))
        for i, g in enumerate(listed(generator, len(self))):
            first[i] = g.uniform(-START_RANGE, START_RANGE, (n, 4))
            first[i, :, 2] += self.angle_offset[i]
            before[i] = first[i]
            if self.velocity_reads_zero[i]:
                # The velocities that are not seen show as a change of position, as they did in the stored episodes.
                first[i][:, (1, 3)] = before[i][:, (1, 3)] = 0.0
                before[i] -= self._first_changes[i][g.integers(len(self._first_changes[i]), size=n)]
        return Starts(first, before, self.angle_offset)

    def imagine(
        self,
        params: Params,
        generator: Generators,
        episodes: int = 10,
        max_steps: int = MAX_EPISODE_STEPS,
        coefficients: np.ndarray | None = None,
        greedy: bool = False,
    ) -> Episodes:
        """Episodes of a policy in the world as it is believed to be, (M, K, T); each in coefficients of its own draw.

        params: leading axis M or 1. coefficients (M, K, F, O): these instead of draws. An episode ends where the cart leaves the
        track or the pole's angle, less the sensor's offset, passes its limit; at most after max_steps.
        """
        episodes = check_number("episodes", episodes, 1, 10_000, int)
        max_steps = check_number("max_steps", max_steps, 1, MAX_EPISODE_STEPS, int)
        drawn = self.draw(generator, episodes) if coefficients is None else coefficients
        starts = self.starts(generator, episodes)
        noise = None
        if not greedy:
            noise = np.stack([g.random((episodes, max_steps), dtype=np.float32) for g in listed(generator, len(self))])  # (M, K, T)
        return imagined_episodes(params, drawn, starts, noise, max_steps)

    def summary(self, task: int = 0) -> DynamicsSummary:
        """What was learnt about one world, each with an interval that covers."""
        one = self.tasks(np.array([check_number("task", task, 0, len(self) - 1, int)]))
        drawn = one.draw(np.random.default_rng(0), SUMMARY_DRAWS)[0]
        first = Estimate(float(one.angle_offset[0]), float(one.angle_offset_sd[0]))
        return summarised(drawn, first, bool(one.velocity_reads_zero[0]), int(one.transitions[0]), bool(one.unexplained[0]))


def _statistics(episodes: Episodes) -> tuple[np.ndarray, np.ndarray, np.ndarray, int, tuple[np.ndarray, np.ndarray], bool]:
    """Of one task: F'F, F'(change), sums of squared changes, transitions,
    (first observations, first changes), whether the velocities read 0."""
    lengths = episodes.lengths[0].long().tolist()
    seen = [(episodes.sensors[0, k, :n].double().numpy(), episodes.actions[0, k, :n].numpy()) for k, n in enumerate(lengths) if n > 0]
    dead = all(not obs[:, (1, 3)].any() for obs, _ in seen)
    # With dead velocity sensors the first change is due to a velocity that nothing shows.
    begin = 1 if dead else 0
    rows = np.concatenate([features(obs, actions)[begin:-1] for obs, actions in seen])
    changes = np.concatenate([np.diff(obs, axis=0)[begin:] for obs, _ in seen])
    firsts = np.stack([obs[0] for obs, _ in seen])
    first_changes = np.stack([obs[min(1, len(obs) - 1)] - obs[0] for obs, _ in seen])
    return rows.T @ rows, rows.T @ changes, np.square(changes).sum(0), len(rows), (firsts, first_changes), dead
