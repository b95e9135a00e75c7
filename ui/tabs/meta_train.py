"""The Meta-train tab: a short training runs while its curves grow; its model can be played, adapted and kept."""

import base64
import secrets
from collections.abc import Iterator
from typing import Any

import gradio as gr

from model.policy.checkpoint import serialise
from ui.links import MAKERS_ONLY, link_query, stand_in
from ui.runs.policies import shared_model
from ui.runs.trained import Trained, epochs_from_json, model_from_base64, model_from_bytes
from ui.runs.training import TrainingState
from ui.runs.training_show import perform
from ui.server.files import uploaded
from ui.server.jobs import TRAINING
from ui.server.session import Session
from ui.server.training import TRAININGS, Training, is_token, new_token
from ui.server.visitors import LISTENERS, address_of
from ui.tabs.adapt_controls import AdaptControls
from ui.tabs.controls import message_area, unchecked
from ui.tabs.events import IN_BROWSER, QUIET, sent, stop_button
from ui.tabs.model_buttons import ModelButtons
from ui.tabs.training_controls import QUERY, SHOW_QUERY, TrainingControls
from ui.tabs.yours import Yours
from ui.training_settings import FIRST_RECIPE, RECIPES, MetaSettings, check_settings, place_from_query, settings_from_query, to_json
from ui.views.charts import chart
from ui.views.messages import field_class, hint, notice, problem, unopened
from ui.views.player import player
from ui.views.train_config import settings_for_scripts
from ui.views.training import SHOW_SPEED, check_html, curves_value, loss_chart, numbers, phase_words, seen_html, stage_title, stage_value

# A gr.BrowserState is read too late for the load event. A page that may store nothing forgets its training on a reload.
KEEP_TOKEN = "(token) => { window.ssmStore.set('training', token); }"
KEPT_TOKEN = "() => [window.ssmStore.get('training'), window.ssmStore.get('yours') && 'kept']"
SHOW_PLACE = "(place) => { document.documentElement.dataset.trains = place; return []; }"  # the tab may not have been drawn yet
# Gradio finds an event by its quoted name.
ON_LOAD = 'window.ssmTrain.mount(element, props, watch, trigger); // "ask", "trained"'
SHOWN = {"browser": "in-browser", "server": "on-server"}  # the CSS classes of what is seen with each place
WAIT = hint("When a training has ended, its check on validation worlds stands here, and you can use, adapt or save the model.")


def starting_checkpoint(settings: MetaSettings, session: Session) -> bytes | None:
    """The weights to start from; None for random ones."""
    if settings.start == "random":
        return None
    return serialise(session.model if settings.start == "yours" else shared_model(settings.start))


