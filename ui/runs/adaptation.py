"""One visitor's adaptation as a value that grows step by step: its curves, where it stopped, and how to go on from there."""

from __future__ import annotations

import copy
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
    evaluate_policy,
)
from model.model_based.imagined_ppo import Practice, PracticeRound
from ui.fields import MAX_SEED
from ui.runs.policies import shared_model
from ui.settings import RAN, AdaptSettings, adapt_to_query

EVALUATION_EPISODES = 20
TIME_LIMIT = 180.0  # s; far more than any run takes, so that only a server under heavy load reaches it
MOST_STEPS = 100  # of a run that is gone on from again and again
NOTHING = 1e-7  # a gradient norm that is 0 but for the adapter's guard against dividing by it


@dataclass(frozen=True)
class Point:
    """One point of a curve: the policy after `index` gradient steps, and the returns of its greedy evaluation episodes.

    env_steps, seconds and updates (Adam's, in practice) are those of all the curve's steps so far, evaluation not counted.
    practice: what this step practised in imagination, None where it did not.
    """

    index: int
    returns: np.ndarray
    model: StateSpaceModel
    loss: float = float("nan")
    grad_norm: float = float("nan")
    support_steps: int = 0  # environment steps of the episodes that this step learnt from
    env_steps: int = 0
    seconds: float = 0.0
    practice: Practice | None = None
    updates: int = 0
    stepped: bool = True  # by the gradient on fresh episodes, before any practice; False: it only practised

    @property
    def fell(self) -> bool:
        """Whether an episode that it could learn from fell."""
        return self.grad_norm > NOTHING

    @property
    def moved(self) -> bool:
        """Whether this step changed the parameters; it doesn't when no episode fell."""
        if self.stepped:
            return self.fell
        return self.practice is not None and int(self.practice.last.updates[0]) > 0


@dataclass(frozen=True)
class Segment:
    """What one press of Adapt or of Go on ran, so that it can be repeated."""

    settings: AdaptSettings
    mode: str  # "standard" or "hybrid"
    seed: int
    steps: int = 0  # those really made

    @property
    def config(self) -> StandardAdaptationConfig:
        """The adapter's."""
        return config_of(self.settings, self.mode)


@dataclass(frozen=True)
class Curve:
    """One mode's way. `problem`: why it can't go on, one sentence."""

    mode: str
    points: tuple[Point, ...]
    segments: tuple[Segment, ...] = ()
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


@dataclass(frozen=True)
class Practising:
    """A step's practice under way. rounds: at the most. returns: the mean imagined return of each round so far."""

    step: int
    rounds: int
    returns: tuple[float, ...]


@dataclass(frozen=True)
class AdaptRun:
    """An adaptation under way or ended. target: the steps that its curves are to have. ended: "", "finished", "stopped", "time".

    practising: what hybrid adaptation practises at this moment, None between practices.
    """

    settings: AdaptSettings
    target: int
    curves: tuple[Curve, ...]
    ended: str = ""
    id: str = ""
    practising: Practising | None = None

    @property
    def reached(self) -> int:
        """Steps made, of the mode that made more."""
        return max(c.last.index for c in self.curves)

    def curve(self, mode: str) -> Curve | None:
        """The curve of a mode, if it ran."""
        return next((c for c in self.curves if c.mode == mode), None)


def link_of(run: AdaptRun) -> str:
    """The query that opens the run's settings and makes its result again; settings alone where the run went on or made no step."""
    if not run.reached or len(run.curves[0].segments) > 1:
        return urlencode(adapt_to_query(run.settings))
    return urlencode({**adapt_to_query(replace(run.settings, num_adapt_steps=run.reached)), RAN: "1"})


def config_of(settings: AdaptSettings, mode: str) -> StandardAdaptationConfig:
    """The adapter's config for one of the modes "standard" and "hybrid"."""
    s = settings
    shared = {"adapt_lr": s.adapt_lr, "num_adapt_steps": s.num_adapt_steps, "episodes_per_step": s.episodes_per_step}
    if mode == "hybrid":
        alone = {} if s.fresh_step else {"adapt_lr": 0.0}
        return HybridAdaptationConfig(**{**shared, **alone}, experience_weight=s.experience_weight, fallback_lr=s.adapt_lr)
    return StandardAdaptationConfig(**shared)


