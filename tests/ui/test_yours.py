"""A link to a policy of one's own makes the same policy elsewhere, and says so where it can't."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest
import torch

from model import World
from ui.chain import made_by, retraining
from ui.fields import AdaptSettings, world_from_query, world_to_query
from ui.made import MOST_STAGES, joined, stages_of
from ui.runs.adaptation import adapt, go_on
from ui.runs.policies import shared_model
from ui.runs.recipe import link_of, made_of, segments_from_query
from ui.runs.trained import Trained, model_from_bytes
from ui.server.fairness import Jobs
from ui.server.training_run import run_training
from ui.training_settings import RECIPES, MetaSettings, _config
from ui.yours import make, promise, read_stages

REVERSED = AdaptSettings(World(reversed_motor=True, angle_bias=0.034906585039886591), num_adapt_steps=2, episodes_per_step=2)
SMALL = MetaSettings(
    config=_config(num_epochs=40, tasks_per_epoch=2, episodes_per_task=2, max_steps_per_episode=30, hidden_dim=8, seed=3), time_budget=60.0
)


def last(runs):
    *_, run = runs
    return run


def same(one, other) -> bool:
    return all(torch.equal(p, other.params()[name]) for name, p in one.params().items())


def made_again(text: str):
    job = Jobs().enter(SimpleNamespace(session_hash="a test", headers={}, client=None), "policy")
    with job:
        return last(make(read_stages(text), job, ""))


@pytest.mark.parametrize("mode", ["standard", "hybrid"])
def test_an_adapted_policy_is_made_again(mode):
    first = last(adapt(replace(REVERSED, mode="both"), shared_model("meta"), threading.Event()))
    run = last(go_on(first, replace(REVERSED, mode="both", adapt_lr=0.25, num_adapt_steps=2), threading.Event()))
    for index in (1, 3):
        text = made_of(run, mode, index)
        assert same(made_again(text), run.curve(mode).points[index].model)


def test_adapted_again_from_ones_own_and_its_link():
    own = last(adapt(REVERSED, shared_model("meta"), threading.Event()))
    text = made_of(own, "standard", 2)
    settings = replace(REVERSED, start="yours", made=text, world=World(wind=2.0), seed=5)
    run = last(adapt(settings, own.curves[0].last.model, threading.Event()))
    assert [kind for kind, _ in stages_of(made_of(run, "standard", 1))] == ["adapted", "adapted"]
    assert same(made_again(made_of(run, "standard", 1)), run.curves[0].points[1].model)
    (opened,) = segments_from_query(dict(parse_qsl(link_of(run))), True)
    assert opened == replace(settings, num_adapt_steps=run.reached)
    assert made_of(last(adapt(replace(settings, made=""), own.curves[0].last.model, threading.Event())), "standard", 1) == ""


def test_the_start_itself():
    run = last(adapt(REVERSED, shared_model("memory"), threading.Event()))
    run = replace(run, settings=replace(run.settings, start="memory"))
    assert same(made_again(made_of(run, "standard", 0)), shared_model("memory"))


def test_a_trained_policy_is_made_again_whatever_ended_it():
    states = run_training(SMALL, "a test")
    for state in states:
        if len(state.epochs) >= 4:
            break
    states.close()  # as when its time is up: with an epoch under way
    trained = Trained(state.best, model_from_bytes(state.best), SMALL, state.epochs)
    text = made_by(trained)
    stage = retraining(stages_of(text)[0][1], False)
    assert stage.epochs == len(state.epochs) and stage.settings == replace(SMALL, time_budget=300.0)
    assert same(made_again(text), trained.model) and "trains the policy" in promise([stage])


def test_what_can_not_be_made_again_has_no_link():
    model, epochs = shared_model("meta"), (SimpleNamespace(seconds=3.0),)
    assert made_by(Trained(b"", model)) == ""  # uploaded
    assert made_by(Trained(b"", model, MetaSettings(start="yours"), epochs)) == ""
    recipe = RECIPES["wind_and_motor"][1]
    assert made_by(Trained(b"", model, recipe, epochs)) == "trained~recipe~wind_and_motor~epochs~1~seconds~3"
    longer = "shipped~name~meta"
    for _ in range(MOST_STAGES - 1):
        longer = joined(longer, "adapted", {"world": "windy", "start": "yours"})
        assert longer
    assert joined(longer, "adapted", {"world": "windy"}) == ""
    assert joined("trained~epochs~1~~trained~epochs~1", "trained", {"epochs": "1"}) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "~~~",
        "x" * 9999,
        "adapted~world",
        "adapted~start~yours",
        "shipped~name~random",
        "shipped~name~meta~~" * 9,
        "trained~epochs~9999~seconds~1",
        "trained~epochs~1~seconds~9999",
        "trained~start~yours~epochs~1~seconds~1",
        "trained~epochs~1~seconds~1~tasks_per_epoch~1e9",
    ],
)
def test_a_broken_chain_is_one_sentence(text):
    with pytest.raises(ValueError, match="must"):
        read_stages(text)


def test_worlds_travel_exactly():
    for bias in (0.1, 0.034906585039886591, 1 / 12):
        world = World(angle_bias=bias, wind=-0.3)
        assert world_from_query(world_to_query(world)) == world
