"""Packages and code as an installation finds them."""

import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tests.machine import unavailable

ROOT = Path(__file__).parents[2]
NO_NETWORK = r"ConnectionError|NewConnectionError|Temporary failure|Network is unreachable|getaddrinfo"


def pip_install(*arguments: str, python: str | Path = sys.executable, cwd: Path | None = None, timeout: float = 600) -> None:
    """`pip install` with these arguments. The test is skipped where the registry can't be reached."""
    command = [python, "-m", "pip", "install", "-q", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", timeout=timeout)
    if re.search(NO_NETWORK, done.stderr):
        unavailable("the package registry can't be reached")
    assert done.returncode == 0, done.stderr[-2000:]


def own_venv(folder: Path, *packages: str, timeout: float = 600) -> Path:
    """A virtual environment that sees this one's packages and, before these, its own: its Python."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    paths = {"base": str(folder), "platbase": str(folder)}
    (Path(sysconfig.get_path("purelib", "venv", vars=paths)) / "tested.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    pip_install("--upgrade", *packages, python=python, timeout=timeout)
    return python


def exported(folder: Path) -> Path:
    """What the last commit holds, without its history."""
    if not (ROOT / ".git").exists():
        unavailable("this needs a git checkout")
    folder.mkdir()
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", "HEAD"], capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder
