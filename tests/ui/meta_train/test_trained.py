"""A training's curves and sentence say what its numbers say; so do its files."""

import csv
import io
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch

from model import MetaEpoch, StateSpaceModel
from model.maml.to_file import LOG_COLUMNS
from model.policy.checkpoint import serialise
from ui.runs.trained import Trained, model_from_bytes
from ui.training_settings import FIRST_RECIPE, RECIPES
from ui.views.training_figure import svg, training_figure
from ui.views.training_lines import lines, smoothed
from ui.views.training_seen import what_you_see

MODEL = StateSpaceModel(8, hidden_dim=8, generator=torch.Generator().manual_seed(0))
MINUTE = RECIPES[FIRST_RECIPE][1]
SETTINGS = replace(MINUTE, config=replace(MINUTE.config, num_epochs=12, long_episodes_share=0.5))
EPOCHS = tuple(
    MetaEpoch(i, -0.1 * i, 20.0, 57.0, (57.0,), 8 * i, 900 * i, 0.3 * i, i == 5, 200, (25.0, 35.0 + i), (15.0 - i, 25.0)) for i in range(12)
)


def test_what_was_made_here_comes_back():
    for data in (serialise(MODEL, {"settings": {"families": ["wind"]}}), safetensors.torch.save(MODEL.params())):
        again = model_from_bytes(data)
        assert all(torch.equal(p, again.params()[name]) for name, p in MODEL.params().items())


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


def epochs(usual, conflicting, n: int = 5, limit: int = 200, first: int = 0, rolled_back: bool = False) -> tuple[MetaEpoch, ...]:
    """n equal epochs with these returns before and after each step."""
    both = [s for s in (usual, conflicting) if s]
    before, after = (float(np.mean([s[i] for s in both])) for i in (0, -1))
    return tuple(
        MetaEpoch(first + i, 0.1, before, after, (after,), 8, 900, 0.3, rolled_back, limit, tuple(usual), tuple(conflicting))
        for i in range(n)
    )


def test_the_lines_are_the_returns_of_their_worlds():
    drawn = {line.label: line for line in lines(MINUTE, epochs((150.0, 160.0), (10.0, 90.0)))}
    assert {label: line.values[0] for label, line in drawn.items()} == {
        "usual motor, before": 150.0,
        "usual motor, after 1 step": 160.0,
        "reversed motor, before": 10.0,
        "reversed motor, after 1 step": 90.0,
    }
    assert drawn["reversed motor, before"].bold and not drawn["usual motor, before"].bold


def test_a_mean_never_mixes_two_step_limits():
    drawn = lines(MINUTE, (*epochs((200.0, 200.0), (10.0, 20.0)), *epochs((480.0, 500.0), (10.0, 300.0), 2, 500, first=5)))
    assert drawn[0].smooth.tolist() == [200.0] * 5 + [480.0] * 2


@pytest.mark.parametrize(
    ("usual", "conflicting", "says", "numbers"),
    [
        ((22, 21), (20, 23), "no better than random", (22, 20)),
        ((190, 188), (9, 11), "does not help yet", (190, 9)),
        ((120, 90), (10, 70), "begins to turn", (120, 10, 70)),
        ((197, 195), (10, 150), "far longer", (197, 10, 150)),
        ((197, 195), (10, 190), "turns the reversed motor around", (195, 10, 190)),
        ((199, 20), (10, 190), "then falls at once", (10, 190, 20)),
        ((197, 195), (190, 199), "before any gradient step", ()),
        ((100, 110), (90, 100), "after adaptation", (100, 90, 110)),
    ],
)
def test_the_sentence_is_the_one_that_the_numbers_make_true(usual, conflicting, says, numbers):
    seen = what_you_see(MINUTE, epochs(usual, conflicting))
    assert says in seen and all(f" {n}" in seen for n in numbers)
