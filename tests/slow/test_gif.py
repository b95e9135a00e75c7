"""What a picture to share costs."""

import tracemalloc

from model import World
from ui.runs.episode import record
from ui.runs.policies import shared_model
from ui.views.animation import side_by_side


def test_a_long_gif_needs_little_memory():
    recording = record(shared_model("meta"), World(), 0)
    shown = [(recording, "before", "Before"), (recording, "standard", "After")]
    tracemalloc.start()
    data = side_by_side(shown, "9 → 500 steps", "Meta-trained")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert recording.steps == 500 and len(data) < 3e6 and peak < 20e6