class MetaTrainTab:
    """Builds the tab; `session` is the page's gr.State. Then the page calls `connect_use` and `connect_page`."""

    def __init__(self, session: gr.State):
        self.session = session
        first = RECIPES[FIRST_RECIPE][1]
        self.token = gr.Textbox("", visible="hidden")
        with gr.Row(elem_classes="act meta-act", equal_height=False):
            with gr.Column(elem_classes="meta-here in-browser", min_width=320):
                self.here = unchecked(
                    gr.HTML(
                        {"server": True},
                        html_template='<div class="train"></div>',  # static: the page never rebuilds what the script drew
                        js_on_load=ON_LOAD,
                        apply_default_css=False,
                        elem_id="meta-here",
                    )
                )
            with gr.Column(elem_classes="meta-live on-server", min_width=320):
                self.seen = gr.HTML(seen_html(None), elem_id="meta-seen")
                self.numbers = gr.HTML(numbers(None), elem_id="meta-numbers")
                with gr.Row(elem_classes="meta-charts"):
                    self.returns = chart(curves_value(first), "window.ssmTrain.curves", elem_id="meta-returns")
                    self.loss = chart(loss_chart(first, ()), elem_id="meta-loss")
            with gr.Column(elem_classes="side meta-side", min_width=300):
                self.controls = TrainingControls()
                self.place = self.controls.place
                with gr.Row(elem_classes="pair meta-run on-server"):
                    self.train = gr.Button("Train", variant="primary", elem_id="meta-train", min_width=120)
                    self.stop = gr.Button("Stop", interactive=False, elem_id="meta-stop", min_width=90)
                self.message = message_area("meta-message")
                # Each place keeps a model of its own: the buttons take the one whose curves are seen.
                self.models = {place: ModelButtons(place, shown, self.message) for place, shown in SHOWN.items()}
                with gr.Column(elem_classes=["upload", field_class("checkpoint")], min_width=120):
                    self.upload = gr.UploadButton(
                        "Upload a checkpoint", type="binary", file_types=[".safetensors"], size="sm", elem_id="meta-upload"
                    )
                self.copy = gr.Button("Copy link to these settings", size="sm", elem_id="meta-copy")
                self.controls.build_more()
            with gr.Column(elem_classes="meta-result on-server", min_width=320):
                self.title = gr.HTML(stage_title(first, None), elem_id="meta-title")
                self.player = player(stage_value(perform(shared_model("untrained"), first), first), elem_id="meta-stage")
                self.check = gr.HTML(WAIT, elem_id="meta-check")
        self._connect()

    @property
    def outputs(self) -> list:
        """What `updates` fills."""
        live = [self.seen, self.numbers, self.returns, self.loss, self.check, self.title, self.player, self.message]
        return [*live, self.train, self.stop, *self.models["server"].outputs]

    def _connect(self) -> None:
        # The server's line, with a place in words, is the queue; Gradio's own only has to be long enough for it.
        inputs = [self.session, self.token, *self.controls.inputs]
        self.train.click(self.on_train, inputs, [self.token, *self.outputs], **TRAINING, **QUIET)
        stop_button(self.stop, self.message, "Stopping; the best parameters so far are kept.", self.on_stop, self.token)
        self.token.change(None, self.token, None, js=KEEP_TOKEN, **IN_BROWSER)
        self.place.change(None, self.place, None, js=SHOW_PLACE, **IN_BROWSER)
        self.here.ask(self.on_ask, [self.session, *self.controls.inputs], [self.here, self.message], **QUIET)
        self.here.trained(self.on_trained, None, [self.message, *self.models["browser"].outputs], **QUIET)
        self.copy.click(
            None, self.controls.linked, self.message, js=f"(...values) => window.ssmCopyLink(({QUERY})(...values))", **IN_BROWSER
        )
        models = [c for buttons in self.models.values() for c in buttons.outputs]
        given = [self.upload, self.place]
        self.upload.upload(lambda file, place: self.on_upload(uploaded(file), place), given, [self.message, *models], **QUIET)

    def connect_page(self, page: gr.Blocks, tab: gr.Tab, own: gr.Textbox) -> None:
        """Restore what the page's link encodes, and let a page that is loaded again find the training of its browser.

        The address follows the controls while the tab is open. own: empty where the browser has no policy of the visitor's own, which
        another event takes to the session at the same time.
        """
        tab.select(None, self.controls.linked, None, js=SHOW_QUERY, **IN_BROWSER)
        outputs = [self.token, self.place, *self.outputs, *self.controls.outputs]
        page.load(self.on_open, [self.token, own], outputs, js=KEPT_TOKEN, **TRAINING, **QUIET)

    def connect_use(self, yours: Yours, adapt: AdaptControls) -> None:
        """Let each place's model become the visitor's own, chosen in Play and among Adapt's controls."""
        for buttons in self.models.values():
            buttons.connect_use(self.session, yours, adapt)

    def on_train(self, session: Session, token: Any, request: gr.Request, *values) -> Iterator[dict]:
        try:
            settings = check_settings(self.controls.named(values), session.model is not None)
            token = token if is_token(token) else new_token()
            training = TRAININGS.begin(token, settings, starting_checkpoint(settings, session), address_of(request))
        except (ValueError, OSError) as error:
            yield {self.message: problem(error)}
            return
        yield {self.token: token, self.check: WAIT}
        yield from self._follow(training, request)

    def on_ask(self, session: Session, *values) -> dict:
        """A training in the visitor's browser wants to begin: its settings, checked, and the weights to start from."""
        try:
            settings = check_settings(self.controls.named(values), session.model is not None)
        except ValueError as error:
            return {self.message: problem(error)}
        start = starting_checkpoint(settings, session)
        weights = {} if start is None else {"weights": base64.b64encode(start).decode()}
        return {self.here: {"id": secrets.token_hex(6), "settings": settings_for_scripts(settings), **weights}, self.message: ""}

    def on_trained(self, event: gr.EventData) -> dict:
        """What the visitor's browser has trained, with its settings and its log, as good as what the server has."""
        data = sent(event, "weights", "records", "settings")
        try:
            model, epochs = model_from_base64(data["weights"]), epochs_from_json(data["records"])
            settings = check_settings(data["settings"], has_own_model=True)
        except ValueError as error:
            return {self.message: problem(error)}
        trained = Trained(serialise(model, {"settings": to_json(settings)}), model, settings, epochs)
        said = notice("What this browser has trained can be used in Play and Live, adapted, and saved.")
        return {self.message: said, **self.models["browser"].updates(trained)}

    def on_open(self, token: Any, own: Any, request: gr.Request) -> Iterator[dict]:
        """What the link encodes; else the training that this browser has begun, which goes on being shown in any case."""
        query, missing = stand_in(link_query(request.query_params), "start", bool(own))
        training, update = TRAININGS.find(token), {}
        try:
            settings = settings_from_query(query, bool(own)) or (training and training.state.settings)
            place = place_from_query(query)
            update |= {self.place: place} if place else {}
            update |= self.controls.updates(settings) if settings else {}
            update |= {self.message: notice(MAKERS_ONLY)} if settings and missing else {}
        except ValueError as error:
            update |= {self.message: problem(unopened(error))}
        update |= {self.token: token, self.place: "server"} if training else {}
        yield update or gr.skip()
        if training:
            yield from self._follow(training, request)

    def _follow(self, training: Training, request: gr.Request) -> Iterator[dict]:
        """The updates of a training for as long as its page looks; each holds only what has changed."""
        before, sent = None, {}
        for state in training.states(lambda: not LISTENERS.gone(request.session_hash)):
            update = {c: v for c, v in self.updates(state, before).items() if c not in sent or sent[c] != v}
            before, sent = state, sent | update
            if update:
                yield update

    def updates(self, t: TrainingState, before: TrainingState | None = None) -> dict:
        """What each component becomes; what is costly to make only where it differs from `before`."""
        c, over = t.settings, t.phase == "done"
        update = {
            self.numbers: numbers(t),
            self.message: problem(t.problem) if t.problem else notice(phase_words(t)),
            self.train: gr.update(interactive=over),
            self.stop: gr.update(interactive=not over),
            **({} if over else self.models["server"].resting()),
        }
        if before is None or over or len(t.epochs) > len(before.epochs):
            curves = {self.returns: curves_value(c, t.epochs, final=over), self.loss: loss_chart(c, t.epochs, final=over)}
            update |= {self.seen: seen_html(t), **curves}
        trained = Trained(t.best, model_from_bytes(t.best), c, t.epochs) if over and t.best else None
        show = t.show or (trained and perform(trained.model, c, len(t.epochs)))  # none yet: it was stopped early
        if show and (before is None or over or t.show is not before.show):
            update |= {self.title: stage_title(c, show), self.player: stage_value(show, c, None if over else SHOW_SPEED)}
        if trained:
            check = check_html(t) or hint("The check on validation worlds was skipped.")
            update |= {self.check: check, **self.models["server"].updates(trained)}
        return update

    def on_stop(self, token: Any) -> None:
        if training := TRAININGS.find(token):
            training.stop()

    def on_upload(self, data: Any, place: Any) -> dict:
        """A checkpoint becomes the model of the place that is shown."""
        try:
            model = model_from_bytes(data)
        except ValueError as error:
            return {self.message: problem(error)}
        count = sum(model.count_parameters().values())
        text = f"Read: {count:,} parameters, state size {model.state_dim}, hidden size {model.hidden_dim}."
        buttons = self.models["server" if place == "server" else "browser"]
        return {self.message: notice(f"{text} “Use the upload in Play” makes it yours."), **buttons.updates(Trained(data, model))}
