"""The stage draws the world to scale: where the pole's tip is, on which side, in which colour; arrows, sensors, limits."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pytest

from model import WORLDS, World
from tests.assets.pictures import HEIGHT, WIDTH, fills, on_page, rgb, strokes, texts, theme
from ui.runs.episode import Recording
from ui.views.colours import ROLES
from ui.views.player import Shown, player_value
from ui.views.render import frame

DRAW = """
const root = mount("ssmPlayer", "player", payload.value), scrubber = root.querySelector("input");
return payload.steps.map((step) => {
  scrubber.value = step;
  scrubber.fire("input");
  return root.querySelectorAll("figure.stage canvas").map((c) => c.context.drawn);
});
"""
ANGLES = [-10.0, 4.0, 9.0, -1.0, 15.0]  # degrees
POSITIONS = [-1.5, -0.4, 0.0, 0.9, 2.0]  # m
FORCES = [-10.0, 10.0, -10.0, 10.0]  # N


def recording(world: World) -> Recording:
    """Four steps whose states are what a picture can show wrongly: signs, sides and sizes."""
    states = np.zeros((5, 4))
    states[:, 0], states[:, 2] = POSITIONS, np.radians(ANGLES)
    seen = states * [1, 1, -1 if world.mirrored_sensors else 1, 1] + [0, 0, world.angle_bias, 0]
    return Recording(world, "meta", True, 0, states, seen, np.array([0, 1, 0, 1]), np.array(FORCES), None, None, None)


def pictures(shown: Sequence[Shown], steps: Sequence[float], dark: bool = False) -> list[list[list[dict]]]:
    """At each of the steps what is drawn on each episode's canvas."""
    return on_page(DRAW, {"value": player_value(*shown), "steps": list(steps)}, dark)


def drawn(world: World, step: float, role: str = "policy", dark: bool = False) -> list[dict]:
    ((marks,),) = pictures([Shown(recording(world), role)], [step], dark)
    return marks


def scale_of(marks: list[dict], colours: dict[str, str]) -> float:
    """Pixels per metre, from the two ends of the track: 2.4 m to either side."""
    ends = [p for p in strokes(marks, colours["--scene-muted"], dashed=True) if p[0][0] == p[1][0]]
    left, right = sorted(p[0][0] for p in ends)
    assert (left + right) / 2 == pytest.approx(WIDTH / 2)
    return (right - left) / 4.8


