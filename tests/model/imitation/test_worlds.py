"""The worlds of the taught start: splits that share none, everything that the page can set, changes within an episode."""

from dataclasses import asdict

import numpy as np

from model import World
from model.imitation.worlds import ALL, BOUNDS, MOST_CHANGES, MOST_REVERSALS, Mix, as_changes, life, moments, taught_world, world_anywhere

DIGITS = {"train": set("012345"), "validation": set("67"), "test": set("89")}


def drawn(split: str, n: int = 400, mix: Mix = ALL) -> list[World]:
    generator = np.random.default_rng(0)
    return [taught_world(generator, split, mix) for _ in range(n)]


def digits(world: World) -> tuple[str, str]:
    """Gravity's third and fourth decimal."""
    text = f"{world.gravity:.4f}"
    return text[-2], text[-1]


def test_gravitys_decimals_keep_the_splits_apart_also_after_a_change():
    for split, allowed in DIGITS.items():
        generator = np.random.default_rng(1)
        worlds = drawn(split, 100)
        later = [w for world in worlds for _, w in life(world, 400, generator, split)]
        anywhere = [world_anywhere(generator, split) for _ in range(100)]
        assert len(later) > 100
        for w in (*worlds, *later, *anywhere):
            third, fourth = digits(w)
            assert third in allowed and fourth == "0"


def test_every_field_is_drawn_over_its_whole_slider_but_the_reversals_that_changes_stand_for():
    worlds = drawn("train", 3000)
    for name, (low, high) in BOUNDS.items():
        seen = [getattr(w, name) for w in worlds]
        if name == "motor_reversals":
            assert not any(seen)
        else:
            assert min(seen) <= low + 0.1 * (high - low) and max(seen) >= high - 0.1 * (high - low), name


def test_hard_worlds_come_in_little_by_little():
    easy, hard = drawn("train", mix=Mix(hardness=0.0)), drawn("train")
    assert all(w.velocity_sensors and not w.action_delay and not w.sensor_noise for w in easy)
    assert any(w.reversed_motor for w in easy) and 0.2 < np.mean([not w.velocity_sensors for w in hard]) < 0.4


def handicaps(w: World) -> int:
    return (w.action_delay > 0) + (not w.velocity_sensors) + (w.sensor_noise > 0) + (w.lost_push > 0)


def test_plain_worlds_have_no_handicap_and_single_ones_one_that_begins_with_the_usual_motor():
    assert {handicaps(w) for w in drawn("train", mix=Mix(plain=1.0))} == {0}
    single, first = drawn("train", mix=Mix(single=1.0)), drawn("train", mix=Mix(hardness=0.0, single=1.0))
    assert {handicaps(w) for w in single} == {1} and max(w.action_delay for w in single) == 5 and any(w.reversed_motor for w in single)
    assert max(w.action_delay for w in first) == 1 and not any(w.reversed_motor or w.mirrored_sensors for w in first)
    assert 0.3 < np.mean([handicaps(w) == 0 for w in drawn("train", mix=Mix(plain=0.4, single=0.3))]) < 0.55


def test_a_life_is_a_list_of_rising_steps_whose_worlds_differ_from_those_before():
    generator, kinds = np.random.default_rng(2), set()
    for world in drawn("train", 200):
        steps = life(world, 100, generator)
        assert [s for s, _ in steps] == sorted({s for s, _ in steps}) and all(1 <= s < 100 for s, _ in steps)
        assert len(steps) <= max(MOST_REVERSALS, MOST_CHANGES)
        for before, (_, after) in zip([world, *(w for _, w in steps)], steps, strict=False):
            kinds |= {name for name, value in asdict(after).items() if value != getattr(before, name)}
    assert kinds == set(BOUNDS) - {"motor_reversals"}


def test_moments_keep_their_distance():
    for seed in range(20):
        steps = moments(5, 100, np.random.default_rng(seed), first=20, apart=15)
        assert min(np.diff(steps)) >= 15 and steps[0] >= 20 and steps[-1] < 100
    assert moments(4, 5, np.random.default_rng(0)) == [1, 2, 3, 4]


def test_changes_are_gathered_by_their_step():
    a, b = World(wind=1.0), World(wind=2.0)
    assert as_changes([[(3, a)], [], [(3, b), (7, a)]]) == {3: ([0, 2], [a, b]), 7: ([2], [a])}
