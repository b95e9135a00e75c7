"""A tab's stage before a run: it follows the controls a moment after their last change, and again where they may have changed unseen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from ui.tabs.events import IN_BROWSER, QUIET, bright, soon


class StagePreview:
    """A tab's own class tells in `show` what the controls say; it then calls `connect` once.

    name: of the tab's elements: #NAME-stage is its player. refused: holds REFUSED while the controls can't be used.
    """

    def __init__(self, name: str, session: gr.State, message: gr.HTML):
        self.session, self.message = session, message
        self.name, self.stage = name, f"#{name}-stage .player"
        self.refused = gr.Textbox("", visible="hidden")
        self.soon = gr.Button("Show", visible="hidden", elem_id=f"{name}-soon")

    def connect(self, inputs: Sequence[Component], outputs: Sequence[Component], on_stage: Sequence[Any], others: Sequence[Any]) -> None:
        """inputs, outputs: of `show`. on_stage, others: events of controls that change the stage, and of those that change the link."""
        self.inputs, self.outputs = [*inputs], [self.session, self.message, self.refused, *outputs]
        # One after another, and of those that wait only the last: two at once could end in the wrong order.
        self.queue = {"concurrency_id": f"{self.name}-preview", "concurrency_limit": 1, "trigger_mode": "always_last", **QUIET}
        self._brighten(self.soon.click(self.show, self.inputs, self.outputs, **self.queue))
        gr.on(on_stage, None, None, None, js=soon(f"{self.name}-soon", self.stage), **IN_BROWSER)
        gr.on(others, None, None, None, js=f"() => window.ssmSoon('{self.name}-soon')", **IN_BROWSER)

    def show(self, *inputs) -> dict:
        """What the stage, the message and the link become."""
        raise NotImplementedError

    def show_again(self, after: Callable, asked: gr.Textbox | None = None) -> None:
        """Show what the controls say after an event: `after` is what a handler of it is given to. asked: only if this holds something."""
        handler, given = (self._again, []) if asked is None else (self._again_if, [asked])
        self._brighten(after(handler, [*given, self.refused, *self.inputs], self.outputs, **self.queue))

    def _brighten(self, event: Any) -> None:
        event.then(None, self.refused, None, js=bright(self.stage), **IN_BROWSER)

    def _again(self, refused: str, *inputs) -> dict:
        """As `show`, where nobody has touched the controls.

        What the message says still holds, unless it was of an entry now mended; and the session stays, for the visitor may be at work
        on another tab.
        """
        shown = self.show(*inputs)
        shown.pop(self.session, None)
        if not shown[self.message] and not refused:
            del shown[self.message]
        return shown

    def _again_if(self, asked: str, *args) -> Any:
        return self._again(*args) if asked else gr.skip()
