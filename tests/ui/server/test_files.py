"""A download is one visitor's, and does not stay."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ui.server import files
from ui.server.files import KEEP_SECONDS, new_file


def test_files_of_one_name_are_kept_apart():
    one, two = Path(new_file("a.csv", b"1")), Path(new_file("a.csv", b"2"))
    assert one != two and one.name == two.name == "a.csv"
    assert one.read_bytes() == b"1" and two.read_bytes() == b"2"


def test_old_files_are_forgotten():
    old = Path(new_file("a.csv", b"1"))
    files._made[old.parent] -= KEEP_SECONDS + 1
    young = Path(new_file("b.csv", b"2"))
    assert not old.exists() and young.exists()


def test_a_jump_of_the_clock_forgets_nothing(monkeypatch):
    young, now = Path(new_file("a.csv", b"1")), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 10 * KEEP_SECONDS)
    new_file("b.csv", b"2")
    assert young.exists()


def test_a_full_disk_leaves_no_file(monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    before = set(files._folder().iterdir())
    with pytest.raises(OSError, match="No space left"):
        new_file("a.csv", b"1")
    assert set(files._folder().iterdir()) <= before
