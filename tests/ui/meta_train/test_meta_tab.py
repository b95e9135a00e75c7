"""The tab's handlers, its words, and the public endpoint."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from raw import post

from model import MetaEpoch
from model.policy.checkpoint import serialise
from ui.runs.policies import shared_model
from ui.runs.trained import model_from_bytes
from ui.runs.training import TrainingState
from ui.server.session import Session
from ui.server.training import TRAININGS, new_token
from ui.tabs.adapt.controls import AdaptControls
from ui.tabs.training_controls import NAMES
from ui.tabs.meta_train import MetaTrainTab
from ui.training_settings import RECIPES, MetaSettings, _config
from ui.views.training import numbers, phase_words, returns_chart

SMALL = {"num_epochs": 3, "tasks_per_epoch": 2, "episodes_per_task": 2, "max_steps_per_episode": 20, "state_dim": 8}
SMALL |= {"hidden_dim": 8, "long_episodes_share": 0}
SETTINGS = MetaSettings(config=_config(**SMALL))
EPOCHS = tuple(MetaEpoch(i, 0.1, 20.0, 30.0, (30.0,), 8, 900, 0.3, i == 1, 20, (20.0, 20.0), (10.0, 15.0)) for i in range(3))
VISITOR, TOKEN = SimpleNamespace(session_hash="a test", query_params={}), new_token()


@pytest.fixture(scope="module")
def tab() -> MetaTrainTab:
    with gr.Blocks():
        tab = MetaTrainTab(gr.State(Session()))
        tab.connect_use(gr.Dropdown(), AdaptControls())
        return tab


def values(**changes) -> list:
    """What the Train button sends."""
    given = {**SETTINGS.values(), **changes}
    return [given[name] for name in NAMES]


def test_a_run_on_the_page(tab):
    updates = list(tab._train(Session(), TOKEN, VISITOR, *values()))
    assert updates[0] == {tab.token: TOKEN}
    first, last = updates[1], updates[-1]
    assert not first[tab.train].interactive and first[tab.stop].interactive
    assert last[tab.train].interactive and not last[tab.stop].interactive and last[tab.use].interactive
    assert "All 3 epochs are done; the best parameters are kept." in last[tab.message]
    assert "In 8 " in last[tab.check] and "validation worlds" in last[tab.check] and len(last[tab.player]["episodes"]) == 4
    labels = [f"{motor} motor, {when}" for motor in ("usual", "reversed") for when in ("before", "after 1 step")]
    assert [s["label"] for s in last[tab.returns]["series"]] == labels
    assert "motor" in last[tab.seen] or "in all worlds" in last[tab.seen]

    trained = last[tab.trained]
    answer = tab._use(Session(), trained)
    session, play, start = (answer[c] for c in (tab.session, tab.play_policy, tab.adapt_start))
    assert session.policy_model("yours") is trained.model and session.choice.policy == "yours" and session.stale
    assert "Yours" in answer[tab.message] and play["value"] == start["value"] == "yours"
    again = next(tab._train(session, TOKEN, VISITOR, *values(start="yours", inner_lr=-1)))
    assert "Inner learning rate must be between 0 and 100, not -1." in again[tab.message]


def test_nobody_else_sees_or_stops_a_training(tab):
    mine, request = new_token(), SimpleNamespace(session_hash="mine", query_params={})
    training = tab._train(Session(), mine, request, *values(num_epochs=1000))
    while not TRAININGS.find(mine) or not TRAININGS.find(mine).state.epochs:
        next(training)
    for guess in (None, "", new_token(), mine[:-1], mine + "x", mine.swapcase(), [mine], {"token": mine}, b"x" * 24):
        assert list(tab._return(guess, VISITOR)) == [gr.skip()]
        assert "Nothing is training." in tab._stop(guess)
    assert TRAININGS.find(mine).state.phase == "training" and "Stopping" in tab._stop(mine)
    *_, last = training
    assert mine not in str(last) and mine.encode() not in last[tab.trained].checkpoint
    found = list(tab._return(mine, VISITOR))
    assert found[0][tab.token] == mine and found[-1][tab.trained].checkpoint == last[tab.trained].checkpoint


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"seed": None}, "Seed must be"), ({"start": "yours"}, "no policy of your own"), ({"families": []}, "World families must name")],
)
def test_bad_settings_start_nothing(tab, changes, sentence):
    (update,) = tab._train(Session(), TOKEN, VISITOR, *values(**changes))
    assert sentence in update[tab.message] and 'role="alert"' in update[tab.message] and tab.returns not in update


def test_stop_and_use_and_save_before_any_training(tab):
    assert "Nothing is training" in tab._stop(None) == tab._stop("x" * 24)
    assert "press Train" in tab._use(Session(), None)[tab.message]
    assert all("press Train" in save(None)[tab.message] for save in (tab._save_checkpoint, tab._save_log, tab._save_figure))


def test_an_upload(tab):
    answer = tab._upload(serialise(shared_model("standard")))
    assert "6,744 parameters, state size 32, hidden size 64" in answer[tab.message] and answer[tab.use].interactive
    assert [answer[button].interactive for button in tab.saves.values()] == [True, False, False]
    trained = answer[tab.trained]
    assert tab._save_checkpoint(trained)[tab.file].value
    assert "press Train" in tab._save_log(trained)[tab.message]
    refused = tab._upload(b"<script>")
    assert set(refused) == {tab.message} and 'role="alert"' in refused[tab.message] and "<script>" not in refused[tab.message]


def test_words_for_every_phase():
    def words(phase, **more):
        return phase_words(TrainingState(SETTINGS, phase, **more))

    assert words("waiting", place=2, wait=33.0).startswith("You are second in the queue. It starts by itself, in about 40 s at most;")
    assert "in about 3 minutes at most" in words("waiting", place=2, wait=130.0)
    assert "Stop ends it at once" in words("training")
    assert words("done", ended="stopped", epochs=EPOCHS) == "Stopped after 3 epochs; the best parameters are kept."
    assert words("done", ended="stopped") == "Stopped before the first epoch; there is nothing to keep."
    assert words("done", ended="time", epochs=EPOCHS[:1]) == "The time is up after 1 epoch; the best parameters are kept."


def test_numbers_and_time_left():
    state = TrainingState(RECIPES["reversed_motor"][1], "training", seconds=10.0, epochs=EPOCHS)
    assert state.left == 50.0  # the time ends before the epochs do
    assert "3 of 60" in numbers(state) and "3,000" in numbers(state)
    assert numbers(None).count("<dd>–</dd>") == 7


def test_a_rollback_is_on_the_chart():
    value = returns_chart(SETTINGS, EPOCHS)
    assert value["events"] == [{"at": 2, "label": "rolled back"}]
    assert value["x"]["range"] == [1, 3] and value["treads"][0]["at"] == 20 and value["empty"].startswith("Press Train")


def test_a_raw_request_cannot_name_a_file(page_url):
    fake = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    for path in ("/etc/passwd", "http://127.0.0.1:1/x.safetensors", "/tmp/gradio/../../etc/passwd", None):
        response = post(page_url, "meta-upload", [{**fake, "path": path}], event="upload")
        assert response.status_code == 400 and "must be uploaded first" in response.json()["detail"]


def test_the_endpoint(page_url):
    client = Client(page_url, verbose=False)
    answer = client.predict(**SMALL, families=["wind"], api_name="/meta_train")
    assert answer["phase"] == "done" and answer["epochs"] == 3 and len(answer["log"]["return_after"]) == 3
    assert model_from_bytes(base64.b64decode(answer["checkpoint_base64"])).state_dim == 8
    assert list(answer["check"]["returns_by_step"]) == ["0", "1", "3"]
    with pytest.raises(AppError, match="inner_lr must be between 0 and 100, got -1"):
        client.predict(inner_lr=-1, api_name="/meta_train")
    assert not len(TRAININGS.line)
