"""The world in JavaScript is the world in Python: the same step from the same state, the same reading of the sensors."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from live_engine import SCRIPT_FILES, numbers, run_check
from vectors import any_worlds, fresh_generator, recorded_steps

from model import WORLDS, World, WorldCartPole
from model.worlds.cartpole import MAX_DELAY, START_RANGE
from ui.views.live_config import live_config

TRIED = 30


def compare_steps(faults=None, steps: int = 335) -> tuple[float, int]:
    """Over TRIED worlds: the largest difference of a state, relative to its size from 1 on, and how many other readings differ."""
    generator = fresh_generator()
    worlds = any_worlds(TRIED, generator)
    recorded = [recorded_steps(world, steps, generator) for world in worlds]
    runs = [{"world": dataclasses.asdict(world), "rows": given} for world, (given, _) in zip(worlds, recorded, strict=True)]
    furthest, differing = 0.0, 0
    for (_, expected), got in zip(recorded, run_check("worldSteps", {"runs": runs}, faults), strict=True):
        for a, b in zip(expected, got, strict=True):
            gap = np.abs(a["state"] - numbers(b["state"])) / np.maximum(np.abs(a["state"]), 1)
            furthest = max(furthest, float(gap.max()))
            same_obs = np.array_equal(a["obs"], numbers(b["obs"]).astype(np.float32))
            differing += not (same_obs and a["applied"] == b["applied"] and a["fell"] == b["fell"])
    return furthest, differing


def test_ten_thousand_steps_in_thirty_worlds_move_and_read_as_in_python():
    furthest, differing = compare_steps()
    assert furthest < 1e-9
    # The states differ in their last bits: a reading halfway between two float32 may fall to either side.
    assert differing <= 2


def test_the_tried_worlds_hold_every_value_of_every_switch():
    worlds = any_worlds(TRIED, fresh_generator())
    for info in World.fields():
        values = {getattr(w, info.name) for w in worlds}
        if isinstance(info.default, int):
            assert len(values) == info.maximum + 1 if not isinstance(info.default, bool) else values == {False, True}


FAULTS = {
    "left is right": ("2 * action - 1", "1 - 2 * action"),
    "delay off by one": ("sim.clock - w.action_delay +", "sim.clock - w.action_delay - 1 +"),
    "wind against": ("+ w.wind +", "- w.wind +"),
    "no push": ("w.wind + force +", "w.wind +"),
    "the new velocity moves the cart": ("x + tau * x_dot", "x + tau * (x_dot + tau * linear)"),
    "bias mirrored": ("mirror * theta + angle_bias", "mirror * (theta + angle_bias)"),
    "the reversed motor is not": ("w.reversed_motor ?", "!w.reversed_motor ?"),
    "a dead sensor sees": ("mirror * sees * theta_dot", "mirror * theta_dot"),
    "actions outlive their episode": ("sim.pending.fill(0);", ""),
    "total mass without the pole": ("w.pole_mass + w.cart_mass", "w.cart_mass"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_world_shows(fault):
    furthest, differing = compare_steps({"world.js": FAULTS[fault]}, steps=20)
    assert furthest > 1e-9 or differing > 2


def test_a_fault_in_pythons_sensors_shows(monkeypatch):
    monkeypatch.setattr(WorldCartPole, "observe", lambda env: (env.sensor_gain * env.state).T.astype(np.float32))  # no bias
    assert compare_steps(steps=20)[1] > 2


def test_a_fault_in_pythons_motor_shows(monkeypatch):
    honest = WorldCartPole._net_force

    def early(env, push):
        late, env.delay = env.delay, (env.delay - 1).clip(0)
        force, env.delay = honest(env, push), late
        return force

    monkeypatch.setattr(WorldCartPole, "_net_force", early)
    assert compare_steps(steps=20)[1] > 2


def changes(world: dict, rows: list[dict]) -> list[dict]:
    return run_check("changes", {"world": world, "rows": rows})


def test_a_change_while_it_runs_keeps_the_state_and_acts_on_the_next_step():
    before, after = changes({}, [{"action": 1}, {"action": 1, "change": {"reversed_motor": True, "force_mag": 7}}])
    assert before["applied"] == 10 and after["applied"] == -7
    assert after["kept"] == after["before"] and after["world"]["reversed_motor"] is True and after["world"]["gravity"] == 9.8


def test_actions_under_way_arrive_unless_the_delay_itself_changes():
    keeps = changes({"action_delay": 2}, [{"action": a, "change": {"gravity": 5.0 + k}} for k, a in enumerate([1, 0, 1, 1, 0])])
    assert [row["applied"] for row in keeps] == [0, 0, 10, -10, 10]
    for new in range(MAX_DELAY + 1):
        rows = [{"action": 1}] * 7 + [{"action": 0, "change": {"action_delay": new}}] + [{"action": 0}] * 6
        applied = [row["applied"] for row in changes({"action_delay": 3}, rows)][7:]
        under_way = [10.0] * 3 if new == 3 else [0.0] * new
        assert applied == under_way + [-10.0] * (7 - new)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pole_half_length": -1}, "pole_half_length must be between 0.05 and 2 m, got -1"),
        ({"action_delay": 1.5}, "action_delay must be a whole number between 0 and 5 steps, got 1.5"),
        ({"reversed_motor": 1}, "reversed_motor must be true or false, got 1"),
        ({"gravity": "9"}, "gravity must be between 1 and 30 m/s^2, got 9"),
        ({"gravity": 5, "colour": 1}, "world has no field colour"),
    ],
)
def test_a_world_out_of_bounds_is_refused_in_one_sentence_and_nothing_changes(change, says):
    (row,) = changes({"wind": 1}, [{"action": 1, "change": change}])
    assert row["error"] == says and row["world"] == {**dataclasses.asdict(World()), "wind": 1}


def test_python_refuses_the_same_in_the_same_words():
    with pytest.raises(ValueError, match=r"^action_delay must be a whole number between 0 and 5 steps, got 1.5$"):
        World(action_delay=1.5)


def test_starts_are_spread_over_the_range_and_repeat_with_their_seed():
    starts = numbers(run_check("starts", {"seed": 7, "count": 2000}))
    assert np.abs(starts).max() < START_RANGE
    assert np.abs(starts.mean(0)).max() < 0.1 * START_RANGE
    assert np.abs(starts.std(0) / (START_RANGE / 3**0.5) - 1).max() < 0.05
    assert np.abs(np.corrcoef(starts.T) - np.eye(4)).max() < 0.1
    again, other = (numbers(run_check("starts", {"seed": seed, "count": 2000})) for seed in (7, 8))
    assert np.array_equal(starts, again) and not np.isin(starts, other).any()


def test_what_is_emitted_is_what_python_holds():
    config = live_config()
    assert {name: World(**row["fields"]) for name, row in config["worlds"].items()} == dict(WORLDS)
    assert [f["name"] for f in config["fields"]] == [f.name for f in dataclasses.fields(World)]
    assert {f["kind"] for f in config["fields"]} == {"bool", "int", "float"}


def test_no_number_of_the_science_is_typed_in_javascript():
    allowed = {
        "world.js": "0 1 2 3 4 7 14 15 32 40 61 0x6d2b79f5",  # 4 / 3: a rod's moment; a generator of 32 bits; characters of a name
        "policy.js": "0 1 2 4 8 40 0x20",  # bytes of a float and of a length; characters of a name
        "learn.js": "0 1 2 3 1e-8",
        "protocol.js": "0 1",
    }
    for path in SCRIPT_FILES:
        code = re.sub(r"//.*", "", path.read_text())
        found = set(re.findall(r"(?<![\w.])(?:0x[\da-f]+|\d+(?:\.\d+)?(?:e-?\d+)?)", code))
        assert found <= set(allowed[path.name].split()), path.name
