"""What the canvas player is fed: small, complete, and true to the recording."""

from __future__ import annotations

import base64
import json
import re

import numpy as np

from model import WORLDS, World
from ui.runs.episode import record
from ui.runs.policies import shared_model
from ui.views.episode_words import differences
from ui.views.player import ASSETS, Shown, player_value


def episode(world: World = WORLDS["reversed_tilted"], model="untrained"):
    recording = record(shared_model(model) if model else None, world, 0)
    return recording, player_value(Shown(recording))["episodes"][0]


def test_a_full_episode_is_small():
    recording = record(shared_model("untrained"), World(), 0)
    value = player_value(Shown(recording))
    assert len(json.dumps(value)) < 500 + 110 * recording.steps + 200


def test_every_run_is_a_new_value():
    recording, _ = episode()
    assert player_value(Shown(recording))["id"] != player_value(Shown(recording))["id"]


def test_it_holds_the_recording_in_the_pages_units():
    recording, e = episode()
    assert len(e["x"]) == len(e["angle"]) == recording.steps + 1 and len(e["p"]) == len(e["action"]) == recording.steps
    np.testing.assert_allclose(np.radians(e["angle"]), recording.states[:, 2], atol=1e-4)
    np.testing.assert_allclose(np.radians(e["sensed"]) - np.radians(e["angle"]), 0.1, atol=2e-4)
    cells = np.frombuffer(base64.b64decode(e["hidden"]["cells"]), np.int8).reshape(recording.steps, 32)
    largest = np.abs(recording.hidden).max()
    np.testing.assert_allclose(cells / 127 * largest, recording.hidden, atol=largest / 127)


def test_what_has_no_meaning_is_absent():
    _, e = episode(World(), None)
    assert not {"p", "long", "short", "hidden", "sensed"} & e.keys()


def test_differences_are_named_for_every_field():
    assert differences(World()) == ["standard world"]
    for name, world in WORLDS.items():
        if name != "standard":
            assert differences(world) and differences(world) != ["standard world"], name


def test_no_number_of_the_science_is_typed_again():
    """The step limit, the mean return that counts as solved, and where an episode ends have one home."""
    for path in [*ASSETS.rglob("*.js"), *(ASSETS.parent / "ui").rglob("*.py")]:
        text = re.sub(r"#.*|\"\"\"(.|\n)*?\"\"\"|//.*", "", path.read_text(encoding="utf-8"))
        assert not re.search(r"(?<![\w.#-])(500|475)(?![\w.])", text), path
