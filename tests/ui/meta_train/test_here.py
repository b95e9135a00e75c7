"""What the Meta-train tab gives a browser that trains by itself, and what it takes back."""

import base64
import dataclasses
import math
from types import SimpleNamespace

import gradio as gr
import pytest

from model import MetaEpoch
from model.policy.checkpoint import serialise
from ui.runs.policies import shared_model
from ui.runs.trained import model_from_base64
from ui.server.session import Session
from ui.tabs.meta_train import MetaTrainTab
from ui.training_settings import FIRST_RECIPE, RECIPES, check_settings

SETTINGS = RECIPES[FIRST_RECIPE][1]
EPOCH = MetaEpoch(0, 0.1, 20.0, 30.0, (30.0,), 96, 900, 0.3, False, 200, (20.0, 20.0), (10.0, 15.0))
RECORD = {name: list(v) if isinstance(v, tuple) else v for name, v in dataclasses.asdict(EPOCH).items()}
WEIGHTS = base64.b64encode(serialise(shared_model("meta"))).decode()
TRAINED = {"weights": WEIGHTS, "records": [RECORD, {**RECORD, "epoch": 1}], "settings": SETTINGS.values()}


@pytest.fixture(scope="module")
def tab() -> MetaTrainTab:
    with gr.Blocks():
        return MetaTrainTab(gr.State(Session()))


def asked(tab: MetaTrainTab, **changes) -> dict:
    return tab.on_ask(Session(), *({**SETTINGS.values(), **changes}.values()))


def test_settings_come_back_checked_with_the_weights_to_start_from(tab):
    given = asked(tab, seed=7, families=["wind"])[tab.here]
    settings = given["settings"]
    assert settings["config"]["seed"] == 7 and len(settings["chart"]["series"]) == 2 and "weights" not in given
    assert check_settings(settings["values"]).config == dataclasses.replace(SETTINGS.config, seed=7)
    weights = asked(tab, start="meta")[tab.here]["weights"]
    assert model_from_base64(weights).params()["A"].equal(shared_model("meta").params()["A"])
    refused = asked(tab, inner_lr=-1)
    assert "field-inner-lr" in refused[tab.message] and tab.here not in refused


def test_what_it_trained_is_as_good_as_what_the_server_has(tab):
    update = tab.on_trained(SimpleNamespace(**TRAINED))
    trained = update[tab.trained]
    assert trained.epochs[0] == EPOCH and len(trained.log().splitlines()) == 3 and trained.settings == SETTINGS
    assert model_from_base64(WEIGHTS).params()["C"].equal(trained.model.params()["C"])
    assert all(update[button]["interactive"] for button in (tab.use, tab.adapt, *tab.saves.values()))


def test_an_epoch_that_was_not_finite_loses_nothing(tab):
    records = [RECORD, {**RECORD, "epoch": 1, "meta_loss": None, "rolled_back": True}]  # JSON knows no NaN
    epochs = tab.on_trained(SimpleNamespace(**{**TRAINED, "records": records}))[tab.trained].epochs
    assert epochs[0] == EPOCH and math.isnan(epochs[1].meta_loss) and epochs[1].rolled_back


@pytest.mark.parametrize(
    "change",
    [
        {"weights": None},
        {"weights": WEIGHTS[:400]},
        {"records": None},
        {"records": []},
        {"records": [RECORD] * 1001},
        {"records": [{**RECORD, "episodes": "many"}]},
        {"records": [{**RECORD, "usual": [1.0] * 99}]},
        {"records": [{"epoch": 1}]},
        {"settings": None},
        {"settings": {**SETTINGS.values(), "inner_lr": -1}},
    ],
)
def test_anything_else_is_one_sentence_and_changes_nothing(tab, change):
    update = tab.on_trained(SimpleNamespace(**{**TRAINED, **change}))
    assert list(update) == [tab.message] and 'role="alert"' in update[tab.message] and update[tab.message].count(". ") == 0
