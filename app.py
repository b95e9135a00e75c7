"""Build the page and serve it: python app.py [--port PORT] [--mcp]."""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import sys
from importlib.metadata import version

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ["SSM_METARL_PORT"] = os.environ.pop("GRADIO_SERVER_PORT", "")  # what is no number would end Gradio's import with a traceback

import torch

from model import CheckpointError
from model.allocator import share_arenas
from ui.page import build

PORT = os.environ.pop("SSM_METARL_PORT", "")


def port_number(text: str) -> int:
    """A port from 1 to 65535. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"a port must be a whole number between 1 and 65535, got {text[:20]!r}")
    return int(text)


def main() -> int:
    """Serve the page until interrupted or terminated; 1 when a shipped model can't be read, a port is in use or an extra is missing."""
    parser = argparse.ArgumentParser(description="Serve the SSM-MetaRL playground.")
    parser.add_argument("--port", type=port_number, help="default: GRADIO_SERVER_PORT, else the first free one from 7860")
    parser.add_argument("--mcp", action="store_true", help='also offer the API as tools to language models (needs "gradio[mcp]")')
    args = parser.parse_args()
    try:
        port = args.port or (port_number(PORT) if PORT else None)
    except argparse.ArgumentTypeError as error:
        return failed(f"GRADIO_SERVER_PORT: {error}")
    if args.mcp and importlib.util.find_spec("mcp") is None:
        return failed(f'--mcp needs an extra: pip install "gradio[mcp]=={version("gradio")}"')
    share_arenas()
    torch.set_num_threads(1)  # small products: a second thread costs more than it gives, and visitors share two cores
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that files are removed on the way out
    try:
        page, launch = build()
    except CheckpointError as error:
        return failed(str(error))
    try:
        # A port that is given, or Gradio would take the next free one in its stead.
        page.launch(server_port=port, mcp_server=args.mcp or None, **launch)
    except OSError:
        return failed(f"port {port} is in use; name another with --port" if port else "no port from 7860 on is free; name one with --port")
    finally:
        page.close(verbose=False)
    return 0


def failed(sentence: str) -> int:
    """Say why, and give the exit code."""
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
