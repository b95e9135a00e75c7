"""Frames and the GIF show the world as it is."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from model import WORLDS, World
from ui.runs.episode import Recording, record
from ui.runs.policies import shared_model
from ui.views.animation import FRAMES_PER_SECOND, HOLD, gif, side_by_side
from ui.views.colours import ROLES, SCENE
from ui.views.render import HEIGHT, TITLE, WIDTH, frame
from ui.views.stage import pixels_per_metre


@pytest.mark.parametrize("name", ["standard", "long_pole"])
def test_the_pole_leans_where_the_state_says(name):
    """Of the pole's pixels the highest are its tip; where that is follows from angle, position and scale."""
    world = WORLDS[name]
    states = np.zeros((5, 4))
    states[:, 0], states[:, 2] = [-1.5, -0.4, 0.0, 0.9, 2.0], [-0.2, 0.1, 0.16, -0.02, 0.2]
    recording = Recording(world, "meta", True, 0, states, states, np.array([0, 1, 0, 1]), np.array([-10.0, 10, -10, 10]), None, None, None)
    colour = [int(ROLES["policy"].light[i : i + 2], 16) for i in (1, 3, 5)]
    scale = pixels_per_metre(2 * world.pole_half_length, WIDTH, HEIGHT - TITLE)
    feet = []
    for step, (x, _, angle, _) in enumerate(states):
        rows, columns = np.nonzero((np.asarray(frame(recording, step)) == colour).all(-1))
        tip, foot = columns[rows < rows.min() + 3].mean(), rows.max()
        length = 2 * world.pole_half_length * scale
        assert tip == pytest.approx(WIDTH / 2 + x * scale + np.sin(angle) * length, abs=4)
        feet.append(rows.min() + np.cos(angle) * length)
        assert foot - feet[-1] < 8
    assert max(feet) - min(feet) < 4  # the cart's top, at every step


def test_a_lost_push_is_grey_and_a_motor_that_has_reversed_wears_a_ring():
    states, forces = np.zeros((41, 4)), np.where(np.arange(40) % 2, 10.0, 0.0)
    world = World(lost_push=0.5, motor_reversals=1)
    actions, lost = np.ones(40, dtype=int), 10.0 - forces
    recording = Recording(world, "meta", True, 0, states, states, actions, forces, None, None, None, lost, (21,))

    def pixels(step: int, colour: str) -> int:
        wanted = [int(SCENE[colour][0][i : i + 2], 16) for i in (1, 3, 5)]
        return int((np.asarray(frame(recording, step)) == wanted).all(-1)[HEIGHT // 2 :].sum())

    assert pixels(2, "muted") > pixels(3, "muted") + 100 and pixels(3, "force") > pixels(2, "force") + 100
    assert pixels(22, "ink") > pixels(20, "ink") + 100 and pixels(38, "ink") == pixels(20, "ink")


def test_a_long_pole_fits_and_is_to_scale():
    assert pixels_per_metre(4.0, WIDTH, HEIGHT - TITLE) * 4.0 < HEIGHT - TITLE
    assert pixels_per_metre(1.0, WIDTH, HEIGHT) == pixels_per_metre(0.1, WIDTH, HEIGHT)


def test_a_step_beyond_the_end_is_refused():
    recording = record(shared_model("untrained"), World(), 0)
    assert frame(recording, recording.steps).size == (WIDTH, HEIGHT)
    with pytest.raises(ValueError, match=f"step must be between 0 and {recording.steps}"):
        frame(recording, recording.steps + 1)


def durations(image: Image.Image) -> list[int]:
    out = []
    for i in range(image.n_frames):
        image.seek(i)
        out.append(image.info["duration"])
    return out


def test_the_gif_plays_in_real_time():
    recording = record(shared_model("meta"), World(), 0, max_steps=60)
    image = Image.open(io.BytesIO(gif(recording)))
    assert image.format == "GIF" and image.n_frames == len(range(0, recording.steps, 2)) + 1
    assert durations(image) == [1000 // FRAMES_PER_SECOND] * (image.n_frames - 1) + [HOLD] and image.info["loop"] == 0


def test_a_falls_gif_is_slowed_so_that_it_can_be_seen():
    recording = record(shared_model("meta"), WORLDS["reversed_motor"], 0)
    image = Image.open(io.BytesIO(gif(recording)))
    assert image.n_frames == recording.steps + 1 and sum(durations(image)) - HOLD == recording.steps * 80


def test_the_gif_is_the_frames():
    """Rectangles of what changed, put together, are the pictures themselves, but for the palette."""
    recording = record(None, WORLDS["windy"], 3)
    image = Image.open(io.BytesIO(gif(recording)))
    for i, step in ((0, 0), (3, 6), (image.n_frames - 1, recording.steps)):
        image.seek(i)
        off = np.abs(np.asarray(image.convert("RGB")).astype(int) - np.asarray(frame(recording, step)).astype(int))
        assert off.mean() < 2


def test_a_long_gif_needs_little_memory():
    recording = record(shared_model("meta"), World(), 0)
    shown = [(recording, "before", "Before"), (recording, "standard", "After")]
    tracemalloc.start()
    data = side_by_side(shown, "9 → 500 steps", "Meta-trained")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert recording.steps == 500 and len(data) < 3e6 and peak < 20e6


def test_two_episodes_stand_side_by_side_and_the_first_waits_for_the_second():
    fall, stand = record(shared_model("meta"), WORLDS["reversed_motor"], 0), record(None, WORLDS["moon"], 0)
    image = Image.open(io.BytesIO(side_by_side([(fall, "before", "Before"), (stand, "standard", "After")], "words", "below")))
    assert sum(durations(image)[: fall.steps]) == fall.steps * 80 and image.n_frames > fall.steps + 1
