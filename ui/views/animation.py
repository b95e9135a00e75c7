"""Animated GIFs of recorded episodes, written frame by frame, so that a long one needs no more memory than a short one."""

import io
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import numpy as np
from PIL import GifImagePlugin, Image, ImageChops, ImageColor, ImageDraw

from ui.runs.episode import STEPS_PER_SECOND, Recording
from ui.views.colours import ROLES
from ui.views.render import COLOUR, font, frame
from ui.views.stage import SHORT_EPISODE, SLOWLY

FRAMES_PER_SECOND = 25
HOLD = 1500  # ms that the last frame rests before the GIF starts over
SHADES = 6  # of each colour on its way from the ground, for smooth edges
HALF = (440, 290)  # px of each picture of two
BAND = 58  # px above them, for the words


def pace(steps: int, slow_until: int) -> Iterator[tuple[int, int]]:
    """The steps to draw and how long each stands, ms: real time, but slowed as on the page up to `slow_until`."""
    step, ms = 0, 1000 // STEPS_PER_SECOND
    while step < steps:
        if step < slow_until:
            yield step, round(ms / SLOWLY)
            step += 1
        else:
            stride = STEPS_PER_SECOND // FRAMES_PER_SECOND
            yield step, ms * stride
            step += stride
    yield steps, HOLD


def slow_steps(*lengths: int) -> int:
    """Up to which step an animation of these episodes is slowed: the end of the shortest, if that is no more than a flicker."""
    return min(lengths) + 5 if min(lengths) < SHORT_EPISODE else 0


def gif(recording: Recording, label: str = "") -> bytes:
    """An episode as an endless GIF, in real time at 25 frames a second; one that falls at once is slowed."""
    slow = slow_steps(recording.steps)
    words = f"{label}, at a quarter of the speed" if slow and label else label
    timed = ((frame(recording, step, words), ms) for step, ms in pace(recording.steps, slow))
    return write_gif(timed)


def side_by_side(shown: Sequence[tuple[Recording, str, str]], headline: str, below: str) -> bytes:
    """Episodes (recording, role, label) under one clock, beside each other, with a headline and whose they are."""
    lengths = [r.steps for r, _, _ in shown]

    def picture(step: int) -> Image.Image:
        image = Image.new("RGB", (HALF[0] * len(shown), HALF[1] + BAND), COLOUR["ground"])
        draw = ImageDraw.Draw(image)
        draw.text((14, 8), headline, fill=COLOUR["ink"], font=font(22))
        draw.text((14, 36), below, fill=COLOUR["muted"], font=font(13))
        for i, (recording, role, label) in enumerate(shown):
            draw.line([(i * HALF[0], BAND), (i * HALF[0], image.height)], fill=COLOUR["muted"])
            image.paste(frame(recording, min(step, recording.steps), label, role, *HALF), (i * HALF[0] + min(i, 1), BAND))
        return image

    timed = ((picture(step), ms) for step, ms in pace(max(lengths), slow_steps(*lengths)))
    return write_gif(timed)


@cache
def palette() -> Image.Image:
    """The stage's own colours and their shades: the same for all frames, so that nothing flickers."""
    drawn = ("ground", "ink", "muted", "cart", "wind", "force")  # nothing else: a shade too near the ground would take its place
    colours = dict.fromkeys([*(COLOUR[name] for name in drawn), *(role.light for role in ROLES.values())])
    ground, *others = np.array([ImageColor.getrgb(c) for c in colours])
    ways = np.arange(1, SHADES + 1)[:, None] / SHADES
    shades = [ground[None], *(ground + (other - ground) * ways for other in others)]
    image = Image.new("P", (1, 1))
    image.putpalette(np.concatenate(shades).round().astype(np.uint8)[:256].tobytes())
    return image


def write_gif(frames: Iterable[tuple[Image.Image, int]]) -> bytes:
    """An endless GIF of pictures and how long each stands, ms.

    Each frame holds only the rectangle that differs from the one before, and none is kept.
    """
    file, before = io.BytesIO(), None
    for image, ms in frames:
        now = image.quantize(palette=palette(), dither=Image.Dither.NONE)
        if before is None:
            now.info = {"loop": 0, "duration": ms}
            for block in GifImagePlugin.getheader(now, info=now.info)[0]:
                file.write(block)
            box = (0, 0, *now.size)
        else:
            box = ImageChops.difference(now.convert("L"), before.convert("L")).getbbox() or (0, 0, 1, 1)
        for block in GifImagePlugin.getdata(now.crop(box), box[:2], duration=ms, disposal=1):
            file.write(block)
        before = now
    file.write(b";")
    return file.getvalue()
