"""What the buffer taught hybrid adaptation about the world, as facts: each beside the truth that the visitor set."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from model import World
from model.model_based.dynamics import DynamicsModel
from model.model_based.dynamics_summary import DynamicsSummary, Estimate
from model.worlds.linearised import Linearised, linearised
from ui.runs.adaptation import AdaptRun, Curve, Point
from ui.views.imagined import Forecast, forecast, imagined_returns, recorded
from ui.words import count

INTERVAL = 1.96  # standard deviations: half of a 95% interval
ERROR_NAMES = ("position_m", "velocity_m_s", "angle_deg", "angular_velocity_deg_s")
SURE = 0.95  # probability from which on something counts as known


@dataclass(frozen=True)
class Lesson:
    """What a curve's last dynamics model knew, and how far it agrees with the world. pushed_right: a share of all actions."""

    step: int
    world: World
    reading: DynamicsSummary
    imagined: np.ndarray
    real: np.ndarray
    forecast: Forecast
    pushed_right: float


@dataclass(frozen=True)
class Fact:
    """One thing about the world: in words, as learnt and as set by the visitor. known: False where the interval is too wide to tell."""

    words: str
    learnt: str
    true: str
    known: bool = True

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        return f"{self.words}: {self.learnt} (true: {self.true})"


def imagined_last(curve: Curve | None) -> Point | None:
    """The last point with imagined rollouts; None where there is none."""
    return next((p for p in reversed(curve.points) if p.step.imagined is not None), None) if curve else None


def dynamics_of(curve: Curve | None) -> DynamicsModel | None:
    """The dynamics model of the last imagined rollouts."""
    point = imagined_last(curve)
    return None if point is None else point.step.imagined.dynamics


def lesson(run: AdaptRun) -> Lesson | None:
    """What hybrid adaptation has learnt; None where it had no imagined rollouts."""
    curve, s = run.curve("hybrid"), run.settings
    point = imagined_last(curve)
    if point is None:
        return None
    dynamics, last = point.step.imagined.dynamics, curve.last
    actions = curve.buffer.joined()
    pushed = float((actions.actions * actions.alive).sum() / actions.alive.sum())
    episode = recorded(last.model, s.world, s.seed, policy=s.start)
    imagined = imagined_returns(dynamics, last.model, s.seed)
    return Lesson(point.index, s.world, dynamics.summary(), imagined, last.returns, forecast(dynamics, episode), pushed)


def facts(r: DynamicsSummary, world: World) -> list[Fact]:
    """What differs from the standard cart, in truth or as learnt, the motor's push always; the most telling first."""
    t = linearised(world)
    standard = linearised(World())
    made = [_push(r, t, world), _mirror(r, t, world), _delay(r, t), _offset(r, t), _drift(r, t), _growth(r, t, standard), _dead(r, world)]
    return [f for f in made if f is not None]


def unknown(r: DynamicsSummary, world: World) -> list[str]:
    """What these episodes leave open and no fact speaks of."""
    t = linearised(world)
    open_questions = {
        "how late actions arrive": max(r.delay_weights) < SURE and _delay(r, t) is None,
        "the wind": not _narrow(r.drift, abs(r.cart_push.mean) / 4) and _drift(r, t) is None,
        "the angle sensor's error": not _narrow(r.angle_offset, math.radians(2)) and _offset(r, t) is None,
        "how fast the pole falls": not _narrow(r.growth, r.growth.mean / 2) and _growth(r, t, linearised(World())) is None,
        "whether the pole's sensors are mirrored": 1 - SURE < r.pole_mirrored < SURE and _mirror(r, t, world) is None,
    }
    return [what for what, still in open_questions.items() if still]


def half(e: Estimate) -> float:
    """Half of the 95% interval."""
    return INTERVAL * e.sd


def _narrow(e: Estimate, width: float) -> bool:
    return half(e) <= width


def _differs(e: Estimate, value: float, least: float) -> bool:
    return abs(e.mean - value) > max(half(e), least)


def number(mean: float, spread: float | None, digits: int, unit: str, sign: bool = True) -> str:
    """A value with its interval: the interval rounded up, never below what the digits show."""
    shown = f"{mean:{'+' if sign else ''}.{digits}f}"
    if not float(shown):
        shown = shown.lstrip("+-")
    space = "" if unit.startswith("°") and not unit.startswith("°/") else " "
    if spread is not None:
        up = math.ceil(spread * 10**digits - 1e-9) / 10**digits
        shown += f" ± {max(up, 10.0**-digits):.{digits}f}"
    return f"{shown}{space}{unit}".replace("-", "−")


def estimate(e: Estimate, digits: int, unit: str, known: bool = True, sign: bool = True) -> str:
    """An estimate as a cell; one that says nothing says so."""
    if not known and half(e) > 1000 * 10.0**-digits:
        return "not yet known"
    text = number(e.mean, half(e), digits, unit, sign)
    return text if known else f"not yet known ({text})"


def side(value: float) -> str:
    """Right where positive."""
    return "right" if value > 0 else "left"


def _push(r: DynamicsSummary, t: Linearised, world: World) -> Fact:
    known = half(r.cart_push) < abs(r.cart_push.mean) / 2
    words = f"Pushing right moves the cart {side(r.cart_push.mean)}" if known else "Which way a push moves the cart"
    unit = "m/s a step"
    true = number(t.cart_push, None, 3, unit) + (" on average" if world.lost_push else "") + (" at first" if world.motor_reversals else "")
    return Fact(words, estimate(r.cart_push, 3, unit, known), true, known)


