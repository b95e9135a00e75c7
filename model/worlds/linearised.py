"""A world's motion near the upright pole, in closed form: what a fitted motion is to be compared with."""

from __future__ import annotations

from typing import NamedTuple

from model.worlds.cartpole import TAU, World


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
    """The equations of WorldCartPole.advance at angle 0 and rest, to first order.

        theta_acc = (g theta - F / M) / D,   x_acc = F / M + (m l / M) (F / M) / D,   D = l (4/3 - m / M)

    so that a lean grows at the rate sqrt(g / D).
    """
    w = world
    total = w.cart_mass + w.pole_mass
    inertia = w.pole_half_length * (4.0 / 3.0 - w.pole_mass / total)
    cart = TAU * (1.0 + w.pole_mass * w.pole_half_length / (total * inertia)) / total  # m/s a step for each N
    pole = -TAU / (total * inertia)  # rad/s a step for each N
    motor = (1.0 - w.lost_push) * (-w.force_mag if w.reversed_motor else w.force_mag)
    seen = -pole if w.mirrored_sensors else pole
    return Linearised(cart * motor, seen * motor, w.action_delay, w.angle_bias, cart * w.wind, (w.gravity / inertia) ** 0.5)
