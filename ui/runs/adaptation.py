"""One visitor's adaptation as a value that grows step by step: its curves, where it stopped, and how to go on from there."""

import copy
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import urlencode

import numpy as np

from model import (
    AdaptationStep,
    ExperienceBuffer,
    HybridAdaptationConfig,
    HybridAdapter,
    NonFiniteParameters,
    StandardAdaptationConfig,
    StandardAdapter,
    StateSpaceModel,
    World,
    evaluate_policy,
)
from model.model_based.imagined_ppo import ImaginedRound
from ui.fields import MAX_SEED
from ui.runs.policies import shared_model
from ui.settings import RAN, AdaptSettings, adapt_to_query

EVALUATION_EPISODES = 20
TIME_LIMIT = 180.0  # s; far more than any run takes, so that only a server under heavy load reaches it
MOST_STEPS = 100  # of a run that is gone on from again and again
NOTHING = 1e-7  # a gradient norm that is 0 but for the adapter's guard against dividing by it


@dataclass(frozen=True)
class Point:
    """A step of a curve, as its adapter made it, and the returns of the greedy evaluation episodes of its policy.

    In `step`, index, env_steps and seconds count from the curve's first step on. config: the adapter's; None before any step.
    """

    step: AdaptationStep
    returns: np.ndarray
    config: StandardAdaptationConfig | None = None

    @property
    def index(self) -> int:
        """Steps so far."""
        return self.step.index

    @property
    def model(self) -> StateSpaceModel:
        """The policy after this step."""
        return self.step.model

    @cached_property
    def mean(self) -> float:
        """The mean return."""
        return float(self.returns.mean())

    @property
    def updates(self) -> int:
        """Adam's updates in this step's imagined rollouts."""
        return 0 if self.step.imagined is None else int(self.step.imagined.last.updates[0])

    @property
    def trusted(self) -> bool:
        """Whether what was imagined became the policy's; False where it was not trusted yet, and a gradient step stands in its stead."""
        return self.step.imagined is None or bool(self.step.imagined.adopted[0])

    @property
    def cut_short(self) -> bool:
        """Whether this step's imagined rollouts were stopped before their end."""
        if self.step.imagined is None:
            return False
        last = self.step.imagined.last
        return last.index < last.rounds and not last.standing[0] and not last.failed[0]

    @property
    def rate(self) -> float:
        """The learning rate of the step's gradient step on fresh episodes; 0 where it made none, and learnt in imagination alone."""
        if self.config is None:
            return 0.0
        return self.config.adapt_lr if self.trusted else self.config.fallback_lr

    @property
    def fell(self) -> bool:
        """Whether an episode that it could learn from fell."""
        return self.step.grad_norm > NOTHING

    @property
    def moved(self) -> bool:
        """Whether this step changed the parameters; it doesn't when no episode fell."""
        return self.fell if self.rate else self.updates > 0


@dataclass(frozen=True)
class Curve:
    """One mode's way. `problem`: why it can't go on, one sentence."""

    mode: str
    points: tuple[Point, ...]
    buffer: ExperienceBuffer | None = None
    problem: str = ""

    @property
    def before(self) -> Point:
        """Before any step."""
        return self.points[0]

    @property
    def last(self) -> Point:
        """What was reached."""
        return self.points[-1]

    def updates(self, index: int) -> int:
        """Adam's updates in imagined rollouts, of all steps up to this one."""
        return sum(p.updates for p in self.points[: index + 1])


@dataclass(frozen=True)
class Imagining:
    """A step's imagined rollouts under way. rounds: at the most. returns: the mean imagined return of each round so far."""

    step: int
    rounds: int
    returns: tuple[float, ...]


@dataclass(frozen=True)
class AdaptRun:
    """An adaptation under way or ended. target: the steps that its curves are to have. ended: "", "finished", "stopped", "time".

    settings: those with which it began, or went on last. imagining: the imagined rollouts of this moment.
    """

    settings: AdaptSettings
    target: int
    curves: tuple[Curve, ...]
    ended: str = ""
    id: str = ""
    imagining: Imagining | None = None
    went_on: bool = False

    @property
    def reached(self) -> int:
        """Steps made, of the mode that made more."""
        return max(c.last.index for c in self.curves)

    @property
    def before(self) -> Point:
        """Before any step; the same for all modes."""
        return self.curves[0].before

    def curve(self, mode: str) -> Curve | None:
        """The curve of a mode, if it ran."""
        return next((c for c in self.curves if c.mode == mode), None)


def modes_of(settings: AdaptSettings) -> tuple[str, ...]:
    """The modes that run: "standard", "hybrid", or both."""
    return ("standard", "hybrid") if settings.mode == "both" else (settings.mode,)


def config_of(s: AdaptSettings, mode: str) -> StandardAdaptationConfig:
    """The adapter's config for one of the modes "standard" and "hybrid"."""
    shared = {"adapt_lr": s.adapt_lr, "num_adapt_steps": s.num_adapt_steps, "episodes_per_step": s.episodes_per_step}
    if mode == "standard":
        return StandardAdaptationConfig(**shared)
    alone = {} if s.fresh_step else {"adapt_lr": 0.0}
    return HybridAdaptationConfig(**{**shared, **alone}, experience_weight=s.experience_weight, fallback_lr=s.adapt_lr)


