"""What a machine may lack: a browser, a network, rights (a test is skipped for want of it; in the gate that is a failure), and speed."""

import os
import shutil
import socket
import time
from collections.abc import Callable
from urllib.request import urlopen

import pytest

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
QUIET = "disable-gpu disable-background-networking disable-component-update disable-sync no-first-run"
CHROMIUM = {"args": ["--no-sandbox", *(f"--{switch}" for switch in QUIET.split())]}
"""How Playwright launches it, beside `executable_path`."""


def browser_path() -> str | None:
    """The first browser on the PATH."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def unavailable(reason: str) -> None:
    """Skip on a user's machine, fail where CI is set."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url: str) -> bool:
    """Whether a server gives its page. httpx would read all certificates first, which takes longer than the answer."""
    try:
        with urlopen(url, timeout=20) as page:
            return page.status == 200
    except OSError:
        return False


def wait_until(happens: Callable[[], bool], seconds: float = 180) -> bool:
    deadline = time.monotonic() + seconds
    while not happens() and time.monotonic() < deadline:
        time.sleep(0.05)
    return happens()
