"""A training in its own process: records stream, Stop keeps the best, a token finds it again, and nothing is left behind."""

import multiprocessing
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from model import MetaMAML
from model.policy.checkpoint import serialise
from model.worlds.families import family_sampler
from tests.machine import wait_until
from ui.runs.policies import shared_model
from ui.runs.trained import model_from_bytes
from ui.runs.training import train
from ui.runs.training_show import perform
from ui.server.training import Training, Trainings, new_token, run_training
from ui.training_settings import RECIPES, MetaSettings

SMALL = {"tasks_per_epoch": 2, "episodes_per_task": 2, "max_steps_per_episode": 20, "long_episodes_share": 0, "state_dim": 8}
CONFIG = replace(RECIPES["reversed_motor"][1].config, num_epochs=3, **SMALL, hidden_dim=8, min_support_episodes=2)
SHORT = MetaSettings(("reversed_motor",), config=CONFIG)
LONG = replace(SHORT, config=replace(CONFIG, num_epochs=10_000))


@pytest.fixture(autouse=True)
def nothing_is_left():
    yield
    assert wait_until(lambda: not multiprocessing.active_children())


def until(training: Training, holds) -> None:
    """Look at a training, as a page does, until something holds."""
    for _ in training.states():
        if holds(training.state):
            return


def two_epochs(state) -> bool:
    return len(state.epochs) >= 2


def test_it_is_meta_maml():
    *_, last = run_training(SHORT, "me", trainings=Trainings())
    learner = MetaMAML(CONFIG, family_sampler(SHORT.families))
    expected = list(learner.train())
    assert [replace(e, seconds=0) for e in last.epochs] == [replace(e, seconds=0) for e in expected]
    assert (last.phase, last.ended, last.problem) == ("done", "epochs", None)
    best, own = model_from_bytes(last.best).params(), learner.best.params()
    assert all(torch.equal(best[name], own[name]) for name in own)
    assert last.check["steps"] == [0, 1, 3] and np.array(last.check["returns"]).shape == (3, 8, 5)
    assert last.show == perform(learner.best, SHORT, 3)  # the stage shows what is kept


def test_an_interrupt_before_the_first_epoch_ends_the_training_and_nothing_else():
    """The page may be told of the training, and its visitor press Stop, before the learner has begun."""

    def stopped_at_once(**changes) -> None:
        assert changes == {"phase": "training"}
        raise KeyboardInterrupt

    assert train(SHORT, None, stopped_at_once)[1] == 0


def test_stop_keeps_the_best_and_checks_it_and_a_reload_finds_it():
    trainings, token = Trainings(), new_token()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in a server that was started by `nohup ... &`, and its children
    try:
        training = trainings.begin(token, LONG, serialise(shared_model("meta")))
        until(training, two_epochs)
    finally:
        signal.signal(signal.SIGINT, before)
    with pytest.raises(ValueError, match="Your other training is still under way"):
        trainings.begin(token, SHORT)
    training.stop()
    *_, last = trainings.find(token).states()
    assert (last.phase, last.ended, last.problem) == ("done", "stopped", None) and 2 <= len(last.epochs) < 10_000
    assert last.check and model_from_bytes(last.best).sizes["state_dim"] == 32  # it went on from the weights that it was given
    for guess in (None, "", new_token(), token[:-1], token + "x", [token], {"token": token}, b"x" * 24):
        assert trainings.find(guess) is None


def test_one_that_no_page_looks_at_is_stopped_and_kept():
    trainings, token = Trainings(alone=1.0), new_token()
    training = trainings.begin(token, LONG)
    until(training, two_epochs)
    assert wait_until(lambda: training.ended is not None)
    assert trainings.find(token).state.best and "No page looked at this training" in training.state.problem


def test_who_waits_is_told_the_place_and_time_and_a_killed_process_is_one_sentence_and_loses_nothing():
    trainings = Trainings(at_once=1, alone=600.0)  # on a slow machine it takes more than a minute until the first has trained
    first, second = (trainings.begin(new_token(), replace(LONG, time_budget=budget)) for budget in (300.0, 5.0))
    until(first, two_epochs)
    until(second, lambda state: state.place)
    phase, place = second.state.phase, second.state.place
    assert phase == "waiting" and place.number == 1 and 200 < place.seconds < 320 and len(multiprocessing.active_children()) == 1
    second.stop()
    *_, last = second.states()
    assert (last.ended, last.best, last.problem) == ("stopped", None, None)
    program = run_training(LONG, "a program", trainings=trainings)
    next(program)
    program.close()  # and so leaves the line
    assert wait_until(lambda: len(trainings.line) == 1)
    os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
    *_, last = first.states()
    assert "The training process ended unexpectedly (signal 9); the best parameters of its" in last.problem
    assert model_from_bytes(last.best) is not None and len(last.epochs) >= 2 and len(trainings.line) == 0
