"""Pinned runs: each line is the run's own numbers, the seventh makes room, a forgotten visit is told."""

from __future__ import annotations

import csv
import io
import threading
from dataclasses import replace

import gradio as gr
import pytest

from model import WORLDS
from ui.fields import AdaptSettings
from ui.runs.adaptation import adapt
from ui.runs.policies import shared_model
from ui.tabs.adapt.pins_part import PinsPart
from ui.tabs.adapt.use_part import EXPIRED
from ui.views.pins import MOST, pinned, pins_chart, pins_csv, pins_table


@pytest.fixture(scope="module")
def run():
    settings = AdaptSettings(WORLDS["reversed_motor"], mode="both", num_adapt_steps=1, episodes_per_step=3)
    *_, last = adapt(settings, shared_model("meta"), threading.Event())
    return last


def again(run, name: str):
    return replace(run, id=name, curves=run.curves[:1])


def test_a_line_for_each_mode_is_the_runs_own_numbers(run):
    pins = pinned((), run)
    assert [(p.number, p.mode) for p in pins] == [(1, "standard"), (2, "hybrid")]
    chart = pins_chart(pins)
    assert "environment steps" in chart["x"]["title"]
    for series, curve, pin in zip(chart["series"], run.curves, pins, strict=True):
        assert series["x"] == [p.env_steps for p in curve.points] and series["x"][1] > 0
        assert series["y"] == [round(float(p.returns.mean()), 4) for p in curve.points]
        assert series["mark"] == str(pin.number) and series["label"] == pin.label
    assert chart["x"]["range"] == [0, max(c.last.env_steps for c in run.curves)]


def test_the_table_says_what_standing_cost_and_how_to_make_the_run_again(run):
    pins = pinned((), again(run, "a"))
    table = pins_table(pins)
    last = run.curves[0].last
    assert last.returns.mean() >= 475 and f"<td>{last.env_steps:,}</td>" in table
    assert 'href="?' in table and "tab=adapt" in table and "ran=1" in table
    fallen = replace(pins[0], points=pins[0].points[:1])
    assert fallen.cost is None and "never stood" in pins_table([fallen])


def test_the_oldest_makes_room_and_numbers_are_never_used_twice(run):
    pins = ()
    for i in range(MOST + 1):
        pins = pinned(pins, again(run, str(i)))
    assert [p.number for p in pins] == list(range(2, MOST + 2))
    lines = [tuple(s["dash"]) for s in pins_chart(pins)["series"]]
    assert len(set(lines)) == MOST and [tuple(s["dash"]) for s in pins_chart(pins[2:])["series"]] == lines[2:]
    with pytest.raises(ValueError, match="pinned already"):
        pinned(pins, again(run, str(MOST)))


def test_the_file_holds_every_point(run):
    pins = pinned((), run)
    rows = list(csv.DictReader(io.StringIO(pins_csv(pins).decode())))
    assert [(int(r["run"]), int(r["step"])) for r in rows] == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert [float(r["return_mean"]) for r in rows] == [float(p.returns.mean()) for c in run.curves for p in c.points]


def test_a_forgotten_run_is_told_and_what_nobody_offered_is_not_shown(run):
    with gr.Blocks():
        part = PinsPart()
    pins = pinned((), run)
    assert EXPIRED[:30] in part._pin(pins, None, run.id)[part.message]
    assert part._pin((), again(run, "x"), "x")[part.pins] == pinned((), again(run, "x"))
    assert [s["mark"] for s in part._show(pins, [2, 99, "1"])["series"]] == ["2"]
    assert part._show(pins, None)["series"] == []
    assert "forgotten" in part._save(())[part.message]
