"""One next step after every result: what a visitor may well want to do now."""

from typing import NamedTuple

from model import World
from ui.runs.episode import STEPS_PER_SECOND, Recording
from ui.settings import RACERS


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
