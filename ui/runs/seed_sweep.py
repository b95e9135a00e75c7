"""A seed sweep: the same adaptation many times over, each time with other episodes to learn from."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from model import NonFiniteParameters, StateSpaceModel, World
from model.model_based.hybrid import steps_of_tasks
from model.policy.params import with_task_axis
from model.rl.evaluation import evaluate_tasks
from ui.runs.adaptation import EVALUATION_EPISODES, TIME_LIMIT, config_of, modes_of
from ui.settings import AdaptSettings

SEEDS = 20
AT_ONCE = 5  # seeds that run together: several at a time are quicker, and a few at a time can be stopped


@dataclass(frozen=True)
class SeedSweep:
    """returns: for each mode, the mean greedy return of each seed done after each step, (seeds, 1 + steps). made: steps of a batch so far.

    ended: "", "finished", "stopped", "time", or "failed": parameters were not finite. problem: the mode and why, where it failed.
    """

    settings: AdaptSettings
    returns: dict[str, np.ndarray]
    made: int = 0
    ended: str = ""
    problem: tuple[str, str] | None = None

    @property
    def done(self) -> int:
        """Seeds that all modes have done."""
        return min(len(r) for r in self.returns.values())

    @property
    def share(self) -> float:
        """Of all its work, what is made."""
        return self.made / (SEEDS // AT_ONCE * len(self.returns) * (self.settings.num_adapt_steps + 1))


def sweep_seeds(settings: AdaptSettings, model: StateSpaceModel, stop: threading.Event) -> Iterator[SeedSweep]:
    """Yield after every step of every batch of seeds; only whole batches count, so that no point mixes other seeds than the next."""
    modes, started = modes_of(settings), time.monotonic()
    sweep = SeedSweep(settings, {mode: np.empty((0, settings.num_adapt_steps + 1)) for mode in modes})
    yield sweep
    for first in range(0, SEEDS, AT_ONCE):
        batch: dict[str, np.ndarray] = {}
        for mode in modes:
            columns = []
            try:
                for column in _columns(settings, mode, model, first):
                    columns.append(column)
                    if stop.is_set() or time.monotonic() - started > TIME_LIMIT:
                        yield replace(sweep, ended="stopped" if stop.is_set() else "time")
                        return
                    sweep = replace(sweep, made=sweep.made + 1)
                    yield sweep
            except NonFiniteParameters as error:
                yield replace(sweep, ended="failed", problem=(mode, str(error)))
                return
            batch[mode] = np.stack(columns, axis=1)
        sweep = replace(sweep, returns={mode: np.concatenate([sweep.returns[mode], batch[mode]]) for mode in modes})
        yield sweep
    yield replace(sweep, ended="finished")


def _columns(settings: AdaptSettings, mode: str, model: StateSpaceModel, first: int) -> Iterator[np.ndarray]:
    """For AT_ONCE seeds together, before and after each step: the mean greedy return of each, (AT_ONCE,)."""
    worlds = [settings.world] * AT_ONCE
    # The same episodes for both modes, and others than those of the run on the page.
    generator = np.random.default_rng([settings.seed, first, 1])
    params = with_task_axis(model.params())
    yield np.repeat(_evaluate(params, [settings.world], settings.seed), AT_ONCE)
    for adapted, *_ in steps_of_tasks(params, worlds, config_of(settings, mode), generator):
        yield _evaluate(adapted, worlds, settings.seed)


def _evaluate(params: dict[str, Tensor], worlds: list[World], seed: int) -> np.ndarray:
    with torch.inference_mode():
        return evaluate_tasks(params, worlds, EVALUATION_EPISODES, np.random.default_rng(seed)).mean(1)
