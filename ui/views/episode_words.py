"""An episode in words: whose it is, in which world, and why it ended."""

import math

from model import World
from model.worlds.cartpole import ANGLE_LIMIT, X_LIMIT
from ui.fields import FIELDS, short_name
from ui.runs.episode import Recording
from ui.words import count


def ending(recording: Recording) -> str:
    """Why it ended."""
    x, _, angle, _ = recording.states[-1]
    after = f"after {count(recording.steps, 'step')}"
    if abs(angle) > ANGLE_LIMIT:
        return f"The pole fell past {math.degrees(ANGLE_LIMIT):.0f} degrees {after}."
    if abs(x) > X_LIMIT:
        return f"The cart left the track {after}."
    return f"It stood for all {recording.steps} steps."


def sensed_differs(world: World) -> bool:
    """Whether the pole that the sensors report can stand elsewhere than the real one."""
    return world.angle_bias != 0 or world.mirrored_sensors or world.sensor_noise > 0


def caption(recording: Recording) -> str:
    """Whose episode it is, in words."""
    r = recording
    name = short_name(r.policy)
    how = "" if r.policy == "random" else f", {'greedy' if r.greedy else 'sampled'}"
    return f"{name}{how}, seed {r.seed}"


def differences(world: World) -> list[str]:
    """How a world differs from the standard one, in a few words each."""
    w, standard = world, World()
    words = {
        "gravity": f"gravity {w.gravity:g} m/s²",
        "cart_mass": f"cart {w.cart_mass:g} kg",
        "pole_mass": f"pole {w.pole_mass:g} kg",
        "pole_half_length": f"pole {2 * w.pole_half_length:.3g} m long",
        "force_mag": f"motor {w.force_mag:g} N",
        "wind": f"wind {abs(w.wind):g} N to the {'right' if w.wind > 0 else 'left'}",
        "reversed_motor": "motor reversed",
        "angle_bias": f"angle sensor {math.degrees(w.angle_bias):+.3g}°",
        "mirrored_sensors": "pole sensors mirrored",
        "action_delay": f"motor {count(w.action_delay, 'step')} late",
        "velocity_sensors": "velocity sensors off",
        "sensor_noise": f"sensor noise {w.sensor_noise:.3g}",
        "lost_push": f"{100 * w.lost_push:.3g}% of pushes lost",
        "motor_reversals": f"motor reverses {count(w.motor_reversals, 'time')} by itself",
    }
    return [words[name] for name in FIELDS["world"] if getattr(w, name) != getattr(standard, name)] or ["standard world"]
