"""A virtual environment that sees this one's packages and, before these, its own."""

import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tests.machine import unavailable

NO_NETWORK = r"ConnectionError|NewConnectionError|Temporary failure|Network is unreachable|getaddrinfo"


def own_venv(folder: Path, *packages: str, timeout: float = 600) -> Path:
    """Make it in `folder` with these packages; its Python. The test is skipped where the registry can't be reached."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    paths = {"base": str(folder), "platbase": str(folder)}
    (Path(sysconfig.get_path("purelib", "venv", vars=paths)) / "tested.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    install = [python, "-m", "pip", "install", "-q", "--upgrade", *packages]
    done = subprocess.run(install, capture_output=True, encoding="utf-8", timeout=timeout)
    if re.search(NO_NETWORK, done.stderr):
        unavailable("the package registry can't be reached")
    assert done.returncode == 0, done.stderr[-2000:]
    return python
