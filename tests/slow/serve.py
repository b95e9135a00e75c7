"""The app in a process of its own on loopback, for the tests that flood, load and fuzz it."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.machine import answers, free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]


class Served(NamedTuple):
    """url ends with a slash. log: what the server wrote."""

    url: str
    pid: int
    log: Path

    def kill(self) -> None:
        """As a machine that fails ends it; its port is free then."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)

    def memory(self) -> float:
        """Resident, MB."""
        return int(Path(f"/proc/{self.pid}/statm").read_text(encoding="utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def served(port: int = 0, python: str | Path = sys.executable, **environment: str) -> Iterator[Served]:
    """Start the app, on a free port if none is named, and wait until it answers; ended afterwards."""
    with tempfile.TemporaryDirectory() as made:
        port = port or free_port()
        log, temp, url = Path(made) / "server.log", Path(made) / "tmp", f"http://127.0.0.1:{port}/"
        temp.mkdir()
        env = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "TMPDIR": str(temp), "GRADIO_TEMP_DIR": str(temp / "gradio")}
        env |= environment
        with log.open("w", encoding="utf-8") as out:
            server = subprocess.Popen([python, "app.py", "--port", str(port)], cwd=ROOT, env=env, stdout=out, stderr=out)
        try:
            answered = wait_until(lambda: answers(url) or server.poll() is not None, seconds=600)
            assert answered and server.poll() is None, log.read_text(encoding="utf-8")[-2000:]
            yield Served(url, server.pid, log)
        finally:
            server.terminate()
            server.wait(30)
