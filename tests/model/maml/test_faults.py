"""What goes wrong around a training: one sentence, exit code 1, and nothing that was there is lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from model import CheckpointError
from model.__main__ import main
from model.maml.lock import lock_path, locked
from model.maml.to_file import state_path

SMALL = ["--num_epochs", "3", "--tasks_per_epoch", "2", "--episodes_per_task", "2", "--long_episodes_share", "0"]
SMALL += ["--max_steps_per_episode", "10", "--polish_epochs", "0"]


HOLD = """
import fcntl, os, sys
with open(sys.argv[1], "a+") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    file.write(str(os.getpid()))
    file.flush()
    print("held", flush=True)
    sys.stdin.read()
"""


def train(out: Path, *options: str) -> int:
    return main(["train", "--json", "--out", str(out), *SMALL, *options])


def one_sentence(capsys) -> str:
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and "Traceback" not in error
    return error


@pytest.mark.parametrize("at", [1, 2, 4])
def test_a_full_disk(tmp_path, monkeypatch, capsys, at):
    """The disk fills up at a write: of the first state, of the second, of the checkpoint itself."""
    out = tmp_path / "m.safetensors"
    out.write_bytes(b"an older checkpoint")
    honest, calls = os.fsync, 0

    def full(fd):
        nonlocal calls
        calls += 1
        if calls >= at:
            raise OSError(28, "No space left on device")
        honest(fd)

    monkeypatch.setattr(os, "fsync", full)
    assert train(out) == 1
    assert "No space left on device" in one_sentence(capsys)
    assert out.read_bytes() == b"an older checkpoint"
    assert not list(tmp_path.glob("*.tmp")) and not lock_path(out).exists()
    monkeypatch.undo()
    if at > 1:  # what was reached before is there to go on from
        assert train(out, "--resume") == 0 and out.read_bytes() != b"an older checkpoint"


def test_a_folder_that_takes_no_files(capsys):
    assert train(Path("/proc/m.safetensors")) == 1
    assert "can't be read or written" in one_sentence(capsys)


def test_two_trainings_to_one_file(tmp_path, capsys):
    out = tmp_path / "m.safetensors"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(lock_path(out))], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        holder.stdout.readline()
        assert train(out) == 1
        assert f"is being trained by process {holder.pid}" in one_sentence(capsys) and not out.exists()
    finally:
        holder.kill()
        holder.wait()
    assert train(out) == 0 and not lock_path(out).exists()  # the lock of a killed training holds nobody up


def test_the_lock_is_free_again(tmp_path):
    out = tmp_path / "m.safetensors"
    with locked(out), pytest.raises(CheckpointError, match=f"by process {os.getpid()}"), locked(out):
        pass
    with locked(out):
        pass


def test_every_damage_of_a_state_is_noticed(tmp_path, capsys, monkeypatch):
    out = tmp_path / "m.safetensors"
    state = state_path(out)
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok=False: None)  # a finished training leaves its state this once
    assert train(out) == 0
    monkeypatch.undo()
    capsys.readouterr()
    good, chance = state.read_bytes(), random.Random(0)
    damaged = [good[:n] for n in (0, 1, 40, len(good) // 2, len(good) - 1)] + [good + b"x", b"PK" + good]
    for _ in range(40):
        at = chance.randrange(len(good))
        damaged.append(good[:at] + bytes([good[at] ^ (1 << chance.randrange(8))]) + good[at + 1 :])
    for data in damaged:
        state.write_bytes(data)
        assert train(out, "--resume") == 1
        assert "is damaged" in one_sentence(capsys) and state.read_bytes() == data
    state.write_bytes(good)
    assert train(out, "--resume") == 0
