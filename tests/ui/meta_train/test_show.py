"""The stage shows what the policy really does: the actions that the worker sends replay to the same episodes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from model import StateSpaceModel, World
from model.policy.params import with_task_axis
from model.rl.rollout import collect
from ui.runs import training_show as show
from ui.runs.policies import shared_model
from ui.training_settings import MetaSettings, _config

MINUTE = MetaSettings(config=_config())


def test_a_replay_is_the_episode():
    played = json.loads(json.dumps(show.perform(shared_model("meta"), MINUTE, 7)))
    (usual_before, usual_after), (turned_before, turned_after) = show.recordings(played)
    assert (usual_before.world, turned_before.world) == (World(), World(reversed_motor=True)) and played["epochs"] == 7
    assert usual_before.steps == 500 and turned_before.steps < 30 < turned_after.steps  # so it did learn from its own falls
    assert (usual_before.states[0] == usual_after.states[0]).all() and (turned_before.states[0] == turned_after.states[0]).all()
    worlds = [World(), World(reversed_motor=True)]
    episodes = collect(with_task_axis(shared_model("meta").params()), worlds, 1, np.random.default_rng(show.SEED), greedy=True)
    for i, r in enumerate((usual_before, turned_before)):
        assert np.array_equal(r.observations[:-1], episodes.obs[i, 0, : r.steps].numpy())
    assert turned_before.ending == f"The pole fell past 12 degrees after {turned_before.steps} steps."


def test_it_disturbs_nothing_and_repeats_itself():
    model = shared_model("standard")
    before = {name: p.clone() for name, p in model.params().items()}
    assert show.perform(model, MINUTE) == show.perform(model, MINUTE)
    assert all(torch.equal(p, model.params()[name]) for name, p in before.items())


@pytest.mark.parametrize(
    ("families", "second"),
    [(("reversed_motor", "wind"), World(reversed_motor=True)), (("mirrored_sensors",), World(mirrored_sensors=True))],
)
def test_the_second_world_is_what_the_training_is_about(families, second):
    assert show.shown_worlds(MetaSettings(families)) == [World(), second]


@pytest.mark.parametrize("family", ["wind", "action_delay", "physics"])
def test_or_one_of_its_worlds(family):
    standard, other = show.shown_worlds(MetaSettings((family,)))
    assert standard == World() != other


def test_without_inner_steps_nothing_comes_after():
    memory = replace(MINUTE, config=_config(inner_steps=0))
    assert [len(row) for row in show.recordings(show.perform(shared_model("standard"), memory))] == [1, 1]


def test_a_step_that_is_not_finite_is_left_out():
    model = StateSpaceModel(4, hidden_dim=4)
    wild = model.with_params({**model.params(), "C": torch.full_like(model.C, 1e30)})
    assert len(show.perform(wild, MINUTE)["actions"]) in (1, 2)  # whatever the step does, the show goes on


def test_shows_cost_little(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(show.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(show, "perform", lambda *_: clock.__setitem__(0, clock[0] + 1.0) or {})
    showman = show.Showman()
    clock[0] = show.EVERY
    assert showman.due()
    showman.show(None, MINUTE, 1)
    clock[0] += 1 / show.COST - 1
    assert not showman.due()
    clock[0] += 1
    assert showman.due()
