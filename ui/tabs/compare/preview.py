"""The Compare tab before a race: the lanes as the controls describe them, and their link."""

from __future__ import annotations

from urllib.parse import urlencode

import gradio as gr

from ui.server.session import Session
from ui.settings import RaceSettings, race_to_query
from ui.tabs.compare.controls import RaceControls
from ui.tabs.events import REFUSED
from ui.tabs.preview import StagePreview
from ui.views.messages import problem
from ui.views.race import start_value


class RacePreview(StagePreview):
    """Connects the controls with the stage. `now`: the link of what the controls show; `stands`: what is on the stage, or was raced."""

    def __init__(self, session: gr.State, controls: RaceControls, player: gr.HTML, message: gr.HTML):
        super().__init__("race", session, message)
        c = self.controls = controls
        self.player, first = player, RaceSettings()
        self.now = gr.Textbox(urlencode(race_to_query(first)), visible="hidden")
        self.stands = gr.State(first)
        on_stage = [*c.world.events, *(group.input for group in c.chosen), c.seed.input]
        self.connect([self.stands, session, *c.inputs], [player, self.now, self.stands], on_stage, [c.steps.input])

    def show(self, stands: RaceSettings, session: Session, *inputs) -> dict:
        """The lanes before a race, unless they or its result stand there already."""
        try:
            settings = self.controls.read(session, inputs)
        except ValueError as error:
            return {self.message: problem(error), self.refused: REFUSED}
        now = {self.message: "", self.refused: "", self.now: urlencode(race_to_query(settings))}
        if settings == stands:
            return now
        if (stands.world, stands.seed) != (settings.world, settings.seed):
            now[self.session] = session.elsewhere(settings.world, settings.seed)
        return {**now, self.player: start_value(settings, session.policy_model), self.stands: settings}
