"""One next step after every result: what a visitor may well want to do now."""

from typing import NamedTuple

import numpy as np

from model import World
from model.worlds.cartpole import SOLVED
from ui.runs.adaptation import AdaptRun
from ui.runs.episode import STEPS_PER_SECOND, Recording
from ui.runs.race import Race
from ui.runs.seed_sweep import SEEDS
from ui.settings import RACERS, AdaptSettings
from ui.views.race_words import ranked


class Next(NamedTuple):
    """act: what assets/page.js does. text: what the button says."""

    act: str
    text: str


BREAK = Next("break", "Now break it: reverse the motor")
TRAIN = Next("train", "Now train your own")


def after_episode(r: Recording) -> Next:
    """What follows an episode on the stage."""
    standard = r.world == World()
    if r.policy not in RACERS:
        return Next("meta", "Let the meta-trained policy try")
    if r.fell:
        seconds = f"{r.steps / STEPS_PER_SECOND:.2g} s" if r.steps < STEPS_PER_SECOND else f"{r.steps / STEPS_PER_SECOND:.0f} s"
        return Next("learn", f"It fell in {seconds}: let it learn")
    if standard:
        return BREAK
    return TRAIN if r.policy in ("memory", "taught", "yours") else Next("verify", "From other starts too? Verify")


def after_adaptation(run: AdaptRun) -> Next | None:
    """What follows an adaptation; nothing where it fell and its settings ask for no step."""
    if not any(p.moved for c in run.curves for p in c.points[1:]):
        return None if run.before.mean < SOLVED else TRAIN if run.settings.world.reversed_motor else BREAK
    if max(c.last.mean for c in run.curves) >= SOLVED:
        return Next("sweep", f"Was it luck? {SEEDS} more")
    return Next("further", "It is not there yet: adapt further")


def after_sweep(settings: AdaptSettings) -> Next:
    """What follows a seed sweep."""
    return TRAIN if settings.start in ("memory", "taught") else Next("memory", "Does memory do it without a fall?")


def after_race(race: Race) -> Next:
    """By who came first: what a visitor may want to know of it."""
    first = ranked(race)[0]
    if first.cost == np.inf:
        return Next("adapt", "Nobody stands: try other settings in Adapt")
    return Next("adapt", "See every gradient step in Adapt") if first.cost > 0 else TRAIN
