"""The public API, for gradio_client and plain HTTP: /run, /verify, /adapt, /race, /meta_train. Units are the model's own (angles in rad).

Names, kinds and defaults of all arguments come from the table of fields. A bad one is answered in one sentence.
Who has to wait reads the place and about how long in the status of the call: job.status().log; /meta_train yields them.
"""

import base64
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import gradio as gr
import numpy as np

from model import World
from model.policy.checkpoint import serialise
from ui.field import Field, check
from ui.fields import FIELDS
from ui.runs.adaptation import Curve
from ui.runs.adaptation import adapt as adapt_run
from ui.runs.episode import Recording, record, returns
from ui.runs.policies import shared_model
from ui.runs.race import race as race_run
from ui.runs.training import TrainingState
from ui.server.jobs import HEAVY, JOBS, TRAINING
from ui.server.training import run_training
from ui.server.visitors import address_of
from ui.settings import FIRST_RACERS, Choice, adaptation_of, check_adaptation, check_race
from ui.training_settings import FIRST_RECIPE, RECIPES, check_settings
from ui.views import race_words
from ui.views.adaptation_words import sentence
from ui.views.episode_words import ending
from ui.views.learnt import lesson, numbers
from ui.views.training import phase_words

WORLD, PLAY, ADAPT, COMPARE = (FIELDS[group] for group in ("world", "play", "adapt", "compare"))
GREEDY = Field("greedy", "Greedy", True, False, True)
RACERS = Field("racers", "Racers", ", ".join(r.name for r in FIRST_RACERS))
TRAINING_VALUES = RECIPES[FIRST_RECIPE][1].values()


def endpoint(fn: Callable[..., Any], fields: Mapping[str, Any]) -> Callable[..., Any]:
    """`fn(request, given)` as a function whose named arguments, kinds and defaults are `fields`: name -> default."""

    def given(args: tuple) -> dict[str, Any]:
        return dict(zip(fields, args, strict=True))

    def once(request: gr.Request, *args: Any) -> dict:
        with refusing():
            return fn(request, given(args))

    def growing(request: gr.Request, *args: Any) -> Iterator[dict]:
        with refusing():
            yield from fn(request, given(args))

    made = growing if inspect.isgeneratorfunction(fn) else once
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    named = [inspect.Parameter(name, kind, default=value, annotation=type(value)) for name, value in fields.items()]
    first = inspect.Parameter("request", kind, annotation=gr.Request)
    made.__name__, made.__doc__ = fn.__name__, fn.__doc__
    made.__signature__ = inspect.Signature([first, *named], return_annotation=dict)
    made.__annotations__ = {"request": gr.Request, **{p.name: p.annotation for p in named}, "return": dict}
    return made


@contextmanager
def refusing() -> Iterator[None]:
    """What a caller got wrong goes back as one sentence instead of a traceback."""
    try:
        yield
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None


def defaults(*fields: Field) -> dict[str, Any]:
    """Arguments and their defaults."""
    return {f.name: f.default for f in fields}


def world_of(given: Mapping[str, Any]) -> World:
    """The world that the arguments describe."""
    return World(**{name: check(f, given[name]) for name, f in WORLD.items()})


def choice_of(given: Mapping[str, Any]) -> Choice:
    """The episode that the arguments describe."""
    policy, seed = (check(PLAY[name], given[name]) for name in ("policy", "seed"))
    return Choice(world_of(given), policy, check(GREEDY, given["greedy"]), seed)


def run(request: gr.Request, given: Mapping[str, Any]) -> dict:
    """Play one episode and return it: its length, why it ended, and position, angle, action and force at each step."""
    c = choice_of(given)
    return summary(record(shared_model(c.policy), c.world, c.seed, c.greedy, c.policy))


def verify(request: gr.Request, given: Mapping[str, Any]) -> dict:
    """Play up to 100 episodes under CartPole-v1's step limit and return their lengths with mean, std (null for one), min and max."""
    c, n = choice_of(given), check(PLAY["episodes"], given["episodes"])
    values = returns(shared_model(c.policy), c.world, n, c.seed, c.greedy)
    std = float(values.std(ddof=1)) if n > 1 else None
    numbers = {"mean": float(values.mean()), "std": std, "min": float(values.min()), "max": float(values.max())}
    return {"n": n, **numbers, "returns": values.tolist(), **asdict(c)}


def adapt(request: gr.Request, given: Mapping[str, Any]) -> dict:
    """Adapt a shipped policy to a world (mode: standard, hybrid or both) and return every gradient step: the returns of its
    20 greedy evaluation episodes, its loss and gradient norm, and the environment steps, the updates on imagined rollouts and the
    seconds used so far. fresh_step false leaves hybrid adaptation's gradient step out. `learnt` holds what hybrid adaptation has
    learnt about the world, null where it imagined nothing: the dynamics model with standard deviations, the truth, what is not yet
    known, imagined beside real returns, and its errors one step ahead.
    """
    settings = check_adaptation(world_of(given), **{name: given[name] for name in ADAPT if name in given})
    with JOBS.enter(request, "adaptation") as job:
        *_, made = job.work(adapt_run(settings, shared_model(settings.start), job.stop))
    modes = {c.mode: curve_summary(c) for c in made.curves}
    return {"sentence": sentence(made), "settings": asdict(settings), "ended": made.ended, "modes": modes, "learnt": numbers(lesson(made))}


