"""How the server starts: each failure says its own sentence."""

import errno
import importlib.util
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import app
import model.policy.pretrained
from ui.runs.policies import shared_model

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (["--port", "{busy}"], {}, "port {busy} of 127.0.0.1 is in use; name another with --port"),
        ([], {"GRADIO_SERVER_NAME": "nowhere.invalid"}, "nowhere.invalid is no IPv4 address of this machine; GRADIO_SERVER_NAME names it"),
        ([], {"GRADIO_SERVER_PORT": "x"}, "a port must be a whole number between 1 and 65535, got 'x'"),
    ],
)
def test_a_port_that_cannot_be_had_is_one_sentence(arguments, environment, sentence):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = str(taken.getsockname()[1])
        env = {**os.environ, **{name: value.format(busy=busy) for name, value in environment.items()}}
        given = [a.format(busy=busy) for a in arguments]
        ended = subprocess.run([sys.executable, "app.py", *given], cwd=ROOT, env=env, capture_output=True, encoding="utf-8", timeout=120)
    assert ended.returncode and sentence.format(busy=busy) in ended.stderr.splitlines()[-1] and "Traceback" not in ended.stderr


def test_a_port_for_administrators_is_called_so():
    assert "port 80 needs an administrator's rights" in app.refusal(PermissionError(errno.EACCES, "Permission denied"), 80)


@pytest.mark.skipif(importlib.util.find_spec("mcp") is not None, reason="the extra is installed")
def test_mcp_without_its_extra_is_one_sentence():
    ended = subprocess.run([sys.executable, "app.py", "--mcp"], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120)
    assert ended.returncode == 1 and ended.stderr.count("\n") == 1 and 'pip install "gradio[mcp]==' in ended.stderr


@pytest.mark.parametrize("content", [None, b"not a checkpoint"])
def test_missing_or_damaged_weights_are_one_sentence(content, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(model.policy.pretrained, "WEIGHTS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["app.py"])
    before = signal.getsignal(signal.SIGTERM)
    shared_model.cache_clear()
    if content is not None:
        (tmp_path / "meta.safetensors").write_bytes(content)
    try:
        assert app.main() == 1
    finally:
        shared_model.cache_clear()
        signal.signal(signal.SIGTERM, before)
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "meta.safetensors" in error and "python -m model train --recipe meta" in error
