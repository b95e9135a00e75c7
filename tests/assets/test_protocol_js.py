"""Learning live: the rules in JavaScript and in Python take the same falls to the same parameters, and each rule does what it says."""

import base64
import dataclasses

import numpy as np
import pytest
import safetensors.torch

from model import WORLDS, load_pretrained, sample_worlds
from model.experiments.live_study import GIVEN_UP, STANDS, live_rounds
from model.maml.live_rules import LiveRules
from model.policy.inputs import with_previous_push
from model.policy.params import with_task_axis
from model.rl.rollout import collect
from model.worlds.cartpole import MAX_EPISODE_STEPS
from model.worlds.named import BREAK_SET
from tests.assets.engine import file_bytes, numbers, run_check
from tests.model.made_up import random_model

RULES = LiveRules()
ENDS = (STANDS, GIVEN_UP)
M = 16  # worlds


@pytest.fixture(scope="module")
def rounds() -> list:
    """The protocol in Python in M worlds that fell the starting weights, each until it first stands or is given up.

    The worlds: the break set, and others outside the training ranges.
    """
    seed, model = 1, load_pretrained("meta")
    outside = sample_worlds("validation_outside", 150, seed)
    lengths = collect(with_task_axis(model.params()), outside, 1, np.random.default_rng(seed), greedy=True).lengths[:, 0]
    worlds = [WORLDS[name] for name in BREAK_SET] + [w for w, steps in zip(outside, lengths, strict=True) if steps < MAX_EPISODE_STEPS]
    worlds = worlds[:M]
    rounds, running = [], np.ones(M, dtype=bool)
    for done in live_rounds(model, worlds, RULES, np.random.default_rng(seed)):
        rounds.append(done)
        running &= ~np.isin(done.event, ENDS)
        if not running.any():
            break
    return rounds


def length_of(done, i: int) -> int:
    return int(done.episodes.lengths[i, 0])


def agrees(row: dict, done, i: int) -> bool:
    """Whether an episode in JavaScript took the same actions (but for ties) to the same event, norm and parameters."""
    params = safetensors.torch.load(base64.b64decode(row["policy"]))
    gap = max(float((params[name] - p[i]).abs().max()) for name, p in done.params.items())
    ties = np.abs(numbers(row["margins"])) < 1e-6
    same_actions = numbers(row["actions"]) == done.episodes.actions[i, 0, : length_of(done, i)].numpy()
    return bool((ties | same_actions).all()) and row["event"] == done.event[i] and gap < 1e-5 and abs(row["norm"] - done.norm[i]) < 1e-4


def test_led_through_the_same_falls_both_come_to_the_same_parameters(rounds):
    """Each world until it first stands or is given up; what was observed and when it fell are those of Python."""
    ends = [next(k for k, done in enumerate(rounds) if done.event[i] in ENDS) for i in range(M)]
    runs = [
        [
            {"obs": done.episodes.obs[i, 0, : length_of(done, i)].tolist(), "fell": bool(done.event[i] != STANDS)}
            for done in rounds[: end + 1]
        ]
        for i, end in enumerate(ends)
    ]
    falls = 0
    for i, rows in enumerate(run_check("ledRuns", {"policy": file_bytes(load_pretrained("meta")), "runs": runs})):
        assert all(agrees(row, done, i) for row, done in zip(rows, rounds[: ends[i] + 1], strict=True))
        falls += sum(row["event"] != STANDS for row in rows)
    assert falls >= 50


def orders(*given: dict, world: str = "standard", **options) -> dict:
    fields = dataclasses.asdict(WORLDS[world])
    options = {"policy": file_bytes(load_pretrained("meta")), "seed": 3, "learning": True, **options}
    return run_check("orders", {"world": fields, "orders": list(given), **options})


def types(result: dict) -> list[str]:
    return [event["type"] for event in result["events"]]


def test_the_reversed_motor_is_learnt_from_one_fall():
    done = orders({"steps": 520}, world="reversed_motor")
    fell, learnt, stands = done["events"]
    assert types(done) == ["fell", "learnt", "stands"]
    assert fell["steps"] == learnt["steps"] <= 12 and fell["fall"] == learnt["fall"] == 1 and fell["cause"] == "own"
    assert (
        fell["ending"] == "pole"
        and learnt["update"] == 1
        and learnt["norm"] > 0
        and set(learnt["moved"]) == {"A", "B", "C", "D", "other layers"}
    )
    assert stands == {"type": "stands", "steps": MAX_EPISODE_STEPS, "falls": 1, "updates": 1, "cause": "own"}


