"""The app in a process of its own on loopback, for the scripts that flood, load and fuzz it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

ROOT = Path(__file__).resolve().parents[2]


class Served(NamedTuple):
    """url ends with a slash. log: what the server wrote. folder: where it makes its files."""

    url: str
    pid: int
    log: Path
    folder: Path

    def kill(self) -> None:
        """As a machine that fails ends it; its port is free then."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)

    def use(self) -> dict[str, float]:
        """Resident memory (MB), open descriptors, child processes and files of the server."""
        proc = Path(f"/proc/{self.pid}")
        resident = int((proc / "statm").read_text(encoding="utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        children = sum(len(c.read_text(encoding="utf-8").split()) for c in (proc / "task").glob("*/children"))
        files = sum(p.is_file() for p in self.folder.rglob("*"))
        return {"MB": round(resident, 1), "descriptors": len(list((proc / "fd").iterdir())), "processes": children, "files": files}


@contextmanager
def served(port: int = 0, python: str | Path = sys.executable, **environment: str) -> Iterator[Served]:
    """Start the app, on a free port if none is named, and wait until it answers; ended afterwards."""
    with socket.socket() as probe, tempfile.TemporaryDirectory() as made:
        if not port:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        folder = Path(made)
        probe.close()
        log, url = folder / "server.log", f"http://127.0.0.1:{port}/"
        temp = folder / "tmp"
        temp.mkdir()
        env = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "TMPDIR": str(temp), "GRADIO_TEMP_DIR": str(temp / "gradio")}
        env |= environment
        with log.open("w", encoding="utf-8") as out:
            server = subprocess.Popen([python, "app.py", "--port", str(port)], cwd=ROOT, env=env, stdout=out, stderr=out)
        try:
            for _ in range(720):  # 180 s
                try:
                    httpx.get(url, timeout=5)
                    break
                except httpx.HTTPError:
                    if server.poll() is not None:
                        raise RuntimeError(f"the app did not start: {log.read_text(encoding='utf-8')[-2000:]}") from None
                    time.sleep(0.25)
            yield Served(url, server.pid, log, temp)
        finally:
            server.terminate()
            server.wait(30)
