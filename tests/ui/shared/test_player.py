"""What a GIF shows is the recording, and no number of the science is typed again."""

import io
import re

import numpy as np
from PIL import Image

from model import WORLDS
from ui.runs.episode import record
from ui.views.animation import gif
from ui.views.assets import ASSETS
from ui.views.render import frame


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
