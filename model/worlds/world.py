"""A CartPole world: physics, motor and sensors as one frozen value."""

from __future__ import annotations

import dataclasses

from model.config import FieldInfo, bounded, check_fields, field_infos
from model.worlds.disturbances import MAX_REVERSALS, NOISE_SD

MAX_DELAY = 5  # steps
_NOISE = "{:g} m, {:g} m/s, {:g} rad and {:g} rad/s".format(*NOISE_SD)


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
    sensor_noise: float = bounded(0.0, 0.0, 2.0, f"noise of every reading; at 1 its standard deviation is {_NOISE}")
    lost_push: float = bounded(0.0, 0.0, 0.5, "probability that a push gives no force")
    motor_reversals: int = bounded(0, 0, MAX_REVERSALS, "times that the motor reverses by itself in 500 steps, at random moments")

    def __post_init__(self) -> None:
        check_fields(self)

    @staticmethod
    def fields() -> list[FieldInfo]:
        """For each field: name, unit, minimum, maximum, default, help."""
        return field_infos(World)
