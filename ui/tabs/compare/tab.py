"""The Compare tab: several policies in one world, from the same start, in step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from ui.runs.policies import shared_model
from ui.runs.race import Race, race
from ui.server import stops
from ui.server.jobs import HEAVY, heavy
from ui.server.session import Session
from ui.settings import RAN, RaceSettings, race_from_query, race_to_query
from ui.tabs.compare.controls import RaceControls
from ui.tabs.compare.preview import RacePreview
from ui.tabs.controls import message_area
from ui.tabs.events import IN_BROWSER, QUIET, fits
from ui.tabs.next_step import NextStep
from ui.views.adaptation import paced
from ui.views.compare_next import after_race
from ui.views.messages import notice, problem, unopened
from ui.views.player import player
from ui.views.race import race_value, start_value
from ui.views.race_words import progress, result_html, table
from ui.views.terms import act_line

TAB = "Compare"
ADDRESS = f"(of, now, link) => window.ssmAddress({TAB!r}, link && of === now ? link : now)"
SEE_STAGE = '(...inputs) => { window.ssmNow("race-soon"); window.ssmSee("race-stage"); return inputs; }'
FITTING = "#race-result, #race-next"


class CompareTab:
    """Builds the tab; `session` is the page's gr.State. The page then calls the `connect_` methods once."""

    def __init__(self, session: gr.State):
        self.session, first = session, RaceSettings()
        who = "who stands without learning, who after a [[gradient step]], who never?"
        gr.HTML(act_line(f"Several [[policy|policies]] in one [[world]], from the same start: {who}", "compare"))
        with gr.Row(elem_classes="act", equal_height=False):
            with gr.Column(scale=7, min_width=320):
                self.player = player(start_value(first, shared_model), elem_id="race-stage")
                self.result = gr.HTML("", elem_id="race-result")
            with gr.Column(scale=3, min_width=300, elem_classes="side"):
                self.controls = RaceControls()
                with gr.Row(elem_classes="pair race-go"):
                    self.race = gr.Button("Race", variant="primary", elem_id="race-run", scale=2, min_width=100)
                    self.stop = gr.Button("Stop", interactive=False, elem_id="race-stop", scale=1, min_width=80)
                self.next = NextStep("race")
                self.message = message_area("race-message")
                self.copy = gr.Button("Copy link", size="sm", elem_id="race-copy")
        self.of = gr.Textbox("", visible="hidden")  # the link of what was raced
        self.link = gr.Textbox("", visible="hidden")  # the same with its result
        self.asked = gr.Textbox("", visible="hidden")  # a link whose race is to be run
        self.preview = RacePreview(session, self.controls, self.player, self.message)
        self._connect()

    @property
    def _outputs(self) -> list:
        return [
            self.player,
            self.result,
            self.message,
            self.race,
            self.stop,
            self.preview.now,
            self.of,
            self.link,
            self.preview.stands,
            self.preview.refused,
            *self.next.outputs,
        ]

    def _connect(self) -> None:
        p, now = self.preview, self.preview.now
        raced = self.race.click(self._race, [self.session, *self.controls.inputs], self._outputs, js=SEE_STAGE, **HEAVY, **QUIET)
        p.show_again(raced.then)  # the controls may have changed meanwhile
        self.stop.click(self._stop, None, self.message, queue=False, **QUIET)
        self.next.button.click(None, self.next.act, None, js="(act) => window.ssmGo(act)", **IN_BROWSER)
        made = [now.change, self.of.change, p.refused.change]
        gr.on(made, None, [self.of, now, p.refused], None, js=fits(FITTING), **IN_BROWSER)
        self.address = {"inputs": [self.of, now, self.link], "js": ADDRESS, **IN_BROWSER}
        gr.on([now.change, self.of.change, self.link.change], None, outputs=None, **self.address)
        link = "(of, now, link) => window.ssmCopyLink(link && of === now ? link : now)"
        self.copy.click(None, [self.of, now, self.link], self.message, js=link, **IN_BROWSER)

    def connect_tab(self, tab: gr.Tab) -> None:
        """Coming here shows the world that another tab has chosen, and the visitor's own policy."""
        self.preview.show_again(tab.select(self.controls.with_yours, self.session, self.controls.chosen, **QUIET).then)
        tab.select(None, outputs=None, **self.address)

    def connect_link(self, page: gr.Blocks, tabs: gr.Tabs) -> None:
        """Restore what the page's link encodes, and run its race if it asks for the result."""
        self.tabs = tabs
        outputs = [tabs, self.message, self.player, self.preview.now, self.preview.stands, self.asked, *self.controls.outputs]
        opened = page.load(self._open_link, self.session, outputs, **QUIET)
        made = opened.then(self._make_result, [self.session, self.asked, *self.controls.inputs], self._outputs, **HEAVY, **QUIET)
        self.preview.show_again(made.then, self.asked)

    @heavy("race")
    def _race(self, request: gr.Request, session: Session, *inputs) -> Iterator[dict]:
        try:
            settings = self.controls.read(session, inputs)
        except ValueError as error:
            yield {self.message: problem(error)}
            return
        with stops.running(f"race {request.session_hash}") as stop:
            # A press right after a change of the controls comes before the preview has taken note of it; what changes later stays.
            yield {self.preview.now: urlencode(race_to_query(settings)), self.preview.refused: "", **self._busy(True)}
            run: Race | None = None
            for run in paced(race(settings, session.policy_model, stop), stop, wait=False):
                yield {self.message: notice(progress(run)), **self._busy(True), **self.next.waiting()}
        yield {
            self.player: race_value(run),
            self.result: result_html(run) + table(run),
            self.message: "",
            self.of: urlencode(race_to_query(settings)),
            self.preview.stands: settings,
            self.link: urlencode({**race_to_query(settings), RAN: "1"}),
            **self._busy(False),
            **self.next.updates(after_race(run)),
        }

    def _make_result(self, request: gr.Request, session: Session, asked: str, *inputs) -> Iterator[dict]:
        """The race that a link asks for."""
        if asked:
            yield from self._race(request, session, *inputs)
        else:
            yield gr.skip()

    def _busy(self, busy: bool) -> dict:
        return {self.race: gr.update(interactive=not busy), self.stop: gr.update(interactive=busy)}

    def _stop(self, request: gr.Request) -> Any:
        return notice("Stopping after the step that is under way.") if stops.stop(f"race {request.session_hash}") else gr.skip()

    def _open_link(self, session: Session, request: gr.Request) -> dict:
        query = dict(request.query_params)
        try:
            settings = race_from_query(query, session.model is not None)
        except ValueError as error:
            return {self.tabs: gr.Tabs(selected="compare"), self.message: problem(unopened(error))}
        if settings is None:
            return gr.skip()
        return {
            self.tabs: gr.Tabs(selected="compare"),
            self.player: start_value(settings, session.policy_model),
            self.preview.now: urlencode(race_to_query(settings)),
            self.preview.stands: settings,
            self.asked: query.get(RAN, ""),
            **self.controls.updates(settings),
        }
