"""The Meta-train tab: a short training runs while its curves grow; its model can be played, adapted and kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from model import World
from model.policy.checkpoint import serialise
from ui.adapt.controls import AdaptControls
from ui.meta_train.controls import MetaControls
from ui.meta_train.figure import svg, training_figure
from ui.meta_train.queue import TRAININGS
from ui.meta_train.run import TrainingState, run_training
from ui.meta_train.settings import RECIPES, MetaSettings, check_settings
from ui.meta_train.trained import Trained, model_from_bytes
from ui.meta_train.view import check_html, loss_chart, numbers, phase_words, returns_chart, seen_html
from ui.shared.charts import chart
from ui.shared.controls import hint, message_area, notice, problem
from ui.shared.episode import record
from ui.shared.events import QUIET, file_button
from ui.shared.fairness import TRAINING, heavy
from ui.shared.files import new_file
from ui.shared.player import Shown, player, player_value
from ui.shared.policies import choices, shared_model
from ui.shared.session import STATE_SECONDS, Session

# On a phone the button stands below the curves: bring them back into view.
SHOW_CURVES = """(...inputs) => {
  const behavior = window.ssmDraw.calm() ? "auto" : "smooth";
  if (innerWidth <= 820) document.querySelector("#meta-numbers").scrollIntoView({ behavior });
  return inputs;
}"""
SHOWN_SEED = 0
WAIT = "After a training, the check on validation worlds stands here, and the buttons beside it keep the model."


def first_stage() -> dict[str, Any]:
    """What stands on the stage before any training: random weights under both motors."""
    shown = [Shown(record(shared_model("untrained"), World(reversed_motor=r), SHOWN_SEED), label="Random weights") for r in (False, True)]
    return player_value(*shown, signals=False)


def trained_stage(trained: Trained, state: TrainingState) -> dict[str, Any]:
    """The trained policy in a world of its families, before and after one step of adaptation."""
    if not state.check:
        worlds = (World(), World(reversed_motor=True))
        return player_value(*(Shown(record(trained.model, w, SHOWN_SEED), "before", "Before adaptation") for w in worlds), signals=False)
    world = World(**state.check["shown"])
    shown = [Shown(record(trained.model, world, SHOWN_SEED), "before", "Trained, before adaptation")]
    if state.check["adapted"]:
        shown.append(Shown(record(state.check["adapted"], world, SHOWN_SEED), "standard", "After 1 step"))
    return player_value(*shown, signals=False)


def visitor_of(request: gr.Request) -> str:
    """Who trains: one browser tab, or one API client."""
    return request.session_hash


def starting_checkpoint(settings: MetaSettings, session: Session) -> bytes | None:
    """The weights to start from; None for random ones."""
    if settings.start == "random":
        return None
    return serialise(session.model if settings.start == "yours" else shared_model(settings.start))


class MetaTrainTab:
    """Builds the tab; `session` is the page's gr.State. The page calls `connect_use` once."""

    def __init__(self, session: gr.State):
        self.session = session
        first = next(iter(RECIPES.values()))[1]
        self.trained = gr.State(None, time_to_live=STATE_SECONDS)
        with gr.Row(elem_classes="act meta-act", equal_height=False):
            with gr.Column(elem_classes="meta-live", min_width=320):
                self.seen = gr.HTML(seen_html(None), elem_id="meta-seen")
                self.numbers = gr.HTML(numbers(None), elem_id="meta-numbers")
                with gr.Row(elem_classes="meta-charts"):
                    self.returns = chart(returns_chart(first, ()), elem_id="meta-returns")
                    self.loss = chart(loss_chart(first, ()), elem_id="meta-loss")
            with gr.Column(elem_classes="side meta-side", min_width=300):
                self.controls = MetaControls()
                with gr.Row(elem_classes="pair"):
                    self.train = gr.Button("Train", variant="primary", elem_id="meta-train", min_width=120)
                    self.stop = gr.Button("Stop", interactive=False, elem_id="meta-stop", min_width=90)
                self.message = message_area("meta-message")
                self.use = gr.Button("Use this model", interactive=False, elem_id="meta-use")
                with gr.Row(elem_classes="small-buttons"):
                    names = (("checkpoint", "Checkpoint"), ("log", "Log"), ("figure", "Figure"))
                    self.saves = {
                        n: gr.Button(f"Save {t.lower()}", size="sm", min_width=80, interactive=False, elem_id=f"meta-{n}") for n, t in names
                    }
                self.upload = gr.UploadButton(
                    "Upload a checkpoint", type="binary", file_types=[".safetensors"], size="sm", elem_id="meta-upload"
                )
                self.controls.build_more()
            with gr.Column(elem_classes="meta-result", min_width=320):
                self.player = player(first_stage(), elem_id="meta-stage")
                self.check = gr.HTML(hint(WAIT), elem_id="meta-check", elem_classes="verdict-box")
                self.file = file_button("meta-file")
        self._connect()

    def _connect(self) -> None:
        live = [self.seen, self.numbers, self.returns, self.loss, self.check, self.player, self.message, self.trained]
        buttons = [self.train, self.stop, self.use, *self.saves.values()]
        inputs = [self.session, *self.controls.inputs]
        # The line of ui/meta_train/queue.py is the queue, with a place in words; Gradio's own only has to be long enough for it.
        self.train.click(self._train, inputs, [*live, *buttons], js=SHOW_CURVES, **TRAINING, **QUIET)
        self.stop.click(self._stop, None, self.message, queue=False, **QUIET)
        taken = [self.trained, self.message, self.use, *self.saves.values()]
        self.upload.upload(self._upload, self.upload, taken, **{**QUIET, "preprocess": True})  # which reads the file
        for name, button in self.saves.items():
            button.click(getattr(self, f"_save_{name}"), self.trained, [self.file, self.message], **QUIET)

    def connect_use(self, play_policy: gr.Dropdown, adapt_start: gr.Dropdown) -> None:
        """Let "Use this model" make the model the visitor's own, chosen in Play and in Adapt."""
        self.play_policy, self.adapt_start = play_policy, adapt_start
        outputs = [self.session, self.message, play_policy, adapt_start, self.controls.fields["start"]]
        self.use.click(self._use, [self.session, self.trained], outputs, **QUIET)

    def _use(self, session: Session, trained: Trained | None) -> dict:
        if trained is None:
            return {self.message: problem("There is no model yet: press Train, or upload a checkpoint.")}
        mine = session.with_model(trained.model)
        return {
            self.session: replace(mine, choice=replace(mine.choice, policy="yours"), recording=None),  # so that Play shows it anew
            self.message: notice("It is now “Yours” in Play and in Adapt."),
            self.play_policy: gr.update(choices=choices(yours=True), value="yours"),
            self.adapt_start: gr.update(choices=AdaptControls.starts(yours=True), value="yours"),
            self.controls.fields["start"]: gr.update(choices=self.controls.starts(yours=True)),
        }

    @heavy("training", in_turns=False)
    def _train(self, session: Session, request: gr.Request, *values) -> Iterator[dict]:
        try:
            settings = check_settings(self.controls.named(values), session.model is not None)
            states = run_training(settings, visitor_of(request), starting_checkpoint(settings, session))
            yield from self._live(settings, states)
        except (ValueError, OSError) as error:
            yield {self.message: problem(error), self.train: gr.Button(interactive=True), self.stop: gr.Button(interactive=False)}

    def _live(self, settings: MetaSettings, states: Iterator[TrainingState]) -> Iterator[dict]:
        """Updates of the page: each holds only what has changed."""
        before: dict = {}
        drawn = -1
        state = None
        for state in states:
            if state.phase == "done":
                break
            update = {self.numbers: numbers(state), self.message: notice(phase_words(state))}
            if not before:
                update |= {self.train: gr.Button(interactive=False), self.stop: gr.Button(interactive=True), self.check: hint(WAIT)}
            if len(state.epochs) > drawn:
                drawn = len(state.epochs)
                update |= {
                    self.seen: seen_html(state),
                    self.returns: returns_chart(settings, state.epochs),
                    self.loss: loss_chart(settings, state.epochs),
                }
            changed = {c: v for c, v in update.items() if before.get(c) != v}
            before |= update
            if changed:
                yield changed
        yield self._done(state)
        next(states, None)  # let the generator end

    def _done(self, state: TrainingState) -> dict:
        update: dict = {
            self.seen: seen_html(state),
            self.numbers: numbers(state),
            self.message: problem(state.problem) if state.problem else notice(phase_words(state)),
            self.train: gr.Button(interactive=True),
            self.stop: gr.Button(interactive=False),
        }
        if state.best is None:
            return update
        trained = Trained(state.best, model_from_bytes(state.best), state.settings, state.epochs)
        if state.check and state.check["adapted"]:
            state = replace(state, check={**state.check, "adapted": model_from_bytes(state.check["adapted"])})
        return {
            **update,
            self.returns: returns_chart(state.settings, state.epochs, final=True),
            self.loss: loss_chart(state.settings, state.epochs, final=True),
            self.check: check_html(state) or hint("The check on validation worlds was skipped."),
            self.player: trained_stage(trained, state),
            self.trained: trained,
            **{button: gr.Button(interactive=True) for button in (self.use, *self.saves.values())},
        }

    def _stop(self, request: gr.Request) -> str:
        pressed = TRAININGS.stop(visitor_of(request))
        if pressed == 0:
            return notice("Nothing is training.")
        return notice("Stopping; the best parameters so far are kept." if pressed == 1 else "Stopping; the check is skipped.")

    def _upload(self, data: Any) -> dict:
        try:
            model = model_from_bytes(data)
        except ValueError as error:
            return {self.message: problem(error)}
        count = sum(model.count_parameters().values())
        sizes = f"state_dim {model.state_dim}, hidden_dim {model.hidden_dim}"
        text = f'Read: {count:,} parameters, {sizes}. "Use this model" puts it into Play and Adapt.'
        return {
            self.trained: Trained(data, model),
            self.message: notice(text),
            self.use: gr.Button(interactive=True),
            # An uploaded checkpoint has no log and no figure.
            **{button: gr.Button(interactive=name == "checkpoint") for name, button in self.saves.items()},
        }

    def _save(self, trained: Trained, suffix: str, data: bytes) -> dict:
        name = f"{trained.name}{suffix}"
        return {self.file: gr.DownloadButton(value=new_file(name, data)), self.message: notice(f"{name} is ready.")}

    def _save_checkpoint(self, trained: Trained | None) -> dict:
        return self._save(trained, ".safetensors", trained.checkpoint) if trained else self._nothing()

    def _save_log(self, trained: Trained | None) -> dict:
        return self._save(trained, "_log.csv", trained.log()) if trained and trained.epochs else self._nothing()

    def _save_figure(self, trained: Trained | None) -> dict:
        if not trained or not trained.epochs:
            return self._nothing()
        c = trained.settings.config
        title = f"Meta-training: {', '.join(trained.settings.families).replace('_', ' ')}, seed {c.seed}"
        figure = training_figure(trained.epochs, trained.settings, title)
        return self._save(trained, ".svg", svg(figure))

    def _nothing(self) -> dict:
        return {self.message: problem("There is nothing to save yet: press Train.")}
