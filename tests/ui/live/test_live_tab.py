"""What the Live tab takes from a browser: checked as strictly as any upload, and nothing is changed by what is refused."""

import base64
from dataclasses import asdict

import pytest

from model import WORLDS
from model.policy.checkpoint import serialise
from tests.ui.raw import page_data, send
from ui.runs.policies import shared_model
from ui.runs.trained import MAX_UPLOAD, model_from_base64
from ui.tabs.live import world_and_seed

GALE = WORLDS["reversed_gale"]


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    "data",
    [
        None,
        7,
        "not base64!",
        "A" * (2 * MAX_UPLOAD),
    ],
)
def test_anything_else_is_one_sentence(data):
    with pytest.raises(ValueError) as error:
        model_from_base64(data)
    assert "\n" not in str(error.value) and len(str(error.value)) < 200


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"world": {**asdict(GALE), "colour": 1}, "seed": 0},
        {"world": {**asdict(GALE), "wind": 99}, "seed": 0},
        {"world": {**asdict(GALE), "reversed_motor": "yes"}, "seed": 0},
        {"world": asdict(GALE), "seed": -1},
        {"world": asdict(GALE)},
    ],
)
def test_a_world_that_cant_be_is_one_sentence(data):
    assert world_and_seed({"world": asdict(GALE), "seed": 3}) == (GALE, 3)
    with pytest.raises(ValueError) as error:
        world_and_seed(data)
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


def test_each_visitor_who_keeps_a_policy_has_it_chosen(page_url):
    """The second too: Gradio takes the value out of an update that it applies."""
    weights = encoded(serialise(shared_model("memory")))
    for _ in range(2):
        answer = send(page_url, "live", page_data(page_url, "live", "keep"), "keep", told={"weights": weights})
        assert sum(isinstance(value, dict) and value.get("value") == "yours" for value in answer["output"]["data"]) == 1
