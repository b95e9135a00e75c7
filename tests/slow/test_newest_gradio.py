"""The page and its endpoints work with the newest Gradio of the series, beside the one that requirements.txt names."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tests.machine import unavailable

ROOT = Path(__file__).parents[2]
NO_NETWORK = r"ConnectionError|NewConnectionError|Temporary failure|Network is unreachable|getaddrinfo"


def test_the_endpoints_answer_with_the_newest_gradio(tmp_path):
    """A virtual environment that sees this one's packages and, before these, its own newer Gradio."""
    venv.create(tmp_path, with_pip=True)
    python = tmp_path / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    paths = {"base": str(tmp_path), "platbase": str(tmp_path)}
    (Path(sysconfig.get_path("purelib", "venv", vars=paths)) / "tested.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    install = [python, "-m", "pip", "install", "-q", "--upgrade", "gradio<7"]
    done = subprocess.run(install, capture_output=True, encoding="utf-8", timeout=600)
    if re.search(NO_NETWORK, done.stderr):
        unavailable("the package registry can't be reached")
    assert done.returncode == 0, done.stderr[-2000:]
    tests = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/ui/test_api.py"]
    done = subprocess.run(tests, capture_output=True, encoding="utf-8", timeout=900, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-3000:]
