"""The commands, run as a user runs them."""

import dataclasses
import hashlib
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from model import WORLDS, MetaMAML, MetaTrainingConfig, load_checkpoint
from model.__main__ import main
from model.config import field_infos
from model.maml.recipes import RECIPES
from model.maml.to_file import LOG_COLUMNS, read_log, state_path

SMALL = [
    "--num_epochs",
    "2",
    "--tasks_per_epoch",
    "2",
    "--episodes_per_task",
    "2",
    "--long_episodes_share",
    "0",
    "--max_steps_per_episode",
    "20",
]


def train(out: Path, *options: str) -> int:
    return main(["train", "--json", "--out", str(out), *SMALL, *options])


@pytest.mark.parametrize("recipe", RECIPES)
def test_train_writes_a_checkpoint_and_its_log(tmp_path, capsys, recipe):
    out = tmp_path / "m.safetensors"
    assert main(["train", "--json", "--recipe", recipe, "--out", str(out), *SMALL, "--polish_epochs", "0"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["epoch"] == 1 and result["checkpoint"] == str(out)
    rows = read_log(out)
    assert len(rows) == 2 and tuple(rows[0]) == LOG_COLUMNS and int(rows[1]["env_steps"]) == result["env_steps"]
    assert sum(load_checkpoint(out).count_parameters().values()) == 6744


def test_train_is_bit_identical_when_repeated(tmp_path, capsys):
    for name in ("a", "b", "c"):
        train(
            tmp_path / f"{name}.safetensors", "--min_support_episodes", "2", "--polish_epochs", "3", "--seed", "1" if name == "c" else "0"
        )
    a, b, c = ((tmp_path / f"{n}.safetensors").read_bytes() for n in "abc")
    assert a == b != c


def test_every_setting_is_an_option(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    text = capsys.readouterr().out
    for info in field_infos(MetaTrainingConfig):
        assert f"--{info.name} " in text


def interrupt_update(monkeypatch, number: int) -> None:
    """Ctrl-C in the middle of that update."""
    honest, calls = MetaMAML._update, 0

    def interrupted(*args):
        nonlocal calls
        calls += 1
        if calls == number:
            raise KeyboardInterrupt
        return honest(*args)

    monkeypatch.setattr(MetaMAML, "_update", interrupted)


def test_ctrl_c_keeps_the_best(tmp_path, monkeypatch, capsys):
    interrupt_update(monkeypatch, 3)
    out = tmp_path / "m.safetensors"
    assert train(out, "--num_epochs", "9") == 0
    assert len(read_log(out)) == 2 and torch.isfinite(load_checkpoint(out).A).all()


@pytest.mark.parametrize("recipe", ["meta", "memory"])
def test_a_killed_training_resumes_to_the_same_file(tmp_path, recipe):
    whole, killed = tmp_path / "whole.safetensors", tmp_path / "killed.safetensors"
    options = ["--recipe", recipe, *SMALL, "--num_epochs", "8", "--polish_epochs", "4"]
    command = [sys.executable, "-m", "model", "train", "--json", *options, "--out"]
    assert main(["train", "--json", *options, "--out", str(whole)]) == 0
    process = subprocess.Popen([*command, str(killed)], cwd=Path(__file__).parents[2], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not state_path(killed).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert state_path(killed).exists() and not killed.exists()
    assert main(["train", "--json", *options, "--resume", "--out", str(killed)]) == 0
    assert whole.read_bytes() == killed.read_bytes() and not state_path(killed).exists()
    assert len(read_log(killed)) == 12


def test_a_training_stopped_while_polishing_resumes_to_the_same_file(tmp_path, monkeypatch, capsys):
    whole, stopped = tmp_path / "whole.safetensors", tmp_path / "stopped.safetensors"
    options = ["--polish_epochs", "3"]
    assert train(whole, *options) == 0
    interrupt_update(monkeypatch, 4)
    assert train(stopped, *options) == 0 and len(read_log(stopped)) == 3
    assert train(stopped, *options, "--resume") == 0
    assert whole.read_bytes() == stopped.read_bytes()
    assert [int(r["epoch"]) for r in read_log(stopped)] == [0, 1, 2, 3, 4] and not state_path(stopped).exists()


def test_a_damaged_or_foreign_state_is_named_and_nothing_is_lost(tmp_path, capsys):
    out = tmp_path / "m.safetensors"
    state = state_path(out)
    assert train(out, "--resume") == 1 and "there is no unfinished training" in capsys.readouterr().err
    state.write_bytes(b"garbage")
    assert train(out, "--resume") == 1 and "is damaged" in capsys.readouterr().err
    assert state.read_bytes() == b"garbage" and not out.exists()
    data = io.BytesIO()
    torch.save({"recipe": "meta", "configs": [dataclasses.asdict(MetaTrainingConfig())], "training": {"learner": {}}}, data)
    state.write_bytes(data.getvalue() + hashlib.sha256(data.getvalue()).digest())
    assert train(out, "--resume") == 1 and "has another recipe or settings" in capsys.readouterr().err


def test_adapt_prints_each_step_and_json(capsys):
    common = ["adapt", "--world", "reversed_motor", "--set", "gravity=12", "--num_adapt_steps", "1", "--episodes", "3"]
    assert main(common) == 0
    plain = capsys.readouterr().out
    assert plain.startswith("step 0: greedy return") and "step 1: greedy return" in plain
    assert main([*common, "--json", "--mode", "hybrid", "--experience_weight", "0.3"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [r["step"] for r in rows] == [0, 1] and rows[0]["loss"] is None and rows[1]["env_steps"] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["adapt", "--set", "wind=9"], "wind must be between -6 and 6 N, got 9"),
        (["adapt", "--set", "wind=nan"], "wind must be between -6 and 6 N, got nan"),
        (["adapt", "--set", "reversed_motor=perhaps"], "reversed_motor must be true or false, got perhaps"),
        (["adapt", "--set", "colour=red"], "--set must be field=value with a field of gravity"),
        (["adapt", "--world", "mars"], f"world must be one of {', '.join(WORLDS)}, got mars"),
        (["adapt", "--adapt_lr", "x"], "adapt_lr must be between 0 and 100, got 'x'"),
        (["adapt", "--experience_weight", "1"], "experience_weight belongs to --mode hybrid, got --mode standard"),
        (["adapt", "--seed", "-3"], "seed must be a whole number between 0 and 4294967295, got -3"),
        (["adapt", "--episodes", "0"], "episodes must be a whole number between 1 and 100000, got 0"),
        (["train", "--num_epochs", "0"], "num_epochs must be a whole number between 1 and 100000, got 0"),
        (["train", "--out", "nowhere/m.safetensors"], "--out must be a .safetensors file in an existing folder"),
    ],
)
def test_bad_input_gives_one_sentence_and_exit_code_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.startswith("error: ") and message in error and error.count("\n") == 1


def test_a_missing_checkpoint_is_named(capsys):
    assert main(["adapt", "--checkpoint", "nowhere.safetensors"]) == 1
    assert capsys.readouterr().err == "error: checkpoint nowhere.safetensors does not exist\n"


def test_the_package_imports_without_the_pages_libraries():
    code = "import sys, model; assert not {'gradio', 'matplotlib', 'PIL'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
