"""The page, served once for all tests of a process; another server that is only asked; and the order of the tests."""

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby

import pytest

from tests.machine import free_port

pytest_plugins = ["tests.browser"]
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """The address of another server on this machine, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_HEAD = do_POST = do_GET

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.fixture(scope="session")
def page_url() -> Iterator[str]:
    """The address of the running page, on a free port of this machine."""
    from ui.page import build

    page, launch = build()
    port = free_port()  # Gradio tries the same ports in every process, and two that start at once may take one
    _, url, _ = page.launch(server_name="127.0.0.1", server_port=port, prevent_thread_lock=True, quiet=True, **launch)
    yield url
    page.close(verbose=False)


@pytest.fixture(scope="session")
def client(page_url):
    """A program that calls the page's endpoints."""
    from gradio_client import Client

    return Client(page_url, verbose=False)


def dealt(items: list, workers: int) -> list:
    """The tests file by file, dealt out to the workers: those of many visitors and those in a browser take longest and come first.

    Worksteal gives each worker an equal run of the list; who is done takes from the end of another's. Files stay whole, so that
    what they share is made once, but for the last of a share.
    """
    files = [list(tests) for _, tests in groupby(items, key=lambda item: item.path)]
    first = ("app", "browser")  # fixtures of what takes longest
    files.sort(key=lambda tests: min((first.index(n) for item in tests for n in item.fixturenames if n in first), default=len(first)))
    shares: list[list] = [[] for _ in range(workers)]
    for tests in files:
        min(shares, key=len).extend(tests)
    spare = [item for share in shares for item in share[len(items) // workers :]]
    for share in shares:
        missing = max(0, len(items) // workers - len(share))
        share[len(items) // workers :] = []
        share += [spare.pop() for _ in range(missing)]
    return [item for share in shares for item in share] + spare


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the processes that run tests alone: the one that deals them to workers need not import what they test."""
    import torch

    torch.set_num_threads(1)  # as app.py does; on a busy machine, tiny products on two threads wait for each other
    items[:] = dealt(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
