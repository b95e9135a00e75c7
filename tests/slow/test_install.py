"""`pip install .` gives the package, its weights and `python -m model`, without the page's libraries."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.machine import unavailable

ROOT = Path(__file__).parents[2]
NO_NETWORK = r"ConnectionError|NewConnectionError|Temporary failure|Network is unreachable|getaddrinfo"


def test_the_package_can_be_installed(tmp_path):
    if not (ROOT / ".git").exists():
        unavailable("this needs a git checkout")
    code, installed = tmp_path / "code", tmp_path / "installed"
    code.mkdir()
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", "HEAD"], capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(code)], input=archive, check=True)
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(installed), ".[hub]"]
    done = subprocess.run(install, cwd=code, capture_output=True, encoding="utf-8", timeout=300)
    if re.search(NO_NETWORK, done.stderr):
        unavailable("the package registry can't be reached")
    assert done.returncode == 0, done.stderr[-2000:]
    assert {p.name for p in installed.iterdir() if not p.name.endswith(("-info", "__"))} == {"model", "weights"}
    command = [sys.executable, "-m", "model", "adapt", "--num_adapt_steps", "0", "--episodes", "1"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(installed)}, capture_output=True, encoding="utf-8", timeout=300
    )
    assert done.stdout.startswith("step 0: greedy return"), done.stderr[-2000:]
