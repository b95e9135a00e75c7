"""The challenges on the Compare tab: judged in the world of its controls, the best kept in the visitor's browser."""

from __future__ import annotations

import html
import json

import gradio as gr

from ui.fields import world_from_page
from ui.racers import RaceSettings, race_to_query
from ui.runs.challenges import JUDGES, MEASURE, Verdict
from ui.server.fairness import HEAVY, heavy
from ui.tabs.controls import WorldControls
from ui.tabs.events import IN_BROWSER, QUIET
from ui.views.messages import hint, problem

CARDS = {
    "mend": (
        "Break it for good",
        "The smallest change that three gradient steps of the meta-trained policy can’t mend. Nearer is better.",
        "Let it try three steps",
    ),
    "memory": (
        "As far as memory goes",
        "The farthest world in which the memory policy stands, without a gradient step. Farther is better.",
        "Let memory try",
    ),
    "you": (
        "Stand longer than it does",
        "You and the policy, each with a cart in the same world, on the Live tab. Longer is better.",
        "Take the motor yourself",
    ),
}
SHOW = "window.ssmBests(element)"


class ChallengesPart:
    """Built inside a Blocks context."""

    def __init__(self, world: WorldControls):
        self.world, self.buttons, results = world, {}, {}
        about = hint(f"The first two are judged in the world chosen above. {MEASURE}")
        gr.HTML(f'<h2 class="part">Three challenges</h2>{about}')
        with gr.Row(elem_classes="challenges", equal_height=False):
            for name, (title, text, press) in CARDS.items():
                with gr.Column(min_width=260, elem_classes="challenge"):
                    best = f'<p class="best" data-best="{name}"></p>'
                    gr.HTML(f"<h3>{title}</h3>{hint(text)}{best}", js_on_load=SHOW, apply_default_css=False)
                    self.buttons[name] = gr.Button(press, elem_id=f"challenge-{name}")
                    results[name] = gr.HTML("", elem_id=f"challenge-{name}-result", elem_classes="message")
        self.message = results["mend"]  # where it says that a job is still running
        self.results = results
        self.outcome = gr.Textbox("", visible="hidden")
        for name, judge in (("mend", self._mend), ("memory", self._memory)):
            outputs = [results[name], self.outcome, self.message]
            self.buttons[name].click(judge, world.inputs, list(dict.fromkeys(outputs)), **HEAVY, **QUIET)
        self.outcome.change(None, self.outcome, None, js="(text) => window.ssmScored(text)", **IN_BROWSER)
        self.buttons["you"].click(None, None, None, js='() => window.ssmGo("you")', **IN_BROWSER)

    @heavy("challenge")
    def _mend(self, request: gr.Request, preset, *fields) -> dict:
        return self._judged("mend", preset, fields)

    @heavy("challenge")
    def _memory(self, request: gr.Request, preset, *fields) -> dict:
        return self._judged("memory", preset, fields)

    def _judged(self, name: str, preset, fields) -> dict:
        try:
            world = world_from_page(preset, fields)
        except ValueError as error:
            return {self.results[name]: problem(error)}
        verdict = JUDGES[name](world)
        return {self.results[name]: verdict_html(verdict), self.outcome: outcome(verdict, RaceSettings(world))}


def verdict_html(verdict: Verdict) -> str:
    """What came of it."""
    return f'<p class="notice" role="status">{html.escape(verdict.words)}</p>'


def outcome(verdict: Verdict, settings: RaceSettings) -> str:
    """For assets/challenges.js: what may be the visitor's best, and the query of its world."""
    query = race_to_query(settings)
    return json.dumps({"challenge": verdict.challenge, "won": verdict.won, "score": round(verdict.score, 3), "query": query})
