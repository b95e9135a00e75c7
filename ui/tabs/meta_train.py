"""The Meta-train tab: a short training runs while its curves grow; its model can be played, adapted and kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from model import WORLDS
from model.policy.checkpoint import serialise
from ui.field import choices
from ui.fields import FIELDS
from ui.runs.policies import shared_model
from ui.runs.trained import Trained, model_from_bytes
from ui.runs.training import TrainingState
from ui.runs.training_show import perform, recordings
from ui.server.files import new_file
from ui.server.jobs import TRAINING
from ui.server.session import STATE_SECONDS, Session
from ui.server.training import TRAININGS, Training, is_token, new_token
from ui.server.visitors import LISTENERS, address_of
from ui.settings import MAKERS_ONLY, stand_in
from ui.tabs.adapt.controls import AdaptControls
from ui.tabs.controls import message_area
from ui.tabs.events import COPY_LINK, IN_BROWSER, QUIET, file_button, follow_address
from ui.tabs.training_controls import NAMES, QUERY, MetaControls
from ui.training_settings import RECIPES, MetaSettings, check_settings, settings_from_query, settings_to_query
from ui.views.charts import chart
from ui.views.messages import field_class, hint, notice, problem, said
from ui.views.player import Shown, player, player_value
from ui.views.training import check_html, loss_chart, numbers, phase_words, returns_chart, seen_html, stage_title
from ui.views.training_figure import svg, training_figure
from ui.views.training_lines import after_label

# On a phone the button stands below the curves: bring them back into view.
SHOW_CURVES = """(...inputs) => {
  const behavior = window.ssmDraw.calm() ? "auto" : "smooth";
  if (innerWidth <= 820) document.querySelector("#meta-numbers").scrollIntoView({ behavior });
  return inputs;
}"""
# A gr.BrowserState is read too late for the load event. A page that may store nothing forgets its training on a reload.
KEEP_TOKEN = '(token) => { try { localStorage.setItem("ssm-metarl-training", token); } catch { /* on this page alone */ } }'
KEPT_TOKEN = '() => { try { return localStorage.getItem("ssm-metarl-training") ?? ""; } catch { return ""; } }'
# Worlds that break a policy and the families that would have to hold them, the most telling first.
UNSEEN = {"mirrored_sensors": ["mirrored_sensors"], "reversed_motor": ["reversed_motor"], "delayed_motor": ["the longest delay of all"]}
TAB = "Meta-train"
SHOW_SPEED = 2  # while it trains, so that an episode ends before the next show
WAIT = "When a training has ended, its check on validation worlds stands here, and you can use, adapt or save the model."


def stage(show: dict[str, Any], settings: MetaSettings, speed: float | None = None) -> dict[str, Any]:
    """A show on the stage: a row for each world, before and after adaptation side by side."""
    labels = (("before", "Before"), ("standard", after_label(settings).capitalize()))
    played = [Shown(r, *label) for row in recordings(show) for r, label in zip(row, labels, strict=False)]
    return player_value(*played, signals=False, speed=speed)


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
        self.token = gr.Textbox("", visible="hidden", elem_id="meta-token")
        self.trained = gr.State(None, time_to_live=STATE_SECONDS)
        begin = perform(shared_model("untrained"), first)
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
                with gr.Row(elem_classes="small-buttons"):
                    self.use = gr.Button("Use it in Play", interactive=False, elem_id="meta-use", min_width=120)
                    self.adapt = gr.Button("Adapt it to a new world", interactive=False, elem_id="meta-adapt", min_width=120)
                with gr.Row(elem_classes="small-buttons"):
                    names = (("checkpoint", "Checkpoint"), ("log", "Log"), ("figure", "Figure"))
                    self.saves = {
                        n: gr.Button(f"Save {t.lower()}", size="sm", min_width=80, interactive=False, elem_id=f"meta-{n}") for n, t in names
                    }
                with gr.Column(elem_classes=["upload", field_class("checkpoint")], min_width=120):
                    self.upload = gr.UploadButton(
                        "Upload a checkpoint", type="binary", file_types=[".safetensors"], size="sm", elem_id="meta-upload"
                    )
                self.copy = gr.Button("Copy link to these settings", size="sm", elem_id="meta-copy")
                self.controls.build_more()
            with gr.Column(elem_classes="meta-result", min_width=320):
                self.title = gr.HTML(stage_title(first, None), elem_id="meta-title")
                self.player = player(stage(begin, first), elem_id="meta-stage")
                self.check = gr.HTML(hint(WAIT), elem_id="meta-check", elem_classes="verdict-box")
                self.file = file_button("meta-file")
        self.now = gr.Textbox(settings_to_query(first), visible="hidden")  # the link of what the controls show
        self._connect()

    def _connect(self) -> None:
        live = [self.seen, self.numbers, self.returns, self.loss, self.check, self.title, self.player, self.message, self.trained]
        buttons = [self.train, self.stop, self.use, self.adapt, *self.saves.values()]
        inputs = [self.session, self.token, *self.controls.inputs]
        self.shows = [*live, *buttons, self.token]
        # The line of ui/server/training_queue.py is the queue, with a place in words; Gradio's own only has to be long enough for it.
        self.train.click(self._train, inputs, self.shows, js=SHOW_CURVES, **TRAINING, **QUIET)
        self.stop.click(self._stop, self.token, self.message, queue=False, **QUIET)
        fields = [self.controls.fields[name] for name in NAMES]
        gr.on([f.change for f in fields], None, fields, self.now, js=QUERY, **IN_BROWSER)
        self.copy.click(None, self.now, self.message, js=COPY_LINK, **IN_BROWSER)
        self.token.change(None, self.token, None, js=KEEP_TOKEN, **IN_BROWSER)
        taken = [self.trained, self.message, self.use, self.adapt, *self.saves.values()]
        self.upload.upload(self._upload, self.upload, taken, **{**QUIET, "preprocess": True})  # which reads the file
        for name, button in self.saves.items():
            button.click(getattr(self, f"_save_{name}"), self.trained, [self.file, self.message], **QUIET)

    def connect_tab(self, tab: gr.Tab) -> None:
        """The address follows the controls while this tab is open."""
        self.now.change(None, self.now, None, js=follow_address(TAB), **IN_BROWSER)
        tab.select(None, self.now, None, js=follow_address(TAB), **IN_BROWSER)

    def connect_page(self, page: gr.Blocks) -> None:
        """Restore what the page's link encodes, and let a page that is loaded again find the training of its browser."""
        outputs = [*self.shows, *self.controls.outputs]
        page.load(self._open_link, self.session, [self.message, *self.controls.outputs], **QUIET)
        page.load(self._return, self.token, outputs, js=KEPT_TOKEN, **TRAINING, **QUIET)

    def connect_use(self, play_policy: gr.Dropdown, controls: AdaptControls) -> None:
        """Let the trained model become the visitor's own, chosen in Play and in Adapt, and lead there."""
        self.play_policy, self.adapt_start, self.adapt_world = play_policy, controls.start, controls.world
        outputs = [self.session, self.message, play_policy, controls.start, self.controls.fields["start"]]
        used = self.use.click(self._use, [self.session, self.trained], outputs, **QUIET)
        used.then(None, None, None, js='() => window.ssmGo("play")', **IN_BROWSER)
        there = list(dict.fromkeys([*outputs, *controls.world.outputs]))
        taken = self.adapt.click(self._take_to_adapt, [self.session, self.trained], there, **QUIET)
        taken.then(None, None, None, js='() => window.ssmGo("adapt")', **IN_BROWSER)

    def _take_to_adapt(self, session: Session, trained: Trained | None) -> dict:
        """The model as the visitor's own, and a world for Adapt that its training did not hold."""
        update = self._use(session, trained)
        if trained is None:
            return update
        seen = trained.settings.families if trained.settings else ()
        return {**update, **self.adapt_world.updates(WORLDS[next(name for name in UNSEEN if not set(UNSEEN[name]) <= set(seen))])}

    def _use(self, session: Session, trained: Trained | None) -> dict:
        if trained is None:
            return {self.message: problem("There is no model yet: press Train, or upload a checkpoint.")}
        mine = session.with_model(trained.model)
        return {
            self.session: replace(mine, choice=replace(mine.choice, policy="yours"), recording=None),  # so that Play shows it anew
            self.message: notice("It is now “Yours” in Play and in Adapt."),
            self.play_policy: gr.update(choices=choices(FIELDS["play"]["policy"], yours=True), value="yours"),
            self.adapt_start: gr.update(choices=AdaptControls.starts(yours=True), value="yours"),
            self.controls.fields["start"]: gr.update(choices=self.controls.starts(yours=True)),
        }

    def _train(self, session: Session, token: Any, request: gr.Request, *values) -> Iterator[dict]:
        try:
            settings = check_settings(self.controls.named(values), session.model is not None)
            token, model = token if is_token(token) else new_token(), starting_checkpoint(settings, session)
            training = TRAININGS.begin(token, settings, model, address_of(request))
        except (ValueError, OSError) as error:
            yield {self.message: problem(error)}
            return
        yield {self.token: token}
        yield from self._follow(training, request)

    def _open_link(self, session: Session, request: gr.Request) -> dict:
        query, missing = stand_in(request.query_params, "start", session.model is not None)
        try:
            settings = settings_from_query(query, session.model is not None)
        except ValueError as error:
            return {self.message: problem(f"This link can't be opened. {said(error)}")}
        if settings is None:
            return gr.skip()
        return {**self.controls.updates(settings), **({self.message: notice(MAKERS_ONLY)} if missing else {})}

    def _return(self, token: Any, request: gr.Request) -> Iterator[dict]:
        """Go on showing the training that this browser has begun, if there is one."""
        training = TRAININGS.find(token)
        if training is None:
            yield gr.skip()
            return
        asked = {} if "recipe" in request.query_params else self.controls.updates(training.state.settings)
        yield {self.token: token, **asked}
        yield from self._follow(training, request)

    def _follow(self, training: Training, request: gr.Request) -> Iterator[dict]:
        states = training.states(lambda: not LISTENERS.gone(request.session_hash))
        yield from self._live(training.state.settings, states)

    def _live(self, settings: MetaSettings, states: Iterator[TrainingState]) -> Iterator[dict]:
        """Updates of the page: each holds only what has changed."""
        before: dict = {}
        drawn, shown = -1, None
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
            if state.show and state.show is not shown:
                shown = state.show
                update |= {self.title: stage_title(settings, shown), self.player: stage(shown, settings, SHOW_SPEED)}
            changed = {c: v for c, v in update.items() if before.get(c) != v}
            before |= update
            if changed:
                yield changed
        else:
            return  # nobody looks any more
        yield self._done(state)

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
        show = state.show or perform(trained.model, state.settings, len(state.epochs))  # none yet: it was stopped early
        return {
            **update,
            self.title: stage_title(state.settings, show),
            self.player: stage(show, state.settings),
            self.returns: returns_chart(state.settings, state.epochs, final=True),
            self.loss: loss_chart(state.settings, state.epochs, final=True),
            self.check: check_html(state) or hint("The check on validation worlds was skipped."),
            self.trained: trained,
            **{button: gr.Button(interactive=True) for button in (self.use, self.adapt, *self.saves.values())},
        }

    def _stop(self, token: Any) -> str:
        training = TRAININGS.find(token)
        if training is None or training.ended is not None:
            return notice("Nothing is training.")
        return notice(
            "Stopping; the check is skipped." if training.stop() == "checking" else "Stopping; the best parameters so far are kept."
        )

    def _upload(self, data: Any) -> dict:
        try:
            model = model_from_bytes(data)
        except ValueError as error:
            return {self.message: problem(error)}
        count = sum(model.count_parameters().values())
        text = f"Read: {count:,} parameters, state size {model.state_dim}, hidden size {model.hidden_dim}. “Use it in Play” makes it yours."
        return {
            self.trained: Trained(data, model),
            self.message: notice(text),
            self.use: gr.Button(interactive=True),
            self.adapt: gr.Button(interactive=True),
            # An uploaded checkpoint has no log and no figure.
            **{button: gr.Button(interactive=name == "checkpoint") for name, button in self.saves.items()},
        }

    def _save(self, what: str, name: str, data: bytes) -> dict:
        return {self.file: gr.DownloadButton(value=new_file(name, data)), self.message: notice(f"The {what} is ready.")}

    def _save_checkpoint(self, trained: Trained | None) -> dict:
        return self._save("checkpoint", f"{trained.name}.safetensors", trained.checkpoint) if trained else self._nothing()

    def _save_log(self, trained: Trained | None) -> dict:
        return self._save("log", f"{trained.name}_log.csv", trained.log()) if trained and trained.epochs else self._nothing()

    def _save_figure(self, trained: Trained | None) -> dict:
        if not trained or not trained.epochs:
            return self._nothing()
        c = trained.settings.config
        title = f"Meta-training: {', '.join(trained.settings.families).replace('_', ' ')}, seed {c.seed}"
        figure = training_figure(trained.epochs, trained.settings, title)
        return self._save("figure", f"{trained.name}.svg", svg(figure))

    def _nothing(self) -> dict:
        return {self.message: problem("There is nothing to save yet: press Train.")}