def race(request: gr.Request, given: Mapping[str, Any]) -> dict:
    """Compare up to 6 policies in one world from the same start, each as it is or adapted with the settings chosen for it.

    racers: POLICY or POLICY.MODE with commas between; policies meta, memory, taught, standard, untrained; modes standard, hybrid.
    The answer holds for each racer the mean return of 20 greedy episodes and the environment steps before and after every step, and
    stands_from: the step from which on it counts as solved, null where it never does.
    """
    settings = check_race(world_of(given), given["racers"], given["num_adapt_steps"], given["seed"])
    with JOBS.enter(request, "comparison") as job:
        *_, made = job.work(race_run(settings, shared_model, job.stop))
    lanes = [
        {
            "racer": lane.racer.name,
            "adapt_lr": None if lane.racer.mode == "none" else adaptation_of(settings, lane.racer).adapt_lr,
            "stands_from": lane.stands_from,
            "means": [p.mean for p in lane.curve.points],
            "env_steps": [p.step.env_steps for p in lane.curve.points],
            "problem": lane.curve.problem,
        }
        for lane in made.lanes
    ]
    return {"sentence": race_words.sentence(made), "ended": made.ended, "racers": lanes}


def meta_train(request: gr.Request, given: Mapping[str, Any]) -> Iterator[dict]:
    """Meta-train for a short while and yield progress; the last answer holds the log, the check and the checkpoint
    (a safetensors file in base64).

    families: reversed_motor, wind, angle_bias, mirrored_sensors, action_delay, physics. start: random or meta. The other arguments
    are those of MetaTrainingConfig, and time_budget in seconds. cancel() ends it.
    """
    settings = check_settings(given)
    model = None if settings.start == "random" else serialise(shared_model(settings.start))
    yield from map(training_answer, run_training(settings, request.session_hash, model, address_of(request)))


def number(value: float | None) -> float | None:
    """A number, or null for what is none."""
    return value if value is None or np.isfinite(value) else None


def curve_summary(curve: Curve) -> dict:
    """A mode's steps as plain numbers; what a step does not have is null."""
    steps = [
        {
            "index": p.index,
            "moved": p.moved,
            "env_steps": p.step.env_steps,
            "updates": curve.updates(p.index),
            "seconds": p.step.seconds,
            "mean": p.mean,
            "returns": p.returns.tolist(),
            "loss": number(float(p.step.loss)),
            "grad_norm": number(float(p.step.grad_norm)),
        }
        for p in curve.points
    ]
    return {"steps": steps, "problem": curve.problem}


def summary(r: Recording) -> dict:
    """A recording as plain lists; the last position and angle are the end's."""
    lists = {"position_m": r.states[:, 0], "angle_rad": r.states[:, 2], "action": r.actions, "motor_force_N": r.forces}
    if r.prob_right is not None:
        lists["probability_right"] = r.prob_right
    if r.lost is not None:
        lists["lost_force_N"] = r.lost
    if r.world.motor_reversals:
        lists["motor_reversed_at_step"] = np.array(r.turns, dtype=int)
    rounded = {name: np.round(values, 6).tolist() for name, values in lists.items()}
    return {"steps": r.steps, "ending": ending(r), **asdict(Choice(r.world, r.policy, r.greedy, r.seed)), **rounded}


def training_answer(state: TrainingState) -> dict[str, Any]:
    """A training's state as plain values."""
    last = state.epochs[-1] if state.epochs else None
    progress = {
        "phase": state.phase,
        "place_in_queue": state.place.number if state.place else 0,
        "epochs": len(state.epochs),
        "seconds": round(state.seconds, 2),
        "return_before": last and last.return_before,
        "return_after": last and last.return_after,
        "message": state.problem or phase_words(state),
    }
    if state.phase != "done":
        return progress
    names = ("meta_loss", "return_before", "return_after", "env_steps", "seconds", "rolled_back")
    log = {name: [number(getattr(e, name)) for e in state.epochs] for name in names}
    checkpoint = state.best and base64.b64encode(state.best).decode()  # a safetensors file
    return {**progress, "settings": state.settings.values(), "log": log, "check": checked(state.check), "checkpoint_base64": checkpoint}


def checked(check: dict | None) -> dict | None:
    """Mean greedy returns in each validation world, by the steps of adaptation."""
    if check is None:
        return None
    means = np.array(check["returns"]).mean(axis=2)
    by_step = {str(step): row.tolist() for step, row in zip(check["steps"], means, strict=True)}
    return {"worlds": check["worlds"], "returns_by_step": by_step, "seconds": check["seconds"], "problem": check["problem"]}


def add_endpoints() -> None:
    """Call inside the page's Blocks context."""
    world, episode = defaults(*WORLD.values()), defaults(PLAY["policy"], GREEDY, PLAY["seed"])
    adaptation = defaults(*(f for name, f in ADAPT.items() if name != "world"))
    order = ("mode", "start", *adaptation)  # as the arguments have always stood
    for fn, fields, group in (
        (run, {**world, **episode}, {}),
        (verify, {**world, **episode, **defaults(PLAY["episodes"])}, {}),
        (meta_train, TRAINING_VALUES, TRAINING),
        (race, {**world, **defaults(RACERS, *(f for n, f in COMPARE.items() if n != "world"))}, HEAVY),
        (adapt, {**world, **{name: adaptation[name] for name in dict.fromkeys(order)}}, HEAVY),
    ):
        gr.api(endpoint(fn, fields), api_name=fn.__name__, api_description=fn.__doc__, **group)
