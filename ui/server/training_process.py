"""The server's side of a training: starts worker.py in a process of its own and gathers what it sends."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from model import MetaEpoch
from ui.training_settings import MetaSettings, to_json
from ui.words import count

ROOT = Path(__file__).resolve().parents[2]


class TrainingProcess:
    """One training. `epochs`, `best`, `ended` and `check` fill up by themselves; call `beat` a few times a second, and `kill` at the end.

    best: the best checkpoint so far, as the bytes of a safetensors file. ended: None while training, then "epochs", "time" or
    "stopped". show: the last that was played (show.py). check: the worker's check on validation worlds, None without one.
    finished: nothing more will come.
    """

    def __init__(self, settings: MetaSettings, model: bytes | None = None, only: int | None = None):
        self.settings = settings
        self.epochs: list[MetaEpoch] = []
        self.best: bytes | None = None
        self.ended: str | None = None
        self.show: dict[str, Any] | None = None
        self.check: dict[str, Any] | None = None
        self.started: float | None = None
        self.complete = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ui.server.training_worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._errors = b""
        job = {"settings": to_json(settings), "model": base64.b64encode(model).decode() if model else None, "only": only}
        self._say(json.dumps(job) + "\n")
        self._readers = [threading.Thread(target=target, daemon=True) for target in (self._read, self._read_errors)]
        for reader in self._readers:
            reader.start()

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # it has ended: `finished` tells
            self._process.stdin.write(text.encode())
            self._process.stdin.flush()

    def _read(self) -> None:
        for line in self._process.stdout:
            try:
                message = json.loads(line)
            except ValueError:  # cut off in the middle of a line
                continue
            if "started" in message:
                self.started = time.monotonic()
            if "epoch" in message:
                if message["best"]:
                    self.best = base64.b64decode(message["best"])
                fields = {n: tuple(v) if isinstance(v, list) else v for n, v in message["epoch"].items()}
                self.epochs.append(MetaEpoch(**fields))
            self.ended = message.get("ended", self.ended)
            self.show = message.get("show", self.show)
            if "check" in message:
                self.check, self.complete = message["check"], True

    def _read_errors(self) -> None:
        for line in self._process.stderr:
            self._errors = (self._errors + line)[-2000:]

    @property
    def finished(self) -> bool:
        """Whether all that the worker will ever send has been read."""
        return not self._readers[0].is_alive()

    @property
    def failure(self) -> str | None:
        """Once finished: why it ended before its time, one sentence, else None."""
        if self.complete or not self.finished:
            return None
        code = self._process.wait()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        last = self._errors.decode(errors="replace").strip().splitlines()[-1:]
        done = len(self.epochs)
        kept = f"the best parameters of its {count(done, 'epoch')} are kept" if self.best else "there is nothing to keep"
        return f"The training process ended unexpectedly ({how}{': ' + last[0][:160] if last else ''}); {kept}."

    def beat(self) -> None:
        """Tell the worker that somebody still waits for it."""
        self._say(".\n")

    def stop(self) -> None:
        """End the training and go on to the check."""
        self._say("stop\n")

    def skip(self) -> None:
        """End the training if it runs, and the check."""
        self._say("skip\n")

    def kill(self) -> None:
        """End the process now. What was read so far stays."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):  # what it had not read is lost with it
            self._process.stdin.close()
