"""The public API's /meta_train: a short training, under the page's own limits and in its queue."""

from __future__ import annotations

import base64
import inspect
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np

from model.policy.checkpoint import serialise
from ui.runs.policies import shared_model
from ui.server.fairness import JOBS, TRAINING
from ui.server.training_run import TrainingState, run_training
from ui.server.visitors import address_of
from ui.training_settings import RECIPES, check_settings
from ui.views.training import phase_words

DEFAULTS = RECIPES["reversed_motor"][1].values()
HELP = """Meta-train for a short while and yield progress; the last answer holds the log, the check and the checkpoint
(a safetensors file in base64).

families: reversed_motor, wind, angle_bias, mirrored_sensors, action_delay, physics. start: random or meta. The other arguments
are those of MetaTrainingConfig, and time_budget in seconds. cancel() ends it."""


def answer(state: TrainingState) -> dict[str, Any]:
    """A state as the API reports it."""
    last = state.epochs[-1] if state.epochs else None
    progress = {
        "phase": state.phase,
        "place_in_queue": state.place,
        "epochs": len(state.epochs),
        "seconds": round(state.seconds, 2),
        "return_before": last and last.return_before,
        "return_after": last and last.return_after,
        "message": state.problem or phase_words(state),
    }
    if state.phase != "done":
        return progress
    checkpoint = state.best and base64.b64encode(state.best).decode()  # a safetensors file
    more = {"settings": state.settings.values(), "log": _log(state), "check": _check(state.check), "checkpoint_base64": checkpoint}
    return {**progress, **more}


def _log(state: TrainingState) -> dict[str, list]:
    names = ("meta_loss", "return_before", "return_after", "env_steps", "seconds", "rolled_back")
    return {name: [_finite(getattr(e, name)) for e in state.epochs] for name in names}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _check(check: dict | None) -> dict | None:
    """Mean greedy returns in each validation world, by the steps of adaptation."""
    if check is None:
        return None
    means = np.array(check["returns"]).mean(axis=2)
    by_step = {str(step): row.tolist() for step, row in zip(check["steps"], means, strict=True)}
    return {"worlds": check["worlds"], "returns_by_step": by_step, "seconds": check["seconds"], "problem": check["problem"]}


def meta_train(request: gr.Request, *values: Any) -> Iterator[dict]:
    """See HELP; the signature below gives it named arguments."""
    try:
        settings = check_settings(dict(zip(DEFAULTS, values, strict=True)))
        model = None if settings.start == "random" else serialise(shared_model(settings.start))
        with JOBS.enter(request, "training") as job:
            for state in job.while_wanted(run_training(settings, request.session_hash, model, address=address_of(request))):
                yield answer(state)
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from None


def add_endpoint() -> None:
    """Call inside the page's Blocks context."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    named = [inspect.Parameter(name, kind, default=value, annotation=type(value)) for name, value in DEFAULTS.items()]
    first = inspect.Parameter("request", kind, annotation=gr.Request)
    meta_train.__signature__ = inspect.Signature([first, *named], return_annotation=dict)
    meta_train.__annotations__ = {"request": gr.Request, **{p.name: p.annotation for p in named}, "return": dict}
    gr.api(meta_train, api_name="meta_train", api_description=HELP, **TRAINING)
