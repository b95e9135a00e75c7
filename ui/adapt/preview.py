"""The Adapt tab's stage before a run: whatever is touched, it shows how the starting point does there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr

from ui.adapt.controls import AdaptControls
from ui.adapt.view import preview_value
from ui.shared.controls import problem
from ui.shared.episode import record
from ui.shared.events import QUIET
from ui.shared.inputs import CUSTOM, AdaptSettings
from ui.shared.session import Session


def key(s: AdaptSettings) -> tuple:
    """What decides how the stage looks before a run."""
    return s.world, s.start, s.seed


class Preview:
    """Connects the controls with the stage. A preset is taken by its name and a field by the values, because the browser may not
    have made the two agree yet.
    """

    def __init__(self, session: gr.State, controls: AdaptControls, player: gr.HTML, message: gr.HTML):
        self.controls = controls
        world, start, seed = controls.world, controls.start, controls.seed
        self.inputs = [*world.inputs, start, seed]
        self.shown = gr.State(key(AdaptSettings()))  # what stands on the stage
        self.session, self.player, self.message = session, player, message
        self.outputs = [session, player, message, self.shown]
        # One after another: two at once could end in the wrong order and leave another world on the stage than was chosen last.
        self.queue = {"concurrency_id": "preview", "concurrency_limit": 1, **QUIET}
        last = {"trigger_mode": "always_last", **self.queue}
        world.preset.input(self.preset, [session, world.preset, start, seed], self.outputs, **last)
        for name, button in world.buttons.items():
            button.click(self._button(name), [session, start, seed], self.outputs, **last)
        fields = [getattr(f, "release" if isinstance(f, gr.Slider) else "input") for f in world.fields]
        gr.on(fields, self.fields, [session, *world.fields, start, seed], self.outputs, **last)
        gr.on([start.input, seed.submit, seed.blur], self.show, [session, *self.inputs], self.outputs, **last)

    def _settings(self, session: Session, inputs: tuple) -> AdaptSettings:
        *world, start, seed = inputs
        return self.controls.read(session, (*world, start, "standard", 0, 1, 1, 0.0, seed))

    def show(self, session: Session, *inputs) -> dict:
        """The starting point in the world that the controls show."""
        try:
            s = self._settings(session, inputs)
        except ValueError as error:
            return {self.message: problem(error)}
        recording = record(session.policy_model(s.start), s.world, s.seed, policy=s.start)
        # Play keeps its policy, and finds the world and the seed changed when the visitor comes back to it.
        session = replace(session, choice=replace(session.choice, world=s.world, seed=s.seed))
        return {self.session: session, self.player: preview_value(recording), self.message: "", self.shown: key(s)}

    def preset(self, session: Session, preset: Any, start: Any, seed: Any) -> dict:
        """The same for a preset."""
        return self.show(session, *self.controls.world.inputs_of(preset), start, seed)

    def _button(self, name: str) -> Callable:
        return lambda session, start, seed: self.preset(session, name, start, seed)

    def fields(self, session: Session, *inputs) -> dict:
        """The same for a world whose fields have just been changed."""
        return self.show(session, CUSTOM, *inputs)

    def coming_back(self, session: Session, shown: tuple, *inputs) -> dict:
        """The same when the tab is opened, unless it is what stands there already, with or without a run."""
        try:
            same = key(self._settings(session, inputs)) == shown
        except ValueError:
            same = True
        return gr.skip() if same else self.show(session, *inputs)
