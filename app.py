"""Build the page and serve it: python app.py [--port PORT] [--mcp].

What is heavy is imported in `main`: a training's process reads this file too.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import socket
import sys
from importlib.metadata import version

HOST = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
SETTINGS = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    # Gradio would compute statistics of the last ten thousand events anew after every event.
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(10**9),
}


def port_number(text: str) -> int:
    """A port from 1 to 65535. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"a port must be a whole number between 1 and 65535, got {text[:20]!r}")
    return int(text)


def main() -> int:
    """Serve the page until interrupted or terminated; 1 when a shipped model can't be read, a port can't be had or an extra is missing."""
    given = os.environ.pop("GRADIO_SERVER_PORT", "")  # what is no number would end Gradio's import with a traceback
    parser = argparse.ArgumentParser(description="Serve the SSM-MetaRL playground.")
    free = "default: GRADIO_SERVER_PORT, else the first free one from 7860"
    parser.add_argument("--port", type=port_number, default=given or None, help=free)
    parser.add_argument("--mcp", action="store_true", help='also offer the API as tools to language models (needs "gradio[mcp]")')
    args = parser.parse_args()
    if args.mcp and importlib.util.find_spec("mcp") is None:
        return failed(f'--mcp needs an extra: pip install "gradio[mcp]=={version("gradio")}"')
    try:
        with socket.socket() as probe:  # Gradio does not tell why a port can't be had
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, args.port or 0))
    except OSError as error:
        return failed(f"{HOST}:{args.port or 0} can't be served: {error.strerror or error}; name another with --port")
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)

    import torch

    from model import CheckpointError
    from model.allocator import share_arenas
    from ui.page import build

    share_arenas()
    torch.set_num_threads(1)  # small products: a second thread costs more than it gives, and visitors share two cores
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that files are removed on the way out
    try:
        page, launch = build()
    except CheckpointError as error:
        return failed(str(error))
    try:
        page.launch(server_port=args.port, mcp_server=args.mcp or None, **launch)
    except OSError as error:
        return failed(f"the page can't be served: {str(error).splitlines()[0]}")
    finally:
        page.close(verbose=False)
    return 0


def failed(sentence: str) -> int:
    """Say why, and give the exit code."""
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
