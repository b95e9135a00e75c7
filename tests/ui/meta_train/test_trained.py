"""What a visitor can download, and what the page takes back."""

from __future__ import annotations

import csv
import io
import json
import pickle
import struct
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch

from model import CheckpointError, MetaEpoch, StateSpaceModel
from model.maml.to_file import LOG_COLUMNS
from model.policy.checkpoint import serialise
from ui.runs.trained import MAX_UPLOAD, Trained, model_from_bytes
from ui.training_settings import FIRST_RECIPE, RECIPES
from ui.views.training_figure import svg, training_figure
from ui.views.training_lines import smoothed

MODEL = StateSpaceModel(8, hidden_dim=8, generator=torch.Generator().manual_seed(0))
MINUTE = RECIPES[FIRST_RECIPE][1]
SETTINGS = replace(MINUTE, config=replace(MINUTE.config, num_epochs=12, long_episodes_share=0.5))
EPOCHS = tuple(
    MetaEpoch(i, -0.1 * i, 20.0, 57.0, (57.0,), 8 * i, 900 * i, 0.3 * i, i == 5, 200, (25.0, 35.0 + i), (15.0 - i, 25.0)) for i in range(12)
)


def altered(change) -> bytes:
    """A checkpoint with its tensors changed."""
    tensors = MODEL.params()
    change(tensors)
    return safetensors.torch.save(tensors, metadata={"model": json.dumps({"sizes": MODEL.sizes})})


def with_sizes(sizes) -> bytes:
    return safetensors.torch.save(MODEL.params(), metadata={"model": json.dumps({"sizes": sizes})})


def test_what_was_made_here_comes_back():
    for data in (serialise(MODEL, {"settings": {"families": ["wind"]}}), safetensors.torch.save(MODEL.params())):
        again = model_from_bytes(data)
        assert all(torch.equal(p, again.params()[name]) for name, p in MODEL.params().items())


HUGE = json.dumps({"A": {"dtype": "F32", "shape": [10**6, 10**5], "data_offsets": [0, 4 * 10**11]}}).encode()


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"not a checkpoint", "can't be read"),
        (pickle.dumps({"A": 1}), "can't be read"),
        (struct.pack("<Q", len(HUGE)) + HUGE, "can't be read"),
        (serialise(MODEL)[:-40], "can't be read"),
        (safetensors.torch.save(MODEL.params(), metadata={"model": "[" * 5000}), "can't be read"),
        (bytes(MAX_UPLOAD + 1), "1 MB"),
        (None, "1 MB"),
        (safetensors.torch.save(StateSpaceModel(100, hidden_dim=8).params()), "state_dim"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n", "Git LFS pointer"),
        (with_sizes([8, 4, 4, 8]), "state_dim"),
        (with_sizes({**MODEL.sizes, "state_dim": 10**9}), "state_dim"),
        (with_sizes({**MODEL.sizes, "state_dim": True}), "state_dim"),
        (with_sizes({**MODEL.sizes, "hidden_dim": 9}), "shape"),
        (altered(lambda t: t.pop("A")), "parameter A"),
        (altered(lambda t: t.update(extra=torch.zeros(1))), "extra"),
        (altered(lambda t: t["A"].fill_(float("nan"))), "finite"),
        (altered(lambda t: t.update(A=t["A"].long())), "float32"),
    ],
)
def test_anything_else_is_one_sentence(data, named):
    with pytest.raises(CheckpointError, match=named) as error:
        model_from_bytes(data)
    assert "\n" not in str(error.value) and "/tmp" not in str(error.value)


def test_the_log_is_that_of_the_shipped_weights():
    rows = list(csv.DictReader(io.StringIO(Trained(b"", MODEL, SETTINGS, EPOCHS).log().decode())))
    assert tuple(rows[0]) == LOG_COLUMNS and len(rows) == 12
    assert rows[5]["rolled_back"] == "True" and float(rows[3]["return_after"]) == 57.0


def test_the_figure_shows_the_curves_and_the_step_limit():
    figure = training_figure(EPOCHS, SETTINGS)
    drawn = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    assert np.allclose(drawn["usual motor, after 1 step"], smoothed([e.usual[-1] for e in EPOCHS]))
    assert np.allclose(drawn["reversed motor, before"], smoothed([e.conflicting[0] for e in EPOCHS]))
    assert any(list(line.get_ydata()) == [200, 200, 500, 500] for line in figure.axes[0].lines) and "rolled back" in drawn
    assert ElementTree.fromstring(svg(figure)).tag.endswith("svg")
