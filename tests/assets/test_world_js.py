"""The world in JavaScript is the world in Python: the same step from the same state, the same reading of the sensors."""

import dataclasses

import numpy as np
import pytest

from model import World
from model.worlds.disturbances import NOISE_SD, Disturbances, episode_keys, gaussians, reversal_steps
from model.worlds.world import MAX_DELAY
from tests.assets.engine import numbers, run_check
from tests.assets.vectors import any_worlds, recorded_steps


def test_six_thousand_steps_in_thirty_worlds_move_and_read_as_in_python():
    generator = np.random.default_rng(0)
    worlds = any_worlds(30, generator)
    recorded = [recorded_steps(world, 200, generator) for world in worlds]
    runs = [{"world": dataclasses.asdict(world), "rows": given} for world, (given, _) in zip(worlds, recorded, strict=True)]
    differing = 0
    for (_, expected), got in zip(recorded, run_check("worldSteps", {"runs": runs}), strict=True):
        for a, b in zip(expected, got, strict=True):
            np.testing.assert_allclose(numbers(b["state"]), a["state"], rtol=1e-9, atol=1e-9)
            same_obs = np.array_equal(a["obs"], numbers(b["obs"]).astype(np.float32))
            differing += not (same_obs and all(a[name] == b[name] for name in ("applied", "lost", "fell")))
    # The states differ in their last bits: a reading halfway between two float32 may fall to either side.
    assert differing <= 2
    for info in World.fields():  # every value of every switch has been tried
        if isinstance(info.default, int):
            assert len({getattr(w, info.name) for w in worlds}) == info.maximum + 1


def test_a_key_draws_the_same_in_both_languages():
    """The key and what is drawn from it to the bit, Gaussians to the last digits of sine and logarithm."""
    generator = np.random.default_rng(1)
    words, steps, count, rate = generator.integers(2**32, size=(5, 3)), generator.integers(10**5, size=400), 7, 0.3
    periods = list(range(4))
    keys = episode_keys(*words.T)
    payload = {"keys": words.tolist(), "steps": steps.tolist(), "count": count, "periods": periods, "rate": rate}
    for i, drawn in enumerate(run_check("draws", payload)):
        key, own = np.repeat(keys[i], len(steps)), Disturbances(len(steps))
        own.set(np.arange(len(steps)), 1.0, rate, count)
        own.begin(np.arange(len(steps)), key)
        assert drawn["key"] == keys[i]
        np.testing.assert_allclose(numbers(drawn["noise"]), gaussians(key, steps).T * NOISE_SD, rtol=1e-12, atol=1e-14)
        assert drawn["lost"] == own.lost(steps).tolist() and drawn["turned"] == own.turned(steps).tolist()
        listed = reversal_steps(np.repeat(keys[i], 4), np.full(4, count), np.array(periods))[:count]
        assert drawn["reversals"] == listed.T.tolist()


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


@pytest.mark.parametrize("change", [{"pole_half_length": -1}, {"action_delay": 1.5}, {"action_delay": 6}, {"wind": 6.5}])
def test_a_world_out_of_bounds_is_refused_in_pythons_words_and_nothing_changes(change):
    (row,) = changes({"gravity": 5}, [{"action": 1, "change": change}])
    with pytest.raises(ValueError, match=next(iter(change))) as refusal:
        World(**change)
    assert row["error"] == str(refusal.value)
    assert row["world"] == {**dataclasses.asdict(World()), "gravity": 5} and row["kept"] == row["before"]
