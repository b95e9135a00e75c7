"""What the tab becomes at each moment of a training, on the server or in a browser, and what can be done with its model."""

import base64
import math
from dataclasses import asdict, replace
from types import SimpleNamespace
from urllib.parse import parse_qsl

import gradio as gr
import pytest

from model import MetaEpoch
from model.policy.checkpoint import serialise
from tests.assets.engine import run_javascript
from ui.runs.policies import shared_model
from ui.runs.trained import model_from_base64
from ui.runs.training import TrainingState
from ui.server.session import Session
from ui.tabs.meta_train import MetaTrainTab
from ui.tabs.training_controls import QUERY, READ
from ui.training_settings import FIRST_RECIPE, RECIPES, MetaSettings, check_settings, place_from_query, settings_from_query

SETTINGS = RECIPES[FIRST_RECIPE][1]
EPOCHS = tuple(MetaEpoch(i, 0.1, 20.0, 30.0, (30.0,), 8, 900, 0.3, i == 1, 200, (20.0, 20.0), (10.0, 15.0)) for i in range(3))
TRAINING = TrainingState(SETTINGS, "training", seconds=10.0, epochs=EPOCHS[:2])
CHECK = {"steps": [0, 1], "returns": [[[9.0, 9.0]] * 8, [[500.0, 480.0]] * 8], "worlds": [], "problem": None, "seconds": 1.0}
DONE = replace(TRAINING, phase="done", epochs=EPOCHS, ended="epochs", best=serialise(shared_model("meta")), check=CHECK)


@pytest.fixture(scope="module")
def tab() -> MetaTrainTab:
    with gr.Blocks():
        return MetaTrainTab(gr.State(Session()))


def test_its_curves_grow_and_its_buttons_follow(tab):
    first = tab.updates(TRAINING)
    assert not first[tab.train]["interactive"] and first[tab.stop]["interactive"]
    assert "Training." in first[tab.message] and "2 of 60" in first[tab.numbers] and tab.models["server"].trained not in first
    labels = [f"{motor} motor, {when}" for motor in ("usual", "reversed") for when in ("before", "after 1 step")]
    assert [s["label"] for s in first[tab.returns]["chart"]["series"]] == labels
    later = tab.updates(replace(TRAINING, seconds=11.0), TRAINING)
    assert "11 s" in later[tab.numbers] and tab.returns not in later and tab.player not in later
    assert len(tab.updates(replace(TRAINING, epochs=EPOCHS), TRAINING)[tab.returns]["records"]) == 3


def test_its_end_leaves_a_model_to_use(tab):
    last = tab.updates(DONE, TRAINING)
    assert last[tab.train]["interactive"] and not last[tab.stop]["interactive"]
    assert all(last[button]["interactive"] for button in tab.models["server"].outputs[1:])
    assert "In 8 " in last[tab.check] and "8 of 8" in last[tab.check] and len(last[tab.player]["episodes"]) == 4
    assert last[tab.models["server"].trained].model.sizes == shared_model("meta").sizes and set(last) <= set(tab.outputs)


def test_an_end_without_a_model_says_why(tab):
    last = tab.updates(TrainingState(SETTINGS, "done", ended="stopped", problem="The training process ended unexpectedly."))
    assert 'role="alert"' in last[tab.message] and last[tab.train]["interactive"] and not set(last) & set(tab.models["server"].outputs)


def test_an_upload_can_be_used_and_saved_again(tab):
    before, place = shared_model("meta").params(), tab.models["server"]
    answer = tab.on_upload(serialise(shared_model("standard")), "server")
    assert "6,744 parameters" in answer[tab.message] and answer[place.use]["interactive"]
    assert all(p.equal(shared_model("meta").params()[name]) for name, p in before.items())  # the visitor's own changes no other's
    assert [answer[button]["interactive"] for button in place.saves.values()] == [True, False, False]
    assert place.on_save("checkpoint", answer[place.trained])[place.file].value
    assert 'role="alert"' in place.on_save("log", answer[place.trained])[tab.message]
    refused = tab.on_upload(b"<script>", "server")
    assert set(refused) == {tab.message} and 'role="alert"' in refused[tab.message] and "<script>" not in refused[tab.message]


