"""A training in its own process: records stream, Stop keeps the best, and however it ends nothing is left behind."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from model import MetaMAML
from model.policy.checkpoint import serialise
from model.worlds.families import family_sampler
from ui.runs.policies import shared_model
from ui.runs.trained import model_from_bytes
from ui.runs.training_show import perform
from ui.server.training_process import TrainingProcess
from ui.server.training_queue import TrainingQueue
from ui.server.training_run import run_training
from ui.training_settings import MetaSettings, _config

SMALL = {"tasks_per_epoch": 2, "episodes_per_task": 2, "max_steps_per_episode": 20, "long_episodes_share": 0, "state_dim": 8}
CONFIG = _config(num_epochs=3, **SMALL, hidden_dim=8)
SHORT = MetaSettings(("reversed_motor",), config=CONFIG)
LONG = replace(SHORT, config=replace(CONFIG, num_epochs=1000))


@pytest.fixture
def processes(monkeypatch) -> list[TrainingProcess]:
    """Every worker that a test starts; none may outlive it."""
    started: list[TrainingProcess] = []
    begin = TrainingProcess.__init__

    def note(self, *args, **kwargs):
        begin(self, *args, **kwargs)
        started.append(self)

    monkeypatch.setattr(TrainingProcess, "__init__", note)
    yield started
    assert all(p._process.poll() is not None for p in started)


def drive(settings, act=lambda state, queue: None, **more):
    """All states of a training; `act` looks at each. Afterwards nobody may stand in the queue."""
    queue, states = TrainingQueue(), []
    for state in run_training(settings, "me", queue=queue, tick=0.02, **more):
        states.append(state)
        act(state, queue)
    assert not queue._tickets
    return states


def test_it_is_meta_maml(processes):
    last = drive(SHORT)[-1]
    learner = MetaMAML(CONFIG, family_sampler(SHORT.families))
    expected = list(learner.train())
    assert [replace(e, seconds=0) for e in last.epochs] == [replace(e, seconds=0) for e in expected]
    assert (last.phase, last.ended, last.problem) == ("done", "epochs", None)
    best, own = model_from_bytes(last.best).params(), learner.best.params()
    assert all(torch.equal(best[name], own[name]) for name in own)
    assert last.check["steps"] == [0, 1, 3] and np.array(last.check["returns"]).shape == (3, 8, 5)
    assert last.show == perform(learner.best, SHORT, 3)  # the stage shows what is kept


def test_stop_keeps_the_best_and_checks_it(processes):
    def press(state, queue):
        if len(state.epochs) >= 2:
            queue.stop("me")

    last = drive(LONG, press, model=serialise(shared_model("meta")))[-1]
    assert (last.phase, last.ended, last.problem) == ("done", "stopped", None) and 2 <= len(last.epochs) < 1000
    assert model_from_bytes(last.best).sizes["state_dim"] == 32  # it went on from the weights that it was given


def test_stop_works_where_the_server_ignores_interrupts(processes):
    """As when it was started by `nohup ... &`."""

    def press(state, queue):
        if len(state.epochs) >= 2:
            queue.stop("me")

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        last = drive(LONG, press)[-1]
    finally:
        signal.signal(signal.SIGINT, before)
    assert (last.phase, last.ended, last.problem) == ("done", "stopped", None)


def test_stop_pressed_again_skips_the_check(processes):
    def press(state, queue):
        if len(state.epochs) >= 2 and queue._tickets:
            queue._tickets[0].stops = 2

    last = drive(LONG, press)[-1]
    assert (last.phase, last.ended, last.problem, last.check) == ("done", "stopped", None, None)
    assert model_from_bytes(last.best) is not None


def test_the_time_is_up(processes):
    last = drive(replace(LONG, time_budget=0.2))[-1]
    assert last.ended == "time" and len(last.epochs) < 1000 and last.problem is None


def test_stopped_before_it_began(processes):
    states = drive(LONG, lambda state, queue: queue.stop("me"))
    assert states[-1].phase == "done" and states[-1].best is None and states[-1].problem is None


def test_a_killed_worker_is_one_sentence_and_nothing_is_lost(processes):
    def kill(state, queue):
        if len(state.epochs) >= 2 and state.phase == "training":
            os.kill(processes[0]._process.pid, signal.SIGKILL)

    last = drive(LONG, kill)[-1]
    assert "The training process ended unexpectedly (signal 9); the best parameters of its" in last.problem
    assert model_from_bytes(last.best) is not None and len(last.epochs) >= 2


def test_a_closed_tab_ends_it(processes):
    queue = TrainingQueue()
    states = run_training(LONG, "me", queue=queue, tick=0.02)
    next(states)
    states.close()
    assert not queue._tickets and processes[0]._process.poll() is not None


def test_waiting_costs_no_process(processes):
    queue = TrainingQueue(running=1)
    first = queue.enter("first")
    states = run_training(SHORT, "me", queue=queue, tick=0.001)
    first.left = 42.0
    assert (next(states).phase, next(states).place) == ("waiting", 1) and next(states).wait == 42.0 and not processes
    queue.stop("me")
    assert [s.ended for s in states] == ["stopped"] and queue._tickets == [first]


def test_stop_works_where_the_server_ignores_ctrl_c(processes):
    """As it does when it was started with nohup ... &, and its children with it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        last = drive(LONG, lambda state, queue: len(state.epochs) >= 2 and queue.stop("me"))[-1]
    finally:
        signal.signal(signal.SIGINT, before)
    assert (last.phase, last.ended, last.problem) == ("done", "stopped", None) and len(last.epochs) < 1000
