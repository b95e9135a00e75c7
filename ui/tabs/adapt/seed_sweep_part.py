"""The part of the Adapt tab that asks: was it luck?"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from ui.runs.seed_sweep import Luck, luck_progress, luck_words, repeat
from ui.server import stops
from ui.server.jobs import HEAVY, heavy
from ui.server.session import Session
from ui.settings import adapt_to_query
from ui.tabs.adapt.controls import AdaptControls
from ui.tabs.controls import message_area
from ui.tabs.events import QUIET
from ui.tabs.next_step import NextStep
from ui.views.adapt_next import after_luck
from ui.views.adaptation import luck_value, paced
from ui.views.charts import chart
from ui.views.messages import hint, notice, problem, stale_note

LUCK_FITTING = "#luck-result, #luck-curve, #luck-next"
"""What is dimmed while the repetition was made with other settings than those that stand."""


class LuckPart:
    """Built inside the tab; repeats the adaptation that the tab's controls describe."""

    def __init__(self, session: gr.State, controls: AdaptControls):
        self.controls = controls
        gr.HTML('<h2 class="part">Was it luck?</h2>')
        with gr.Row(elem_classes="act", equal_height=False):
            with gr.Column(scale=3, min_width=300, elem_classes="side"):
                gr.HTML(hint("The same adaptation 20 times with the settings above, each time with other episodes to learn from."))
                with gr.Row(elem_classes="pair"):
                    self.repeat = gr.Button("Repeat with 20 seeds", elem_id="luck-run", scale=2, min_width=160)
                    self.stop = gr.Button("Stop", interactive=False, elem_id="luck-stop", scale=1, min_width=80)
                self.message = message_area("luck-message")
                self.result = gr.HTML("", elem_id="luck-result")
                self.next = NextStep("luck")
            with gr.Column(scale=7, min_width=320):
                self.curve = chart(visible=False, elem_id="luck-curve")
        self.of = gr.Textbox("", visible="hidden")  # the link of the settings that were repeated
        outputs = [self.message, self.curve, self.result, self.repeat, self.stop, self.of, *self.next.outputs]
        self.repeated = self.repeat.click(self._repeat, [session, *controls.inputs], outputs, **HEAVY, **QUIET)
        self.stop.click(self._stop, None, self.message, queue=False, **QUIET)

    @heavy("repetition with 20 seeds")
    def _repeat(self, request: gr.Request, session: Session, *inputs) -> Iterator[dict]:
        try:
            settings = self.controls.read(session, inputs)
        except ValueError as error:
            yield {self.message: problem(error)}
            return
        with stops.running(f"luck {request.session_hash}") as stop:
            luck: Luck | None = None
            for luck in paced(repeat(settings, session.policy_model(settings.start), stop), stop, wait=False):
                shown = {self.message: notice(luck_progress(luck)), self.result: "", self.of: urlencode(adapt_to_query(settings))}
                yield {**shown, self.curve: gr.update(value=luck_value(luck), visible=True), **self._busy(True), **self.next.updates(None)}
        words = f'{stale_note("Press Repeat.")}<p class="outcome">{html.escape(luck_words(luck))}</p>'
        following = self.next.updates(after_luck(settings) if luck.done else None)
        yield {self.message: "", self.result: words, self.curve: luck_value(luck), **self._busy(False), **following}

    def _busy(self, busy: bool) -> dict:
        return {self.repeat: gr.update(interactive=not busy), self.stop: gr.update(interactive=busy)}

    def _stop(self, request: gr.Request) -> Any:
        return notice("Stopping after the step that is under way.") if stops.stop(f"luck {request.session_hash}") else gr.skip()
