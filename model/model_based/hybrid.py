"""Hybrid adaptation: a step on fresh episodes, then model-based PPO in imagined rollouts.

A dynamics model, fitted to all episodes of this world, imagines them.

This is Dyna (Sutton 1991) with Bayesian linear regression as its model. It needs more computing than a gradient step and no
more experience. It assumes that the dynamics are nearly linear and that the limits of the task are known.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from model.config import bounded, check_choice, check_fields, check_kind
from model.maml.adaptation import (
    AdaptationStep,
    NonFiniteParameters,
    StandardAdaptationConfig,
    TaskStep,
    adapt_tasks,
    adaptation_steps,
    fresh_step,
    one_each,
)
from model.model_based.buffer import ExperienceBuffer
from model.model_based.dynamics import DynamicsConfig, DynamicsModel
from model.model_based.imagined_ppo import ImaginedPPOConfig, ImaginedRollouts, ImaginedRound, imagined_ppo
from model.policy.params import Params
from model.policy.ssm import StateSpaceModel
from model.rl.rollout import collect
from model.worlds.named import AnyWorld, as_world
from model.worlds.world import World

TASKS_AT_ONCE = 10  # that imagine together: more don't fit the processor's cache
FEW = 3  # episodes a step up to which the first of these learning rates holds; above, the second
LEARNING_RATES = {
    "meta": {"standard": (0.5, 0.5), "hybrid": (0.35, 0.5)},
    "memory": {"standard": (0.05, 0.1), "hybrid": (0.0, 0.0)},  # a gradient step takes it out of its way to adapt by memory
    "standard": {"standard": (0.5, 0.5), "hybrid": (0.0, 0.0)},
    "taught": {"standard": (0.05, 0.1), "hybrid": (0.0, 0.0)},  # those of memory: none were chosen for it
    "random": {"standard": (1.0, 1.0), "hybrid": (0.0, 0.0)},
}
"""The one table of step sizes: start -> method -> (few episodes a step, more); but for taught's, chosen on validation worlds."""
DYNAMICS, PPO = DynamicsConfig(), ImaginedPPOConfig()
Stop = Callable[[], bool]


@dataclass(frozen=True)
class HybridAdaptationConfig(StandardAdaptationConfig):
    """Adaptation on fresh episodes and by model-based PPO in imagined rollouts.

    adapt_lr: of the gradient step that the imagined rollouts start from; 0 leaves it out. A few steps of falling fit a wrong dynamics
    model, and what a policy learns in it undoes what the gradient step learnt: until it can be trusted, a gradient step of fallback_lr is
    taken instead.
    """

    experience_weight: float = bounded(1.0, 0.0, 10.0, "scales the number of rounds of imagined rollouts; 0 is none")
    trusted_return: float = bounded(
        400.0, 0.0, 500.0, "what was imagined is adopted where its mean imagined return is at least this", "steps"
    )
    trusted_transitions: int = bounded(60, 0, 10**6, "or once the dynamics model is fitted to this many steps", "steps")
    fallback_lr: float = bounded(0.5, 0.0, 100.0, "learning rate of the gradient step that is taken where what was imagined is not adopted")
    dynamics: DynamicsConfig = DYNAMICS
    ppo: ImaginedPPOConfig = PPO

    def __post_init__(self) -> None:
        check_fields(self)
        for name, kind in (("dynamics", DynamicsConfig), ("ppo", ImaginedPPOConfig)):
            check_kind(name, getattr(self, name), kind)

    @property
    def rounds(self) -> int:
        """Rounds of imagined rollouts at the most."""
        return round(self.ppo.rounds * self.experience_weight)


def hybrid_tasks(
    params: Params,
    worlds: Sequence[World],
    config: HybridAdaptationConfig,
    generator: np.random.Generator,
    buffers: Sequence[ExperienceBuffer],
    stop: Stop = lambda: False,
) -> Iterator[TaskStep | ImaginedRound]:
    """Adapt M tasks at once, each in its own world and with its own buffer; yields after each step, and each round of imagined rollouts.

    params: leading axis M or 1. stop: asked between rounds; once it says True the step ends with the best parameters so far.
    A task imagines where a fresh episode fell. The worlds serve to collect episodes and for nothing else.
    """
    params = one_each(params, len(worlds))
    for index in range(1, config.num_adapt_steps + 1):
        fresh = collect(params, worlds, config.episodes_per_step, generator, config.max_steps_per_episode)
        for i, buffer in enumerate(buffers):
            buffer.add(fresh.task(i))
        step = fresh_step(params, fresh, config, index)
        # Children of the generator leave its own stream, and so the fresh episodes, as they are in standard adaptation.
        luck = generator.spawn(1)[0].spawn(len(worlds))
        taught = fresh.terminated.any(1).numpy() & np.array([len(b) > 0 for b in buffers]) & (config.rounds > 0)
        for tasks in np.split(np.flatnonzero(taught), range(TASKS_AT_ONCE, int(taught.sum()), TASKS_AT_ONCE)):
            if len(tasks):
                step = yield from _imagined(step, tasks, [buffers[i] for i in tasks], [luck[i] for i in tasks], config, stop)
        if wary := [i for p in step.imagined for i in p.tasks[~p.adopted]]:  # tasks whose imagined rollouts are not trusted yet
            fallback = fresh_step(params, fresh, replace(config, adapt_lr=config.fallback_lr), index).params
            at = torch.tensor(wary)
            step = step._replace(params={n: p.index_copy(0, at, fallback[n][at]) for n, p in step.params.items()})
        if step.imagined and all(p.last.failed.all() for p in step.imagined) and taught.all():
            raise NonFiniteParameters(f"step {index}: an imagined update was not finite; the parameters before it are kept")
        params = step.params
        yield step


