"""The Adapt tab before a run: whatever is touched, the stage shows how the starting point does there, and the page knows its link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

import gradio as gr

from model import WORLDS
from ui.adapt.controls import AdaptControls
from ui.adapt.run import AdaptRun
from ui.adapt.view import preview_value, stage_value
from ui.shared.controls import FIRST_BREAK, problem
from ui.shared.events import IN_BROWSER, QUIET, REFUSED, bright, soon, unasked
from ui.shared.inputs import AdaptSettings, adapt_to_query
from ui.shared.session import Session

FIRST = AdaptSettings(WORLDS[FIRST_BREAK])


def key(s: AdaptSettings) -> tuple:
    """What decides how the stage looks before a run."""
    return s.world, s.start, s.seed, s.made


class Preview:
    """Connects the controls with the stage, a moment after the last change. `now`: the link of what the controls show."""

    def __init__(self, session: gr.State, run: gr.State, controls: AdaptControls, player: gr.HTML, message: gr.HTML):
        self.controls, self.run = controls, run
        self.session, self.player, self.message = session, player, message
        self.shown = gr.State(key(FIRST))  # what stands on the stage
        self.now = gr.Textbox(urlencode(adapt_to_query(FIRST)), visible="hidden", elem_id="adapt-now")
        self.refused = gr.Textbox("", visible="hidden")
        self.soon = gr.Button("Show", visible="hidden", elem_id="adapt-soon")
        self.inputs = [session, self.shown, run, *controls.inputs]
        self.outputs = [session, player, message, self.shown, self.now, self.refused]
        # One after another: two at once could end in the wrong order and leave another world on the stage than was chosen last.
        self.queue = {"concurrency_id": "preview", "concurrency_limit": 1, "trigger_mode": "always_last", **QUIET}
        self._brighten(self.soon.click(self.show, self.inputs, self.outputs, **self.queue))
        c = controls
        on_stage = [*c.world.events, c.start.input, c.seed.input]
        gr.on(on_stage, None, None, None, js=soon("adapt-soon", "#adapt-stage .player"), **IN_BROWSER)
        others = [c.mode.input, c.power.input, c.steps.input, c.episodes.input, c.weight.input, c.fresh.input]
        gr.on(others, None, None, None, js='() => window.ssmSoon("adapt-soon")', **IN_BROWSER)

    def show(self, session: Session, shown: tuple, run: AdaptRun | None, *inputs) -> dict:
        """The starting point in the world that the controls show, or the run that was made there."""
        try:
            s = self.controls.read(session, inputs)
        except ValueError as error:
            return {self.message: problem(error), self.refused: REFUSED}
        now = {self.message: "", self.refused: "", self.now: urlencode(adapt_to_query(s))}
        if key(s) == shown:
            return now
        made_here = run is not None and key(run.settings) == key(s)
        value = stage_value(run) if made_here else preview_value(session.policy_model(s.start), s)
        if (*shown[:1], *shown[2:3]) != (s.world, s.seed):
            # Play keeps its policy, and finds the world and the seed changed when the visitor comes back to it.
            now[self.session] = replace(session, choice=replace(session.choice, world=s.world, seed=s.seed))
        return {**now, self.player: value, self.shown: key(s)}

    def _brighten(self, event) -> None:
        event.then(None, self.refused, None, js=bright("#adapt-stage .player"), **IN_BROWSER)

    def show_again(self, after: Callable) -> None:
        """Show what the controls say after an event: `after` is what a handler of it is given to."""
        self._brighten(after(self.again, [self.refused, *self.inputs], self.outputs, **self.queue))

    def again(self, refused: str, *args) -> dict:
        """The same, where nobody has touched the controls."""
        return unasked(self.show(*args), self.session, self.message, refused)
