"""One next step after every result: what a visitor may well want to do now, as one button."""

from __future__ import annotations

from typing import NamedTuple

import gradio as gr

from model import World
from model.worlds.cartpole import MAX_EPISODE_STEPS
from ui.shared.episode import STEPS_PER_SECOND, Recording
from ui.shared.inputs import STARTS


class Next(NamedTuple):
    """act: what assets/page.js does. text: what the button says."""

    act: str
    text: str


BREAK = Next("break", "Now break it: reverse the motor")
TRAIN = Next("train", "Now train your own")


def after_episode(r: Recording) -> Next:
    """What follows an episode on the stage."""
    stood, standard = r.steps >= MAX_EPISODE_STEPS, r.world == World()
    if r.policy not in STARTS:
        return Next("meta", "Let the meta-trained policy try")
    if not stood:
        seconds = f"{r.steps / STEPS_PER_SECOND:.2g} s" if r.steps < STEPS_PER_SECOND else f"{r.steps / STEPS_PER_SECOND:.0f} s"
        return Next("learn", f"It fell in {seconds}: let it learn")
    if standard:
        return BREAK
    return TRAIN if r.policy in ("memory", "yours") else Next("verify", "Was it luck? Verify")


class NextStep:
    """A button that is there once there is a next step. Built inside a Blocks context."""

    def __init__(self, name: str, step: Next | None = None):
        self.button = gr.Button(step.text if step else "", visible=step is not None, elem_id=f"{name}-next", elem_classes="next-step")
        self.act = gr.Textbox(step.act if step else "", visible="hidden")

    @property
    def outputs(self) -> list:
        """What `updates` fills."""
        return [self.button, self.act]

    def waiting(self) -> dict:
        """What each of `outputs` becomes while the result is on its way: the button has its place already."""
        return {self.button: gr.update(value="It is still learning", visible=True, interactive=False), self.act: ""}

    def updates(self, step: Next | None) -> dict:
        """What each of `outputs` becomes."""
        if step is None:
            return {self.button: gr.update(visible=False), self.act: ""}
        return {self.button: gr.update(value=step.text, visible=True, interactive=True), self.act: step.act}
