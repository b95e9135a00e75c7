"""What a fitted dynamics model says about a world, as numbers with intervals that cover. It reads the posterior alone.

The posterior takes the dynamics to be linear. What is not linear about them pulls the fit aside by some share of each number, which
more data do not mend: a model discrepancy (Kennedy and O'Hagan 2001). So the standard deviation that is stated is

    sd^2 = (a sd_posterior)^2 + (b |mean|)^2          a, b: DISCREPANCY

with a and b chosen on training worlds such that, from 3 episodes and from 10, the 95% intervals held the truth of 95% of the worlds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from model.model_based.features import ANGLE, ANGLE_DOT, CONSTANT, PAST, PAST_ACTIONS, STEP_SECONDS, X_DOT, X
from model.model_based.imagination import shifted

DISCREPANCY = {
    "cart_push": (1.75, 4e-4),
    "pole_push": (1.75, 1.3e-3),
    "growth": (1.35, 0.09),
    "angle_offset": (0.75, 0.0),
    "drift": (1.0, 0.0),
}
BIAS = {"angle_offset": 3.0, "drift": 3.0, "growth": 12.0}
"""Times the standard deviation where steps are unexplained: noise in what a regression takes as given biases it."""


class Estimate(NamedTuple):
    """A number with its standard deviation."""

    mean: float
    sd: float

    def stated(self, name: str) -> Estimate:
        """The same with the discrepancy of a linear model taken in."""
        a, b = DISCREPANCY[name]
        return Estimate(self.mean, float(np.hypot(a * self.sd, b * self.mean)))

    def biased(self, name: str, unexplained: bool) -> Estimate:
        """The same, wider where the steps are unexplained."""
        return Estimate(self.mean, self.sd * BIAS[name]) if unexplained else self


@dataclass(frozen=True)
class DynamicsSummary:
    """One world as its observations show it; estimates hold a mean and a standard deviation.

    transitions: steps that the model was fitted to. cart_push, m/s, and pole_push, rad/s: what one push to the right adds to the
    observed velocities when it arrives. delay_weights: the posterior probability of each number of steps until then, from 0.
    angle_offset, rad: what the angle sensor reads when the pole is upright, from the first angles and from where the pole is in
    balance. drift, m/s a step: what changes the cart's velocity all the time, as wind does. growth, 1/s: the rate at which a
    leaning pole's lean grows. pole_mirrored: the probability that the pole's sensors are mirrored, for a pole leans away from
    where its cart is pushed. velocity_reads_zero: both velocity sensors are dead. unexplained: the steps scatter more than constant
    dynamics can explain: sensors are noisy, pushes are lost or the dynamics change, and the estimates are means that noise biases.
    """

    transitions: int
    cart_push: Estimate
    pole_push: Estimate
    delay_weights: tuple[float, ...]
    angle_offset: Estimate
    drift: Estimate
    growth: Estimate
    pole_mirrored: float
    velocity_reads_zero: bool
    unexplained: bool = False

    @property
    def delay(self) -> int:
        """The likeliest number of steps until a push arrives."""
        return int(np.argmax(self.delay_weights))


def summarised(W: np.ndarray, first_angles: Estimate, dead: bool, transitions: int, unexplained: bool = False) -> DynamicsSummary:
    """The summary of one world from draws of its coefficients W (n, F, O). first_angles: the angle offset as they alone tell it."""
    cart, pole = push_response(W, dead)  # (n, PAST_ACTIONS + 1)
    weights = np.bincount(np.abs(pole).argmax(1), minlength=PAST_ACTIONS + 1) / len(W)
    cart, pole = (response[:, weights.argmax()] for response in (cart, pole))  # (n,)
    offset, share = _balance(W, cart, pole, first_angles, dead)
    push = Estimate(float(cart.mean()), float(cart.std()))
    return DynamicsSummary(
        transitions,
        push.stated("cart_push"),
        Estimate(float(pole.mean()), float(pole.std())).stated("pole_push"),
        tuple(weights.tolist()),
        offset.stated("angle_offset").biased("angle_offset", unexplained),
        Estimate(share.mean * push.mean, abs(share.sd * push.mean)).stated("drift").biased("drift", unexplained),
        _robust(growth_rate(W, dead)).stated("growth").biased("growth", unexplained),
        float((cart * pole > 0).mean()),
        dead,
        unexplained,
    )


def push_response(W: np.ndarray, dead: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """What one push to the right adds to the velocities of cart and pole in each step from its own on, (n, PAST_ACTIONS + 1) both.

    W (n, F, O): coefficients. dead: the velocities read 0, and are taken from the change of the positions.
    """
    step = shifted(W)
    state = np.zeros((len(step), 1, step.shape[-1]))
    state[..., 4] = 1.0
    seen = [state[:, 0, :4]]
    for _ in range(PAST_ACTIONS + 2):
        state = state @ step
        seen.append(state[:, 0, :4])
    obs = np.stack(seen, axis=1)  # (n, PAST_ACTIONS + 3, 4)
    velocity = np.diff(obs[..., (X, ANGLE)], axis=1) / STEP_SECONDS if dead else obs[:, :-1, (X_DOT, ANGLE_DOT)]
    cart, pole = np.moveaxis(np.diff(velocity, axis=1), 2, 0)
    return cart, pole


def growth_rate(W: np.ndarray, dead: bool = False) -> np.ndarray:
    """How fast a lean grows that nobody pushes against, 1/s: coefficients (n, F, O) -> (n,).

    A step multiplies it by the greatest eigenvalue e of the motion of the pole's part of [o_t, o_{t-1}]; the rate is (e - 1) / time step.
    """
    seen = [ANGLE] if dead else [ANGLE, ANGLE_DOT]
    kept = [*seen, *(PAST + i for i in seen)]
    return (np.abs(np.linalg.eigvals(shifted(W)[:, kept][:, :, kept])).max(1) - 1) / STEP_SECONDS


def _balance(W: np.ndarray, cart: np.ndarray, pole: np.ndarray, first: Estimate, dead: bool) -> tuple[Estimate, Estimate]:
    """The observed angle b at which the pole is upright, and a steady push d in units of the motor's.

    Upright and at rest, nothing but d changes the velocities: change(b) = d (cart, pole). Two equations for two unknowns, for
    each draw; then the first angles, which scatter about b, are taken in as one more measurement of it.
    """
    velocities = (X, ANGLE) if dead else (X_DOT, ANGLE_DOT)
    constant = W[:, CONSTANT][:, velocities]  # (n, 2)
    slope = (W[:, ANGLE] + W[:, PAST + ANGLE])[:, velocities]
    scale = STEP_SECONDS if dead else 1.0
    equations = np.stack([slope, -scale * np.stack([cart, pole], 1)], axis=2)  # (n, 2, 2) of [b, d]
    solved = np.linalg.solve(equations, -constant[..., None])[..., 0]  # (n, 2)
    mean, covariance = solved.mean(0), np.cov(solved.T)
    gain = covariance[0] / (covariance[0, 0] + first.sd**2)
    mean = mean + gain * (first.mean - mean[0])
    variance = np.diag(covariance - np.outer(gain, covariance[0])).clip(0)
    return Estimate(float(mean[0]), float(variance[0] ** 0.5)), Estimate(float(mean[1]), float(variance[1] ** 0.5))


def _robust(values: np.ndarray) -> Estimate:
    """Median and half the distance between the quantiles that lie one standard deviation away, for draws with heavy tails."""
    low, middle, high = np.quantile(values, [0.1587, 0.5, 0.8413])
    return Estimate(float(middle), float(high - low) / 2)