def link(settings: MetaSettings, place: str) -> tuple[str, str]:
    """The link that the browser writes, and the recipe that it says these settings are."""
    values = [*settings.values().values(), place]
    return run_javascript({}, f"return [({QUERY})(...payload), ({READ})(payload).recipe];", values)


@pytest.mark.parametrize("name", RECIPES)
def test_the_browser_writes_a_recipe_as_a_short_link(name):
    assert link(RECIPES[name][1], "browser") == [f"tab=meta-train&recipe={name}", name]


OTHERS = [
    {"families": ["wind", "angle_bias"], "seed": 9, "time_budget": 12.5},
    {"outer_lr": 0.00003, "first_order": True, "num_epochs": 3},
    {"start": "meta", "inner_steps": 0, "hidden_dim": 8, "state_dim": 4, "discount_factor": 0.97},
]


@pytest.mark.parametrize("other", OTHERS)
def test_a_link_that_the_browser_writes_gives_the_training_back(other):
    settings = check_settings({**SETTINGS.values(), **other})
    written, recipe = link(settings, "server")
    query = dict(parse_qsl(written))
    assert settings_from_query(query) == settings and place_from_query(query) == "server" and recipe == "custom"


RECORD = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(EPOCHS[0]).items()}
WEIGHTS = base64.b64encode(serialise(shared_model("meta"))).decode()
TRAINED = {"weights": WEIGHTS, "records": [RECORD, {**RECORD, "epoch": 1}], "settings": SETTINGS.values()}


def asked(tab: MetaTrainTab, **changes) -> dict:
    return tab.on_ask(Session(), *({**SETTINGS.values(), **changes}.values()))


def test_settings_come_back_checked_with_the_weights_to_start_from(tab):
    given = asked(tab, seed=7, families=["wind"])[tab.here]
    settings = given["settings"]
    assert settings["config"]["seed"] == 7 and len(settings["chart"]["series"]) == 2 and "weights" not in given
    assert check_settings(settings["values"]).config == replace(SETTINGS.config, seed=7)
    weights = asked(tab, start="meta")[tab.here]["weights"]
    assert model_from_base64(weights).params()["A"].equal(shared_model("meta").params()["A"])
    refused = asked(tab, inner_lr=-1)
    assert "field-inner-lr" in refused[tab.message] and tab.here not in refused


def test_what_it_trained_is_as_good_as_what_the_server_has(tab):
    update, place = tab.on_trained(SimpleNamespace(**TRAINED)), tab.models["browser"]
    trained = update[place.trained]
    assert trained.epochs[0] == EPOCHS[0] and len(trained.log().splitlines()) == 3 and trained.settings == SETTINGS
    assert model_from_base64(WEIGHTS).params()["C"].equal(trained.model.params()["C"])
    assert all(update[button]["interactive"] for button in place.outputs[1:])


def test_what_one_place_makes_leaves_the_others_model_and_buttons_alone(tab):
    data = serialise(shared_model("standard"))
    made = {
        "browser": tab.on_trained(SimpleNamespace(**TRAINED)).keys() | tab.on_upload(data, "browser").keys(),
        "server": tab.updates(DONE, TRAINING).keys() | tab.on_upload(data, "server").keys(),
    }
    assert made["browser"] & made["server"] == {tab.message}
    assert all(made[place] >= set(buttons.outputs) for place, buttons in tab.models.items())


def test_an_epoch_that_was_not_finite_loses_nothing(tab):
    records = [RECORD, {**RECORD, "epoch": 1, "meta_loss": None, "rolled_back": True}]  # JSON knows no NaN
    epochs = tab.on_trained(SimpleNamespace(**{**TRAINED, "records": records}))[tab.models["browser"].trained].epochs
    assert epochs[0] == EPOCHS[0] and math.isnan(epochs[1].meta_loss) and epochs[1].rolled_back


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
