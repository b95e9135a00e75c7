"""The public API: /run, /verify and /adapt, for gradio_client and plain HTTP. Units are `World`'s own (angles in rad)."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import gradio as gr
import numpy as np

from model import World
from ui import api_training as meta_api
from ui.api_race import race
from ui.checks import check_episodes, check_seed
from ui.fields import FIELDS, AdaptSettings, Choice, check_adaptation, check_policy
from ui.runs.adaptation import Curve
from ui.runs.adaptation import adapt as adapt_run
from ui.runs.episode import Recording, record, returns
from ui.runs.policies import shared_model
from ui.server.fairness import HEAVY, JOBS
from ui.views.adaptation_words import sentence
from ui.views.learnt import lesson, numbers


def with_world_fields(fn: Callable[..., dict]) -> Callable[..., dict]:
    """An endpoint whose leading parameters are the world's fields, named, typed and defaulted as in `World`.

    `fn(world, **rest)`, or `fn(world, request, **rest)`. What a caller got wrong comes back as one sentence instead of a traceback.
    """
    light = "request" not in inspect.signature(fn).parameters
    rest = list(inspect.signature(fn).parameters.values())[1 if light else 2 :]
    hints = {**{name: type(info.default) for name, info in FIELDS.items()}, **{p.name: p.annotation for p in rest}}

    def endpoint(request: gr.Request, *args: Any) -> dict:
        given = dict(zip(hints, args, strict=True))
        try:
            world = World(**{name: given.pop(name) for name in FIELDS})
            return fn(world, **given) if light else fn(world, request, **given)
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from None

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    fields = [inspect.Parameter(name, kind, default=info.default, annotation=type(info.default)) for name, info in FIELDS.items()]
    endpoint.__name__, endpoint.__doc__ = fn.__name__, fn.__doc__
    who = inspect.Parameter("request", kind, annotation=gr.Request)
    endpoint.__signature__ = inspect.Signature([who, *fields, *rest], return_annotation=dict)
    endpoint.__annotations__ = {"request": gr.Request, **hints, "return": dict}
    return endpoint


def clean(world: World, policy: Any, greedy: Any, seed: Any) -> Choice:
    """The arguments that both endpoints share, checked."""
    if not isinstance(greedy, bool):
        raise ValueError(f"greedy must be true or false, got {greedy!r}")
    return Choice(world, check_policy(policy), greedy, check_seed(seed))


def run(world: World, policy: str = "meta", greedy: bool = True, seed: int = 0) -> dict:
    """Play one episode and return it: its length, why it ended, and position, angle, action and force at each step."""
    choice = clean(world, policy, greedy, seed)
    return summary(record(shared_model(choice.policy), choice.world, choice.seed, choice.greedy, choice.policy))


def verify(world: World, policy: str = "meta", greedy: bool = True, seed: int = 0, episodes: int = 10) -> dict:
    """Play up to 100 episodes under CartPole-v1's step limit and return their lengths with mean, std, min and max."""
    choice, n = clean(world, policy, greedy, seed), check_episodes(episodes)
    values = returns(shared_model(choice.policy), choice.world, n, choice.seed, choice.greedy)
    std = float(values.std(ddof=1)) if n > 1 else 0.0
    numbers = {"mean": float(values.mean()), "std": std, "min": float(values.min()), "max": float(values.max())}
    return {"n": n, **numbers, "returns": values.tolist(), **described(choice)}


DEFAULT = AdaptSettings()


def adapt(
    world: World,
    request: gr.Request,
    mode: str = "standard",
    start: str = "meta",
    adapt_lr: float = DEFAULT.adapt_lr,
    num_adapt_steps: int = DEFAULT.num_adapt_steps,
    episodes_per_step: int = DEFAULT.episodes_per_step,
    experience_weight: float = DEFAULT.experience_weight,
    seed: int = 0,
    fresh_step: bool = True,
) -> dict:
    """Adapt a shipped policy to a world (mode: standard, hybrid or both) and return every gradient step: the returns of its
    20 greedy evaluation episodes, its loss and gradient norm, and the environment steps, the updates in practice and the seconds
    used so far. fresh_step false leaves hybrid adaptation's gradient step out: it practises alone. `learnt` holds what hybrid
    adaptation has learnt about the world, null where it did not practise: the fitted motion with standard deviations, the truth,
    what is not yet known, imagined beside real returns, and its errors one step ahead.
    """
    settings = check_adaptation(world, start, mode, adapt_lr, num_adapt_steps, episodes_per_step, experience_weight, seed, fresh_step)
    with JOBS.enter(request, "adaptation") as job:
        *_, run = job.in_turns(adapt_run(settings, shared_model(settings.start), threading.Event()))
    return {
        "sentence": sentence(run),
        "settings": asdict(settings),
        "ended": run.ended,
        "modes": {c.mode: curve_summary(c) for c in run.curves},
        "learnt": numbers(lesson(run)),
    }


def curve_summary(curve: Curve) -> dict:
    """A mode's steps as plain numbers; what a step does not have is null."""

    def number(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    steps = [
        {
            "index": p.index,
            "mean": float(p.returns.mean()),
            "returns": p.returns.tolist(),
            "loss": number(p.loss),
            "grad_norm": number(p.grad_norm),
            "moved": p.moved,
            "env_steps": p.env_steps,
            "updates": p.updates,
            "seconds": p.seconds,
        }
        for p in curve.points
    ]
    return {"steps": steps, "problem": curve.problem}


def described(choice: Choice) -> dict:
    """A choice as the API reports it."""
    return {"world": asdict(choice.world), "policy": choice.policy, "greedy": choice.greedy, "seed": choice.seed}


def summary(r: Recording) -> dict:
    """A recording as plain lists; the last position and angle are the end's."""
    lists = {"position_m": r.states[:, 0], "angle_rad": r.states[:, 2], "action": r.actions, "motor_force_N": r.forces}
    if r.prob_right is not None:
        lists["probability_right"] = r.prob_right
    rounded = {name: np.round(values, 6).tolist() for name, values in lists.items()}
    return {"steps": r.steps, "ending": r.ending, **described(Choice(r.world, r.policy, r.greedy, r.seed)), **rounded}


def add_endpoints() -> None:
    """Call inside the page's Blocks context."""
    gr.api(with_world_fields(run), api_name="run", api_description=run.__doc__)
    gr.api(with_world_fields(verify), api_name="verify", api_description=verify.__doc__)
    meta_api.add_endpoint()
    gr.api(with_world_fields(race), api_name="race", api_description=race.__doc__, **HEAVY)
    gr.api(with_world_fields(adapt), api_name="adapt", api_description=adapt.__doc__, **HEAVY)
