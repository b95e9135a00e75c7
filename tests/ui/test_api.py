"""The public endpoints, called as a program calls them."""

import numpy as np
import pytest
from gradio_client.exceptions import AppError

from model import StandardAdaptationConfig, StandardAdapter, World, evaluate_policy, load_pretrained
from ui.runs.episode import record
from ui.views.episode_words import ending


def test_only_the_documented_endpoints_are_public(client):
    api = client.view_api(return_format="dict", print_info=False)
    assert set(api["named_endpoints"]) == {"/run", "/verify", "/adapt", "/race", "/meta_train"} and not api["unnamed_endpoints"]
    names = [p["parameter_name"] for p in api["named_endpoints"]["/run"]["parameters"]]
    assert names == [info.name for info in World.fields()] + ["policy", "greedy", "seed"]


def test_run_is_the_recorded_episode(client):
    world = World(reversed_motor=True, wind=2.0)
    answer = client.predict(reversed_motor=True, wind=2.0, policy="standard", seed=3, api_name="/run")
    expected = record(load_pretrained("standard"), world, 3)
    assert answer["steps"] == expected.steps and answer["ending"] == ending(expected)
    assert answer["action"] == expected.actions.tolist()
    assert answer["world"]["wind"] == 2.0


def test_verify_is_evaluate_policy(client):
    answer = client.predict(policy="memory", seed=1, episodes=4, api_name="/verify")
    assert answer["returns"] == evaluate_policy(load_pretrained("memory"), World(), 4, 1).tolist()
    assert answer["n"] == 4 and answer["std"] == pytest.approx(np.std(answer["returns"], ddof=1))
    assert client.predict(policy="memory", episodes=1, api_name="/verify")["std"] is None  # of one there is none


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"pole_half_length": -1}, "pole_half_length must be between 0.05 and 2 m, got -1"),
        ({"policy": ["meta"]}, "policy must be one of"),
        ({"policy": "yours"}, "policy must"),
        ({"seed": None}, "seed must be a whole number"),
        ({"greedy": 1}, "greedy must be true or false, got 1"),
        ({"wind": True}, "wind must be between -6 and 6 N, got True"),
    ],
)
def test_a_bad_argument_is_one_sentence(client, arguments, sentence):
    with pytest.raises(AppError, match=sentence):
        client.predict(**arguments, api_name="/run")


def test_adapt_is_the_librarys_adaptation(client):
    answer = client.predict(reversed_motor=True, mode="both", num_adapt_steps=1, episodes_per_step=3, seed=5, api_name="/adapt")
    config = StandardAdaptationConfig(num_adapt_steps=1, episodes_per_step=3)
    expected = list(StandardAdapter(config).adapt(load_pretrained("meta"), World(reversed_motor=True), 5))
    steps = answer["modes"]["standard"]["steps"]
    assert [s["env_steps"] for s in steps] == [s.env_steps for s in expected]
    assert steps[-1]["returns"] == evaluate_policy(expected[-1].model, World(reversed_motor=True), 20, 5).tolist()
    assert steps[0]["loss"] is None and [s["index"] for s in answer["modes"]["hybrid"]["steps"]] == [0, 1]
    assert "before adaptation" in answer["sentence"] and answer["ended"] == "finished" and answer["settings"]["world"]["reversed_motor"]
