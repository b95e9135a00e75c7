"""Frames of a recorded episode drawn by Pillow: the stage of assets/stage.js, without a browser."""

import math
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from model.worlds.cartpole import ANGLE_LIMIT, X_LIMIT
from ui.runs.episode import Recording
from ui.views.colours import ROLES, SCENE
from ui.views.episode_words import ending, sensed_differs
from ui.views.stage import STAGE, pixels_per_metre

WIDTH, HEIGHT = 600, 340
TITLE = 22  # px at the top for the words, which the page writes outside of the picture
OVERSAMPLE = 2  # drawn at twice the size and scaled down: smooth edges
COLOUR = {name: pair[0] for name, pair in SCENE.items()}


@lru_cache(maxsize=8)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, in pixels."""
    return ImageFont.load_default(size)


class _Pen:
    """Drawing in picture pixels on the oversampled canvas."""

    def __init__(self, image: Image.Image):
        self.draw = ImageDraw.Draw(image)

    def line(self, x0: float, y0: float, x1: float, y1: float, colour: str, width: float = 1.0) -> None:
        points = [v * OVERSAMPLE for v in (x0, y0, x1, y1)]
        self.draw.line(points, fill=colour, width=max(1, round(width * OVERSAMPLE)))

    def dashed(self, x0: float, y0: float, x1: float, y1: float, colour: str, dash: tuple[int, int], width: float = 1.0) -> None:
        far, at = math.hypot(x1 - x0, y1 - y0) or 1.0, 0.0
        while at < far:
            a, b = at / far, min(1.0, (at + dash[0]) / far)
            self.line(x0 + (x1 - x0) * a, y0 + (y1 - y0) * a, x0 + (x1 - x0) * b, y0 + (y1 - y0) * b, colour, width)
            at += sum(dash)

    def dot(self, x: float, y: float, radius: float, colour: str) -> None:
        self.draw.ellipse([v * OVERSAMPLE for v in (x - radius, y - radius, x + radius, y + radius)], fill=colour)

    def frame(self, x0: float, y0: float, x1: float, y1: float, corner: float, colour: str, width: float) -> None:
        box = [v * OVERSAMPLE for v in (x0, y0, x1, y1)]
        self.draw.rounded_rectangle(box, corner * OVERSAMPLE, outline=colour, width=round(width * OVERSAMPLE))

    def rod(self, x0: float, y0: float, x1: float, y1: float, colour: str, width: float) -> None:
        # A polygon: Pillow's own thick lines are bumpy at small angles.
        far = math.hypot(x1 - x0, y1 - y0) or 1.0
        dx, dy = -(y1 - y0) / far * width / 2, (x1 - x0) / far * width / 2
        corners = [(x0 + dx, y0 + dy), (x1 + dx, y1 + dy), (x1 - dx, y1 - dy), (x0 - dx, y0 - dy)]
        self.draw.polygon([(x * OVERSAMPLE, y * OVERSAMPLE) for x, y in corners], fill=colour)
        for x, y in ((x0, y0), (x1, y1)):
            self.dot(x, y, width / 2, colour)

    def arrow(self, x: float, y: float, length: float, colour: str, width: float) -> None:
        if abs(length) < STAGE.least_arrow:
            return
        sign, head = math.copysign(1, length), min(abs(length), width * STAGE.arrow_head[0])
        half = head * STAGE.arrow_head[1]
        self.line(x, y, x + length - sign * head, y, colour, width)
        tip = [(x + length, y), (x + length - sign * head, y - half), (x + length - sign * head, y + half)]
        self.draw.polygon([(px * OVERSAMPLE, py * OVERSAMPLE) for px, py in tip], fill=colour)

    def text(self, x: float, y: float, text: str, colour: str, size: int = 12, anchor: str = "la") -> None:
        self.draw.text((x * OVERSAMPLE, y * OVERSAMPLE), text, fill=colour, font=font(size * OVERSAMPLE), anchor=anchor)


def frame(recording: Recording, step: int, label: str = "", role: str = "policy", width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """The picture before step `step` (0 to T; T is the end), width x height, RGB."""
    if not 0 <= step <= recording.steps:
        raise ValueError(f"step must be between 0 and {recording.steps}, got {step}")
    r, w, s = recording, recording.world, STAGE
    image = Image.new("RGB", (width * OVERSAMPLE, height * OVERSAMPLE), COLOUR["ground"])
    pen, ground, middle = _Pen(image), height - s.ground, width / 2
    scale = pixels_per_metre(2 * w.pole_half_length, width, height - TITLE)
    _track(pen, scale, ground, middle)

    x, _, angle, _ = r.states[step]
    x = middle + float(x) * scale
    cart_w, cart_h = (max(least, size * scale * math.cbrt(w.cart_mass)) for least, size in zip(s.least_cart, s.cart, strict=True))
    wheel = max(s.least_wheel, cart_h * s.wheel)
    top, length = ground - cart_h - wheel, 2 * w.pole_half_length * scale

    def end_of(a: float, far: float) -> tuple[float, float, float, float]:
        return x, top, x + math.sin(a) * far, top - math.cos(a) * far

    for limit in (-ANGLE_LIMIT, ANGLE_LIMIT):
        pen.dashed(*end_of(limit, max(length, s.limit_line[0] * scale) * s.limit_line[1]), COLOUR["muted"], s.limit_dash)
    box = [v * OVERSAMPLE for v in (x - cart_w / 2, top, x + cart_w / 2, top + cart_h)]
    pen.draw.rounded_rectangle(box, s.corner * OVERSAMPLE, COLOUR["cart"])
    for side in (-1, 1):
        pen.dot(x + side * cart_w * s.wheel_at, ground - wheel, wheel, COLOUR["cart"])
    turns = [t for t in r.turns if t <= step]
    if w.reversed_motor != (len(turns) % 2 == 1):
        half, middle_y = min(cart_w * s.reversed_half[0], s.reversed_half[1]), top + cart_h * s.reversed_at[0]
        pen.arrow(x - half, middle_y - half * s.reversed_at[1], 2 * half, COLOUR["ground"], s.reversed_arrow)
        pen.arrow(x + half, middle_y + half * s.reversed_at[1], -2 * half, COLOUR["ground"], s.reversed_arrow)
    if turns and step - turns[-1] < s.turn_steps:
        gap, thick = s.turn_ring
        pen.frame(x - cart_w / 2 - gap, top - gap, x + cart_w / 2 + gap, ground, s.corner, COLOUR["ink"], thick)
    thickness = min(s.pole_px[1], max(s.pole_px[0], s.pole * scale * math.sqrt(w.pole_mass / s.pole_mass)))
    pen.rod(*end_of(float(angle), length), ROLES[role].light, thickness)
    if sensed_differs(w):  # the pole that the sensors report
        foot, seen = (middle + float(r.observations[step, 0]) * scale if w.sensor_noise else x), float(r.observations[step, 2])
        pen.dashed(foot, top, foot + math.sin(seen) * length, top - math.cos(seen) * length, COLOUR["ink"], s.sensed_dash, s.sensed_line)
    pen.dot(x, top, max(s.least_hub, thickness * s.hub), COLOUR["ground"])
    motor = float(r.forces[step]) if step < r.steps else 0.0
    lost = float(r.lost[step]) if w.lost_push and step < r.steps else 0.0
    side = top + cart_h * 0.5
    for force, y, name in ((motor, side, "force"), (lost, side, "muted"), (w.wind, top - s.wind_above, "wind")):
        pen.arrow(x + math.copysign(cart_w / 2 + s.arrow_gap, force), y, force * s.force * scale, COLOUR[name], s.arrow)

    pen.text(12, 10, label, COLOUR["ink"], 13)
    pen.text(width - 12, 10, f"step {step} of {r.steps}", COLOUR["muted"], 13, "ra")
    if step == r.steps:
        pen.text(12, 30, ending(r), COLOUR["ink"], 13)
    return image.reduce(OVERSAMPLE)


def _track(pen: _Pen, scale: float, ground: float, middle: float) -> None:
    pen.line(0, ground, 2 * middle, ground, COLOUR["muted"], STAGE.line)
    for metre in range(-2, 3):
        x = middle + metre * scale
        pen.line(x, ground, x, ground + STAGE.tick, COLOUR["muted"], STAGE.line)
        pen.text(x, ground + 8, f"{metre} m", COLOUR["muted"], 11, "ma")
    for limit in (-X_LIMIT, X_LIMIT):
        x = middle + limit * scale
        pen.dashed(x, ground + 8, x, ground - STAGE.track_end, COLOUR["muted"], STAGE.end_dash, STAGE.line)