def test_learning_switched_off_it_falls_for_ever_with_the_same_weights():
    done = orders({"steps": 100}, world="reversed_motor", learning=False)
    assert set(types(done)) == {"fell"} and len(done["events"]) >= 8 and done["atBase"]
    on_again = orders({"steps": 30}, {"steps": 600, "learning": True}, world="reversed_motor", learning=False)
    assert types(on_again)[-1] == "stands" and not on_again["atBase"]


def test_a_fall_after_a_push_teaches_nothing():
    done = orders({"steps": 15, "push": 60.0}, {"steps": 30})
    assert types(done)[:2] == ["fell", "pushed_fall"] and done["events"][0]["cause"] == "push"
    assert done["atBase"] and done["taught"] == done["updates"] == 0
    # The push is forgotten with its episode: the next fall teaches.
    pushed, own = orders({"steps": 1, "push": 5.0}, {"steps": 30}, world="reversed_motor"), orders({"steps": 30}, world="reversed_motor")
    assert types(pushed)[:4] == ["fell", "pushed_fall", "fell", "learnt"] and types(own)[:2] == ["fell", "learnt"]


def test_a_fall_in_a_visitors_hands_teaches_nothing_and_its_standing_counts_for_nothing():
    done = orders({"steps": 100, "humanAction": 1})
    assert types(done)[:2] == ["fell", "hand_fall"] and done["events"][0]["cause"] == "hand" and done["atBase"]
    stood = orders({"steps": 5, "humanAction": 1}, {"steps": 5, "humanAction": 0}, limit=10)
    assert types(stood) == ["stands"] and stood["events"][0]["cause"] == "hand"


def test_a_change_starts_a_new_record_from_the_starting_weights_and_keeps_the_cart_moving():
    before = orders({"steps": 550}, world="reversed_motor")
    changed = orders({"steps": 550}, {"change": {"reversed_motor": False}}, world="reversed_motor")
    assert not before["atBase"] and changed["atBase"]
    assert before["record"] > 0 and changed["record"] == changed["steps"] == changed["falls"] == 0 and changed["lengths"] == []
    assert changed["state"] == before["state"]
    assert changed["events"][-1]["type"] == "world_changed" and changed["events"][-1]["world"]["reversed_motor"] is False
    # The same world again is no change.
    same = orders({"steps": 550}, {"change": {"reversed_motor": True}}, world="reversed_motor")
    assert same == before


def test_a_policy_that_sees_its_push_goes_on_through_changes_with_its_memory():
    taught = file_bytes(load_pretrained("taught"))
    flips = [order for k in range(9) for order in ({"change": {"reversed_motor": k % 2 == 0}}, {"steps": 40})]
    done = orders({"steps": 50}, *flips, policy=taught)
    assert types(done) == ["world_changed"] * 9 and all(event["goesOn"] for event in done["events"])
    assert done["record"] == done["steps"] == 410 and done["falls"] == 0
    # What a fall has taught it here does not go on into another world, nor does its memory.
    fallen = orders({"steps": 60, "humanAction": 1}, {"change": {"wind": 1.0}}, policy=taught)
    assert types(fallen)[-1] == "world_changed" and fallen["events"][-1]["goesOn"]  # a fall in a visitor's hands has taught nothing
    learnt = orders(
        {"steps": 200}, {"change": {"wind": 1.0}}, world="reversed_jupiter", policy=file_bytes(with_previous_push(random_model()).eval())
    )
    assert "learnt" in types(learnt) and not learnt["events"][-1]["goesOn"] and learnt["atBase"] and learnt["record"] == 0


def test_after_fruitless_updates_it_goes_back_and_after_hopeless_falls_it_gives_up():
    # Steps of length 0 change nothing: every update is fruitless.
    done = orders({"steps": 500}, world="reversed_motor", lr=0.0)
    lessons = [t for t in types(done) if t not in ("fell", "stands")]
    cycle = ["learnt"] * RULES.fruitless_updates + ["back_to_start"]
    expected = [*(cycle * RULES.hopeless_falls)[: RULES.hopeless_falls], "given_up"]
    assert lessons == expected and done["givenUp"] and done["atBase"]
    assert types(done)[-1] == "fell"  # it goes on falling, and learns no more
    given_up = next(e for e in done["events"] if e["type"] == "given_up")
    assert given_up["falls"] == RULES.hopeless_falls
    renewed = orders({"steps": 500}, {"change": {"gravity": 5.0}}, {"steps": 20}, world="reversed_motor", lr=0.0)
    assert not renewed["givenUp"] and types(renewed)[-1] == "learnt"
