"""What stands on the Adapt tab once there is a run: the sentence, the curve, the table, what changed. Nothing of it takes space before."""

from __future__ import annotations

import gradio as gr

from ui.runs.adaptation import AdaptRun
from ui.views.adaptation import curve_value
from ui.views.adaptation_words import result_html, steps_table
from ui.views.charts import chart
from ui.views.messages import hint
from ui.views.movement import movement_html, rule_html

FITTING = "#adapt-result, #adapt-curve, #adapt-table, #adapt-learnt, #adapt-what, .adapt-stage .step-choice, #adapt-next"
"""What is dimmed while the run was made with other settings than those that stand."""


class ResultPart:
    """Build it inside a Blocks context with `build_result` and `build_what`, each where it is to stand."""

    def build_result(self) -> None:
        """The sentence, the curve and every step as a table."""
        with gr.Column(elem_classes="adapt-result", min_width=320, visible=False) as self.column:
            self.sentence = gr.HTML("", elem_id="adapt-result")
            self.curve = chart(elem_id="adapt-curve")
            self.table = gr.HTML("", elem_id="adapt-table")

    def build_what(self) -> None:
        """How far the parameters moved, and by which rule."""
        with gr.Column(visible=False, elem_id="adapt-what") as self.what:
            gr.HTML('<h2 class="part">What changed</h2>')
            with gr.Row(elem_classes="act what", equal_height=False):
                with gr.Column(scale=1, min_width=300):
                    gr.HTML(hint("How far the parameters moved: |change| as a share of |before|."))
                    self.movement = gr.HTML("", elem_id="adapt-movement")
                with gr.Column(scale=1, min_width=300):
                    gr.HTML(hint("The update rule that ran, with the values of the last step that moved."))
                    self.rule = gr.HTML("", elem_id="adapt-rule")

    @property
    def outputs(self) -> list:
        """What `growing`, `ended` and `nothing` fill."""
        return [self.column, self.sentence, self.curve, self.table, self.what, self.movement, self.rule]

    def growing(self, run: AdaptRun) -> dict:
        """While a run goes on."""
        return {
            self.column: gr.update(visible=True),
            self.sentence: hint("Adapting: the curve grows with every gradient step."),
            self.curve: curve_value(run),
            self.table: steps_table(run),
        }

    def ended(self, run: AdaptRun) -> dict:
        """When it has ended, however it did."""
        shown = {self.what: gr.update(visible=True), self.movement: movement_html(run), self.rule: rule_html(run)}
        return {**self.growing(run), **shown, self.sentence: result_html(run)}

    def nothing(self) -> dict:
        """As before the first run."""
        hidden = dict.fromkeys([self.column, self.what], gr.update(visible=False))
        return {**hidden, **dict.fromkeys([self.sentence, self.table, self.movement, self.rule], "")}
