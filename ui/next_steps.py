"""What the next step's button does: what changes on other tabs, then, in the browser, the tab and the button pressed there."""

from __future__ import annotations

from dataclasses import replace

import gradio as gr

from ui.runs.adaptation import AdaptRun
from ui.server.session import Session
from ui.settings import RACERS, Choice
from ui.tabs.adapt.tab import AdaptTab
from ui.tabs.events import IN_BROWSER, QUIET
from ui.tabs.play import PlayTab


def connect_next(session: gr.State, play: PlayTab, adapt: AdaptTab) -> None:
    """Give every next step its deed."""

    def prepare(act: str, now: Session, run: AdaptRun | None) -> dict:
        if act == "learn":
            choice = now.choice
            start = choice.policy if choice.policy in RACERS else "meta"
            controls = adapt.controls
            return {**controls.world.updates(choice.world), controls.start: start, controls.seed: choice.seed}
        if act == "memory" and run is not None:
            return play.showing(now.play(Choice(run.settings.world, "memory", True, run.settings.seed)))
        if act == "meta":
            return play.showing(now.play(replace(now.choice, policy="meta")))
        return gr.skip()

    changed = [*play.outputs, *adapt.controls.world.outputs, adapt.controls.start, adapt.controls.seed]
    for step in (play.next, adapt.next, adapt.luck.next):
        done = step.button.click(prepare, [step.act, session, adapt.run], changed, **QUIET)
        done.then(None, step.act, None, js="(act) => window.ssmGo(act)", **IN_BROWSER)
