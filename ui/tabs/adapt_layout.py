"""What stands on the Adapt tab: its components, and what each of them shows in a state."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from model import WORLDS
from ui.fields import FIELDS, MODES
from ui.runs.adaptation import AdaptRun
from ui.runs.policies import shared_model
from ui.settings import AdaptSettings
from ui.tabs.adapt_controls import AdaptControls
from ui.tabs.controls import message_area, unchecked
from ui.tabs.events import file_button
from ui.tabs.next_step import NextStep
from ui.views.adaptation import curve_value, preview_value
from ui.views.adaptation_words import result_html, steps_table
from ui.views.charts import chart
from ui.views.learnt import Lesson
from ui.views.learnt_charts import forecast_value, rollouts_value
from ui.views.learnt_words import METHOD, agreement_html, learnt_html
from ui.views.messages import hint
from ui.views.movement import movement_html, rule_html
from ui.views.next_steps import after_adaptation
from ui.views.player import player
from ui.views.terms import act_line

FIRST = AdaptSettings(WORLDS[FIELDS["adapt"]["world"].default])

USES = {
    "share": "Save picture to share",
    "keep": "Keep as yours",
    "further": "Adapt further",
    "reset": "Reset",
    "download": "Save weights",
    "copy": "Copy link",
}


@dataclass(frozen=True)
class AdaptState:
    """What the tab shows: the settings of its controls, the stage, and the run with the step whose policy stands there.

    on_stage: what `stage` was made from. refused: whether the controls can't be used. lesson: of a run that has ended.
    """

    settings: AdaptSettings
    stage: dict[str, Any]
    on_stage: tuple = ()
    run: AdaptRun | None = None
    step: int = 0
    lesson: Lesson | None = None
    message: str = ""
    busy: bool = False
    refused: bool = False

    @property
    def ended(self) -> bool:
        """Whether there is a result."""
        return self.run is not None and not self.busy


class AdaptLayout:
    """Builds the components inside a Blocks context. `updates` is all that a state means for them; the controls are apart."""

    def __init__(self) -> None:
        self.first = AdaptState(FIRST, preview_value(shared_model(FIRST.start), FIRST), place(FIRST, None))
        line = "Break the [[world]] so that the [[policy]] falls, then press Adapt: a [[gradient step]] on its own falls teaches it."
        gr.HTML(act_line(line, "adapt"))
        with gr.Row(elem_classes="act adapt-act", equal_height=False):
            with gr.Column(elem_classes="adapt-stage", min_width=320):
                self.player = player(self.first.stage, elem_id="adapt-stage")
            with gr.Column(elem_classes="adapt-side side", min_width=300):
                self.controls = AdaptControls()
                with gr.Row(elem_classes="pair adapt-go"):
                    self.adapt = gr.Button("Adapt", variant="primary", elem_id="adapt-run", scale=2, min_width=100)
                    self.stop = gr.Button("Stop", interactive=False, elem_id="adapt-stop", scale=1, min_width=80)
                self.next = NextStep("adapt", result=True)
                self.message = message_area("adapt-message")
                self._build_uses()
            with gr.Column(visible=False, min_width=320, elem_classes="step-choice result") as self.steps:
                look = {"label": "Gradient step on the stage", "buttons": [], "elem_id": "adapt-step"}
                self.step = unchecked(gr.Slider(0, 3, 3, step=1, **look), "step")
            with gr.Column(elem_classes="adapt-result result", min_width=320, visible=False) as self.result:
                self.sentence = gr.HTML("", elem_id="adapt-result")
                self.curve = chart(elem_id="adapt-curve")
                self.table = gr.HTML("", elem_id="adapt-table")
        self._build_learnt()
        self._build_what()

    def _build_uses(self) -> None:
        """What can be done with a result."""
        with gr.Column(visible=False, elem_classes="then-part") as self.uses:
            modes = [(MODES[m], m) for m in ("standard", "hybrid")]
            self.which = unchecked(
                gr.Radio(modes, value="standard", label="Result to use", visible=False, elem_id="adapt-which"), "result to use"
            )
            with gr.Row(elem_classes="then"):
                self.use = {n: gr.Button(t, size="sm", min_width=110, elem_id=f"adapt-{n}") for n, t in USES.items()}
        self.file = file_button("adapt-file")

    def _build_learnt(self) -> None:
        """Hybrid adaptation: its imagined rollouts as they happen, what it learnt about the world, and whether that is true."""
        with gr.Column(visible=False, elem_id="adapt-learnt", elem_classes="result") as self.learnt:
            gr.HTML('<h2 class="part">What its own episodes taught it</h2>')
            with gr.Row(elem_classes="act", equal_height=False):
                with gr.Column(scale=5, min_width=320, visible=False) as self.facts:
                    self.facts_table = gr.HTML("", elem_id="learnt-table")
                    self.agreement = gr.HTML("", elem_classes="learnt-words")
                with gr.Column(scale=4, min_width=300):
                    self.rollouts = chart()
                with gr.Column(scale=4, min_width=300, visible=False) as self.predicted:
                    self.forecast = chart()
            gr.HTML(hint(METHOD))

    def _build_what(self) -> None:
        """How far the parameters moved, and by which rule."""
        with gr.Column(visible=False, elem_classes="result") as self.what:
            gr.HTML('<h2 class="part">What changed</h2>')
            with gr.Row(elem_classes="act what", equal_height=False):
                with gr.Column(scale=1, min_width=300):
                    gr.HTML(hint("How far the parameters moved: |change| as a share of |before|."))
                    self.movement = gr.HTML("", elem_id="adapt-movement")
                with gr.Column(scale=1, min_width=300):
                    gr.HTML(hint("The update rule that ran, with the values of the last step that moved."))
                    self.rule = gr.HTML("")

    def updates(self, s: AdaptState) -> dict:
        """What every component of the tab shows in this state, the controls apart."""
        run, mode = s.run, s.run.curves[-1].mode if s.run and len(s.run.curves) == 1 else "standard"
        rollouts = rollouts_value(run) if run else None
        waiting = hint("Adapting: the curve grows with every gradient step.")
        following = self.next.waiting() if run and s.busy else self.next.updates(after_adaptation(run) if s.ended else None)
        return {
            self.player: s.stage,
            self.message: s.message,
            self.adapt: gr.update(interactive=not s.busy),
            self.stop: gr.update(interactive=s.busy),
            **following,
            self.steps: gr.update(visible=bool(run) and (s.busy or run.reached > 0)),
            self.step: gr.update(maximum=max(1, run.reached) if run else 1, value=s.step, interactive=s.ended),
            self.uses: gr.update(visible=bool(run)),
            self.which: gr.update(value=mode, visible=bool(run) and len(run.curves) > 1),
            **dict.fromkeys(self.use.values(), gr.update(interactive=s.ended)),
            self.result: gr.update(visible=bool(run)),
            self.sentence: "" if not run else waiting if s.busy else result_html(run),
            self.curve: curve_value(run) if run else None,
            self.table: steps_table(run) if run else "",
            self.learnt: gr.update(visible=rollouts is not None),
            self.rollouts: rollouts,
            self.facts: gr.update(visible=s.lesson is not None),
            self.facts_table: learnt_html(s.lesson) if s.lesson else "",
            self.agreement: agreement_html(s.lesson) if s.lesson else "",
            self.predicted: gr.update(visible=s.lesson is not None),
            self.forecast: forecast_value(s.lesson.forecast) if s.lesson else None,
            self.what: gr.update(visible=s.ended),
            self.movement: movement_html(run) if s.ended else "",
            self.rule: rule_html(run) if s.ended else "",
        }


def place(s: AdaptSettings, own_model: Any) -> tuple:
    """What decides how the stage looks before a run."""
    return s.world, s.seed, s.start, own_model if s.start == "yours" else None
