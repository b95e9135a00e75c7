"""What goes wrong around a training: one sentence, exit code 1, and nothing that was there is lost."""

import os
import random
import resource
from pathlib import Path

import pytest

from model import CheckpointError
from model.maml.recipes import RECIPES
from model.maml.to_file import Training, lock_path, locked, read_state, state_path
from tests.model.made_up import train


def one_sentence(capsys) -> str:
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and "Traceback" not in error
    return error


def test_a_disk_that_takes_no_more(tmp_path, capsys):
    out = tmp_path / "m.safetensors"
    out.write_bytes(b"an older checkpoint")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))  # bytes: less than a checkpoint has
    try:
        assert train(out) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "can't be read or written" in one_sentence(capsys)
    assert out.read_bytes() == b"an older checkpoint" and [p.name for p in tmp_path.iterdir()] == [out.name]
    assert train(Path("/proc/m.safetensors")) == 1 and "can't be read or written" in one_sentence(capsys)


def test_one_training_to_a_file_at_a_time(tmp_path, capsys):
    out = tmp_path / "m.safetensors"
    with locked(out):
        assert train(out) == 1
        assert f"is being trained by process {os.getpid()}" in one_sentence(capsys) and not out.exists()
    lock_path(out).write_text("123", encoding="utf-8")  # left behind by a killed training, it holds nobody up
    assert train(out) == 0 and not lock_path(out).exists()


def test_every_damage_of_a_state_is_noticed_and_nothing_is_lost(tmp_path, capsys):
    out, configs = tmp_path / "m.safetensors", (RECIPES["standard"].config,)
    with pytest.raises(CheckpointError, match="there is no unfinished training"):
        read_state(out, "standard", configs)
    epochs = Training("standard", configs, out).epochs()
    next(epochs)
    epochs.close()
    good, chance = state_path(out).read_bytes(), random.Random(0)
    damaged = [good[:n] for n in (0, 1, 40, len(good) // 2, len(good) - 1)] + [good + b"x", b"PK" + good, b"garbage"]
    for _ in range(40):
        at = chance.randrange(len(good))
        damaged.append(good[:at] + bytes([good[at] ^ (1 << chance.randrange(8))]) + good[at + 1 :])
    for data in damaged:
        state_path(out).write_bytes(data)
        with pytest.raises(CheckpointError, match="is damaged"):
            read_state(out, "standard", configs)
    assert train(out, "--resume") == 1 and "is damaged" in one_sentence(capsys) and state_path(out).read_bytes() == damaged[-1]
    state_path(out).write_bytes(good)
    assert read_state(out, "standard", configs)["training"]["epoch"] == 1
    assert train(out, "--resume") == 1 and "has another recipe or settings" in one_sentence(capsys)
