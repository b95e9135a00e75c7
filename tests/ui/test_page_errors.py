"""Whatever a visitor gets wrong, in whichever field of whichever tab, the page says in one plain sentence, beside that field."""

import html
import json
import math
import pickle
import re
import struct
from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest
import safetensors.torch
import torch

from model import StateSpaceModel
from model.policy.checkpoint import serialise
from ui.links import MAKERS_ONLY
from ui.tabs.adapt import AdaptTab
from ui.tabs.compare import CompareTab
from ui.tabs.meta_train import MetaTrainTab
from ui.tabs.play import PlayTab, first_session
from ui.training_settings import TRAIN, check_settings
from ui.views.messages import field_class, problem

BAD = (None, "", "abc", "a_b [1]", "yours", "x" * 5000, -1e9, 1e9, 1.5, 10**400, math.nan, math.inf, True, [], [1], ["a_b"], {"a": 1})
LONGEST = 200  # characters
FIRST = first_session()
MODEL = StateSpaceModel(8, hidden_dim=8, generator=torch.Generator().manual_seed(0))


def sentence(message: str) -> tuple[str, str]:
    """What a problem says, and the class of the field that it is put beside; empty where there is none."""
    found = re.search(r'<p class="problem" role="alert"(?: data-field="([\w-]+)")?>(.*?)</p>', message, re.DOTALL)
    return (html.unescape(found[2]), found[1] or "") if found else ("", "")


def is_plain(text: str) -> bool:
    """One short sentence without anything of a program's."""
    ended = text.endswith(".") and not re.search(r"[.!?] [A-Z]", text)
    return (
        ended
        and text[0].isupper()
        and len(text) <= LONGEST
        and not re.search(r"[_\[\]{}()<>\"]|(?<!\w)'|'(?!\w)|\b(None|True|False|nan|inf)\b", text)
    )


Act = Callable[[list], str]
Fields = list[tuple[Any, Act, int, list]]


@pytest.fixture(scope="module")
def tabs() -> dict[str, Any]:
    """The page's tabs by their names in a link."""
    with gr.Blocks(), gr.Tab() as tab:
        session = gr.State(FIRST)
        return {
            "play": PlayTab(session, FIRST, tab),
            "adapt": AdaptTab(session, tab),
            "compare": CompareTab(session, tab),
            "meta-train": MetaTrainTab(session),
        }


@pytest.fixture(scope="module")
def fields(tabs) -> dict[str, Fields]:
    """For each tab: a control, what the page says to a list of values, the control's place in them, and values that are right."""
    play, adapt, compare, meta = tabs.values()

    def train(values: list) -> str:
        try:
            check_settings(dict(zip(TRAIN, values, strict=True)))
        except ValueError as error:
            return problem(error)
        return ""

    def each(controls: list, act: Act) -> Fields:
        good = [control.value for control in controls]
        return [(control, act, i, good) for i, control in enumerate(controls)]

    episodes = [play.episodes, *play.inputs]
    return {
        "play": each(play.inputs, lambda v: play.played(FIRST, *v)[play.message])
        + each(episodes, lambda v: play.verified(FIRST, *v)[play.message])[:1],
        "adapt": each(adapt.controls.inputs, lambda v: adapt.looked(None, None, FIRST, *v).get(adapt.message, "")),
        "compare": each(compare.inputs, lambda v: compare.shown(FIRST, None, *v).get(compare.message, "")),
        "meta-train": each(meta.controls.inputs, train),
    }


@pytest.mark.parametrize("tab", ["play", "adapt", "compare", "meta-train"])
def test_every_bad_value_of_every_field_is_one_plain_sentence_beside_it(fields, tab):
    for control, act, i, good in fields[tab]:
        assert i > 0 or sentence(act(good))[0] == ""  # once for each handler: it plays or adapts
        refused = 0
        for bad in BAD:
            text, beside = sentence(act([*good[:i], bad, *good[i + 1 :]]))
            if text:
                refused += 1
                assert is_plain(text), text
                assert beside in control.elem_classes, (control.label, text)
                named = re.sub(r" \(.*", "", control.label)
                assert text.startswith(named) or beside == field_class("racers"), (named, text)
        assert refused >= len(BAD) // 2, control.label


