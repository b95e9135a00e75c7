"""The visitor's own policy: offered on every tab once there is one, and kept by the visitor's browser, which gives it back on return."""

from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio.components import Component

from ui.runs.trained import model_from_base64
from ui.server.session import Session
from ui.tabs.events import IN_BROWSER

KEEP = "(weights) => window.ssmLine.keep(weights)"
KEPT = "(session) => [session, window.ssmStore.get('yours')]"
BACK = "(weights) => { window.ssmOpened(); return window.ssmLine.back(weights); }"


class Yours:
    """Built inside the page's Blocks. choices: each list of policies -> what it offers with "yours" among them; the first is Play's."""

    def __init__(self, choices: Mapping[Component, list[tuple[str, str]]]):
        self.choices, self.play = choices, next(iter(choices))
        self.weights = gr.Textbox("", visible="hidden", elem_id="yours")  # base64, as the browser keeps it
        self.weights.change(None, self.weights, None, js=KEEP, **IN_BROWSER)

    @property
    def outputs(self) -> list[Component]:
        """What `kept` and `given_back` fill."""
        return [self.weights, *self.choices]

    def offered(self, shown: Mapping[Component, Any]) -> dict:
        """The lists with "yours" in them, and the values that they shall have."""

        def update(c: Component) -> dict:  # made anew each time: Gradio takes the value out of an update that it applies
            return gr.update(choices=self.choices[c], **({"value": shown[c]} if c in shown else {}))

        return {c: update(c) for c in self.choices}

    def kept(self, session: Session) -> dict:
        """What changes once the visitor's own policy is another: Play shows it."""
        return {self.weights: session.weights, **self.offered({self.play: "yours"})}

    def given_back(self, session: Session, weights: Any) -> tuple[Session, dict]:
        """The session with what the browser has kept, and what changes then; what is no policy is forgotten."""
        if not weights:
            return session, {}
        try:
            session = session.with_model(model_from_base64(weights))
        except ValueError:
            return session, {self.weights: ""}
        return session, {self.weights: session.weights}
