"""What can be done with an adaptation's result: watch any step of it, keep it, save it, share it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from model.policy.checkpoint import serialise
from ui.field import WHY_FORGOTTEN, Field, check, choices
from ui.fields import FIELDS, MODES
from ui.runs.adaptation import AdaptRun, Point
from ui.server.files import new_file
from ui.server.jobs import HEAVY, heavy
from ui.settings import Choice, adapt_to_query, preset_of
from ui.tabs.controls import unchecked
from ui.tabs.events import IN_BROWSER, QUIET, file_button
from ui.tabs.play import PlayTab
from ui.views.adaptation import stage_value
from ui.views.messages import notice, problem
from ui.views.share import share_gif

EXPIRED = f"The server has forgotten this visit and its adapted policy, {WHY_FORGOTTEN}; press Adapt to start afresh."
SCRUB = '(step) => { window.ssmMorph("adapt-stage", step); window.ssmSoon("adapt-step-soon", 200); }'
NAMES = {
    "share": "Save picture to share",
    "keep": "Keep as yours",
    "further": "Adapt further",
    "reset": "Reset",
    "download": "Save weights",
    "copy": "Copy link",
}


class UsePart:
    """Build it inside a Blocks context with `build_step` and `build_buttons`, each where it is to stand; then call `connect`."""

    def build_step(self) -> None:
        """The gradient step whose policy stands on the stage."""
        label = "Gradient step on the stage"
        with gr.Column(visible=False, elem_classes="step-choice") as self.steps:
            self.step = unchecked(gr.Slider(0, 3, 3, step=1, label=label, buttons=[], elem_id="adapt-step"), "step")
        self.soon = gr.Button("Show", visible="hidden", elem_id="adapt-step-soon")

    def build_buttons(self) -> None:
        """What can be done with the policy of that step."""
        with gr.Column(visible=False, elem_classes="then-part") as self.column:
            modes = [(MODES[m], m) for m in ("standard", "hybrid")]
            radio = gr.Radio(modes, value="standard", label="Result to use", visible=False, elem_id="adapt-which")
            self.which = unchecked(radio, "result to use")
            with gr.Row(elem_classes="then"):
                self.buttons = {n: gr.Button(t, size="sm", min_width=110, elem_id=f"adapt-{n}") for n, t in NAMES.items()}
        self.file = file_button("adapt-file")
        self.run_id = gr.Textbox("", visible="hidden", elem_id="adapt-run-id")

    def connect(self, session: gr.State, run: gr.State, stage: gr.HTML, message: gr.HTML) -> None:
        """Wire what belongs to this part alone."""
        self.session, self.player, self.message = session, stage, message
        given = [run, self.run_id]
        self.step.input(None, self.step, None, js=SCRUB, **IN_BROWSER)
        self.soon.click(self.show_step, [*given, self.step], [stage, message], **{**QUIET, "trigger_mode": "always_last"})
        chosen = [*given, self.which, self.step]
        self.buttons["download"].click(self.download, chosen, [self.file, message], **QUIET)
        self.buttons["share"].click(self.share, chosen, [self.file, message], **HEAVY, **QUIET)

    def connect_keep(self, run: gr.State, play: PlayTab, controls) -> Any:
        """Keeping a policy puts it, its world and its seed on Play's stage. Returns the event, for what follows."""
        here = [self.session, self.message, *controls.world.outputs, controls.start, controls.seed]
        there = [*play.world.outputs, *play.policy.inputs]

        def keep(*args) -> dict:
            return self.keep(play, controls, *args)

        return self.buttons["keep"].click(keep, [self.session, run, self.run_id, self.which, self.step], [*here, *there], **QUIET)

    @property
    def outputs(self) -> list:
        """What `there` and `gone` fill."""
        return [self.steps, self.column, self.step, self.which, self.run_id, *self.buttons.values()]

    def there(self, run: AdaptRun) -> dict:
        """For a run that has ended."""
        modes = [c.mode for c in run.curves]
        return {
            self.steps: gr.update(visible=run.reached > 0),
            self.column: gr.update(visible=True),
            self.which: gr.update(value=modes[-1] if len(modes) == 1 else "standard", visible=len(modes) > 1),
            self.run_id: run.id,
            **self.busy(False),
            self.step: gr.update(maximum=max(1, run.reached), value=run.reached, interactive=True),
        }

    def coming(self) -> dict:
        """While a run goes on: everything has its place already, so that nothing jumps when the run has ended."""
        return {self.steps: gr.update(visible=True), self.column: gr.update(visible=True), **self.busy(True)}

    def busy(self, busy: bool) -> dict:
        """While a run goes on, its result can't be used."""
        return {control: gr.update(interactive=not busy) for control in (self.step, *self.buttons.values())}

    def gone(self) -> dict:
        """As before the first run."""
        return {self.steps: gr.update(visible=False), self.column: gr.update(visible=False), self.run_id: ""}

    def show_step(self, run: AdaptRun | None, run_id: str, step: Any) -> dict:
        """The stage with the policy of a gradient step."""
        try:
            belongs(run, run_id)
            return {self.player: stage_value(run, check(step_field(run.reached), step)), self.message: ""}
        except ValueError as error:
            return {self.message: problem(error)}

    def download(self, run: AdaptRun | None, run_id: str, which: Any, step: Any) -> dict:
        """The weights of the chosen step as a file."""
        try:
            mode, point = chosen(run, run_id, which, step)
        except ValueError as error:
            return {self.message: problem(error)}
        about = {"made_by": "adaptation", **adapt_to_query(run.settings), "mode": mode, "steps_made": str(point.index)}
        return self._file(f"{stem(run, mode, point)}.safetensors", serialise(point.model, about), "The weights are ready.")

    @heavy("picture")
    def share(self, request: gr.Request, run: AdaptRun | None, run_id: str, which: Any, step: Any) -> dict:
        """Before and after the chosen step as one moving picture."""
        try:
            mode, point = chosen(run, run_id, which, step)
        except ValueError as error:
            return {self.message: problem(error)}
        return self._file(f"{stem(run, mode, point)}.gif", share_gif(run, mode, point), "The picture is ready.")

    def _file(self, name: str, data: bytes, words: str) -> dict:
        return {self.file: gr.DownloadButton(value=new_file(name, data)), self.message: notice(words)}

    def keep(self, play: PlayTab, controls, session, run: AdaptRun | None, run_id: str, which: Any, step: Any) -> dict:
        """Make the policy of the chosen step the visitor's own."""
        try:
            _, point = chosen(run, run_id, which, step)
        except ValueError as error:
            return {self.message: problem(error)}
        choice = Choice(run.settings.world, "yours", True, run.settings.seed)
        return {
            self.session: replace(session.with_model(point.model), choice=choice, recording=None),
            self.message: notice("Kept: it is “Yours” on the Play tab, and can be a starting point here."),
            **controls.world.updates(choice.world),
            controls.start: gr.update(choices=controls.starts(yours=True)),
            controls.seed: choice.seed,
            **play.world.updates(choice.world),
            **play.policy.updates(choice),
            play.policy.policy: gr.update(choices=choices(FIELDS["play"]["policy"], yours=True), value="yours"),
        }


def stem(run: AdaptRun, mode: str, point: Point) -> str:
    """A file name that says what is in it."""
    return f"adapted-{run.settings.start}-{preset_of(run.settings.world)}-{mode}-{run.settings.seed}-step{point.index}"


def belongs(run: AdaptRun | None, run_id: str) -> None:
    """ValueError where the browser shows another run: it remembers which, while a visit that was forgotten has none."""
    if run is None or run.id != run_id:
        raise ValueError(EXPIRED)


def chosen(run: AdaptRun | None, run_id: str, which: Any, step: Any) -> tuple[str, Point]:
    """The mode and the point that the visitor has chosen to use. Raises ValueError."""
    belongs(run, run_id)
    curve = run.curve(check(Field("result to use", "Result to use", "", options={c.mode: MODES[c.mode] for c in run.curves}), which))
    return curve.mode, curve.points[check(step_field(curve.last.index), step)]


def step_field(last: int) -> Field:
    """The step of a run that is to be shown or used."""
    return Field("step", "Gradient step", 0, 0, last)
