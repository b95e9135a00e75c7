"""What the Hugging Face Hub reads: the Space's front matter, what it stores by Git LFS, and the model card."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from huggingface_hub import ModelCard, SpaceCard

ROOT = Path(__file__).parents[2]
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
SHORT_DESCRIPTION_LIMIT = 60  # characters; the Hub refuses a longer one


@pytest.fixture(scope="module")
def space() -> dict:
    return SpaceCard.load(ROOT / "README.md", ignore_metadata_errors=False).data.to_dict()


def test_the_space_is_described_by_the_hubs_rules(space):
    assert space["sdk"] == "gradio" and space["app_file"] == "app.py" and (ROOT / "app.py").is_file()
    assert {space["colorFrom"], space["colorTo"]} <= COLOURS
    assert 10 <= len(space["short_description"]) <= SHORT_DESCRIPTION_LIMIT
    assert space["license"] == "mit" and len(space["tags"]) >= 3
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+", model) for model in space["models"])
    assert re.fullmatch(r"3\.\d+", str(space["python_version"]))


def test_its_thumbnail_is_in_the_repository(space):
    assert (ROOT / re.sub(r"^https?://.*/resolve/main/", "", space["thumbnail"])).is_file()


def test_the_builders_gradio_is_the_one_that_was_tested(space):
    assert f"gradio=={space['sdk_version']}" in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()


def test_binary_files_are_stored_by_lfs():
    """The Hub refuses a binary file of any size in a plain push."""
    patterns = [line.split()[0] for line in (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines() if "filter=lfs" in line]
    suffixes = {p.removeprefix("*") for p in patterns}
    for folder in ("weights", "assets"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and b"\0" in path.read_bytes()[:8192]:
                assert path.suffix in suffixes, f"{path.relative_to(ROOT)} is binary and not in .gitattributes"


def test_the_model_card_states_what_was_measured():
    card = ModelCard.load(ROOT / "weights" / "README.md", ignore_metadata_errors=False)
    results = json.loads((ROOT / "weights" / "results.json").read_text(encoding="utf-8"))
    stated = {r.dataset_name: r.metric_value for r in card.data.eval_results if r.metric_type == "mean_reward"}
    row = results["standard_world"]["meta"]
    assert stated["CartPole-v1"] == f"{row['mean']:.2f} +/- {row['std']:.2f}"
    for heading in ("Limits", "Ethics", "Bias", "How it was trained", "Citation"):
        assert f"## {heading}" in card.text
