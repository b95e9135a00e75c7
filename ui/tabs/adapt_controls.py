"""The Adapt tab's controls: the world, then how to adapt, the few that matter first."""

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr

from model import WORLDS
from ui.field import choices, on_page, to_page
from ui.fields import FIELDS, MODES
from ui.server.session import Session
from ui.settings import AdaptSettings, adapt_from_page, suited
from ui.tabs.controls import FIRST_BREAK, WorldControls, control
from ui.tabs.events import IN_BROWSER
from ui.views.terms import terms_hint

FIELD = FIELDS["adapt"]
RATE = FIELD["adapt_lr"]
# A reversed motor, mirrored sensors or late actions ask for the opposite of what was learnt: they break a policy first.
BREAKING = tuple(name for name, w in WORLDS.items() if w.reversed_motor or w.mirrored_sensors or w.action_delay)

HOW = (
    "Each step learns from fresh [[sampled]] [[episode|episodes]], as far as the [[learning rate]] says. "
    "Hybrid adds [[imagined rollouts]], from an [[experience buffer]]."
)

POWERS = range(round(on_page(RATE).minimum), round(on_page(RATE).maximum) + 1)
LR_SCALE = '<p class="lr-scale" aria-hidden="true">{}</p><p class="lr-value"><b>LR</b>, HOW</p>'.format(
    "".join(f'<span class="{"trained" if power == 0 else ""}">{RATE.default * 10**power:.3g}</span>' for power in POWERS)
)
LR_WORDS = f"""(power) => {{
  const lr = +({RATE.default} * 10 ** power).toPrecision(3), times = +(10 ** Math.abs(power)).toPrecision(3);
  const how = power === 0 ? "as in meta-training" : `${{times}} times ${{power > 0 ? "larger" : "smaller"}} than in meta-training`;
  document.querySelector("#adapt-lr input[type=range]")?.setAttribute("aria-valuetext", `${{lr}}, ${{how}}`);
  return {json.dumps(LR_SCALE)}.replace("LR", lr).replace("HOW", how);
}}"""


SUITED = f"""(start) => {{
  const [power, fresh] = {json.dumps({s: (to_page(RATE, suited(s)[0]), suited(s)[1]) for s in FIELD["start"].options})}[start];
  return [power, fresh, ({LR_WORDS})(power)];
}}"""


def lr_words(lr: float) -> str:
    """The learning rate's scale, its value and how it compares; the same as LR_WORDS makes while the slider moves."""
    times = max(lr / RATE.default, RATE.default / lr)
    compared = f"{times:.3g} times {'larger' if lr > RATE.default else 'smaller'} than"
    how = f"{'as' if lr == RATE.default else compared} in meta-training"
    return LR_SCALE.replace("LR", f"{lr:g}").replace("HOW", how)


class AdaptControls:
    """Built inside a Blocks context. settings: field name -> control. suiting: what a start has values of its own for."""

    def __init__(self) -> None:
        self.world = WorldControls(WORLDS[FIRST_BREAK], first=BREAKING, folded=True)
        self.settings = {"mode": control(FIELD["mode"], radio=True, elem_id="adapt-mode")}
        gr.HTML(terms_hint(HOW, "adapt-how"))
        self.settings["adapt_lr"] = control(RATE, info=None, elem_id="adapt-lr")
        self.lr_words = gr.HTML(lr_words(RATE.default), elem_id="adapt-lr-words")
        self.settings["num_adapt_steps"] = control(FIELD["num_adapt_steps"], info=None, elem_id="adapt-steps")
        with gr.Accordion("More settings", open=False):
            self.settings["start"] = control(FIELD["start"], info=None, elem_id="adapt-start")
            self.settings["episodes_per_step"] = control(FIELD["episodes_per_step"])
            note = f" ({MODES['hybrid'].lower()})"
            self.settings["experience_weight"] = control(FIELD["experience_weight"], note=note)
            self.settings["fresh_step"] = control(FIELD["fresh_step"], elem_id="adapt-fresh")
            self.settings["seed"] = control(FIELD["seed"], info="Of the episodes collected and played")
        self.mode, self.start, self.seed = (self.settings[name] for name in ("mode", "start", "seed"))
        self.power, self.fresh = self.settings["adapt_lr"], self.settings["fresh_step"]
        self.power.input(None, self.power, self.lr_words, js=LR_WORDS, **IN_BROWSER)
        self.suiting = [self.power, self.fresh, self.lr_words]
        self.start.input(None, self.start, self.suiting, js=SUITED, **IN_BROWSER)

    @staticmethod
    def starts(yours: bool = False) -> list[tuple[str, str]]:
        """What the list of starting points offers."""
        return choices(FIELD["start"], yours)

    def suits(self, start: str) -> dict:
        """What each of `suiting` becomes for a start."""
        lr, fresh = suited(start)
        return dict(zip(self.suiting, (to_page(RATE, lr), fresh, lr_words(lr)), strict=True))

    @property
    def inputs(self) -> list:
        """The world, then how to adapt: what `read` takes."""
        return [*self.world.inputs, *self.settings.values()]

    def read(self, session: Session, values: Sequence[Any]) -> AdaptSettings:
        """What the values of `inputs` mean for this visitor. Raises FieldError."""
        preset, *rest = values
        n = len(self.world.fields)
        return adapt_from_page(preset, rest[:n], dict(zip(self.settings, rest[n:], strict=True)), session.model is not None)

    @property
    def outputs(self) -> list:
        """What `updates` fills."""
        return [*self.world.outputs, *self.settings.values(), self.lr_words]

    def updates(self, s: AdaptSettings) -> dict:
        """What each of `outputs` becomes so that they show these settings."""
        values = {c: to_page(FIELD[name], getattr(s, name)) for name, c in self.settings.items()}
        return {**self.world.updates(s.world), **values, self.lr_words: lr_words(s.adapt_lr)}
