"""The Meta-train tab: a short training runs while its curves grow; its model can be played, adapted and kept."""

import base64
import secrets
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr

from model import WORLDS
from model.policy.checkpoint import serialise
from ui.links import MAKERS_ONLY, link_query, stand_in
from ui.runs.policies import shared_model
from ui.runs.trained import Trained, epochs_from_json, model_from_base64, model_from_bytes
from ui.runs.training import TrainingState
from ui.runs.training_show import perform
from ui.server.files import new_file, uploaded
from ui.server.jobs import TRAINING
from ui.server.session import STATE_SECONDS, Session
from ui.server.training import TRAININGS, Training, is_token, new_token
from ui.server.visitors import LISTENERS, address_of
from ui.tabs.controls import WorldControls, message_area, unchecked
from ui.tabs.events import COPY_LINK, IN_BROWSER, QUIET, file_button, sent, stop_button
from ui.tabs.training_controls import QUERY, SHOW_QUERY, TrainingControls
from ui.tabs.yours import Yours
from ui.training_settings import FIRST_RECIPE, RECIPES, MetaSettings, check_settings, place_from_query, settings_from_query, to_json
from ui.views.charts import chart
from ui.views.messages import field_class, forgotten, hint, notice, problem, unopened
from ui.views.player import player
from ui.views.train_config import settings_for_scripts
from ui.views.training import SHOW_SPEED, check_html, curves_value, loss_chart, numbers, phase_words, seen_html, stage_title, stage_value
from ui.views.training_figure import svg, training_figure