def _mirror(r: DynamicsSummary, t: Linearised, world: World) -> Fact | None:
    sure = max(r.pole_mirrored, 1 - r.pole_mirrored) >= SURE
    if not world.mirrored_sensors and not (sure and r.pole_mirrored > 0.5):
        return None
    push, unit = Estimate(*np.degrees(r.pole_push)), "°/s a step"
    words = "The pole's sensors are mirrored: they show it lean the way its cart is pushed"
    if not sure or r.pole_mirrored < 0.5:
        words = "Whether the pole's sensors are mirrored"
    return Fact(words, estimate(push, 1, unit, sure), number(math.degrees(t.pole_push), None, 1, unit), sure)


def _delay(r: DynamicsSummary, t: Linearised) -> Fact | None:
    sure = max(r.delay_weights) >= SURE
    if not t.delay and not (sure and r.delay):
        return None
    if sure:
        return Fact("Actions arrive late" if r.delay else "Actions arrive at once", count(r.delay, "step"), count(t.delay, "step"))
    likely = [k for k, weight in enumerate(r.delay_weights) if weight >= 1 - SURE]
    return Fact("How late actions arrive", f"not yet known ({likely[0]} to {count(likely[-1], 'step')})", count(t.delay, "step"), False)


def _offset(r: DynamicsSummary, t: Linearised) -> Fact | None:
    offset = Estimate(*np.degrees(r.angle_offset))
    if not t.angle_offset and not _differs(offset, 0, 0.5):
        return None
    known = half(offset) <= max(1.0, abs(offset.mean) / 2)
    words = "What the angle sensor reads upright"
    if known and _differs(offset, 0, 0):
        words = f"The angle sensor reads too {'much' if offset.mean > 0 else 'little'}"
    return Fact(words, estimate(offset, 1, "°", known), number(math.degrees(t.angle_offset), None, 1, "°"), known)


def _drift(r: DynamicsSummary, t: Linearised) -> Fact | None:
    strength = abs(r.cart_push.mean)
    if not t.drift and not _differs(r.drift, 0, strength / 20):
        return None
    known = half(r.drift) <= max(strength / 20, abs(r.drift.mean) / 2)
    sure = known and _differs(r.drift, 0, 0)
    words = f"A wind always pushes the cart to the {side(r.drift.mean)}" if sure else "Whether a wind blows"
    unit = "m/s a step"
    return Fact(words, estimate(r.drift, 3, unit, known), number(t.drift, None, 3, unit), known)


def _growth(r: DynamicsSummary, t: Linearised, standard: Linearised) -> Fact | None:
    known = half(r.growth) <= r.growth.mean / 2
    if abs(t.growth / standard.growth - 1) < 0.05 and not (known and _differs(r.growth, standard.growth, 0.15 * standard.growth)):
        return None
    speed = "faster" if r.growth.mean > standard.growth else "slower"
    sure = known and _differs(r.growth, standard.growth, 0)
    words = f"The pole falls {speed} than the standard one" if sure else "How fast the pole falls"
    words += "; time in which its lean doubles" if known else ""
    double = Estimate(math.log(2) / r.growth.mean, math.log(2) * r.growth.sd / r.growth.mean**2) if known else r.growth
    learnt = estimate(double, 2, "s", sign=False) if known else "not yet known"
    return Fact(words, learnt, number(math.log(2) / t.growth, None, 2, "s", sign=False), known)


def _dead(r: DynamicsSummary, world: World) -> Fact | None:
    if not r.velocity_reads_zero and world.velocity_sensors:
        return None
    words = "Both velocity sensors are dead" if r.velocity_reads_zero else "The velocity sensors work"
    return Fact(words, "they read 0" if r.velocity_reads_zero else "they move", "on" if world.velocity_sensors else "off")


def numbers(one: Lesson | None) -> dict[str, Any] | None:
    """A lesson as the API reports it: means with standard deviations in `World`'s units, the truth, and the agreement."""
    if one is None:
        return None
    r, f = one.reading, one.forecast

    def pair(e: Estimate) -> dict[str, float]:
        return {"mean": float(e.mean), "sd": float(e.sd)}

    learnt = {
        "transitions": r.transitions,
        "cart_push_m_s": pair(r.cart_push),
        "pole_push_rad_s": pair(r.pole_push),
        "delay_weights": list(r.delay_weights),
        "angle_offset_rad": pair(r.angle_offset),
        "drift_m_s": pair(r.drift),
        "growth_per_s": pair(r.growth),
        "pole_mirrored_probability": r.pole_mirrored,
        "velocity_reads_zero": r.velocity_reads_zero,
    }
    return {
        "step": one.step,
        "motion": learnt,
        "truth": truth_numbers(linearised(one.world)),
        "sentences": [fact.sentence for fact in facts(r, one.world)],
        "not_yet_known": [x.words for x in facts(r, one.world) if not x.known] + unknown(r, one.world),
        "imagined_return": {"mean": float(one.imagined.mean()), "n": len(one.imagined)},
        "real_return": {"mean": float(one.real.mean()), "n": len(one.real)},
        "one_step_error": dict(zip(ERROR_NAMES, f.one_step.tolist(), strict=True)),
    }


def truth_numbers(truth: Linearised) -> dict[str, float]:
    """The truth with units in its names."""
    names = ("cart_push_m_s", "pole_push_rad_s", "delay_steps", "angle_offset_rad", "drift_m_s", "growth_per_s")
    return dict(zip(names, truth, strict=True))
