"""The part of the Adapt tab that lays runs of this visit over each other."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ui.runs.adaptation import AdaptRun
from ui.server.files import new_file
from ui.server.session import STATE_SECONDS
from ui.tabs.adapt.use_part import belongs
from ui.tabs.controls import message_area, unchecked
from ui.tabs.events import QUIET, file_button
from ui.views.charts import chart
from ui.views.messages import hint, notice, problem
from ui.views.pins import MOST, Pin, pinned, pins_chart, pins_csv, pins_table

WHY = f"Pin a run, change something, adapt and pin again: up to {MOST} runs lie over each other while this page is open."
LINKS = "A run's name is a link that makes it again in a new tab."


class PinsPart:
    """Build it inside a Blocks context; then call `connect`. It is there once there is a run."""

    def __init__(self) -> None:
        self.pins = gr.State((), time_to_live=STATE_SECONDS)
        with gr.Column(visible=False, elem_id="adapt-pins") as self.column:
            gr.HTML('<h2 class="part">Runs side by side</h2>')
            with gr.Row(elem_classes="act", equal_height=False):
                with gr.Column(scale=3, min_width=300, elem_classes="side"):
                    gr.HTML(hint(WHY))
                    self.pin = gr.Button("Pin this run", elem_id="pins-pin")
                    look = {"label": "Runs on the chart", "visible": False, "elem_id": "pins-shown"}
                    self.shown = unchecked(gr.CheckboxGroup([], value=[], **look), "runs on the chart")
                    with gr.Row(visible=False, elem_classes="then") as self.more:
                        self.save = gr.Button("Save as CSV", size="sm", min_width=110, elem_id="pins-save")
                        self.clear = gr.Button("Unpin all", size="sm", min_width=110, elem_id="pins-clear")
                    self.message = message_area("pins-message")
                with gr.Column(scale=7, min_width=320, visible=False) as self.picture:
                    self.chart = chart(elem_id="pins-chart")
                    self.table = gr.HTML("", elem_id="pins-table")
                    gr.HTML(hint(LINKS))
        self.file = file_button("pins-file")

    def connect(self, run: gr.State, run_id: gr.Textbox) -> None:
        """run, run_id: the tab's run, and the one that the browser shows."""
        outputs = [self.pins, self.shown, self.more, self.picture, self.chart, self.table, self.message]
        self.pin.click(self._pin, [self.pins, run, run_id], outputs, **QUIET)
        self.shown.input(self._show, [self.pins, self.shown], self.chart, **{**QUIET, "trigger_mode": "always_last"})
        self.clear.click(self._clear, None, outputs, **QUIET)
        self.save.click(self._save, self.pins, [self.file, self.message], **QUIET)

    def there(self, ended: bool) -> dict:
        """While a run goes on, and when it has ended."""
        return {self.column: gr.update(visible=True), self.pin: gr.update(interactive=ended)}

    @property
    def outputs(self) -> list:
        """What `there` fills."""
        return [self.column, self.pin]

    def _pin(self, pins: tuple[Pin, ...], run: AdaptRun | None, run_id: str) -> dict:
        try:
            belongs(run, run_id)
            now = pinned(pins, run)
        except ValueError as error:
            return {self.message: problem(error)}
        gone = [p.number for p in pins if p not in now]
        said = f"Pinned. Run {', '.join(map(str, gone))}, the oldest, made room for it." if gone else "Pinned."
        return {**self._filled(now), self.message: notice(said)}

    def _filled(self, pins: tuple[Pin, ...]) -> dict:
        some = bool(pins)
        return {
            self.pins: pins,
            self.shown: gr.update(choices=[(p.label, p.number) for p in pins], value=[p.number for p in pins], visible=some),
            self.more: gr.update(visible=some),
            self.picture: gr.update(visible=some),
            self.chart: pins_chart(pins),
            self.table: pins_table(pins) if some else "",
        }

    def _show(self, pins: tuple[Pin, ...], shown: Any) -> dict:
        chosen = shown if isinstance(shown, list) else []
        return pins_chart([p for p in pins if p.number in chosen])

    def _clear(self) -> dict:
        return {**self._filled(()), self.message: notice("No run is pinned any more.")}

    def _save(self, pins: tuple[Pin, ...]) -> dict:
        if not pins:
            return {self.message: problem("No run is pinned any more: the server has forgotten this visit.")}
        return {self.file: gr.DownloadButton(value=new_file("runs.csv", pins_csv(pins))), self.message: notice("The table is ready.")}
