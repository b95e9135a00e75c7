"""A world's motion near the upright pole, in closed form: what regulators plan by, and what a fitted motion is to be compared with.

Near the upright pole, with F the force on the cart (N), M both masses and m, l the pole's (CartPoleVectorEnv's equations):

    theta_acc = (g theta - F / M) / (l (4/3 - m / M))        x_acc = F / M - (m l / M) theta_acc

so that a lean grows at the rate sqrt(A[3, 2] / TAU).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from model.worlds.cartpole import TAU
from model.worlds.world import World


def linear_motion(worlds: Iterable[World]) -> tuple[np.ndarray, np.ndarray]:
    """One step of each world near upright: next state = A state + B F. A (n, 4, 4), B (n, 4)."""
    g, cart, pole, length = np.array([[w.gravity, w.cart_mass, w.pole_mass, w.pole_half_length] for w in worlds]).T
    total = cart + pole
    inertia = length * (4.0 / 3.0 - pole / total)
    lever = pole * length / total
    A, B = np.tile(np.eye(4), (len(g), 1, 1)), np.zeros((len(g), 4))
    A[:, 0, 1] = A[:, 2, 3] = TAU
    A[:, 3, 2] = TAU * g / inertia
    A[:, 1, 2] = -lever * A[:, 3, 2]
    B[:, 3] = -TAU / (total * inertia)
    B[:, 1] = TAU / total - lever * B[:, 3]
    return A, B


class Linearised(NamedTuple):
    """A world close to upright, as its sensors report it (the pole's part is mirrored where they are).

    cart_push, m/s, and pole_push, rad/s: what one push to the right adds to the velocities once it arrives, on average where
    pushes get lost, and at first where the motor reverses by itself. delay: steps until then.
    angle_offset: what the angle sensor reads upright, rad. drift: what the wind adds to the cart's velocity in each step, m/s.
    growth: rate at which a leaning pole's lean grows, 1/s.
    """

    cart_push: float
    pole_push: float
    delay: int
    angle_offset: float
    drift: float
    growth: float


def linearised(world: World) -> Linearised:
    """`linear_motion` of one world as its sensors report it."""
    w = world
    (A,), (B,) = linear_motion([w])
    cart, pole, growth = float(B[1]), float(B[3]), float(A[3, 2] / TAU) ** 0.5  # m/s and rad/s a step for each N
    motor = (1.0 - w.lost_push) * (-w.force_mag if w.reversed_motor else w.force_mag)
    seen = -pole if w.mirrored_sensors else pole
    return Linearised(cart * motor, seen * motor, w.action_delay, w.angle_bias, cart * w.wind, growth)
