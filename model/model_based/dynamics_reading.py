"""What a fitted motion says about a world, as numbers with their uncertainty: for whoever wants to know what was learnt.

It reads the posterior alone; no world reaches it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.model_based.dynamics import FEATURES, STEP_SECONDS, DynamicsModel, Estimate, push_response, shifted

DRAWS = 400
X, X_DOT, ANGLE, ANGLE_DOT = range(4)
CONSTANT = FEATURES.index("1")
PAST = FEATURES.index("past_0")


@dataclass(frozen=True)
class MotionReading:
    """One world as its observations show it; estimates hold a mean and a standard deviation.

    transitions: steps that the motion was fitted to. cart_push, m/s, and pole_push, rad/s: what one push to the right adds to the
    observed velocities when it arrives. delay_weights: the posterior probability of each number of steps until then, from 0.
    angle_offset, rad: what the angle sensor reads when the pole is upright, from the first angles and from where the pole is in
    balance. drift, m/s a step: what changes the cart's velocity all the time, as wind does. growth, 1/s: the rate at which a
    leaning pole's lean grows. pole_mirrored: the probability that the pole's sensors are mirrored, for a pole leans away from
    where its cart is pushed. velocity_reads_zero: both velocity sensors are dead.
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

    @property
    def delay(self) -> int:
        """The likeliest number of steps until a push arrives."""
        return int(np.argmax(self.delay_weights))


def read_motion(motion: DynamicsModel, task: int = 0, draws: int = DRAWS) -> MotionReading:
    """What the fitted motion of one task says, from draws of its posterior."""
    one = motion.tasks(np.array([task]))
    summary = one.summary(0, draws)
    W = one.draw(np.random.default_rng(1), draws)[0]  # (n, F, O)
    dead = bool(one.velocity_reads_zero[0])
    cart, pole = (r[:, summary.delay] for r in push_response(W, dead))  # (n,)
    offset, share = _balance(W, cart, pole, one.angle_offset[0], one.angle_offset_sd[0], dead)
    return MotionReading(
        summary.transitions,
        summary.cart_push,
        summary.pole_push,
        summary.delay_weights,
        offset,
        Estimate(share.mean * summary.cart_push.mean, abs(share.sd * summary.cart_push.mean)),
        _robust(growth_rate(W, dead)),
        float((cart * pole > 0).mean()),
        dead,
    )


def growth_rate(W: np.ndarray, dead: bool = False) -> np.ndarray:
    """How fast a lean grows that nobody pushes against, 1/s: coefficients (n, F, O) -> (n,).

    A step multiplies it by the greatest eigenvalue e of the motion of the pole's part of [o_t, o_{t-1}]; the rate is (e - 1) / time step.
    """
    seen = [ANGLE] if dead else [ANGLE, ANGLE_DOT]
    kept = [*seen, *(PAST + i for i in seen)]
    return (np.abs(np.linalg.eigvals(shifted(W)[:, kept][:, :, kept])).max(1) - 1) / STEP_SECONDS


def _balance(W: np.ndarray, cart: np.ndarray, pole: np.ndarray, first: float, first_sd: float, dead: bool) -> tuple[Estimate, Estimate]:
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
    gain = covariance[0] / (covariance[0, 0] + first_sd**2)
    mean = mean + gain * (first - mean[0])
    variance = np.diag(covariance - np.outer(gain, covariance[0])).clip(0)
    return Estimate(float(mean[0]), float(variance[0] ** 0.5)), Estimate(float(mean[1]), float(variance[1] ** 0.5))


def _robust(values: np.ndarray) -> Estimate:
    """Median and half the distance between the quantiles that lie one standard deviation away, for draws with heavy tails."""
    low, middle, high = np.quantile(values, [0.1587, 0.5, 0.8413])
    return Estimate(float(middle), float(high - low) / 2)
