"""The commands, run as a user runs them."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from model import WORLDS, StateSpaceModel, load_checkpoint
from model.__main__ import main
from model.maml.recipes import RECIPES, polish
from model.maml.to_file import LOG_COLUMNS, Training, read_log, state_path
from tests.model.made_up import SMALL, train


@pytest.mark.parametrize("recipe", RECIPES)
def test_train_writes_a_checkpoint_and_its_log(tmp_path, capsys, recipe):
    out = tmp_path / "m.safetensors"
    assert train(out, "--recipe", recipe) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["epoch"] == 1 and result["checkpoint"] == str(out)
    rows = read_log(out)
    assert len(rows) == 2 and tuple(rows[0]) == LOG_COLUMNS and int(rows[1]["env_steps"]) == result["env_steps"]
    assert sum(load_checkpoint(out).count_parameters().values()) == 6744


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A training that nothing stopped: 6 epochs of the curriculum's recipe, then 3 of polishing."""
    out = tmp_path_factory.mktemp("whole") / "m.safetensors"
    assert train(out, *LONGER) == 0
    return out


LONGER = ("--recipe", "memory", "--num_epochs", "6", "--polish_epochs", "3")


def test_a_training_that_is_interrupted_leaves_its_state_and_its_best(tmp_path):
    out = tmp_path / "m.safetensors"
    command = [sys.executable, "-m", "model", "train", "--json", "--out", str(out), *SMALL, *LONGER, "--num_epochs", "100000"]
    process = subprocess.Popen(
        command,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell starts what runs in its background deaf to Ctrl-C
    )
    try:
        while not state_path(out).exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(300) == 0
    finally:
        process.kill()
    assert state_path(out).exists() and out.exists()
    assert train(out, *LONGER, "--resume") == 1  # the state tells that these are other settings


@pytest.mark.parametrize("epochs", [3, 6, 7], ids=["in the middle", "between the two parts", "while polishing"])
def test_a_training_stopped_anywhere_resumes_to_the_same_file(tmp_path, whole, epochs):
    out, recipe = tmp_path / "m.safetensors", RECIPES["memory"]
    settings = {"tasks_per_epoch": 2, "episodes_per_task": 2, "long_episodes_share": 0.0, "max_steps_per_episode": 20, "num_epochs": 6}
    config = dataclasses.replace(recipe.config, **settings)
    stopped = Training("memory", (config, polish(config, 3)), out).epochs()
    for _ in range(epochs):
        next(stopped)
    stopped.close()
    assert len(read_log(out)) == epochs and torch.isfinite(load_checkpoint(out).A).all()
    assert train(out, *LONGER, "--resume") == 0
    assert whole.read_bytes() == out.read_bytes() and not state_path(out).exists()
    assert [int(r["epoch"]) for r in read_log(out)] == list(range(9))


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
        (["adapt", "--set", "reversed_motor=perhaps"], "reversed_motor must be true or false, got perhaps"),
        (["adapt", "--set", "colour=red"], "--set must be field=value with a field of gravity"),
        (["adapt", "--world", "mars"], f"world must be one of {', '.join(WORLDS)}, got 'mars'"),
        (["adapt", "--adapt_lr", "x"], "adapt_lr must be between 0 and 100, got 'x'"),
        (["adapt", "--experience_weight", "1"], "experience_weight belongs to --mode hybrid, got --mode standard"),
        (["adapt", "--seed", "-3"], "seed must be a whole number between 0 and 4294967295, got -3"),
        (["adapt", "--episodes", "0"], "episodes must be a whole number between 1 and 100000, got 0"),
        (["train", "--out", "nowhere/m.safetensors"], "--out must be a .safetensors file in an existing folder"),
    ],
)
def test_bad_input_gives_one_sentence_and_exit_code_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.startswith("error: ") and message in error and error.count("\n") == 1


def test_every_command_reads_what_save_writes(tmp_path, capsys):
    StateSpaceModel(5, hidden_dim=9).save(tmp_path / "m.pth")
    assert main(["adapt", "--checkpoint", str(tmp_path / "m.pth"), "--num_adapt_steps", "0", "--episodes", "1"]) == 0
    assert capsys.readouterr().out.startswith("step 0: greedy return")


def test_the_package_imports_without_the_pages_libraries_and_who_stops_reading_ends_a_command_quietly():
    """As `python -m model --help | head -1` does, in a terminal that has few letters."""
    code = "import sys, model; assert not {'gradio', 'matplotlib', 'PIL'} & set(sys.modules); "
    code += "from model.console import run; run(lambda: [print('\\u2192' * 100000) for _ in range(9)] and 0)"
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.read(6) == b"\\u2192"
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait(60) == 1


def test_threads_are_obeyed(tmp_path):
    try:
        for threads in (2, 1):
            assert main(["adapt", "--threads", str(threads), "--num_adapt_steps", "0", "--episodes", "1", "--json"]) == 0
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(1)