def _imagined(
    step: TaskStep,
    tasks: np.ndarray,
    buffers: Sequence[ExperienceBuffer],
    generators: Sequence[np.random.Generator],
    config: HybridAdaptationConfig,
    stop: Stop,
) -> Generator[ImaginedRound, None, TaskStep]:
    """The step with some tasks' parameters, (n,) by index, as their imagined rollouts leave them; yields the rounds."""
    dynamics = DynamicsModel(config.dynamics).fit([b.joined() for b in buffers])
    at, rounds = torch.from_numpy(tasks), []
    for done in imagined_ppo({n: p[at] for n, p in step.params.items()}, dynamics, config.ppo, config.rounds, generators):
        rounds.append(done)
        yield done
        if stop():
            break
    last = rounds[-1]
    adopted = (last.best_returns >= config.trusted_return) | (dynamics.transitions >= config.trusted_transitions)
    params = {n: p.index_copy(0, at, last.best[n]) for n, p in step.params.items()}
    imagined = ImaginedRollouts(tasks, dynamics, np.stack([r.returns for r in rounds]), last, adopted)
    return step._replace(params=params, imagined=(*step.imagined, imagined))


def steps_of_tasks(
    params: Params, worlds: Sequence[World], config: StandardAdaptationConfig, generator: np.random.Generator
) -> Iterator[TaskStep]:
    """Adapt M tasks at once as the config's type says: with imagined rollouts, each task with an empty buffer of its own, or without."""
    if not isinstance(config, HybridAdaptationConfig):
        return adapt_tasks(params, worlds, config, generator)
    made = hybrid_tasks(params, worlds, config, generator, [ExperienceBuffer() for _ in worlds])
    return (step for step in made if isinstance(step, TaskStep))


class HybridAdapter:
    """Adapts by steps on fresh episodes and by imagined rollouts of a dynamics model, fitted to the buffer.

    The buffer starts empty unless one is given, holds the episodes of one world only, and is cleared when `adapt` is
    called with another world. With experience_weight 0 it does exactly what StandardAdapter does.
    """

    def __init__(self, config: HybridAdaptationConfig | None = None, buffer: ExperienceBuffer | None = None):
        self.config = check_kind("config", config, HybridAdaptationConfig, default=True)
        self.buffer = check_kind("buffer", buffer, ExperienceBuffer, default=True)
        self._world: World | None = None

    def adapt(self, model: StateSpaceModel, world: AnyWorld, seed: int = 0) -> Iterator[AdaptationStep]:
        """Yield an AdaptationStep before any step and after each of them. The given model never changes."""
        return (step for step in self.adapt_in_rounds(model, world, seed) if isinstance(step, AdaptationStep))

    def adapt_in_rounds(
        self, model: StateSpaceModel, world: AnyWorld, seed: int = 0, stop: Stop = lambda: False
    ) -> Iterator[AdaptationStep | ImaginedRound]:
        """As `adapt`, and within a step also an ImaginedRound after each round, for whoever wants to watch.

        stop: asked between rounds; once it says True the step ends with the best parameters so far.
        """
        world = as_world(world)
        if self._world is not None and world != self._world:
            self.buffer.clear()
        self._world = world
        return adaptation_steps(
            model, seed, lambda params, generator: hybrid_tasks(params, [world], self.config, generator, [self.buffer], stop)
        )


def adaptation_config(start: str, mode: str, **changes: Any) -> StandardAdaptationConfig:
    """The config of a mode with the defaults of a starting point, LEARNING_RATES.

    start: "meta", "memory", "standard", "taught" or "random". mode: "standard" or "hybrid". changes: fields that shall be other than these.
    Raises ValueError for other names or bad values.
    """
    check_choice("start", start, LEARNING_RATES)
    check_choice("mode", mode, ("standard", "hybrid"))
    config = StandardAdaptationConfig if mode == "standard" else HybridAdaptationConfig
    few = config(**changes).episodes_per_step <= FEW
    few_lr, lr = LEARNING_RATES[start][mode]
    return config(**{"adapt_lr": few_lr if few else lr, **changes})
