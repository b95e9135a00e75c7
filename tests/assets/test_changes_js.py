"""What Live says of changes: the teacher in JavaScript is the one in Python, and changes are counted and noticed as in the study."""

import dataclasses

import numpy as np

from model.experiments.notice import CLEAR, IN_A_ROW, steps_to_notice
from tests.assets.engine import numbers, run_check
from tests.assets.vectors import any_worlds, recorded_steps

SECOND = 50  # steps


def noticed(rows: list, changes: list[int], ends: dict[int, str] | None = None) -> dict:
    return run_check("noticed", {"rows": rows, "changes": changes, "ends": ends or {}})


def test_the_teacher_wants_the_push_that_it_wants_in_python():
    generator = np.random.default_rng(0)
    worlds = any_worlds(30, generator)
    recorded = [recorded_steps(world, 50, generator, taught=True) for world in worlds]
    runs = [{"world": dataclasses.asdict(world), "rows": given} for world, (given, _) in zip(worlds, recorded, strict=True)]
    got = numbers([[row["wish"] for row in rows] for rows in run_check("worldSteps", {"runs": runs})])
    np.testing.assert_allclose(got, [[row["wish"] for row in expected] for _, expected in recorded], rtol=1e-6, atol=1e-6)


def test_a_change_is_noticed_at_the_step_that_the_study_finds():
    generator = np.random.default_rng(0)
    for _ in range(20):
        wish, right = generator.normal(0, 1, 60), generator.random(60) < 0.8
        rows = [[int((w > 0) == r), w] for w, r in zip(wish, right, strict=True)]
        (expected,) = steps_to_notice(right[None], np.abs(wish)[None] >= CLEAR, np.ones((1, 60), bool))
        found = [steps for steps in noticed(rows, [0])["after"] if steps is not None]
        assert found == ([] if np.isinf(expected) else [expected])


def test_a_change_is_outlived_when_it_stands_a_second_later_or_until_the_step_limit():
    rows = [[1, 1.0]] * (3 * SECOND)
    assert noticed(rows, [0, 10])["after"][IN_A_ROW - 1] == 0
    assert [noticed(rows[:n], [0, 10])["survived"] for n in (SECOND - 1, SECOND, SECOND + 9, SECOND + 10)] == [0, 1, 1, 2]
    counts = {end: noticed(rows[:20], [0, 10], {15: end}) for end in ("stood", "own", "hand")}
    assert {end: (c["survived"], c["met"]) for end, c in counts.items()} == {"stood": (2, 2), "own": (0, 2), "hand": (0, 0)}
    late = {end: noticed(rows, [0, 10], {2 * SECOND: end}) for end in ("own", "hand")}
    assert {end: (c["survived"], c["met"]) for end, c in late.items()} == {"own": (1, 2), "hand": (2, 2)}