def altered(change: Callable[[dict], Any] = lambda tensors: None, sizes: Any = None) -> bytes:
    """A checkpoint with its tensors or its sizes changed."""
    tensors = {name: p.detach().clone() for name, p in MODEL.named_parameters()}
    change(tensors)
    return safetensors.torch.save(tensors, metadata={"model": json.dumps({"sizes": sizes or MODEL.sizes})})


HUGE = json.dumps({"A": {"dtype": "F32", "shape": [10**6, 10**5], "data_offsets": [0, 4 * 10**11]}}).encode()
UPLOADS = {
    "a text": b"not a checkpoint",
    "a pickle": pickle.dumps({"A": 1}),
    "a header that promises 400 GB": struct.pack("<Q", len(HUGE)) + HUGE,
    "metadata without end": safetensors.torch.save(MODEL.params(), metadata={"model": "[" * 5000}),
    "nothing": b"",
    "truncated": serialise(MODEL)[:-40],
    "too large": bytes(1_000_001),
    "no bytes": None,
    "no sizes": safetensors.torch.save({"x": torch.zeros(1)}),
    "a pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n",
    "sizes of another kind": altered(sizes=[8, 4]),
    "a huge state": altered(sizes={**MODEL.sizes, "state_dim": 10**9}),
    "a state that is no number": altered(sizes={**MODEL.sizes, "state_dim": "a_b"}),
    "five sensors": altered(sizes={**MODEL.sizes, "input_dim": 5}),
    "other sizes": altered(sizes={**MODEL.sizes, "hidden_dim": 9}),
    "a parameter too few": altered(lambda t: t.pop("mix_weight")),
    "a parameter too many": altered(lambda t: t.update(extra_one=torch.zeros(1))),
    "weights that are no numbers": altered(lambda t: t["mix_weight"].fill_(math.nan)),
    "weights of another kind": altered(lambda t: t.update(A=t["A"].to(torch.float8_e4m3fn))),
    "weights that are whole numbers": altered(lambda t: t.update(A=t["A"].long())),
}


def test_every_bad_upload_is_one_plain_sentence_beside_the_button(tabs):
    tab, said = tabs["meta-train"], set()
    for name, data in UPLOADS.items():
        text, beside = sentence(tab.on_upload(data, "browser")[tab.message])
        assert is_plain(text) and beside in tab.upload.parent.elem_classes, (name, text)
        said.add(text)
    assert len(said) >= 8  # they tell the cases apart


def opened(tabs: dict[str, Any], query: str) -> tuple[Any, dict]:
    """The tab that a link's query opens, and what becomes of it."""
    params = dict(part.split("=", 1) for part in query.split("&"))
    tab = tabs[params["tab"]]
    return tab, tab.opened(FIRST, params)


LINKS = (
    "world=a_b", "seed=a_b", "wind=99", "world=moon&wind=1", "policy=a_b", "actions=None", "seed=" + "9" * 2000, "policy=" + "x" * 2000,
    "velocity_sensors=maybe",
)  # fmt: skip
ADAPT_LINKS = ("mode=a_b", "start=a_b", "num_adapt_steps=99", "fresh_step=perhaps", "adapt_lr=nan", "start=" + "x" * 3000)
RACE_LINKS = ("race=a_b", "race=meta_meta", "steps=9", "race=" + "meta_" * 9)


@pytest.mark.parametrize(
    "query",
    [f"tab=play&{q}" for q in LINKS]
    + [f"tab=adapt&{q}" for q in (*LINKS[:4], *ADAPT_LINKS)]
    + [f"tab=compare&{q}" for q in (*LINKS[:4], *RACE_LINKS)],
)
def test_a_link_that_is_wrong_says_so_in_one_plain_sentence(tabs, query):
    tab, update = opened(tabs, query)
    text, _ = sentence(update[tab.message])
    assert text.startswith("This link") and is_plain(text), text


@pytest.mark.parametrize(
    ("query", "then"),
    [
        ("tab=adapt&start=meta", "adapt-run"),
        ("tab=adapt&start=yours", ""),
        ("tab=adapt&start=yours&world=custom&wind=2", ""),
        ("tab=compare&race=memory_meta", "race-run"),
        ("tab=compare&race=memory_yours.standard_meta.standard", ""),
    ],
)
def test_a_link_from_a_policy_that_only_its_maker_has_says_so_and_makes_no_result(tabs, query, then):
    tab, update = opened(tabs, f"{query}&ran=1")
    assert (MAKERS_ONLY in update.get(tab.message, "")) is not bool(then)
    assert update[tab.state.box]["then"] == then
