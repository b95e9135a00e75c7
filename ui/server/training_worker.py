"""The process that trains: python -m ui.server.training_worker. One job on stdin, JSON lines on stdout (process.py reads them).

A process of its own, because thousands of small torch operations a second would hold the server's interpreter lock and no
other visitor's Play would answer. It ends when its parent says so, is gone, or falls silent.
"""

from __future__ import annotations

import _thread
import base64
import dataclasses
import json
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model import MetaMAML, StateSpaceModel, load_checkpoint
from model.allocator import keep_freed_memory
from model.maml.adaptation import NonFiniteParameters, adapt_tasks
from model.policy.checkpoint import serialise
from model.policy.params import with_task_axis
from model.rl.evaluation import evaluate_tasks
from model.worlds.families import family_sampler
from ui.runs.training_show import Showman, adaptation_config, perform
from ui.training_settings import MetaSettings, from_json, to_json

SILENCE = 20.0  # s; a parent that waits for this worker speaks several times a second
CHECK_WORLDS, CHECK_EPISODES, CHECK_STEPS = 8, 5, (1, 3)
CHECK_SEED = 1_000_003  # validation worlds and episodes are the same for every training of the same families


def send(**message: Any) -> None:
    """One line to the parent."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


class Parent:
    """What the parent says after the job: a beat several times a second, "stop", or "skip" to do without the check."""

    def __init__(self) -> None:
        self.heard, self.skip = time.monotonic(), False
        for target in (self._listen, self._watch):
            threading.Thread(target=target, daemon=True).start()

    def _listen(self) -> None:
        while data := os.read(0, 4096):
            self.heard = time.monotonic()
            self.skip = self.skip or b"skip" in data
            if b"stop" in data or b"skip" in data:
                _thread.interrupt_main()
        os._exit(0)  # the pipe is closed: the parent is gone

    def _watch(self) -> None:
        while time.monotonic() - self.heard < SILENCE:
            time.sleep(1)
        os._exit(0)


def encoded(data: bytes) -> str:
    """Bytes as JSON text."""
    return base64.b64encode(data).decode()


def starting_model(job: dict[str, Any]) -> StateSpaceModel | None:
    """The model to start from; None for random weights."""
    if job["model"] is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "start.safetensors"
        path.write_bytes(base64.b64decode(job["model"]))
        return load_checkpoint(path)


def train(settings: MetaSettings, model: StateSpaceModel | None, only: int | None = None) -> tuple[StateSpaceModel, str, int]:
    """Train until the epochs are over, the time is up, or the parent says stop: the best model, why it ended, the epochs done.

    only: end after so many epochs, and show nothing meanwhile.
    """
    learner = MetaMAML(settings.config, family_sampler(settings.families))
    showman = Showman()
    ended, sent, epochs = "epochs", b"", 0
    header = {"settings": to_json(settings)}
    send(started=True)
    try:
        for record in learner.train(model):
            best = serialise(learner.best, header)
            send(epoch=dataclasses.asdict(record), best=encoded(best) if best != sent else None)
            sent, epochs = best, epochs + 1
            if epochs == only:
                break
            if only is None and showman.due():
                send(show=showman.show(learner.best, settings, epochs))
            if record.seconds >= settings.time_budget:
                ended = "time"
                break
    except KeyboardInterrupt:
        ended = "stopped"
    return learner.best, ended, epochs


def check(model: StateSpaceModel, settings: MetaSettings) -> dict[str, Any]:
    """Greedy returns under CartPole-v1's step limit in validation worlds of the same families: before, after 1 and 3 steps."""
    started = time.perf_counter()
    generator = np.random.default_rng(CHECK_SEED)
    worlds = family_sampler(settings.families, "validation")(CHECK_WORLDS, generator)
    adaptation = adaptation_config(settings, max(CHECK_STEPS))

    def returns(params: dict[str, torch.Tensor]) -> list[list[float]]:
        return evaluate_tasks(params, worlds, CHECK_EPISODES, np.random.default_rng(CHECK_SEED + 1)).tolist()

    theta = with_task_axis(model.params())
    rows, problem = [returns(theta)], None
    try:
        for step, (params, *_) in enumerate(adapt_tasks(theta, worlds, adaptation, generator), start=1):
            if step in CHECK_STEPS:
                rows.append(returns(params))
    except NonFiniteParameters as error:
        problem = str(error)
    return {
        "steps": [0, *CHECK_STEPS][: len(rows)],
        "returns": rows,
        "worlds": [dataclasses.asdict(w) for w in worlds],
        "problem": problem,
        "seconds": time.perf_counter() - started,
    }


def main() -> None:
    """One job, from stdin to the last line."""
    # A server that was started in the background ignores the interrupt by which Parent ends a training, and its children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(1)
    keep_freed_memory()
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # the first one imports for a second or two: not on the training's clock
    if hasattr(os, "nice"):
        os.nice(10)  # pages go first
    job = json.loads(sys.stdin.buffer.raw.readline())  # unbuffered: what follows is for Parent
    settings = from_json(job["settings"])
    model = starting_model(job)
    parent, only = Parent(), job["only"]
    try:
        best, ended, epochs = train(settings, model, only)
        send(ended=ended)
        if epochs and only is None:
            send(show=perform(best, settings, epochs))
        send(check=check(best, settings) if epochs and only is None and not parent.skip else None)
    except KeyboardInterrupt:
        send(check=None)


if __name__ == "__main__":
    main()
