"""The model that one place of the Meta-train tab has trained or was given, and what can be done with it."""

from dataclasses import replace
from functools import partial

import gradio as gr

from model import WORLDS
from ui.runs.trained import Trained
from ui.server.files import new_file
from ui.server.session import STATE_SECONDS, Session
from ui.tabs.adapt_controls import AdaptControls
from ui.tabs.events import IN_BROWSER, OF_SESSION, QUIET, file_button
from ui.tabs.yours import Yours
from ui.views.messages import forgotten, notice, problem
from ui.views.training_figure import svg, training_figure

# Worlds that break a policy and the families that would have to hold them, the most telling first.
UNSEEN = {"mirrored_sensors": {"mirrored_sensors"}, "reversed_motor": {"reversed_motor"}, "delayed_motor": {"the longest delay of all"}}
SAVES = ("checkpoint", "log", "figure")
NOTHING = "The server has no model here: press Train, or upload a checkpoint."


class ModelButtons:
    """Built inside the tab, once for each place, and seen only where that place is shown (assets/meta.css)."""

    def __init__(self, place: str, shown: str, message: gr.HTML):
        """shown: the CSS class of what is seen with this place. message: the tab's."""
        self.message = message
        self.trained = gr.State(None, time_to_live=STATE_SECONDS)
        with gr.Row(elem_classes=["small-buttons", shown]):
            look = {"min_width": 120, "interactive": False}
            self.use = gr.Button("Use it in Play", elem_id=f"meta-use-{place}", **look)
            self.adapt = gr.Button("Adapt it to a new world", elem_id=f"meta-adapt-{place}", **look)
        with gr.Row(elem_classes=["small-buttons", shown]):
            look = {"size": "sm", "min_width": 80, "interactive": False}
            self.saves = {name: gr.Button(f"Save {name}", elem_id=f"meta-{name}-{place}", **look) for name in SAVES}
            self.file = file_button(f"meta-file-{place}")
        for name, button in self.saves.items():
            button.click(partial(self.on_save, name), self.trained, [self.file, message], **QUIET)

    @property
    def outputs(self) -> list:
        """What `updates` fills."""
        return [self.trained, self.use, self.adapt, *self.saves.values()]

    def updates(self, trained: Trained) -> dict:
        """What changes once this is the model: the buttons say where it is not what the curves show."""
        it, saves = ("it", SAVES) if trained.epochs else ("the upload", SAVES[:1])  # which has no log and no figure
        return {
            self.trained: trained,
            self.use: gr.update(value=f"Use {it} in Play", interactive=True),
            self.adapt: gr.update(value=f"Adapt {it} to a new world", interactive=True),
            **{button: gr.update(interactive=name in saves) for name, button in self.saves.items()},
        }

    def resting(self) -> dict:
        """While another model is in the making, whose curves are shown."""
        return {button: gr.update(interactive=False) for button in (self.use, self.adapt, *self.saves.values())}

    def connect_use(self, page_session: gr.State, yours: Yours, adapt: AdaptControls) -> None:
        """Let the model become the visitor's own, chosen in Play and among Adapt's controls, and lead there.

        page_session: the page's gr.State of a Session.
        """

        def use(session: Session, trained: Trained | None) -> dict:
            if trained is None:
                return {self.message: forgotten(NOTHING)}
            mine = session.with_model(trained.model)
            chosen = replace(mine, choice=replace(mine.choice, policy="yours"), recording=None)
            kept = yours.kept(chosen)
            said = notice("It is now “Yours” in Play and in Adapt.")
            start = {adapt.start: {**kept[adapt.start], "value": "yours"}, **adapt.suits("yours")}
            return {page_session: chosen, self.message: said, **kept, **start}

        def take_to_adapt(session: Session, trained: Trained | None) -> dict:
            """The same, and a world that its training did not hold."""
            seen = set(trained.settings.families) if trained and trained.settings else set()
            unseen = next(name for name, families in UNSEEN.items() if not families <= seen)
            return {**use(session, trained), **(adapt.world.updates(WORLDS[unseen]) if trained else {})}

        outputs = [page_session, self.message, *yours.outputs, *adapt.suiting]
        for button, handler, there, tab in (
            (self.use, use, outputs, "play"),
            (self.adapt, take_to_adapt, [*outputs, *adapt.world.outputs], "adapt"),
        ):
            used = button.click(handler, [page_session, self.trained], there, **OF_SESSION)
            used.then(None, None, None, js=f"() => window.ssmGo({tab!r})", **IN_BROWSER)

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
