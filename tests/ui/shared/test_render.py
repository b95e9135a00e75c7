"""Frames and the GIF show the world as it is."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from model import WORLDS, World
from ui.shared.episode import record
from ui.shared.policies import shared_model
from ui.shared.render import FRAMES_PER_SECOND, HEIGHT, TITLE, WIDTH, frame, gif
from ui.shared.stage import pixels_per_metre


def picture(world: World, step: int = 4) -> np.ndarray:
    return np.asarray(frame(record(shared_model("untrained"), world, 0), step)).astype(int)


@pytest.mark.parametrize(
    "name", ["reversed_motor", "windy", "biased_sensor", "mirrored_sensors", "long_pole", "heavy_pole", "heavy_cart", "delayed_motor"]
)
def test_what_changed_is_seen(name):
    recording = record(shared_model("untrained"), WORLDS[name], 0)
    plain = record(shared_model("untrained"), World(), 0)
    assert recording.steps >= 1
    # The very first frame has the same state in both worlds: all that differs is the world's own look.
    difference = np.abs(np.asarray(frame(recording, 0)).astype(int) - np.asarray(frame(plain, 0)).astype(int)).max(-1)
    label = np.zeros_like(difference)
    label[:30] = 1  # the step counter may differ
    assert ((difference > 60) & (label == 0)).sum() > 20


def test_the_picture_moves():
    assert np.abs(picture(World(), 0) - picture(World(), 6)).max() > 60


def test_a_long_pole_fits_and_is_to_scale():
    assert pixels_per_metre(4.0, WIDTH, HEIGHT - TITLE) * 4.0 < HEIGHT - TITLE
    assert pixels_per_metre(1.0, WIDTH, HEIGHT) == pixels_per_metre(0.1, WIDTH, HEIGHT)


def test_a_step_beyond_the_end_is_refused():
    recording = record(shared_model("untrained"), World(), 0)
    assert frame(recording, recording.steps).size == (WIDTH, HEIGHT)
    with pytest.raises(ValueError, match=f"step must be between 0 and {recording.steps}"):
        frame(recording, recording.steps + 1)


def test_the_gif_plays_in_real_time():
    recording = record(None, WORLDS["moon"], 0)
    image = Image.open(io.BytesIO(gif(recording)))
    assert image.format == "GIF" and image.n_frames == len(range(0, recording.steps, 2)) + 1
    assert image.info["duration"] == 1000 // FRAMES_PER_SECOND
