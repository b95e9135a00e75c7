"""Two challenges with a score: the smallest change that three steps can't mend, and the largest that memory stands in."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from model import World, evaluate_policy
from model.worlds.cartpole import SOLVED
from model.worlds.sampling import TRAINING_RANGES
from ui.racers import Racer, RaceSettings, adaptation_of
from ui.runs.adaptation import EVALUATION_EPISODES, adapt
from ui.runs.policies import shared_model
from ui.runs.race import Lane
from ui.words import OF_ALL, count

STEPS, SEED = 3, 0  # for everybody the same, so that scores compare
SWITCHES = ("reversed_motor", "mirrored_sensors", "velocity_sensors")
MEASURE = (
    "Distance from the standard world: each number counts by how far it is on the way to the end of its training range "
    "(1: at the end), each switch and each step of delay counts 1; added up."
)


@dataclass(frozen=True)
class Verdict:
    """score: the world's distance. won: whether it meets the challenge."""

    challenge: str  # "mend" or "memory"
    won: bool
    score: float
    words: str


def distance(world: World) -> float:
    """How far a world is from the standard one, in training ranges (see MEASURE); 0 for the standard world."""
    standard, total = World(), 0.0
    for name, (low, high) in TRAINING_RANGES.items():
        usual, value = getattr(standard, name), getattr(world, name)
        total += abs(value - usual) / (high - usual if value > usual else usual - low)
    switched = sum(getattr(world, name) != getattr(standard, name) for name in SWITCHES)
    return total + switched + world.action_delay


def judge_mend(world: World) -> Verdict:
    """Whether three gradient steps of the meta-trained policy leave it falling in this world: the nearer the world, the better."""
    settings = RaceSettings(world, (Racer("meta", "standard"),), STEPS, SEED)
    *_, run = adapt(adaptation_of(settings, settings.racers[0]), shared_model("meta"), threading.Event())
    lane, score = Lane(settings.racers[0], run.curves[0]), distance(world)
    last = lane.curve.last
    if lane.stands_from == 0:
        return Verdict("mend", False, score, "It stands there without a step: break it further.")
    if lane.stands_from is not None:
        words = f"It was mended: after {count(lane.stands_from, 'step')} it stands for {last.returns.mean():.0f} {OF_ALL} steps."
        return Verdict("mend", False, score, words)
    words = f"{count(last.index, 'step')} could not mend it: {last.returns.mean():.0f} {OF_ALL}."
    return Verdict("mend", True, score, f"{words} Distance {score:.2f}.")


def judge_memory(world: World) -> Verdict:
    """Whether the memory policy stands in this world without a gradient step: the farther the world, the better."""
    mean, score = evaluate_policy(shared_model("memory"), world, EVALUATION_EPISODES, SEED).mean(), distance(world)
    if mean < SOLVED:
        return Verdict("memory", False, score, f"It falls: {mean:.0f} {OF_ALL} steps on average.")
    return Verdict("memory", True, score, f"It stands: {mean:.0f} {OF_ALL} steps on average. Distance {score:.2f}.")


JUDGES = {"mend": judge_mend, "memory": judge_memory}