def cart_of(marks: list[dict], colours: dict[str, str]) -> tuple[float, float, float, float]:
    """left, top, right, bottom of the cart."""
    (box,) = fills(marks, colours["--scene-cart"])
    xs, ys = zip(*box, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def tip(pole: list[list[float]]) -> tuple[float, float]:
    """How far to the right of its hub, and above it, a pole's tip is."""
    (x0, y0), (x1, y1) = pole
    return x1 - x0, y0 - y1


@pytest.mark.parametrize("name", ["standard", "long_pole", "reversed_tiny_pole", "heavy_cart"])
def test_cart_and_pole_stand_where_the_state_says(name):
    world, colours = WORLDS[name], theme()
    for (marks,), x, degrees in zip(pictures([Shown(recording(world))], range(5)), POSITIONS, ANGLES, strict=True):
        scale = scale_of(marks, colours)
        left, top, right, bottom = cart_of(marks, colours)
        assert (left + right) / 2 == pytest.approx(WIDTH / 2 + x * scale, abs=0.2)
        (pole,) = strokes(marks, colours["--role-policy"], dashed=False)
        assert pole[0] == [pytest.approx((left + right) / 2), pytest.approx(top)]  # it stands on the cart
        angle, length = math.radians(degrees), 2 * world.pole_half_length * scale
        assert tip(pole) == (pytest.approx(math.sin(angle) * length, abs=0.1), pytest.approx(math.cos(angle) * length, abs=0.1))
        assert all(0 <= y <= HEIGHT for _, y in pole) and bottom < HEIGHT


@pytest.mark.parametrize("dark", [False, True])
def test_a_pole_has_the_colour_of_its_role(dark):
    colours = theme(dark)
    (stages,) = pictures([Shown(recording(World()), role, role) for role in ROLES], [1], dark)
    for role, marks in zip(ROLES, stages, strict=True):
        assert colours[f"--role-{role}"] == (ROLES[role].dark if dark else ROLES[role].light)
        (pole,) = strokes(marks, colours[f"--role-{role}"], dashed=False)
        assert tip(pole)[1] > 50
        assert not [other for other in set(ROLES) - {role} if strokes(marks, colours[f"--role-{other}"])]


def test_the_fall_limits_are_twelve_degrees_to_either_side():
    marks, colours = drawn(World(), 1), theme()
    left, _, right, _ = cart_of(marks, colours)
    lines = [p for p in strokes(marks, colours["--scene-muted"], dashed=True) if p[0][0] == pytest.approx((left + right) / 2)]
    assert sorted(math.degrees(math.atan2(*tip(p))) for p in lines) == [pytest.approx(-12), pytest.approx(12)]


@pytest.mark.parametrize(
    ("world", "sensed"), [(WORLDS["mirrored_sensors"], lambda a: -a), (World(angle_bias=0.1), lambda a: a + math.degrees(0.1))]
)
def test_the_pole_that_the_sensor_reports_is_dashed_beside_the_real_one(world, sensed):
    marks, colours = drawn(world, 2), theme()
    (seen,) = strokes(marks, colours["--scene-ink"], dashed=True)
    (real,) = strokes(marks, colours["--role-policy"], dashed=False)
    assert math.degrees(math.atan2(*tip(seen))) == pytest.approx(sensed(ANGLES[2]), abs=0.1)
    assert math.degrees(math.atan2(*tip(real))) == pytest.approx(ANGLES[2], abs=0.1)
    assert not strokes(drawn(World(), 2), colours["--scene-ink"], dashed=True)


def arrow(marks: list[dict], colour: str) -> tuple[float, float]:
    """Where an arrow begins and how far it points to the right; its head belongs to it."""
    (head,), (shaft,) = fills(marks, colour), [p for p in strokes(marks, colour, dashed=False) if p[0][1] == p[1][1]]
    return shaft[0][0], head[0][0] - shaft[0][0]


def test_the_motors_arrow_points_where_the_motor_pushes():
    colours = theme()
    for (marks,), force in zip(pictures([Shown(recording(World()))], range(4)), FORCES, strict=True):
        left, _, right, _ = cart_of(marks, colours)
        start, length = arrow(marks, colours["--scene-force"])
        assert length == pytest.approx(0.055 * force * scale_of(marks, colours), abs=0.1)
        assert start > right if force > 0 else start < left


@pytest.mark.parametrize("wind", [-4.0, 2.5])
def test_the_winds_arrow_points_where_it_blows_to_the_motors_scale(wind):
    marks, colours = drawn(World(wind=wind), 1), theme()
    steady = [m for m in marks if m["alpha"] == 1]
    left, _, right, _ = cart_of(marks, colours)
    start, length = arrow(steady, colours["--scene-wind"])
    assert length == pytest.approx(0.055 * wind * scale_of(marks, colours), abs=0.1)
    assert start > right if wind > 0 else start < left
    streaks = [p for m in marks if m["alpha"] < 1 for p in [m["points"]]]
    assert streaks and all((p[0][0] - p[1][0]) * wind > 0 for p in streaks)  # their heads fly with the wind
    assert not fills(drawn(World(), 1), colours["--scene-wind"])


def test_a_reversed_motor_wears_two_crossed_arrows():
    marks, colours = drawn(WORLDS["reversed_motor"], 1), theme()
    left, top, right, bottom = cart_of(marks, colours)
    heads = [p for p in fills(marks, colours["--scene-ground"]) if len(p) == 3]
    assert len(heads) == 2 and sorted(np.sign(p[0][0] - p[1][0]) for p in heads) == [-1, 1]
    assert all(left < x < right and top < y < bottom for p in heads for x, y in p)
    assert not [p for p in fills(drawn(World(), 1), colours["--scene-ground"]) if len(p) == 3]


def test_a_late_motor_shows_the_actions_on_their_way():
    """Two steps late: at step 3 the motor obeys action 1 (right), then come 0 (left) and 1 (right)."""
    marks, colours = drawn(World(action_delay=2), 3), theme()
    boxes = sorted(p[0][0] for p in strokes(marks, colours["--scene-faint"]) if len(p) == 5)
    assert len(boxes) == 3
    heads = [p for name in ("force", "muted") for p in fills(marks, colours[f"--scene-{name}"]) if p[0][1] < 60]
    pointing = [int(np.sign(p[0][0] - p[1][0])) for p in sorted(heads, key=lambda p: p[0][0])]
    assert pointing == [1, -1, 1]
    at = texts(marks)
    assert at["motor"][0] < boxes[0] < boxes[-1] < at["policy"][0]


@pytest.mark.parametrize("name", ["standard", "windy", "reversed_motor", "mirrored_sensors", "biased_sensor", "heavy_cart", "heavy_pole"])
def test_a_file_shows_the_same_picture(name):
    """What the canvas has in the middle of the pole, of the cart and of the arrows, Pillow has there in the same colour."""
    world, colours, step = WORLDS[name], theme(), 2
    marks, image = drawn(world, step), np.asarray(frame(recording(world), step))

    def shown(x: float, y: float, colour: str) -> bool:
        """Whether this colour is found within a pixel; (x, y) names a point between pixels."""
        near = image[round(y) - 1 : round(y) + 1, round(x) - 1 : round(x) + 1].reshape(-1, 3)
        return bool((near == rgb(colours[colour])).all(1).any())

    ((hub, end),) = strokes(marks, colours["--role-policy"], dashed=False)
    for share in (0.2, 0.5, 0.8, 0.97):
        at = [a + (b - a) * share for a, b in zip(hub, end, strict=True)]
        assert shown(*at, "--role-policy") or world.mirrored_sensors or world.angle_bias  # the sensor's pole may cover it
    assert not shown(2 * hub[0] - end[0], end[1] + 2, "--role-policy")
    left, top, right, bottom = cart_of(marks, colours)
    for x in (left + 3, right - 3):
        assert shown(x, (top + bottom) / 2, "--scene-cart") and not shown(x + 6 * (1 if x > hub[0] else -1), top + 3, "--scene-cart")
    for colour in ("--scene-force", "--scene-wind"):
        for head in fills([m for m in marks if m["alpha"] == 1], colours[colour]):
            assert shown(*np.mean(head, axis=0), colour)
    for head in fills(marks, colours["--scene-ground"]):
        assert shown(*np.mean(head, axis=0), "--scene-ground")
    for a, b in strokes(marks, colours["--scene-ink"], dashed=True):
        line = [[p + (q - p) * share for p, q in zip(a, b, strict=True)] for share in np.linspace(0.5, 1, 40)]
        assert sum(shown(*at, "--scene-ink") for at in line) > 12


@pytest.mark.parametrize("reversed_motor", [False, True])
def test_a_motor_that_reverses_by_itself_turns_its_sign_and_wears_a_ring_for_a_while(reversed_motor):
    world, colours = World(motor_reversals=2, reversed_motor=reversed_motor), theme()
    signs, rings = [], []
    for (marks,) in pictures([Shown(dataclasses.replace(recording(world), turns=(1, 3)))], range(4)):
        left, _, right, _ = cart_of(marks, colours)
        signs.append(len([p for p in fills(marks, colours["--scene-ground"]) if len(p) == 3]) == 2)
        boxes = [p for p in strokes(marks, colours["--scene-ink"], dashed=False) if len(p) == 5]
        rings.append(bool(boxes) and all(min(x for x, _ in p) < left and max(x for x, _ in p) > right for p in boxes))
    assert signs == [reversed_motor, not reversed_motor, not reversed_motor, reversed_motor]
    assert rings == [False, True, True, True]


def test_the_timeline_has_a_tick_where_a_motor_reversed():
    act = """
    const root = mount("ssmPlayer", "player", payload);
    return root.querySelectorAll("span.scrub i").map((i) => i.attributes.style);
    """
    turned = dataclasses.replace(recording(World(motor_reversals=2)), turns=(1, 3))
    assert on_page(act, player_value(Shown(turned))) == ["--at: 0.25", "--at: 0.75"]
    assert on_page(act, player_value(Shown(recording(World())))) == []


GHOST = {"steps": 2, "fell": True, "x": [-1.5, -0.6], "angle": [-10.0, 6.0], "ending": "Imagined: fell after 2 steps."}
IMAGINED = Shown(recording(World()), "hybrid", ghost=GHOST)


def test_the_imagined_pole_stands_where_the_imagined_state_says():
    colours, steps = theme(), (0, 1, 3)
    for (marks,), step in zip(pictures([IMAGINED], steps), steps, strict=True):
        (pole,) = [line for line in strokes(marks, colours["--role-imagined"], dashed=True) if len(line) == 2]
        (real,) = [line for line in strokes(marks, colours["--role-hybrid"]) if len(line) == 2 and line[0][1] == pole[0][1]]
        at = min(step, 1)
        for line, angle in ((pole, GHOST["angle"][at]), (real, ANGLES[step])):
            assert math.degrees(math.atan2(*tip(line))) == pytest.approx(angle, abs=0.1)
        metres = (pole[0][0] - real[0][0]) / scale_of(marks, colours)
        assert metres == pytest.approx(GHOST["x"][at] - POSITIONS[step], abs=0.01)


def test_the_switch_takes_it_and_its_words_away():
    act = """
    const root = mount("ssmPlayer", "player", payload);
    const scrubber = root.querySelector("input"), box = root.querySelector("label.ghost-switch input");
    scrubber.value = 1;
    return [true, false].map((on) => {
      box.checked = on;
      box.fire("change");
      scrubber.fire("input");
      return [root.querySelector("p.imagined").textContent, root.querySelector("figure.stage canvas").context.drawn];
    });
    """
    (said, shown), (hushed, hidden) = on_page(act, player_value(IMAGINED))
    imagined = theme()["--role-imagined"]
    assert (said, hushed) == (GHOST["ending"], "") and strokes(shown, imagined) and not strokes(hidden, imagined)