def unadapted(model: StateSpaceModel, world: World, seed: int) -> Point:
    """A policy before any step."""
    return Point(AdaptationStep(0, model), evaluate_policy(model, world, EVALUATION_EPISODES, seed))


def link_of(run: AdaptRun) -> str:
    """The query that opens the run's settings and makes its result again; settings alone where they would make another."""
    uneven = len({c.last.index for c in run.curves}) > 1 or any(p.cut_short for c in run.curves for p in c.points)
    if not run.reached or run.went_on or uneven:
        return urlencode(adapt_to_query(run.settings))
    return urlencode({**adapt_to_query(replace(run.settings, num_adapt_steps=run.reached)), RAN: "1"})


def adapt(settings: AdaptSettings, model: StateSpaceModel, stop: threading.Event) -> Iterator[AdaptRun]:
    """Adapt a model and yield the run after every step and every round of imagined rollouts; first as it is before any step.

    Both modes take turns, so that their curves grow together. The last one yielded says how the run ended.
    """
    before = unadapted(model, settings.world, settings.seed)
    curves = tuple(Curve(m, (before,), ExperienceBuffer() if m == "hybrid" else None) for m in modes_of(settings))
    yield from _extend(AdaptRun(settings, settings.num_adapt_steps, curves, id=secrets.token_hex(6)), stop)


def go_on(run: AdaptRun, settings: AdaptSettings, stop: threading.Event) -> Iterator[AdaptRun]:
    """Continue from what a run reached, in its world and modes, with the steps, rates and episodes of `settings`."""
    settings = replace(settings, world=run.settings.world, start=run.settings.start, mode=run.settings.mode, seed=run.settings.seed)
    target = run.reached + settings.num_adapt_steps
    yield from _extend(replace(run, settings=settings, target=target, ended="", id=secrets.token_hex(6), went_on=True), stop)


def _extend(run: AdaptRun, stop: threading.Event) -> Iterator[AdaptRun]:
    """The run as it grows by the steps of its settings, until it is stopped or its time is up."""
    started, end = time.monotonic(), ""
    # The run that is gone on from keeps its buffers.
    curves = [replace(c, buffer=copy.deepcopy(c.buffer), problem="") for c in run.curves]
    steps = [_steps(curve, run.settings, stop) for curve in curves]

    def over() -> str:
        return "stopped" if stop.is_set() else "time" if time.monotonic() - started > TIME_LIMIT else ""

    yield replace(run, curves=tuple(curves))
    for i in [*range(len(curves))] * run.settings.num_adapt_steps:
        if end := over():
            break
        before, seen = curves[i], copy.deepcopy(curves[i].buffer)
        for grown, imagining in steps[i]:
            curves[i] = grown
            yield replace(run, curves=tuple(curves), imagining=imagining)
            if imagining is None:
                break
            if over() == "time":  # half a step would be another result: it is left out, with what it collected
                curves[i], end = replace(before, buffer=seen), "time"
                break
    yield replace(run, curves=tuple(curves), ended=end or ("stopped" if stop.is_set() else "finished"))


def _steps(curve: Curve, settings: AdaptSettings, stop: threading.Event) -> Iterator[tuple[Curve, Imagining | None]]:
    """The curve with each round of imagined rollouts, and with each step more, or with its problem, after which there is no more."""
    config, begin = config_of(settings, curve.mode), curve.last.step
    # A seed of its own where the run went on: the same one would collect the same episodes again.
    seed = (settings.seed + begin.index) % (MAX_SEED + 1)
    if curve.buffer is None:
        steps = StandardAdapter(config).adapt(begin.model, settings.world, seed)
    else:
        steps = HybridAdapter(config, curve.buffer).adapt_in_rounds(begin.model, settings.world, seed, stop.is_set)
    next(steps)  # index 0: where we are
    returns: list[float] = []
    try:
        for step in steps:
            if isinstance(step, ImaginedRound):
                returns.append(float(step.returns[0]))
                yield curve, Imagining(curve.last.index + 1, step.rounds, tuple(returns))
                continue
            counted = {"index": begin.index + step.index, "env_steps": begin.env_steps + step.env_steps}
            step = replace(step, **counted, seconds=begin.seconds + step.seconds)
            played = evaluate_policy(step.model, settings.world, EVALUATION_EPISODES, settings.seed)
            curve, returns = replace(curve, points=(*curve.points, Point(step, played, config))), []
            yield curve, None
    except NonFiniteParameters:
        n = curve.last.index
        yield replace(curve, problem=f"Step {n + 1} made parameters that are not finite; those of step {n} are kept."), None


def warm_up() -> None:
    """One small step, so that no visitor waits for what torch does only once."""
    for _ in adapt(AdaptSettings(num_adapt_steps=1, episodes_per_step=1), shared_model("untrained"), threading.Event()):
        pass
