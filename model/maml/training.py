"""MetaMAML: model-agnostic meta-learning of the policy by policy gradients, with the guards that keep it alive.

One epoch (Finn et al. 2017, algorithm 3, with the multi-step loss of MAML++, Antoniou et al. 2019):
    sample M worlds; collect K episodes in each with theta                      (step 0)
    for step 1..inner_steps: theta'_m = inner_step(theta'_m, support_m); collect K episodes with theta'_m
    theta <- Adam on   the loss before adaptation + the sum over steps of the loss after each
The episodes collected after a step are the query set of that step and hold the support set of the next. With inner_steps 0
this is plain policy gradient over the sampled worlds (domain randomisation).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch

from model.config import check_kind, quoted
from model.maml.meta_batch import GRADIENT_LIMIT, Batch, add_meta_gradient, collect_batch
from model.maml.meta_config import MetaTrainingConfig
from model.maml.run import Run
from model.policy.params import Params, with_gradients, with_task_axis
from model.policy.ssm import StateSpaceModel, check_policy
from model.worlds.cartpole import MAX_EPISODE_STEPS
from model.worlds.named import as_worlds
from model.worlds.sampling import training_worlds
from model.worlds.world import World

WorldSampler = Callable[[int, np.random.Generator], list[World]]


@dataclass(frozen=True)
class MetaEpoch:
    """What one meta-update saw.

    return_before, return_after: mean undiscounted returns over the epoch's tasks with sampled actions under step_limit, of
    episodes from ordinary first states; return_after_by_step: after each inner step (empty if there are none; return_after then
    equals return_before). usual, conflicting: the same returns, before and after each step, in the worlds alone whose motor and
    sensors are not reversed, and in those where one is; empty if the epoch had none. episodes, env_steps, seconds: cumulative, real
    steps only. rolled_back: the update was undone because the return had collapsed or a gradient was not finite.
    """

    epoch: int
    meta_loss: float
    return_before: float
    return_after: float
    return_after_by_step: tuple[float, ...]
    episodes: int
    env_steps: int
    seconds: float
    rolled_back: bool
    step_limit: int = MAX_EPISODE_STEPS
    usual: tuple[float, ...] = ()
    conflicting: tuple[float, ...] = ()

    @property
    def progress(self) -> str:
        """The epoch in a few words."""
        return f"return before {self.return_before:.0f}, after {self.return_after:.0f}"


def support_size(config: MetaTrainingConfig, generator: np.random.Generator) -> int:
    """How many episodes an epoch's inner loop learns from: log-uniform, so that few are drawn as often as many."""
    low, high = config.min_support_episodes, config.episodes_per_task
    return min(int(np.exp(generator.uniform(np.log(low), np.log(high + 1)))), high)


class MetaMAML:
    """Meta-trains a policy; iterate `train` and stop whenever you like: `best` holds the best parameters so far."""

    Record = MetaEpoch

    def __init__(self, config: MetaTrainingConfig | None = None, worlds: WorldSampler | None = None):
        self.config = check_kind("config", config, MetaTrainingConfig, default=True)
        if worlds is not None and not callable(worlds):
            raise ValueError(f"worlds must be a function (n, generator) -> list of World, got {quoted(worlds)}")
        self.worlds = worlds or training_worlds
        self._run: MetaRun | None = None

    @property
    def best(self) -> StateSpaceModel:
        """The parameters with the highest running mean of the return so far; the initial ones before the first epoch."""
        return (self._initial_model(None) if self._run is None else self._run.learner.with_params(self._run.best)).eval()

    def _initial_model(self, model: StateSpaceModel | None) -> StateSpaceModel:
        if model is not None:
            model = check_policy(model)
            return model.with_params(model.params()).train()
        c = self.config
        return StateSpaceModel(c.state_dim, hidden_dim=c.hidden_dim, generator=torch.Generator().manual_seed(c.seed))

    @with_gradients
    def train(self, model: StateSpaceModel | None = None, resume: Mapping[str, Any] | None = None) -> Iterator[MetaEpoch]:
        """Meta-train from `model` (left unchanged) or from random weights; yield a record after every epoch.

        resume: what `state_dict` gave after some epoch, of a training with the same config and worlds; it goes on to the same
        parameters as without the interruption.
        """
        c = self.config
        learner = self._initial_model(model)
        theta = dict(learner.named_parameters())
        self._run = run = MetaRun(learner, np.random.default_rng(c.seed), c.outer_lr, c.guard_from)
        if resume is not None:
            run.load_state_dict(resume)
        started = time.perf_counter() - run.seconds
        while run.epoch < c.num_epochs:
            epoch = run.epoch
            worlds = as_worlds(self.worlds(c.tasks_per_epoch, run.generator))
            batch = collect_batch(with_task_axis(theta), worlds, c, support_size(c, run.generator), run.generator, epoch)
            run.start_epoch(c.outer_lr_at(epoch))
            meta_loss, finite = self._update(theta, run, batch)
            returns = batch.returns()
            # The score is what the objective asks for: the return after adaptation, or without inner steps the return.
            rolled_back = run.guard.check(float(np.mean(returns[1:] or returns)), finite)
            if run.guard.running > run.best_score and not rolled_back:
                run.best_score, run.best = run.guard.running, dict(run.guard.candidate)
            counts = run.end_epoch(*batch.counts(), time.perf_counter() - started)
            sides = (batch.returns(reversed_worlds=False), batch.returns(reversed_worlds=True))
            yield MetaEpoch(epoch, meta_loss, returns[0], returns[-1], returns[1:], *counts, rolled_back, c.step_limit(epoch), *sides)

    def state_dict(self) -> dict[str, Any]:
        """Everything that `train(resume=...)` needs to go on after the last epoch; only tensors and plain values."""
        return self._run.state_dict()

    def _update(self, theta: Params, run: MetaRun, batch: Batch) -> tuple[float, bool]:
        """One epoch's Adam steps on theta, in place. Returns the first meta-loss, and whether all gradients were finite."""
        first_loss = float("nan")
        for update in range(self.config.outer_updates):
            run.optimizer.zero_grad()
            loss, divergence = add_meta_gradient(with_task_axis(theta), batch, self.config)
            if update == 0:
                first_loss = loss
            elif divergence > self.config.kl_stop:
                break
            if not run.clipped_step(GRADIENT_LIMIT):
                return first_loss, False
        return first_loss, True


@dataclass
class MetaRun(Run):
    """A meta-training's run. best, best_score: the parameters with the highest running mean of the return, and that mean."""

    best: dict[str, torch.Tensor] = field(init=False)
    best_score: float = -math.inf

    COUNTERS: ClassVar[tuple[str, ...]] = (*Run.COUNTERS, "best_score")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.best = self.learner.params()

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "best": dict(self.best)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        super().load_state_dict(state)
        self.best = dict(state["best"])
