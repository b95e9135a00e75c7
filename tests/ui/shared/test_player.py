"""What the canvas player is fed and what a GIF shows is the recording."""

import base64
import io
import re
import tracemalloc

import numpy as np
from PIL import Image

from model import WORLDS, World
from ui.runs.episode import record
from ui.runs.policies import shared_model
from ui.views.animation import gif, side_by_side
from ui.views.player import ASSETS, Shown, player_value
from ui.views.render import frame


def episode(world: World = WORLDS["reversed_tilted"], model="untrained"):
    recording = record(shared_model(model) if model else None, world, 0)
    return recording, player_value(Shown(recording))["episodes"][0]


def test_it_holds_the_recording_in_the_pages_units():
    recording, e = episode()
    assert len(e["x"]) == len(e["angle"]) == recording.steps + 1 and len(e["p"]) == len(e["action"]) == recording.steps
    np.testing.assert_allclose(np.radians(e["angle"]), recording.states[:, 2], atol=1e-4)
    np.testing.assert_allclose(np.radians(e["sensed"]) - np.radians(e["angle"]), 0.1, atol=2e-4)
    cells = np.frombuffer(base64.b64decode(e["hidden"]["cells"]), np.int8).reshape(recording.steps, 32)
    largest = np.abs(recording.hidden).max()
    np.testing.assert_allclose(cells / 127 * largest, recording.hidden, atol=largest / 127)


def test_no_number_of_the_science_is_typed_again():
    """The step limit, the mean return that counts as solved, and where an episode ends have one home."""
    for path in [*ASSETS.rglob("*.js"), *(ASSETS.parent / "ui").rglob("*.py")]:
        text = re.sub(r"#.*|\"\"\"(.|\n)*?\"\"\"|//.*", "", path.read_text(encoding="utf-8"))
        assert not re.search(r"(?<![\w.#-])(500|475)(?![\w.])", text), path


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
