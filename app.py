"""Build the page and serve it: python app.py [--port PORT]."""

from __future__ import annotations

import argparse
import os
import sys

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import torch

from model import CheckpointError
from ui.page import build


def main() -> int:
    """Serve the page until interrupted; 1 when a shipped model can't be read."""
    parser = argparse.ArgumentParser(description="Serve the SSM-MetaRL playground.")
    parser.add_argument("--port", type=int, default=None, help="default: GRADIO_SERVER_PORT, else the first free one from 7860")
    args = parser.parse_args()
    torch.set_num_threads(1)  # small products: a second thread costs more than it gives, and visitors share two cores
    try:
        page, launch = build()
    except CheckpointError as error:
        print(error, file=sys.stderr)
        return 1
    page.launch(server_port=args.port, **launch)
    return 0


if __name__ == "__main__":
    sys.exit(main())