# A gr.BrowserState is read too late for the load event. A page that may store nothing forgets its training on a reload.
KEEP_TOKEN = "(token) => { window.ssmStore.set('training', token); }"
KEPT_TOKEN = "() => [window.ssmStore.get('training'), window.ssmStore.get('yours') && 'kept']"
SHOW_PLACE = "(place) => { document.documentElement.dataset.trains = place; return []; }"  # the tab may not have been drawn yet
# Gradio finds an event by its quoted name.
ON_LOAD = 'window.ssmTrain.mount(element, props, watch, trigger); // "ask", "trained"'
# Worlds that break a policy and the families that would have to hold them, the most telling first.
UNSEEN = {"mirrored_sensors": {"mirrored_sensors"}, "reversed_motor": {"reversed_motor"}, "delayed_motor": {"the longest delay of all"}}
SAVES = ("checkpoint", "log", "figure")
WAIT = hint("When a training has ended, its check on validation worlds stands here, and you can use, adapt or save the model.")
NOTHING = "The server has no model here: press Train, or upload a checkpoint."


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
        self.trained = gr.State(None, time_to_live=STATE_SECONDS)
        with gr.Row(elem_classes="act meta-act", equal_height=False):
            with gr.Column(elem_classes="meta-here", min_width=320):
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
                with gr.Row(elem_classes="small-buttons"):
                    self.use = gr.Button("Use it in Play", interactive=False, elem_id="meta-use", min_width=120)
                    self.adapt = gr.Button("Adapt it to a new world", interactive=False, elem_id="meta-adapt", min_width=120)
                with gr.Row(elem_classes="small-buttons"):
                    look = {"size": "sm", "min_width": 80, "interactive": False}
                    self.saves = {name: gr.Button(f"Save {name}", elem_id=f"meta-{name}", **look) for name in SAVES}
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
                self.file = file_button("meta-file")
        self._connect()

    @property
    def outputs(self) -> list:
        """What `updates` fills."""
        live = [self.seen, self.numbers, self.returns, self.loss, self.check, self.title, self.player, self.message]
        return [*live, self.train, self.stop, *self._keeping]

    @property
    def _keeping(self) -> list:
        """The model, and what can be done with it."""
        return [self.trained, self.use, self.adapt, *self.saves.values()]

    def _connect(self) -> None:
        # The server's line, with a place in words, is the queue; Gradio's own only has to be long enough for it.
        inputs = [self.session, self.token, *self.controls.inputs]
        self.train.click(self.on_train, inputs, [self.token, *self.outputs], **TRAINING, **QUIET)
        stop_button(self.stop, self.message, "Stopping; the best parameters so far are kept.", self.on_stop, self.token)
        self.token.change(None, self.token, None, js=KEEP_TOKEN, **IN_BROWSER)
        self.place.change(None, self.place, None, js=SHOW_PLACE, **IN_BROWSER)
        self.here.ask(self.on_ask, [self.session, *self.controls.inputs], [self.here, self.message], **QUIET)
        self.here.trained(self.on_trained, None, [self.message, *self._keeping], **QUIET)
        self.copy.click(None, self.controls.linked, self.message, js=f"(...values) => ({COPY_LINK})(({QUERY})(...values))", **IN_BROWSER)
        self.upload.upload(lambda file: self.on_upload(uploaded(file)), self.upload, [self.message, *self._keeping], **QUIET)
        for name, button in self.saves.items():
            button.click(partial(self.on_save, name), self.trained, [self.file, self.message], **QUIET)

    def connect_page(self, page: gr.Blocks, tab: gr.Tab, own: gr.Textbox) -> None:
        """Restore what the page's link encodes, and let a page that is loaded again find the training of its browser.

        The address follows the controls while the tab is open. own: empty where the browser has no policy of the visitor's own, which
        another event takes to the session at the same time.
        """
        tab.select(None, self.controls.linked, None, js=SHOW_QUERY, **IN_BROWSER)
        outputs = [self.token, self.place, *self.outputs, *self.controls.outputs]
        page.load(self.on_open, [self.token, own], outputs, js=KEPT_TOKEN, **TRAINING, **QUIET)

    def connect_use(self, yours: Yours, start: gr.Dropdown, world: WorldControls) -> None:
        """Let the trained model become the visitor's own, chosen in Play and in Adapt (start, world), and lead there."""

        def use(session: Session, trained: Trained | None) -> dict:
            if trained is None:
                return {self.message: forgotten(NOTHING)}
            mine = session.with_model(trained.model)
            chosen = replace(mine, choice=replace(mine.choice, policy="yours"), recording=None)  # so that Play shows it anew
            kept = yours.kept(chosen)
            said = notice("It is now “Yours” in Play and in Adapt.")
            return {self.session: chosen, self.message: said, **kept, start: {**kept[start], "value": "yours"}}

        def take_to_adapt(session: Session, trained: Trained | None) -> dict:
            """The same, and a world that its training did not hold."""
            seen = set(trained.settings.families) if trained and trained.settings else set()
            unseen = next(name for name, families in UNSEEN.items() if not families <= seen)
            return {**use(session, trained), **(world.updates(WORLDS[unseen]) if trained else {})}

        outputs = [self.session, self.message, *yours.outputs]
        for button, handler, there, tab in (
            (self.use, use, outputs, "play"),
            (self.adapt, take_to_adapt, [*outputs, *(c for c in world.outputs if c not in outputs)], "adapt"),
        ):
            used = button.click(handler, [self.session, self.trained], there, **QUIET)
            used.then(None, None, None, js=f"() => window.ssmGo({tab!r})", **IN_BROWSER)

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
        return {self.trained: trained, self.message: notice("It can be used in Play and Live, adapted, and saved."), **self._usable(SAVES)}

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
            update |= {self.check: check, self.trained: trained, **self._usable(SAVES)}
        return update

    def _usable(self, saves: tuple[str, ...]) -> dict:
        """There is a model now, of which so much can be saved."""
        used = {button: gr.update(interactive=True) for button in (self.use, self.adapt)}
        return used | {button: gr.update(interactive=name in saves) for name, button in self.saves.items()}

    def on_stop(self, token: Any) -> None:
        if training := TRAININGS.find(token):
            training.stop()

    def on_upload(self, data: Any) -> dict:
        try:
            model = model_from_bytes(data)
        except ValueError as error:
            return {self.message: problem(error)}
        count = sum(model.count_parameters().values())
        text = f"Read: {count:,} parameters, state size {model.state_dim}, hidden size {model.hidden_dim}. “Use it in Play” makes it yours."
        # An uploaded checkpoint has no log and no figure.
        return {self.trained: Trained(data, model), self.message: notice(text), **self._usable(SAVES[:1])}

    def on_save(self, what: str, trained: Trained | None) -> dict:
        if trained is None:
            return {self.message: forgotten(NOTHING)}
        if what != "checkpoint" and not trained.epochs:
            return {self.message: problem("An uploaded checkpoint has no log and no figure.")}
        name, data = {
            "checkpoint": lambda: (f"{trained.name}.safetensors", trained.checkpoint),
            "log": lambda: (f"{trained.name}_log.csv", trained.log()),
            "figure": lambda: (f"{trained.name}.svg", svg(training_figure(trained.epochs, trained.settings))),
        }[what]()
        return {self.file: gr.DownloadButton(value=new_file(name, data)), self.message: notice(f"The {what} is ready.")}
