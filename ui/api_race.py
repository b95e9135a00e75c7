"""The public API's /race."""

from __future__ import annotations

import threading
from typing import Any

import gradio as gr

from model import World
from ui.racers import FIRST_RACERS, STEPS, adaptation_of, check_race
from ui.runs.policies import shared_model
from ui.runs.race import race as run_race
from ui.server.fairness import JOBS
from ui.views.race_words import sentence

FIRST = ", ".join(r.name for r in FIRST_RACERS)


def race(world: World, request: gr.Request, racers: str = FIRST, num_adapt_steps: int = STEPS.default, seed: int = 0) -> dict:
    """Race up to 6 policies in one world from the same start, each as it is or adapted with the settings chosen for it.

    racers: POLICY or POLICY.MODE with commas between; policies meta, memory, standard, untrained; modes standard, hybrid. The answer
    holds for each racer the mean return of 20 greedy episodes and the environment steps before and after every step, and
    stands_from: the step from which on it counts as solved, null where it never does.
    """
    settings = check_race(world, racers, num_adapt_steps, seed)
    with JOBS.enter(request, "race") as job:
        *_, run = job.in_turns(run_race(settings, shared_model, threading.Event()))
    return {"sentence": sentence(run), "ended": run.ended, "racers": [_lane(settings, lane) for lane in run.lanes]}


def _lane(settings: Any, lane: Any) -> dict[str, Any]:
    points, adapts = lane.curve.points, lane.racer.mode != "none"
    return {
        "racer": lane.racer.name,
        "adapt_lr": adaptation_of(settings, lane.racer).adapt_lr if adapts else None,
        "stands_from": lane.stands_from,
        "means": [float(p.returns.mean()) for p in points],
        "env_steps": [p.env_steps for p in points],
        "problem": lane.curve.problem,
    }
