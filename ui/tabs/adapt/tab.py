"""The Adapt tab: break the world, press Adapt, and watch the policy learn to stand again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from ui.runs.adaptation import MOST_STEPS, AdaptRun, adapt, go_on, link_of
from ui.runs.policies import shared_model
from ui.server import stops
from ui.server.jobs import HEAVY, heavy
from ui.server.session import STATE_SECONDS, Session
from ui.settings import MAKERS_ONLY, RAN, AdaptSettings, adapt_from_query, adapt_to_query, query_of, stand_in
from ui.tabs.adapt.controls import AdaptControls
from ui.tabs.adapt.learnt_part import LearntPart, practising, thinned
from ui.tabs.adapt.preview import FIRST, Preview, key
from ui.tabs.adapt.result_part import FITTING, ResultPart
from ui.tabs.adapt.seed_sweep_part import LUCK_FITTING, LuckPart
from ui.tabs.adapt.use_part import EXPIRED, UsePart
from ui.tabs.controls import message_area
from ui.tabs.events import COPY_LINK, IN_BROWSER, QUIET, fits
from ui.tabs.next_step import NextStep
from ui.tabs.play import PlayTab
from ui.views.adapt_next import after_adaptation
from ui.views.adaptation import paced, preview_value, stage_value
from ui.views.adaptation_words import progress
from ui.views.messages import notice, problem, unopened
from ui.views.player import player
from ui.views.terms import act_line

TAB = "Adapt"
# The address holds the result too while it is the one that the controls describe.
ADDRESS = f"(of, now, link) => window.ssmAddress({TAB!r}, link && of === now ? link : now)"
SEE_STAGE = '(...inputs) => { window.ssmNow("adapt-soon"); window.ssmSee("adapt-stage"); return inputs; }'


class AdaptTab:
    """Builds the tab; `session` is the page's gr.State. The page then calls the `connect_` methods once."""

    def __init__(self, session: gr.State):
        self.session = session
        self.run = gr.State(None, time_to_live=STATE_SECONDS)
        self.results, self.use = ResultPart(), UsePart()
        line = "Break the [[world]] so that the [[policy]] falls, then press Adapt: a [[gradient step]] on its own falls teaches it."
        gr.HTML(act_line(line, "adapt"))
        with gr.Row(elem_classes="act adapt-act", equal_height=False):
            with gr.Column(elem_classes="adapt-stage", min_width=320):
                self.player = player(preview_value(shared_model(FIRST.start), FIRST), elem_id="adapt-stage")
                self.use.build_step()
            with gr.Column(elem_classes="adapt-side side", min_width=300):
                self.controls = AdaptControls()
                with gr.Row(elem_classes="pair"):
                    self.adapt = gr.Button("Adapt", variant="primary", elem_id="adapt-run", scale=2, min_width=100)
                    self.stop = gr.Button("Stop", interactive=False, elem_id="adapt-stop", scale=1, min_width=80)
                self.next = NextStep("adapt")
                self.message = message_area("adapt-message")
                self.use.build_buttons()
            self.results.build_result()
        self.learnt = LearntPart()
        self.results.build_what()
        self.luck = LuckPart(session, self.controls)
        self.link = gr.Textbox("", visible="hidden", elem_id="adapt-link")
        self.of = gr.Textbox("", visible="hidden")  # the link of the settings that the run was made with
        self.asked = gr.Textbox("", visible="hidden")  # a link whose result is to be made
        self.preview = Preview(session, self.run, self.controls, self.player, self.message)
        self._connect()

    # --- wiring ---

    def _connect(self) -> None:
        c, use, now = self.controls, self.use, self.preview.now
        use.connect(self.session, self.run, self.player, self.message)
        heavily = {"js": SEE_STAGE, **HEAVY, **QUIET}
        p = self.preview
        self._follow(self.adapt.click(self._adapt, [self.session, *c.inputs], self._outputs, **heavily))
        given = [self.session, self.run, use.run_id, *c.inputs]
        self._follow(use.buttons["further"].click(self._further, given, self._outputs, **heavily))
        self.stop.click(self._stop, None, self.message, queue=False, **QUIET)
        p.show_again(use.buttons["reset"].click(self._reset, self.run, self._outputs, **QUIET).then)
        use.buttons["copy"].click(None, self.link, self.message, js=COPY_LINK, **IN_BROWSER)
        for of, made in ((self.of, FITTING), (self.luck.of, LUCK_FITTING)):
            changes = [now.change, of.change, p.refused.change]
            gr.on(changes, None, [of, now, p.refused], None, js=fits(made), **IN_BROWSER)
        # Once more when all is there that a repetition shows.
        self.luck.repeated.then(None, [self.luck.of, now, p.refused], None, js=fits(LUCK_FITTING), **IN_BROWSER)
        gr.on([now.change, self.of.change, self.link.change], None, [self.of, now, self.link], None, js=ADDRESS, **IN_BROWSER)

    def _follow(self, run: Any) -> None:
        """At a run's end the stage and the dimming follow the controls, for they may have changed meanwhile."""
        self.preview.show_again(run.then)
        run.then(None, [self.of, self.preview.now, self.preview.refused], None, js=fits(FITTING), **IN_BROWSER)

    def connect_tab(self, tab: gr.Tab) -> None:
        """Coming back to the stage shows the world that another tab has chosen meanwhile."""
        p = self.preview
        p.show_again(tab.select)
        tab.select(None, [self.of, p.now, self.link], None, js=ADDRESS, **IN_BROWSER)

    def connect_play(self, play: PlayTab) -> None:
        """Let a kept policy stand on Play's stage."""
        self.preview.show_again(self.use.connect_keep(self.run, play, self.controls).then)

    def connect_link(self, page: gr.Blocks, tabs: gr.Tabs) -> None:
        """Restore what the page's link encodes, open this tab if the link leads here, and make its result if it asks for one."""
        self.tabs = tabs
        opened = page.load(self._open_link, self.session, self.link_outputs, **QUIET)
        self.connect_result(opened)

    def connect_result(self, opened: Any) -> None:
        """Once a link has opened, make its result if it asks for one. opened: that event."""
        made = opened.then(self._make_result, [self.session, self.asked], self._outputs, **HEAVY, **QUIET)
        self.preview.show_again(made.then, self.asked)

    @property
    def link_outputs(self) -> list:
        """What `_open_link` fills."""
        preview = self.preview
        return [self.tabs, self.message, self.player, preview.shown, preview.now, self.asked, *self.controls.outputs]

    @property
    def _outputs(self) -> list:
        """What changes with a run."""
        shown = [self.run, self.player, self.message, self.adapt, self.stop, self.link, self.of, self.preview.shown, self.preview.now]
        shown += [self.preview.refused, *self.next.outputs]
        return [*shown, *self.results.outputs, *self.use.outputs, *self.learnt.outputs]

    # --- showing ---

    def _busy(self, busy: bool) -> dict:
        return {self.adapt: gr.update(interactive=not busy), self.stop: gr.update(interactive=busy), **self.use.busy(busy)}

    def _growing(self, run: AdaptRun) -> dict:
        """While a run goes on."""
        of = {self.run: run, self.of: urlencode(adapt_to_query(run.settings))}
        parts = {**self.results.growing(run), **self.learnt.growing(run), **self._busy(True), **self.use.coming(), **self.next.waiting()}
        return {**of, **parts, self.message: notice(progress(run))}

    def _practising(self, run: AdaptRun) -> dict:
        """After a round of a step's practice."""
        return {**self.learnt.growing(run), self.message: notice(practising(run)), self.run: run}

    def _ended(self, run: AdaptRun) -> dict:
        """When it has ended, however it did."""
        return {
            **self._growing(run),
            **self._busy(False),
            **self.results.ended(run),
            **self.learnt.ended(run),
            **self.use.there(run),
            **self.next.updates(after_adaptation(run)),
            self.message: "",
            self.player: stage_value(run),
            self.preview.shown: key(run.settings),
            self.link: link_of(run),
        }

    def _nothing(self) -> dict:
        """As before the first run."""
        none = {self.run: None, self.link: "", self.of: ""}
        return {
            **none,
            **self._busy(False),
            **self.results.nothing(),
            **self.learnt.nothing(),
            **self.use.gone(),
            **self.next.updates(None),
        }

    def _read(self, settings: AdaptSettings) -> dict:
        """At a run's start: a press right after a change of the controls comes before the preview has taken note of it."""
        return {self.preview.now: urlencode(adapt_to_query(settings)), self.preview.refused: "", **self._busy(True)}

    # --- handlers ---

    @heavy("adaptation")
    def _adapt(self, request: gr.Request, session: Session, *inputs) -> Iterator[dict]:
        try:
            settings = self.controls.read(session, inputs)
        except ValueError as error:
            yield {self.message: problem(error)}
            return
        with stops.running(f"adapt {request.session_hash}") as stop:
            yield self._read(settings)
            yield from self._live(adapt(settings, session.policy_model(settings.start), stop), stop)

    @heavy("adaptation")
    def _further(self, request: gr.Request, session: Session, run: AdaptRun | None, run_id: str, *inputs) -> Iterator[dict]:
        if run is None or run.id != run_id:
            yield {**self._nothing(), self.message: problem(EXPIRED)}
            return
        try:
            settings = self.controls.read(session, inputs)
            if replace(settings, mode=run.settings.mode, world=run.settings.world) != settings:
                raise ValueError(
                    "Adapt further goes on in the world and mode of this run, and the controls show others: "
                    "press Adapt, or keep this policy and choose it as the starting point"
                )
            if run.target + settings.num_adapt_steps > MOST_STEPS:
                steps = run.target + settings.num_adapt_steps
                raise ValueError(
                    f"This run would come to {steps} gradient steps, and {MOST_STEPS} are the most; press Adapt to start afresh"
                )
        except ValueError as error:
            yield {self.message: problem(error)}
            return
        with stops.running(f"adapt {request.session_hash}") as stop:
            yield self._read(settings)
            yield from self._live(go_on(run, settings, stop), stop)

    def _make_result(self, request: gr.Request, session: Session, asked: str) -> Iterator[dict]:
        """The result that a link describes, made again."""
        if not asked:
            yield gr.skip()
            return
        yield from self._rerun(request, session, adapt_from_query(query_of(asked), session.model is not None))

    @heavy("adaptation")
    def _rerun(self, request: gr.Request, session: Session, settings: AdaptSettings) -> Iterator[dict]:
        with stops.running(f"adapt {request.session_hash}") as stop:
            yield from self._live(adapt(settings, session.policy_model(settings.start), stop), stop)

    def _live(self, runs: Iterator[AdaptRun], stop) -> Iterator[dict]:
        run = None
        for run in paced(thinned(runs, time.monotonic), stop):
            if not run.ended:
                yield self._growing(run) if run.practising is None else self._practising(run)
        yield self._ended(run)

    def _stop(self, request: gr.Request) -> Any:
        return notice("Stopping; what was reached is kept.") if stops.stop(f"adapt {request.session_hash}") else gr.skip()

    def _reset(self, run: AdaptRun | None) -> dict:
        shown = {**self._nothing(), self.message: notice("Back to before: the adapted policy is gone, the controls stay.")}
        if run is not None:
            shown |= {self.preview.shown: key(run.settings), self.player: preview_value(run.curves[0].before.model, run.settings)}
        return shown

    def _open_link(self, session: Session, request: gr.Request) -> dict:
        query, missing = stand_in(request.query_params, "start", session.model is not None)
        try:
            settings = adapt_from_query(query, session.model is not None)
        except ValueError as error:
            return {self.tabs: gr.Tabs(selected="adapt"), self.message: problem(unopened(error))}
        if settings is None:
            return gr.skip()
        return {
            **({self.message: notice(MAKERS_ONLY)} if missing else {}),
            self.tabs: gr.Tabs(selected="adapt"),
            self.player: preview_value(session.policy_model(settings.start), settings),
            self.preview.shown: key(settings),
            self.preview.now: urlencode(adapt_to_query(settings)),
            self.asked: urlencode(query) if query.get(RAN) == "1" and not missing else "",
            **self.controls.updates(settings),
        }
