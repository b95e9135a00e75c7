"""What the Hugging Face Hub reads: the Space's front matter, what a clone of the repository holds, and the model card."""

import re
import subprocess
from pathlib import Path

import pytest
from huggingface_hub import ModelCard, SpaceCard

from model.experiments.runner import reported
from model.policy.checkpoint import POINTER
from tests.machine import unavailable

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
    assert (ROOT / re.sub(r"^https?://.*/resolve/main/", "", space["thumbnail"])).is_file()


def test_the_builders_gradio_is_the_one_that_was_tested(space):
    assert f"gradio=={space['sdk_version']}" in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()


def test_a_clone_is_clean_where_git_lfs_is_installed():
    """A file whose attributes say LFS must be a pointer; else every clone with LFS shows it as changed."""
    if not (ROOT / ".git").exists():
        unavailable("this needs a git checkout")
    git = ["git", "-C", str(ROOT)]
    files = subprocess.run([*git, "ls-files", "-z"], capture_output=True, check=True).stdout
    said = subprocess.run([*git, "check-attr", "-z", "--stdin", "filter"], input=files, capture_output=True, check=True).stdout
    path, _, value = (said.decode().split("\0")[k::3] for k in range(3))
    by_lfs = [p for p, v in zip(path, value, strict=False) if v == "lfs"]
    assert len(value) > 100 and all((ROOT / p).read_bytes().startswith(POINTER) for p in by_lfs), by_lfs


def test_the_model_card_states_what_was_measured():
    card = ModelCard.load(ROOT / "weights" / "README.md", ignore_metadata_errors=False)
    results = reported()
    stated = {r.dataset_name: r.metric_value for r in card.data.eval_results if r.metric_type == "mean_reward"}
    row = results["standard_world"]["meta"]
    assert stated["CartPole-v1"] == f"{row['mean']:.2f} +/- {row['std']:.2f}"
