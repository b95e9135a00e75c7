"""The button of a next step."""

from __future__ import annotations

import gradio as gr

from ui.views.next_steps import Next


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
