"""The Adapt tab before a run: whatever is touched, the stage shows how the starting point does there, and the page knows its link."""

from __future__ import annotations

from urllib.parse import urlencode

import gradio as gr

from model import WORLDS
from ui.runs.adaptation import AdaptRun
from ui.server.session import Session
from ui.settings import AdaptSettings, adapt_to_query
from ui.tabs.adapt.controls import AdaptControls
from ui.tabs.controls import FIRST_BREAK
from ui.tabs.events import REFUSED
from ui.tabs.preview import StagePreview
from ui.views.adaptation import preview_value, stage_value
from ui.views.messages import problem

FIRST = AdaptSettings(WORLDS[FIRST_BREAK])


def key(s: AdaptSettings) -> tuple:
    """What decides how the stage looks before a run."""
    return s.world, s.start, s.seed


class Preview(StagePreview):
    """Connects the controls with the stage. `now`: the link of what the controls show; `shown`: the key of what stands on the stage."""

    def __init__(self, session: gr.State, run: gr.State, controls: AdaptControls, player: gr.HTML, message: gr.HTML):
        super().__init__("adapt", session, message)
        c = self.controls = controls
        self.player = player
        self.shown = gr.State(key(FIRST))
        self.now = gr.Textbox(urlencode(adapt_to_query(FIRST)), visible="hidden", elem_id="adapt-now")
        on_stage = [*c.world.events, c.start.input, c.seed.input]
        others = [control.input for name, control in c.settings.items() if name not in ("start", "seed")]
        self.connect([session, self.shown, run, *c.inputs], [player, self.shown, self.now], on_stage, others)

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
            now[self.session] = session.elsewhere(s.world, s.seed)
        return {**now, self.player: value, self.shown: key(s)}
