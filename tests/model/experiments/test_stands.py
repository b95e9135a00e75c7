"""Who stands while the world changes: the cases are what their words say, the same for every policy; steps to notice by hand."""

from itertools import pairwise

import numpy as np
import pytest

from model import World, load_pretrained
from model.experiments.cases import CASES
from model.experiments.notice import steps_to_notice
from model.experiments.stands import episodes_of, lengths, wilson


def drawn(name: str, split: str = "validation", n: int = 12) -> list[list[tuple[int, World]]]:
    """Each episode's worlds with the step from which on they hold."""
    worlds, changes = episodes_of(CASES[name], name, split, n, 0)
    lives = [[(0, w)] for w in worlds]
    for step in sorted(changes):
        for i, w in zip(*changes[step], strict=True):
            lives[i].append((step, w))
    return lives


@pytest.mark.parametrize(
    ("name", "n"), [("inside", 0), ("reversals_1", 1), ("reversals_9", 9), ("every_50", 9), ("reversals_20_close", 20)]
)
def test_the_motor_reverses_as_often_as_said_and_nothing_else_changes(name, n):
    for life in drawn(name):
        assert len(life) == n + 1
        for (a, before), (b, after) in pairwise(life):
            assert after.reversed_motor != before.reversed_motor and b - a >= (5 if "close" in name else 20)
            assert World(**{**vars(after), "reversed_motor": before.reversed_motor}) == before


def test_worlds_anywhere_are_of_their_class_and_all_worlds_of_their_split():
    for name, of_class in {
        "anywhere_at_once": lambda w: w.velocity_sensors and not w.action_delay,
        "anywhere_delay": lambda w: w.velocity_sensors and w.action_delay > 0,
        "anywhere_dead": lambda w: not w.velocity_sensors,
    }.items():
        assert all(of_class(w) for life in drawn(name) for _, w in life)
    for split, digits in {"validation": "67", "test": "89"}.items():
        for name in CASES:
            fixed = name in ("reversed_delay", "delayed_motor", "blind_velocity")  # named worlds
            assert fixed or all(f"{w.gravity:.3f}"[-1] in digits for life in drawn(name, split, 4) for _, w in life)


def test_the_teacher_stands_where_the_policies_are_measured_and_episodes_repeat():
    assert (lengths(None, "reversals_9", "validation", 10, 0) == 500).all()
    memory = load_pretrained("memory")
    once, again = (lengths(memory, "reversals_9", "validation", 6, 0) for _ in range(2))
    assert (once == again).all() and once.min() < 500


def test_steps_to_notice():
    always = np.ones((1, 12), bool)

    def found(right: str, clear: str = "1" * 12, alive: str = "1" * 12) -> float:
        return float(steps_to_notice(*(np.array([[c == "1" for c in row]]) for row in (right, clear, alive)))[0])

    assert steps_to_notice(always, always, always).tolist() == [0.0]
    assert found("011111111111") == 1.0 and found("101111110000") == 2.0
    assert found("0x1x1x1x1x1x", "101010101010") == 1.0  # only clear steps count: 0 was wrong, 2, 4, 6, 8, 10 right
    assert found("000011110000") == np.inf == found("111111111111", alive="111100000000")


@pytest.mark.parametrize(("share", "n", "interval"), [(1.0, 100, (0.963, 1.0)), (0.0, 100, (0.0, 0.037)), (0.5, 100, (0.404, 0.596))])
def test_an_interval_of_a_share(share, n, interval):
    assert wilson(share, n) == pytest.approx(interval, abs=1e-3)
