"""A training of the Meta-train tab as a value that grows: epochs, the best so far, its shows and the check at the end."""

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from model import MetaEpoch, MetaMAML, StateSpaceModel
from model.maml.adaptation import NonFiniteParameters, adapt_tasks
from model.policy.checkpoint import serialise
from model.policy.params import with_task_axis
from model.rl.evaluation import evaluate_tasks
from model.worlds.families import family_sampler
from ui.runs.training_show import Showman, adaptation_config
from ui.training_settings import MetaSettings, to_json
from ui.words import Place

CHECK_WORLDS, CHECK_EPISODES, CHECK_STEPS = 8, 5, (1, 3)
CHECK_SEED = 1_000_003  # validation worlds and episodes are the same for every training of the same families


@dataclass(frozen=True)
class TrainingState:
    """How far a training is. phase: "waiting", "starting", "training", "checking", "done".

    place: among those who wait; None before it is told, and after. seconds: of the phase "training" so far. best: the best
    checkpoint so far. ended: why the training ended, "epochs", "time" or "stopped"; None before. show: the last that was played
    (training_show.py). check: see `check`. problem: what went wrong, one sentence.
    """

    settings: MetaSettings
    phase: str
    place: Place | None = None
    seconds: float = 0.0
    epochs: tuple[MetaEpoch, ...] = ()
    best: bytes | None = None
    ended: str | None = None
    show: dict | None = None
    check: dict | None = None
    problem: str | None = None

    @property
    def left(self) -> float:
        """Seconds that are left of the training's time, or of its epochs where they end earlier."""
        left = self.settings.time_budget - self.seconds
        if self.epochs:
            done = len(self.epochs)
            left = min(left, self.seconds / done * (self.settings.config.num_epochs - done))
        return max(0.0, left)


def train(settings: MetaSettings, model: StateSpaceModel | None, send: Callable[..., None]) -> tuple[StateSpaceModel, int]:
    """Train until the epochs are over or a KeyboardInterrupt: the best model, and how many epochs were done.

    send: takes what changes in a TrainingState; `epochs` are those that are new. Only while the phase that it was told last is
    "training" may an interrupt come.
    """
    learner, showman = MetaMAML(settings.config, family_sampler(settings.families)), Showman()
    header, sent, epochs = {"settings": to_json(settings)}, b"", 0
    try:
        send(phase="training")
        for record in learner.train(model):
            best, epochs = serialise(learner.best, header), epochs + 1
            send(epochs=(record,), **({"best": best} if best != sent else {}))
            sent = best
            if showman.due():
                send(show=showman.show(learner.best, settings, epochs))
        send(phase="checking", ended="epochs")
    except KeyboardInterrupt:
        pass
    return learner.best, epochs


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
