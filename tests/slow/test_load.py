"""The server under load, in modest sizes; tests/slow/load.py has the large ones."""

from collections.abc import Iterator

import pytest

from tests.slow.load import beside_trainings, flood, memory, programs, school
from tests.slow.serve import Served, served


@pytest.fixture(scope="module")
def app() -> Iterator[Served]:
    with served() as running:
        yield running
        assert "Traceback" not in running.log.read_text(encoding="utf-8")


def test_a_class_behind_one_address_waits_and_nobody_is_refused(app):
    seen = school(app.url, 30)
    assert seen["answered"] == 30 and seen["told"] >= 15 and seen["furthest"] >= 5


def test_programs_of_a_class_wait_and_read_their_place(app):
    seen = programs(app.url, 16)
    assert seen["answered"] == 16 and seen["told"] >= 8


def test_results_beside_two_trainings_equal_to_the_bit(app):
    assert beside_trainings(app.url, 8, seconds=15) == 8


def test_a_flood_of_the_heaviest_event_leaves_every_light_call_answered(app):
    assert flood(app.url, 300)["joined"] == 300  # how soon they are answered is for tests/slow/load.py to say, on a machine of its own


def test_memory_levels_off(app):
    held = memory(app, 60)
    assert held[2] - held[1] < 0.05 * held[1], held
