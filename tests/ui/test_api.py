"""The public endpoints, called as a program calls them."""

from __future__ import annotations

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from model import World, evaluate_policy, load_pretrained
from ui.episode import record


@pytest.fixture(scope="module")
def client(page_url) -> Client:
    return Client(page_url, verbose=False)


def test_only_the_documented_endpoints_are_public(client):
    api = client.view_api(return_format="dict", print_info=False)
    assert set(api["named_endpoints"]) == {"/run", "/verify", "/adapt", "/meta_train"} and not api["unnamed_endpoints"]
    names = [p["parameter_name"] for p in api["named_endpoints"]["/run"]["parameters"]]
    assert names == [info.name for info in World.fields()] + ["policy", "greedy", "seed"]


def test_run_is_the_recorded_episode(client):
    world = World(reversed_motor=True, wind=2.0)
    answer = client.predict(reversed_motor=True, wind=2.0, policy="standard", seed=3, api_name="/run")
    expected = record(load_pretrained("standard"), world, 3)
    assert answer["steps"] == expected.steps and answer["ending"] == expected.ending
    assert answer["action"] == expected.actions.tolist()
    assert answer["world"]["wind"] == 2.0


def test_verify_is_evaluate_policy(client):
    answer = client.predict(policy="memory", seed=1, episodes=4, api_name="/verify")
    assert answer["returns"] == evaluate_policy(load_pretrained("memory"), World(), 4, 1).tolist()
    assert answer["n"] == 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"pole_half_length": -1}, "pole_half_length must be between 0.05 and 2 m, got -1"),
        ({"policy": ["meta"]}, "policy must be one of"),
        ({"policy": "yours"}, "policy must be one of"),
        ({"seed": None}, "seed must be a whole number"),
        ({"greedy": 1}, "greedy must be true or false, got 1"),
        ({"wind": True}, "wind must be between -6 and 6 N, got True"),
    ],
)
def test_a_bad_argument_is_one_sentence(client, arguments, sentence):
    with pytest.raises(AppError, match=sentence):
        client.predict(**arguments, api_name="/run")
