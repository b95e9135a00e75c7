"""The scripts of assets/live/ in Chromium answer as they do in the engine that the other tests use, and as Python does."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from live_engine import file_bytes, numbers, run_check, sources
from vectors import any_worlds, fresh_generator, random_fall, record_of, recorded_steps, sway

from model import WORLDS, load_pretrained
from ui.views.live_config import live_config


@pytest.fixture(scope="module")
def in_chromium(browser):
    """in_chromium(check, payload): what checks.js returns there."""
    page = browser.new_page()
    for text in sources().values():
        page.add_script_tag(content=text)
    page.evaluate("config => ssmLive.configure(config)", live_config())
    yield lambda check, payload: page.evaluate("([check, payload]) => ssmChecks[check](payload)", [check, payload])
    page.close()


def test_the_world_moves_and_reads_as_in_python(in_chromium):
    generator = fresh_generator()
    worlds = any_worlds(12, generator)
    recorded = [recorded_steps(world, 40, generator) for world in worlds]
    runs = [{"world": dataclasses.asdict(world), "rows": given} for world, (given, _) in zip(worlds, recorded, strict=True)]
    for (_, expected), got in zip(recorded, in_chromium("worldSteps", {"runs": runs}), strict=True):
        for a, b in zip(expected, got, strict=True):
            assert numbers(b["state"]) == pytest.approx(a["state"], rel=1e-9, abs=1e-9)
            assert numbers(b["obs"]) == pytest.approx(a["obs"], rel=1e-6, abs=1e-9)
            assert (b["applied"], b["fell"]) == (a["applied"], a["fell"])


def test_policy_and_gradient_are_those_of_the_other_engine(in_chromium):
    generator, model = fresh_generator(), load_pretrained("meta")
    steps = {"jobs": [{"policy": file_bytes(model), "obs": sway(200, generator).tolist()}]}
    falls = [random_fall(model, length, generator, off_policy=length == 9) for length in (5, 9, 120)]
    learnt = {"jobs": [{"policy": file_bytes(model), "record": record_of(fall)} for fall in falls], "lr": 0.25}
    for check, payload, key in (("policySteps", steps, "outputs"), ("innerSteps", learnt, "norm")):
        here, there = in_chromium(check, payload), run_check(check, payload)
        here, there = (rows[0] if check == "policySteps" else rows for rows in (here, there))
        for a, b in zip(here, there, strict=True):
            assert numbers(a[key]) == pytest.approx(numbers(b[key]), rel=1e-9)
            assert check == "policySteps" or all(np.allclose(a["params"][n], b["params"][n], rtol=1e-6) for n in a["params"])


def test_a_fall_is_learnt_from(in_chromium):
    starts = np.random.default_rng(3).uniform(-0.05, 0.05, (4, 4)).tolist()
    runs = [{"world": dataclasses.asdict(WORLDS[name]), "starts": starts} for name in ("standard", "reversed_motor")]
    standard, reversed_motor = in_chromium("closedRuns", {"policy": file_bytes(load_pretrained("meta")), "runs": runs})
    assert standard == {"events": ["stands"], "lengths": [500]}
    assert reversed_motor["events"] == ["learnt", "stands"] and reversed_motor["lengths"][0] < 15
