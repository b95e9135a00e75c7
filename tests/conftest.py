"""The page, served once for all tests that need it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
torch.set_num_threads(1)  # as app.py does; on a busy machine, tiny products on two threads wait for each other


@pytest.fixture(scope="session")
def page_url() -> Iterator[str]:
    """The address of the running page, on a free port of this machine."""
    from ui.page import build

    page, launch = build()
    _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **launch)
    yield url
    page.close(verbose=False)
