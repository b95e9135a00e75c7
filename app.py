"""Build the page and serve it: python app.py [--port PORT] [--mcp].

What is heavy is imported in `main`: a training's process reads this file too.
"""

import argparse
import atexit
import errno
import importlib.util
import os
import shutil
import signal
import socket
import sys
import tempfile
from importlib.metadata import version
from typing import Any

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
            if os.name == "posix":  # elsewhere this would let two servers share a port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, args.port or 0))
    except OSError as error:
        return failed(refusal(error, args.port or 0))
    settle_environment()
    if os.environ.get("SPACES_ZERO_GPU"):
        name_gpu_function()

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
        serve(page, server_port=args.port, mcp_server=args.mcp or None, **launch)
    except OSError as error:
        return failed(f"the page can't be served: {str(error).splitlines()[0]}")
    finally:
        page.close(verbose=False)
    return 0


def serve(page: Any, **launch: Any) -> None:
    """Launch the page and wait until it ends."""
    try:
        page.launch(**launch)
    except ValueError:  # Gradio asks its own server for the page and gives up after 3 s, which a busy machine may need
        if not page.is_running:
            raise
        page.block_thread()


def refusal(error: OSError, port: int) -> str:
    """Why HOST:port can't be had, and what helps."""
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{HOST} is no IPv4 address of this machine; GRADIO_SERVER_NAME names it (127.0.0.1: for this machine, 0.0.0.0: for all)"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {HOST} is in use; name another with --port"
    if error.errno == errno.EACCES:
        return f"port {port} needs an administrator's rights; name one from 1024 on with --port"
    return f"port {port} of {HOST} can't be served: {error.strerror or error}"


def settle_environment() -> None:
    """What the environment brings shall not end the start: the page's settings, no proxy, a folder for uploads that can be written to."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    for name in [n for n in os.environ if n.lower().endswith("_proxy")]:
        del os.environ[name]  # the server asks itself whether it is up, and nobody else for anything
    os.environ["no_proxy"] = "*"
    folder = os.environ.get("GRADIO_TEMP_DIR") or os.path.join(tempfile.gettempdir(), "gradio")
    try:
        os.makedirs(folder, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:  # as where another user of this machine has made it
        os.environ["GRADIO_TEMP_DIR"] = own = tempfile.mkdtemp(prefix="ssm-metarl-")
        atexit.register(shutil.rmtree, own, ignore_errors=True)


def name_gpu_function() -> None:
    """What a Space with ZeroGPU hardware asks of its start: a function that may use the GPU. The one named is never called.

    `spaces` makes torch say that it has a GPU, and torch's optimisers then ask that GPU. The app runs on the processor, so torch says so.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import torch

    truth = torch.cuda.is_available
    import spaces

    spaces.GPU(lambda: None)
    torch.cuda.is_available = truth


def failed(sentence: str) -> int:
    """Say why, and give the exit code."""
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
