"""What goes wrong around the server: a busy port, what is no port, a missing extra, an end by SIGTERM, a server that is killed."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

import app

ROOT = Path(__file__).parents[2]


def wait_until(happens, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not happens() and time.monotonic() < deadline:
        time.sleep(0.05)
    return happens()


@pytest.fixture
def busy_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.mark.parametrize("how", ["--port", "GRADIO_SERVER_PORT"])
def test_a_busy_port_is_one_sentence(busy_port, how, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["app.py", *(["--port", str(busy_port)] if how == "--port" else [])])
    monkeypatch.setattr(app, "PORT", "" if how == "--port" else str(busy_port))
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert app.main() == 1
    finally:
        signal.signal(signal.SIGTERM, before)
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and f"port {busy_port} is in use" in error


def test_sigterm_leaves_nothing(tmp_path):
    """The server, started as nohup does, is asked to go while it holds files: they are gone, and its code is 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = f"import signal, sys, app; signal.signal(signal.SIGINT, signal.SIG_IGN); sys.argv = ['app.py', '--port', '{port}']; "
    code += "from ui.server.files import new_file; new_file('a.csv', b'1'); sys.exit(app.main())"
    env = {**os.environ, "TMPDIR": str(tmp_path), "GRADIO_TEMP_DIR": str(tmp_path / "gradio"), "GRADIO_ANALYTICS_ENABLED": "False"}
    server = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:

        def answers() -> bool:
            try:
                return httpx.get(f"http://127.0.0.1:{port}/", timeout=5).status_code == 200
            except httpx.HTTPError:
                return False

        assert wait_until(answers, 120)
        assert list(tmp_path.glob("ssm-metarl-*/*/a.csv"))
        server.terminate()
        _, error = server.communicate(timeout=60)
    finally:
        server.kill()
    assert server.returncode == 0 and b"Traceback" not in error, error[-2000:]
    assert not list(tmp_path.glob("ssm-metarl-*"))


@pytest.mark.parametrize(("how", "value"), [("--port", "0"), ("--port", "99999"), ("--port", "many"), ("GRADIO_SERVER_PORT", "x")])
def test_what_is_no_port_is_one_sentence(how, value, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["app.py", *([how, value] if how == "--port" else [])])
    monkeypatch.setattr(app, "PORT", "" if how == "--port" else value)
    try:
        code = app.main()
    except SystemExit as ended:  # argparse's way
        code = ended.code
    assert code and "a port must be a whole number between 1 and 65535" in capsys.readouterr().err


def test_mcp_without_its_extra_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["app.py", "--mcp"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert app.main() == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and 'pip install "gradio[mcp]==' in error


def test_the_worker_goes_with_its_server():
    """Its only tie is the pipe: a server that is killed can tell it nothing."""
    code = "import sys, time; from ui.server.training_process import TrainingProcess as P; "
    code += "from ui.training_settings import MetaSettings as S; "
    code += "p = P(S()); print(p._process.pid, flush=True); time.sleep(60)"
    server = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    pid = int(server.stdout.readline())
    server.kill()
    server.wait()
    assert wait_until(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1][:3], 60)
