"""What a tab's handlers tell the browser beside what they show: one value for a tab, read by assets/page.js."""

import secrets
from collections.abc import Sequence
from typing import Any

import gradio as gr

from ui.tabs.events import IN_BROWSER


class TabState:
    """Built inside the tab. Its box holds one dictionary, of which a handler sends what it changes; the browser keeps the rest:

    now: the query of what the controls show, which the address bar follows. of: the query that the tab's results (.result) were made
    with; they are dimmed where it is another than `now`. link: the query that brings those results back. refused: whether the
    controls can't be used. then: "sync" lets the stage follow the controls, else the id of a button to be pressed.
    """

    def __init__(self, tab: str, now: str):
        self.tab = tab
        self.box = gr.HTML(
            {"now": now, "of": "", "link": "", "refused": False, "then": ""},
            html_template="",
            js_on_load=f"window.ssmState({tab!r}, props, watch)",
            visible="hidden",
        )
        self.soon = gr.Button("Show", visible="hidden", elem_id=f"{tab}-soon")

    def follow(self, events: Sequence[Any]) -> None:
        """Press `soon` a moment after the last of these events of controls."""
        gr.on(events, None, None, None, js=f"() => window.ssmTouched({self.tab!r})", **IN_BROWSER)

    @staticmethod
    def of(**changes: Any) -> dict[str, Any]:
        """Some changes of the state; new each time, so that the browser takes note of them."""
        return {"then": "", **changes, "id": secrets.token_hex(4)}

    def mended(self, state: Any, message: gr.HTML) -> dict:
        """What changes where the controls show what stands on the stage already: a complaint about them holds no longer."""
        complained = isinstance(state, dict) and state.get("refused")
        return {self.box: self.of(refused=False), **({message: ""} if complained else {})}
