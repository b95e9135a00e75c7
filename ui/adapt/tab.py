"""The Adapt tab: break the world, press Adapt, and watch the policy learn to stand again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from model.config import check_number
from model.policy.checkpoint import serialise
from ui.adapt.comparison import MAPS_EMPTY, maps, maps_value, movement_html, rule_html
from ui.adapt.controls import AdaptControls
from ui.adapt.luck_part import LuckPart
from ui.adapt.preview import Preview, key
from ui.adapt.run import MOST_STEPS, AdaptRun, Point, adapt, go_on
from ui.adapt.snippet import snippet
from ui.adapt.view import (
    RESULT_EMPTY,
    TABLE_EMPTY,
    WHAT_EMPTY,
    curve_empty,
    curve_value,
    paced,
    preview_value,
    stage_value,
)
from ui.adapt.words import progress, result_html, steps_table
from ui.play.tab import PlayTab
from ui.shared import stops
from ui.shared.charts import chart
from ui.shared.controls import PolicyControls, hint, notice, problem, unchecked
from ui.shared.episode import record
from ui.shared.events import COPY_LINK, IN_BROWSER, QUIET, copy_text, file_button
from ui.shared.files import new_file
from ui.shared.inputs import Choice, adapt_from_query, adapt_to_query, check_name, preset_of
from ui.shared.player import player
from ui.shared.session import STATE_SECONDS, Session

EXPIRED = "This visit rested for an hour, so its adapted policy was forgotten; press Adapt to start afresh."
COPY_PYTHON = copy_text("Python copied.", "Copy it from the box below.")


class AdaptTab:
    """Builds the tab; `session` is the page's gr.State. The page then calls the `connect_` methods once."""

    def __init__(self, session: gr.State, first: Session):
        self.session = session
        self.run = gr.State(None, time_to_live=STATE_SECONDS)
        gr.HTML('<p class="act-line">Break the world so that the policy falls, then press Adapt: it learns from its own falls.</p>')
        with gr.Row(elem_classes="act adapt-act", equal_height=False):
            with gr.Column(elem_classes="adapt-stage", min_width=320):
                self.player = player(preview_value(first.recording), elem_id="adapt-stage")
            with gr.Column(elem_classes="adapt-side side", min_width=300):
                self.controls = AdaptControls()
                with gr.Row(elem_classes="pair"):
                    self.adapt = gr.Button("Adapt", variant="primary", elem_id="adapt-run", scale=2, min_width=100)
                    self.stop = gr.Button("Stop", interactive=False, elem_id="adapt-stop", scale=1, min_width=80)
                self.message = gr.HTML("", elem_id="adapt-message", elem_classes="message")
                self._then()
            with gr.Column(elem_classes="adapt-result", min_width=320):
                self.result = gr.HTML(RESULT_EMPTY, elem_id="adapt-result")
                self.curve = chart(curve_empty(), elem_id="adapt-curve")
                self.table = gr.HTML(TABLE_EMPTY, elem_id="adapt-table")
        gr.HTML('<h2 class="part">What changed</h2>')
        with gr.Row(elem_classes="act what", equal_height=False):
            with gr.Column(scale=5, min_width=320):
                gr.HTML(
                    hint("Which way the policy pushes at the first step, the cart at rest in the middle. Colour: probability of right.")
                )
                self.maps = maps(elem_id="adapt-maps")
            with gr.Column(scale=3, min_width=300):
                gr.HTML(hint("How far the parameters moved: |change| as a share of |before|."))
                self.movement = gr.HTML(WHAT_EMPTY, elem_id="adapt-movement")
            with gr.Column(scale=4, min_width=300):
                gr.HTML(hint("The update rule that ran, with the values of the last step that moved."))
                self.rule = gr.HTML(WHAT_EMPTY, elem_id="adapt-rule")
        LuckPart(session, self.controls)
        with gr.Accordion("The same run in Python", open=False):
            self.code = gr.Code("# Press Adapt first.", language="python", interactive=False, show_label=False, elem_id="adapt-code")
        self.file = file_button("adapt-file")
        self.link = gr.Textbox("", visible="hidden", elem_id="adapt-link")
        self.run_id = gr.Textbox("", visible="hidden", elem_id="adapt-run-id")
        self.preview = Preview(session, self.controls, self.player, self.message)
        self._connect()

    def _then(self) -> None:
        """What can be done with a result."""
        modes = [("Standard", "standard"), ("Hybrid", "hybrid")]
        self.which = unchecked(gr.Radio(modes, value="standard", label="Result to use", interactive=False, elem_id="adapt-which"))
        self.step = unchecked(gr.Slider(0, 3, 3, step=1, label="After step", interactive=False, buttons=[], elem_id="adapt-step"))
        with gr.Row(elem_classes="then"):
            names = {"keep": "Keep as yours", "further": "Adapt further", "reset": "Reset"}
            names |= {"download": "Save weights", "copy": "Copy link", "python": "Copy Python"}
            self.then = {n: gr.Button(t, size="sm", interactive=False, min_width=110, elem_id=f"adapt-{n}") for n, t in names.items()}

    # --- wiring ---

    def _connect(self) -> None:
        c, then = self.controls, self.then
        results = [self.run, self.player, self.message, self.adapt, self.stop, *self._result_outputs, self.preview.shown]
        self.adapt.click(self._adapt, [self.session, *c.inputs], results, **QUIET)
        then["further"].click(self._further, [self.session, self.run, self.run_id, *c.inputs], results, **QUIET)
        self.stop.click(self._stop, None, self.message, queue=False, **QUIET)
        self.step.release(self._show_step, [self.run, self.run_id, self.step], [self.player, self.message], **QUIET)
        then["reset"].click(self._reset, self.run, results, **QUIET)
        then["download"].click(self._download, [self.run, self.run_id, self.which, self.step], [self.file, self.message], **QUIET)
        then["copy"].click(None, self.link, self.message, js=COPY_LINK, **IN_BROWSER)
        then["python"].click(None, self.code, self.message, js=COPY_PYTHON, **IN_BROWSER)

    def connect_tab(self, tab: gr.Tab) -> None:
        """Coming back to the stage shows the world that another tab has chosen meanwhile."""
        p = self.preview
        tab.select(p.coming_back, [self.session, p.shown, *p.inputs], p.outputs, **p.queue)

    def connect_play(self, play: PlayTab) -> None:
        """Keeping a policy puts it, its world and its seed on Play's stage."""
        here = [self.session, self.message, *self.controls.world.outputs, self.controls.seed]
        there = [*play.world.outputs, *play.policy.inputs]

        def keep(*args) -> dict:
            return self._keep(play, *args)

        self.then["keep"].click(keep, [self.session, self.run, self.run_id, self.which, self.step], [*here, *there], **QUIET)

    def connect_link(self, page: gr.Blocks, tabs: gr.Tabs) -> None:
        """Restore what the page's link encodes, and open this tab if the link leads here."""
        self.tabs = tabs
        page.load(self._open_link, self.session, [tabs, self.message, self.player, self.preview.shown, *self.controls.outputs], **QUIET)

    # --- showing ---

    @property
    def _result_outputs(self) -> list:
        shown = [
            self.result,
            self.curve,
            self.table,
            self.maps,
            self.movement,
            self.rule,
            self.code,
            self.link,
            self.run_id,
            self.which,
            self.step,
        ]
        return [*shown, *self.then.values()]

    def _busy(self, busy: bool, has_result: bool) -> dict:
        return {
            self.adapt: gr.update(interactive=not busy),
            self.stop: gr.update(interactive=busy),
            **{button: gr.update(interactive=has_result and not busy) for button in self.then.values()},
        }

    def _growing(self, run: AdaptRun) -> dict:
        """While a run goes on."""
        shown = {self.run: run, self.run_id: run.id, self.message: notice(progress(run)), self.curve: curve_value(run)}
        shown |= {self.table: steps_table(run), self.movement: movement_html(run), self.rule: rule_html(run)}
        return {**shown, self.result: hint("Adapting: the curve grows with every gradient step.")}

    def _ended(self, run: AdaptRun) -> dict:
        """When it has ended, however it did."""
        modes = [c.mode for c in run.curves]
        return {
            **self._growing(run),
            **self._busy(False, True),
            self.message: "",
            self.player: stage_value(run),
            self.preview.shown: key(run.settings),
            self.result: result_html(run),
            self.maps: maps_value(run),
            self.code: snippet(run),
            self.link: urlencode(adapt_to_query(run.settings)),
            self.which: gr.update(value=modes[-1] if len(modes) == 1 else "standard", interactive=len(modes) > 1),
            self.step: gr.update(maximum=max(1, run.reached), value=run.reached, interactive=run.reached > 0),
        }

    def _nothing(self) -> dict:
        """As before the first run."""
        shown = {self.run: None, self.run_id: "", self.result: RESULT_EMPTY, self.curve: curve_empty(), self.table: TABLE_EMPTY}
        shown |= {self.maps: MAPS_EMPTY, self.movement: WHAT_EMPTY, self.rule: WHAT_EMPTY, self.code: "# Press Adapt first.", self.link: ""}
        return {
            **shown,
            **self._busy(False, False),
            self.which: gr.update(value="standard", interactive=False),
            self.step: gr.update(interactive=False),
        }

    # --- handlers ---

    def _adapt(self, request: gr.Request, session: Session, *inputs) -> Iterator[dict]:
        try:
            settings = self.controls.read(session, inputs)
        except ValueError as error:
            yield {self.message: problem(error)}
            return
        with stops.running(f"adapt {request.session_hash}") as stop:
            yield from self._live(adapt(settings, session.policy_model(settings.start), stop), stop)

    def _further(self, request: gr.Request, session: Session, run: AdaptRun | None, run_id: str, *inputs) -> Iterator[dict]:
        if run is None or run.id != run_id:
            yield {**self._nothing(), self.message: problem(EXPIRED)}
            return
        try:
            settings = self.controls.read(session, inputs)
            if settings.world != run.settings.world or settings.mode != run.settings.mode:
                raise ValueError(
                    "Adapt further goes on in the world and mode of this run, and the controls show others: "
                    "press Adapt, or keep this policy and choose it as the starting point"
                )
            if run.target + settings.num_adapt_steps > MOST_STEPS:
                raise ValueError(f"a run must have at most {MOST_STEPS} gradient steps, got {run.target + settings.num_adapt_steps}")
        except ValueError as error:
            yield {self.message: problem(error)}
            return
        with stops.running(f"adapt {request.session_hash}") as stop:
            yield from self._live(go_on(run, settings, stop), stop)

    def _live(self, runs: Iterator[AdaptRun], stop) -> Iterator[dict]:
        run = None
        for run in paced(runs, stop):
            if not run.ended:
                yield {**self._growing(run), **self._busy(True, False)}
        yield self._ended(run)

    def _stop(self, request: gr.Request) -> Any:
        return notice("Stopping after the step that is under way.") if stops.stop(f"adapt {request.session_hash}") else gr.skip()

    def _reset(self, run: AdaptRun | None) -> dict:
        shown = {**self._nothing(), self.message: notice("Back to before: the adapted policy is gone, the controls stay.")}
        if run is not None:
            s = run.settings
            shown[self.preview.shown] = key(s)
            shown[self.player] = preview_value(record(run.curves[0].before.model, s.world, s.seed, policy=s.start))
        return shown

    def _show_step(self, run: AdaptRun | None, run_id: str, step: Any) -> dict:
        try:
            self._check(run, run_id)
            return {self.player: stage_value(run, check_number("step", step, 0, run.reached, int)), self.message: ""}
        except ValueError as error:
            return {self.message: problem(error)}

    def _download(self, run: AdaptRun | None, run_id: str, which: Any, step: Any) -> dict:
        try:
            mode, point = self._chosen(run, run_id, which, step)
        except ValueError as error:
            return {self.message: problem(error)}
        s = run.settings
        about = {"made_by": "adaptation", **adapt_to_query(s), "mode": mode, "steps_made": str(point.index)}
        name = f"adapted-{s.start}-{preset_of(s.world)}-{mode}-{s.seed}-step{point.index}.safetensors"
        file = gr.DownloadButton(value=new_file(name, serialise(point.model, about)))
        return {self.file: file, self.message: notice("The weights are ready.")}

    def _keep(self, play: PlayTab, session: Session, run: AdaptRun | None, run_id: str, which: Any, step: Any) -> dict:
        try:
            _, point = self._chosen(run, run_id, which, step)
        except ValueError as error:
            return {self.message: problem(error)}
        choice = Choice(run.settings.world, "yours", True, run.settings.seed)
        return {
            self.session: replace(session.with_model(point.model), choice=choice, recording=None),
            self.message: notice("Kept: it is “Yours” on the Play tab, and can be a starting point here."),
            **self.controls.world.updates(choice.world),
            self.controls.seed: choice.seed,
            **play.world.updates(choice.world),
            **play.policy.updates(choice),
            play.policy.policy: PolicyControls.with_yours(),
        }

    @staticmethod
    def _check(run: AdaptRun | None, run_id: str) -> None:
        """The browser remembers which run it shows; a visit that was forgotten has none, or another."""
        if run is None or run.id != run_id:
            raise ValueError(EXPIRED)

    def _chosen(self, run: AdaptRun | None, run_id: str, which: Any, step: Any) -> tuple[str, Point]:
        """The mode and the point that the visitor has chosen to use."""
        self._check(run, run_id)
        curve = run.curve(check_name("result to use", which, [c.mode for c in run.curves]))
        return curve.mode, curve.points[check_number("step", step, 0, curve.last.index, int)]

    def _open_link(self, session: Session, request: gr.Request) -> dict:
        try:
            settings = adapt_from_query(dict(request.query_params), session.model is not None)
        except ValueError as error:
            return {self.tabs: gr.Tabs(selected="adapt"), self.message: problem(f"This link can't be opened: {error}.")}
        if settings is None:
            return gr.skip()
        recording = record(session.policy_model(settings.start), settings.world, settings.seed, policy=settings.start)
        return {
            self.tabs: gr.Tabs(selected="adapt"),
            self.message: notice("Press Adapt to run what this link describes."),
            self.player: preview_value(recording),
            self.preview.shown: key(settings),
            **self.controls.updates(settings),
        }
