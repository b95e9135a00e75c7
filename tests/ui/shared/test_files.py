"""A download is one visitor's, and does not stay."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ui.shared.files import KEEP_SECONDS, new_file


def test_files_of_one_name_are_kept_apart():
    one, two = Path(new_file("a.csv", b"1")), Path(new_file("a.csv", b"2"))
    assert one != two and one.name == two.name == "a.csv"
    assert one.read_bytes() == b"1" and two.read_bytes() == b"2"


def test_old_files_are_forgotten():
    old = Path(new_file("a.csv", b"1"))
    past = time.time() - KEEP_SECONDS - 1
    os.utime(old.parent, (past, past))
    young = Path(new_file("b.csv", b"2"))
    assert not old.exists() and young.exists()
