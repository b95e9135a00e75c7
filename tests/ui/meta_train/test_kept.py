"""A reload finds its own training again; nobody else does, and a training that nobody looks at ends."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from ui.server import training_kept as kept
from ui.server.training_kept import KeptTraining, KeptTrainings, is_token, new_token
from ui.server.training_queue import TrainingQueue
from ui.server.training_run import TrainingState
from ui.training_settings import MetaSettings

STATE = TrainingState(MetaSettings(), "training")


def states(n: int, closed: list | None = None):
    try:
        for i in range(n):
            yield replace(STATE, seconds=float(i))
            time.sleep(0.01)
        yield replace(STATE, phase="done", ended="epochs")
    finally:
        if closed is not None:
            closed.append(True)


def wait_for(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def test_it_goes_on_while_no_page_looks_and_is_found_again():
    ended, training = [], None
    training = KeptTraining(states(30), lambda: ended.append(True))
    first = training.states(tick=0.01)
    assert next(first).phase == "training"
    first.close()  # the page is reloaded
    again = list(training.states(tick=0.01))
    assert again[0].seconds >= 0 and again[-1].phase == "done" and ended == [True]
    assert [s.phase for s in training.states()] == ["done"]  # and once more, when it is over


def test_a_page_that_left_keeps_nothing_alive():
    training = KeptTraining(states(30))
    assert list(training.states(lambda: False)) == []
    wait_for(lambda: training.ended is not None)


def test_left_alone_it_ends(monkeypatch):
    monkeypatch.setattr(kept, "ALONE", 0.05)
    closed: list = []
    training = KeptTraining(states(10_000, closed))
    wait_for(lambda: training.ended is not None)
    assert closed and training.state.phase == "done" and training.state.problem == kept.LEFT_ALONE


def test_what_goes_wrong_is_a_sentence():
    def broken():
        yield STATE
        raise ValueError("This training was given up, because its page did not answer.")

    training = KeptTraining(broken())
    wait_for(lambda: training.ended is not None)
    assert training.state.problem == "This training was given up, because its page did not answer."


def test_a_token_finds_its_own_for_a_while(monkeypatch):
    monkeypatch.setattr(kept, "run_training", lambda *_, **__: states(1))
    trainings, mine, other = KeptTrainings(), new_token(), new_token()
    training = trainings.begin(mine, STATE.settings)
    assert trainings.find(mine) is training and trainings.find(other) is None
    assert all(trainings.find(value) is None for value in (None, "", 7, ["x"], {"a": 1}, "x" * 24))
    wait_for(lambda: training.ended is not None)
    assert trainings.find(mine) is training
    training.ended -= kept.KEPT + 1
    assert trainings.find(mine) is None
    monkeypatch.setattr(kept, "MOST", 2)
    many = [trainings.begin(new_token(), STATE.settings) for _ in range(5)]
    wait_for(lambda: all(t.ended is not None for t in many))
    trainings.find(other)
    assert len(trainings._trainings) == 2


def test_a_full_line_is_told_at_once(monkeypatch):
    queue, ended = TrainingQueue(running=0, waiting=0), []
    monkeypatch.setattr(kept, "run_training", lambda settings, token, *_, **__: run(queue, token))

    def run(queue, token):
        queue.enter(token)
        yield STATE

    with pytest.raises(ValueError, match="visitors wait"):
        KeptTrainings().begin(new_token(), STATE.settings, on_end=lambda: ended.append(True))
    assert ended == [True]


def test_tokens_cannot_be_guessed():
    assert len({new_token() for _ in range(100)}) == 100 and is_token(new_token())
    assert not any(map(is_token, (None, 3, "", "short", "x" * 25, b"x" * 24)))


def test_few_pages_look_at_once(monkeypatch):
    monkeypatch.setattr(kept, "PAGES", 2)
    training = KeptTraining(states(30))
    looking = [training.states(tick=0.01) for _ in range(3)]
    assert next(looking[0]) and next(looking[1]) and list(looking[2]) == []
    looking[0].close()
    assert next(training.states(tick=0.01))
