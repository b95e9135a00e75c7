"""The process that trains. What changes in its TrainingState goes over the pipe; "stop" comes back.

A process of its own, because thousands of small torch operations a second would hold the server's interpreter lock and no
other visitor's Play would answer.
"""

import _thread
import os
import signal
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import torch

from model.allocator import keep_freed_memory
from ui.runs.trained import model_from_bytes
from ui.runs.training import check, train
from ui.runs.training_show import perform
from ui.training_settings import MetaSettings


def work(pipe: Connection, settings: MetaSettings, start: bytes | None) -> None:
    """Train, play the last show, check. start: a checkpoint to start from; None for random weights."""
    # A server that was started in the background ignores the interrupt that ends a training, and its children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(1)
    keep_freed_memory()
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # the first one imports for a second or two: not on the training's clock
    if hasattr(os, "nice"):
        os.nice(10)  # pages go first
    sending, trains = threading.Lock(), threading.Event()

    def send(**changes: Any) -> None:
        with sending:
            if changes.get("phase") == "training":
                trains.set()
            elif "phase" in changes:
                trains.clear()
            pipe.send(changes)

    def listen() -> None:
        with suppress(EOFError, OSError):
            while pipe.recv() == "stop":
                with sending:  # half a message would be the last that the server can read
                    if trains.is_set():
                        _thread.interrupt_main()
        os._exit(0)  # the server is gone

    threading.Thread(target=listen, daemon=True).start()
    model = None if start is None else model_from_bytes(start)
    best, epochs = train(settings, model, send)
    if epochs:
        send(show=perform(best, settings, epochs))
        send(check=check(best, settings))
