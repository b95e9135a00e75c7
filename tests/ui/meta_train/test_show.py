"""The stage shows what the policy really does: the actions that a training sends replay to the same episodes."""

import json
from dataclasses import replace

import numpy as np
import torch

from model import StateSpaceModel, World
from model.policy.params import with_task_axis
from model.rl.rollout import collect
from ui.runs.policies import shared_model
from ui.runs.training_show import SEED, perform, recordings
from ui.training_settings import FIRST_RECIPE, RECIPES

MINUTE = RECIPES[FIRST_RECIPE][1]


def test_a_replay_is_the_episode():
    played = json.loads(json.dumps(perform(shared_model("meta"), MINUTE, 7)))
    (usual_before, usual_after), (turned_before, turned_after) = recordings(played)
    assert (usual_before.world, turned_before.world) == (World(), World(reversed_motor=True)) and played["epochs"] == 7
    assert usual_before.steps == 500 and turned_before.steps < 30 < turned_after.steps  # so it did learn from its own falls
    assert (usual_before.states[0] == usual_after.states[0]).all() and (turned_before.states[0] == turned_after.states[0]).all()
    worlds = [World(), World(reversed_motor=True)]
    episodes = collect(with_task_axis(shared_model("meta").params()), worlds, 1, np.random.default_rng(SEED), greedy=True)
    for i, r in enumerate((usual_before, turned_before)):
        assert np.array_equal(r.observations[:-1], episodes.obs[i, 0, : r.steps].numpy())


def test_it_disturbs_nothing_and_repeats_itself():
    model = shared_model("standard")
    before = model.params()
    assert perform(model, MINUTE) == perform(model, MINUTE)
    assert all(torch.equal(p, model.params()[name]) for name, p in before.items())


def test_what_can_not_be_adapted_plays_on():
    memory = replace(MINUTE, config=replace(MINUTE.config, inner_steps=0))
    assert [len(row) for row in recordings(perform(shared_model("standard"), memory))] == [1, 1]
    model = StateSpaceModel(4, hidden_dim=4)
    wild = model.with_params({**model.params(), "C": torch.full_like(model.C, 1e30)})
    assert len(perform(wild, MINUTE)["actions"]) == 1
