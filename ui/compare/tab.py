"""The Compare tab: several policies in one world, from the same start, in step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from ui.adapt.view import paced
from ui.compare.challenges_part import ChallengesPart
from ui.compare.controls import RaceControls
from ui.compare.next_step import after_race
from ui.compare.race import Race, race
from ui.compare.racers import RaceSettings, race_from_query, race_to_query
from ui.compare.view import race_value, start_value
from ui.compare.words import progress, result_html, table
from ui.shared import stops
from ui.shared.controls import message_area, notice, problem, unopened
from ui.shared.events import IN_BROWSER, QUIET, REFUSED, bright, fits, soon, unasked
from ui.shared.fairness import HEAVY, heavy
from ui.shared.next_step import NextStep
from ui.shared.player import player
from ui.shared.policies import shared_model
from ui.shared.session import Session
from ui.shared.terms import act_line

TAB = "Compare"
RAN = "ran"  # in a link: the result is wanted too
ADDRESS = f"(of, now, link) => window.ssmAddress({TAB!r}, link && of === now ? link : now)"
STAGE = "#race-stage .player"
SEE_STAGE = '(...inputs) => { window.ssmNow("race-soon"); window.ssmSee("race-stage"); return inputs; }'
FITTING = "#race-result, #race-next"


def link_of(settings: RaceSettings, ran: bool = False) -> str:
    """The query that opens these settings, and the result where it is wanted."""
    return urlencode({**race_to_query(settings), **({RAN: "1"} if ran else {})})


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
        self.challenges = ChallengesPart(self.controls.world)
        self.now = gr.Textbox(link_of(first), visible="hidden")  # the link of what the controls show
        self.stands = gr.State(first)  # what stands on the stage, before a race or after it
        self.of = gr.Textbox("", visible="hidden")  # of what was raced
        self.link = gr.Textbox("", visible="hidden")  # the same with its result
        self.refused = gr.Textbox("", visible="hidden")
        self.asked = gr.Textbox("", visible="hidden")  # a link whose race is to be run
        self.soon = gr.Button("Show", visible="hidden", elem_id="race-soon")
        self._connect()

    @property
    def _outputs(self) -> list:
        return [
            self.player,
            self.result,
            self.message,
            self.race,
            self.stop,
            self.now,
            self.of,
            self.link,
            self.stands,
            self.refused,
            *self.next.outputs,
        ]

    def _connect(self) -> None:
        c, given = self.controls, [self.session, *self.controls.inputs]
        raced = self.race.click(self._race, given, self._outputs, js=SEE_STAGE, **HEAVY, **QUIET)
        self.stop.click(self._stop, None, self.message, queue=False, **QUIET)
        self.next.button.click(None, self.next.act, None, js="(act) => window.ssmGo(act)", **IN_BROWSER)
        # One after another, and of those that wait only the last: two at once could end in the wrong order.
        order = {"concurrency_id": "race-preview", "concurrency_limit": 1, "trigger_mode": "always_last", **QUIET}
        shown = [self.session, self.player, self.message, self.now, self.stands, self.refused]
        show = {"inputs": [self.stands, *given], "outputs": shown, **order}
        self.brighten = {"fn": None, "inputs": self.refused, "outputs": None, "js": bright(STAGE), **IN_BROWSER}
        self.again = {"fn": self._again, **show, "inputs": [self.refused, *show["inputs"]]}
        raced.then(**self.again).then(**self.brighten)  # the controls may have changed meanwhile
        self.soon.click(self._show, **show).then(**self.brighten)
        changes = [*c.world.events, *(group.input for group in c.chosen), c.seed.input]
        gr.on(changes, None, None, None, js=soon("race-soon", STAGE), **IN_BROWSER)
        c.steps.input(None, None, None, js='() => window.ssmSoon("race-soon")', **IN_BROWSER)
        made = [self.now.change, self.of.change, self.refused.change]
        gr.on(made, None, [self.of, self.now, self.refused], None, js=fits(FITTING), **IN_BROWSER)
        self.address = {"inputs": [self.of, self.now, self.link], "js": ADDRESS, **IN_BROWSER}
        gr.on([self.now.change, self.of.change, self.link.change], None, outputs=None, **self.address)
        link = "(of, now, link) => window.ssmCopyLink(link && of === now ? link : now)"
        self.copy.click(None, [self.of, self.now, self.link], self.message, js=link, **IN_BROWSER)

    def connect_tab(self, tab: gr.Tab) -> None:
        """Coming here shows the world that another tab has chosen, and the visitor's own policy."""
        tab.select(self.controls.with_yours, self.session, self.controls.chosen, **QUIET).then(**self.again).then(**self.brighten)
        tab.select(None, None, None, js="() => window.ssmBests(document)", **IN_BROWSER)
        tab.select(None, outputs=None, **self.address)

    def connect_link(self, page: gr.Blocks, tabs: gr.Tabs) -> None:
        """Restore what the page's link encodes, and run its race if it asks for the result."""
        self.tabs = tabs
        outputs = [tabs, self.message, self.player, self.now, self.stands, self.asked, *self.controls.outputs]
        opened = page.load(self._open_link, self.session, outputs, **QUIET)
        made = opened.then(self._make_result, [self.session, self.asked, *self.controls.inputs], self._outputs, **HEAVY, **QUIET)
        made.then(**{**self.again, "fn": self._after_link, "inputs": [self.asked, *self.again["inputs"]]})

    def _show(self, stands: RaceSettings, session: Session, *inputs) -> dict:
        """The lanes before a race, unless they or its result stand there already."""
        try:
            settings = self.controls.read(session, inputs)
        except ValueError as error:
            return {self.message: problem(error), self.refused: REFUSED}
        now = {self.message: "", self.refused: "", self.now: link_of(settings)}
        if settings == stands:
            return now
        if (stands.world, stands.seed) != (settings.world, settings.seed):
            # Play keeps its policy, and finds the world and the seed changed when the visitor comes back to it.
            now[self.session] = replace(session, choice=replace(session.choice, world=settings.world, seed=settings.seed))
        return {**now, self.player: start_value(settings, session.policy_model), self.stands: settings}

    def _again(self, refused: str, *args) -> dict:
        """The same, where nobody has touched the controls."""
        return unasked(self._show(*args), self.session, self.message, refused)

    @heavy("race")
    def _race(self, request: gr.Request, session: Session, *inputs) -> Iterator[dict]:
        try:
            settings = self.controls.read(session, inputs)
        except ValueError as error:
            yield {self.message: problem(error)}
            return
        with stops.running(f"race {request.session_hash}") as stop:
            # A press right after a change of the controls comes before the preview has taken note of it; what changes later stays.
            run: Race | None = None
            first = {self.now: link_of(settings), self.refused: ""}
            for run in paced(race(settings, session.policy_model, stop), stop, wait=False):
                yield {self.message: notice(progress(run)), **first, **self._busy(True), **self.next.waiting()}
                first = {}
        yield {
            self.player: race_value(run),
            self.result: result_html(run) + table(run),
            self.message: "",
            self.of: link_of(settings),
            self.stands: settings,
            self.link: link_of(settings, ran=True),
            **self._busy(False),
            **self.next.updates(after_race(run)),
        }

    def _make_result(self, request: gr.Request, session: Session, asked: str, *inputs) -> Iterator[dict]:
        """The race that a link asks for."""
        if asked:
            yield from self._race(request, session, *inputs)
        else:
            yield gr.skip()

    def _after_link(self, asked: str, *args) -> dict:
        """At the end of a link's race the stage follows the controls, as at any other's."""
        return self._again(*args) if asked else gr.skip()

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
            self.now: link_of(settings),
            self.stands: settings,
            self.asked: query.get(RAN, ""),
            **self.controls.updates(settings),
        }
