"""The button of a next step."""

import gradio as gr

from ui.views.next_steps import Next


class NextStep:
    """A button that is there once there is a next step. Built inside a Blocks context.

    result: whether it belongs to the tab's result, and rests with it while that is dimmed (assets/page.js).
    """

    def __init__(self, name: str, step: Next | None = None, result: bool = False):
        self.classes = ["next-step", *(["result"] if result else [])]
        self.button = gr.Button(**self._look(step), elem_id=f"{name}-next")

    def _look(self, step: Next | None) -> dict:
        """How the button looks; a class names what it does."""
        act = [f"act-{step.act}"] if step else []
        return {"value": step.text if step else "", "visible": step is not None, "elem_classes": [*self.classes, *act]}

    @property
    def outputs(self) -> list:
        """What `updates` fills."""
        return [self.button]

    def waiting(self) -> dict:
        """What each of `outputs` becomes while the result is on its way: the button has its place already."""
        return {self.button: gr.update(value="It is still learning", visible=True, interactive=False)}

    def updates(self, step: Next | None) -> dict:
        """What each of `outputs` becomes."""
        return {self.button: gr.update(**self._look(step), interactive=True)}
