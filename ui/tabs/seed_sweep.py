"""The part of the Adapt tab that repeats the adaptation with other seeds: was it luck?"""

import html
from collections.abc import Iterator

import gradio as gr

from ui.runs.seed_sweep import SEEDS, SeedSweep, sweep_seeds
from ui.server.jobs import HEAVY, JOBS, heavy
from ui.server.session import STATE_SECONDS, Session
from ui.settings import AdaptSettings
from ui.tabs.adapt_controls import AdaptControls
from ui.tabs.controls import message_area
from ui.tabs.events import IN_BROWSER, QUIET, stop_button
from ui.tabs.next_step import NextStep
from ui.views.adaptation import paced
from ui.views.charts import chart
from ui.views.messages import hint, notice, problem
from ui.views.next_steps import after_sweep
from ui.views.seed_sweep import sweep_progress, sweep_value, sweep_words


class SeedSweepPart:
    """Built inside the tab; repeats the adaptation that the tab's controls describe. Its result is there while they describe it."""

    def __init__(self, session: gr.State, controls: AdaptControls):
        self.controls = controls
        self.state = gr.State(None, time_to_live=STATE_SECONDS)  # a SeedSweep, once there is one
        gr.HTML('<h2 class="part">Was it luck?</h2>')
        with gr.Row(elem_classes="act", equal_height=False):
            with gr.Column(scale=3, min_width=300, elem_classes="side"):
                gr.HTML(
                    hint(f"The same adaptation with {SEEDS} seeds and the settings above, each time with other episodes to learn from.")
                )
                with gr.Row(elem_classes="pair"):
                    self.repeat = gr.Button(f"Repeat with {SEEDS} seeds", elem_id="sweep-run", scale=2, min_width=160)
                    self.stop = gr.Button("Stop", interactive=False, elem_id="sweep-stop", scale=1, min_width=80)
                self.message = message_area("sweep-message")
                self.result = gr.HTML("", elem_id="sweep-result")
                self.next = NextStep("sweep")
            with gr.Column(scale=7, min_width=320):
                self.curve = chart(visible=False, elem_id="sweep-curve")
        done = self.repeat.click(self._repeat, [session, *controls.inputs], [self.state, *self.outputs], **HEAVY, **QUIET)
        done.then(None, None, None, js="() => window.ssmSync('adapt')", **IN_BROWSER)  # the controls may have changed meanwhile
        stop_button(self.stop, self.message, "Stopping after the step that is under way.", JOBS.stop)

    def updates(self, sweep: SeedSweep | None) -> dict:
        """What every component shows of a sweep."""
        busy, done = sweep is not None and not sweep.ended, sweep is not None and bool(sweep.ended)
        return {
            self.message: notice(sweep_progress(sweep)) if busy else "",
            self.repeat: gr.update(interactive=not busy),
            self.stop: gr.update(interactive=busy),
            self.result: f'<p class="outcome">{html.escape(sweep_words(sweep))}</p>' if done else "",
            self.curve: gr.update(value=sweep_value(sweep), visible=True) if sweep else gr.update(visible=False),
            **self.next.updates(after_sweep(sweep.settings) if done and sweep.done else None),
        }

    @property
    def outputs(self) -> list:
        """What `updates` fills."""
        return list(self.updates(None))

    def fitting(self, sweep: SeedSweep | None, settings: AdaptSettings) -> dict:
        """What becomes of the result when the controls have changed."""
        if sweep is None or not sweep.ended:
            return {}
        return self.updates(sweep if sweep.settings == settings else None)

    @heavy("seed sweep")
    def _repeat(self, request: gr.Request, session: Session, *inputs) -> Iterator[dict]:
        try:
            settings = self.controls.read(session, inputs)
        except ValueError as error:
            yield {self.message: problem(error)}
            return
        stop = JOBS.of(request).stop
        for sweep in paced(sweep_seeds(settings, session.policy_model(settings.start), stop), stop, wait=False):
            yield {self.state: sweep, **self.updates(sweep)}