def adapt(settings: AdaptSettings, model: StateSpaceModel, stop: threading.Event) -> Iterator[AdaptRun]:
    """Adapt a model and yield the run after every step and every round of practice; the first one holds the points before any step.

    Both modes take turns, so that their curves grow together. The last one yielded says how the run ended.
    """
    modes = ("standard", "hybrid") if settings.mode == "both" else (settings.mode,)
    before = Point(0, evaluate_policy(model, settings.world, EVALUATION_EPISODES, settings.seed), model)
    curves = tuple(Curve(mode, (before,), buffer=ExperienceBuffer() if mode == "hybrid" else None) for mode in modes)
    run = AdaptRun(settings, settings.num_adapt_steps, curves, id=secrets.token_hex(6))
    yield from _extend(run, stop)


def go_on(run: AdaptRun, settings: AdaptSettings, stop: threading.Event) -> Iterator[AdaptRun]:
    """Continue from what a run reached, in its world and modes, with the steps, rates and episodes of `settings`."""
    names = ("adapt_lr", "num_adapt_steps", "episodes_per_step", "experience_weight", "fresh_step")
    changed = {n: getattr(settings, n) for n in names}
    run = replace(run, settings=replace(run.settings, **changed), target=run.reached + settings.num_adapt_steps, ended="")
    yield from _extend(replace(run, id=secrets.token_hex(6)), stop)


def _extend(run: AdaptRun, stop: threading.Event) -> Iterator[AdaptRun]:
    world, started = run.settings.world, time.monotonic()
    curves, steps = list(run.curves), []

    def late() -> bool:
        return time.monotonic() - started > TIME_LIMIT

    for i, curve in enumerate(curves):
        # A seed of its own for every segment: the same one would collect the same episodes' starts and luck again.
        segment = Segment(run.settings, curve.mode, (run.settings.seed + curve.last.index) % (MAX_SEED + 1))
        buffer = copy.deepcopy(curve.buffer)  # the run that is gone on from keeps its own
        curves[i] = replace(curve, segments=(*curve.segments, segment), buffer=buffer, problem="")
        if buffer is None:
            steps.append(StandardAdapter(segment.config).adapt(curve.last.model, world, segment.seed))
        else:
            steps.append(HybridAdapter(segment.config, buffer).adapt_in_rounds(curve.last.model, world, segment.seed, stop.is_set))
        next(steps[i])  # index 0: where we are
    yield replace(run, curves=tuple(curves))
    ended = "finished"
    for _ in range(run.settings.num_adapt_steps):
        for i, curve in enumerate(curves):
            if stop.is_set() or late():
                ended = "stopped" if stop.is_set() else "time"
                break
            if curve.problem:
                continue
            seen = copy.deepcopy(curve.buffer)
            for grown, practising in _step(curve, steps[i], run.settings):
                curves[i] = grown
                yield replace(run, curves=tuple(curves), practising=practising)
                if practising is not None and late():  # half a step would be another result: it is left out, with what it collected
                    curves[i], ended = replace(curve, buffer=seen), "time"
                    break
            if ended != "finished":
                break
        if ended != "finished":
            break
    yield replace(run, curves=tuple(curves), ended=ended)


def _step(
    curve: Curve, steps: Iterator[AdaptationStep | PracticeRound], settings: AdaptSettings
) -> Iterator[tuple[Curve, Practising | None]]:
    """The curve as it is with each round of practice, then with one more step, or with its problem."""
    last, returns = curve.last, []
    try:
        while isinstance(step := next(steps), PracticeRound):
            returns.append(float(step.returns[0]))
            yield curve, Practising(last.index + 1, step.rounds, tuple(returns))
    except NonFiniteParameters:
        problem = f"Step {last.index + 1} made parameters that are not finite; those of step {last.index} are kept."
        yield replace(curve, problem=problem), None
        return
    *earlier, segment = curve.segments
    before = curve.points[-1 - segment.steps]
    point = Point(
        last.index + 1,
        evaluate_policy(step.model, settings.world, EVALUATION_EPISODES, settings.seed),
        step.model,
        step.loss,
        step.grad_norm,
        int(step.support_returns.sum()),
        before.env_steps + step.env_steps,
        before.seconds + step.seconds,
        step.practice,
        last.updates + (0 if step.practice is None else int(step.practice.last.updates[0])),
        segment.config.adapt_lr > 0,
    )
    yield replace(curve, points=(*curve.points, point), segments=(*earlier, replace(segment, steps=segment.steps + 1))), None


def warm_up() -> None:
    """One small step, so that no visitor waits for what torch does only once."""
    for _ in adapt(AdaptSettings(num_adapt_steps=1, episodes_per_step=1), shared_model("untrained"), threading.Event()):
        pass
