"""Was it luck? The same adaptation many times over, each time with other episodes to learn from."""

from __future__ import annotations

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
from model.rl.evaluation import bootstrap_interval, evaluate_tasks
from model.worlds.cartpole import SOLVED
from ui.fields import MODES
from ui.runs.adaptation import EVALUATION_EPISODES, TIME_LIMIT, config_of
from ui.settings import AdaptSettings
from ui.words import OF_ALL, count

SEEDS = 20
AT_ONCE = 5  # seeds that run together: several at a time are quicker, and a few at a time can be stopped


@dataclass(frozen=True)
class Luck:
    """returns: for each mode, the mean greedy return of each seed done after each step, (seeds, 1 + steps).

    ended: "", "finished", "stopped", "time". problem: a mode that could not go on, in one sentence.
    """

    settings: AdaptSettings
    returns: dict[str, np.ndarray]
    step: int = 0
    ended: str = ""
    problem: str = ""

    @property
    def done(self) -> int:
        """Seeds that all modes have done."""
        return min(len(r) for r in self.returns.values())


def repeat(settings: AdaptSettings, model: StateSpaceModel, stop: threading.Event) -> Iterator[Luck]:
    """Yield after every step of every batch of seeds; only whole batches count, so that no point mixes other seeds than the next."""
    modes = ("standard", "hybrid") if settings.mode == "both" else (settings.mode,)
    luck = Luck(settings, {mode: np.empty((0, settings.num_adapt_steps + 1)) for mode in modes})
    started = time.monotonic()
    yield luck
    for first in range(0, SEEDS, AT_ONCE):
        batch: dict[str, np.ndarray] = {}
        for mode in modes:
            columns = []
            try:
                for column in _columns(settings, mode, model, first):
                    columns.append(column)
                    if stop.is_set() or time.monotonic() - started > TIME_LIMIT:
                        yield replace(luck, ended="stopped" if stop.is_set() else "time")
                        return
                    luck = replace(luck, step=luck.step + 1)
                    yield luck
            except NonFiniteParameters as error:
                yield replace(luck, ended="finished", problem=f"{MODES[mode]} could not go on: in one of the runs, {error}.")
                return
            batch[mode] = np.stack(columns, axis=1)
        luck = replace(luck, returns={mode: np.concatenate([luck.returns[mode], batch[mode]]) for mode in modes})
        yield luck
    yield replace(luck, ended="finished")


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
        played = evaluate_tasks(params, worlds, EVALUATION_EPISODES, np.random.default_rng(seed))
        return played.mean(1)


def band(returns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 95% bootstrap interval of the mean over seeds at each step: two arrays (1 + steps,)."""
    low, high = zip(*(bootstrap_interval(column) for column in returns.T), strict=True)
    return np.array(low), np.array(high)


def luck_words(luck: Luck) -> str:
    """What the repetitions say, in plain words."""
    if luck.done == 0:
        return {
            "stopped": "Stopped before the first seeds were done.",
            "time": f"The server is too busy: it did not even do the first seeds in {TIME_LIMIT:.0f} s.",
        }.get(luck.ended, luck.problem)
    n, parts = luck.done, []
    for mode, returns in luck.returns.items():
        last = returns[:n, -1]
        low, high = bootstrap_interval(last)
        solved = int((last >= SOLVED).sum())
        parts.append(
            f"{MODES[mode]}: {last.mean():.0f} {OF_ALL} on average after {count(returns.shape[1] - 1, 'step')} "
            f"(95% interval {low:.0f} to {high:.0f}); {solved} of {n} runs reach {SOLVED:.0f}, the worst {last.min():.0f}."
        )
    before = next(iter(luck.returns.values()))[0, 0]
    why = {
        "stopped": f" Stopped after {n} of {SEEDS} runs.",
        "time": f" The server is too busy: in {TIME_LIMIT:.0f} s it did {n} of {SEEDS} runs.",
    }
    return f"{n} runs; before adaptation {before:.0f} {OF_ALL}. {' '.join(parts)}{why.get(luck.ended, '')} {luck.problem}".strip()


def luck_progress(luck: Luck) -> str:
    """How far the repetitions are."""
    total = SEEDS // AT_ONCE * len(luck.returns) * (luck.settings.num_adapt_steps + 1)
    return f"Repeating: {luck.done} of {SEEDS} runs done ({100 * luck.step // total}%)."
