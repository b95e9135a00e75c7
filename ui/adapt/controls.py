"""The Adapt tab's controls: the world, then how to adapt, the few that matter first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr

from model import WORLDS
from ui.shared.controls import WorldControls, hint, unchecked
from ui.shared.events import IN_BROWSER
from ui.shared.inputs import ADAPT_FIELDS, LR_POWER, MODES, STARTS, TRAINED_LR, AdaptSettings, adapt_from_page, power_of
from ui.shared.policies import POLICIES
from ui.shared.session import Session

BUTTONS = ("reversed_motor", "mirrored_sensors", "reversed_gale", "reversed_tiny_pole")
# A reversed motor, mirrored sensors or late actions ask for the opposite of what was learnt: they break a policy first.
BREAKING = tuple(name for name, w in WORLDS.items() if w.reversed_motor or w.mirrored_sensors or w.action_delay)

LR_WORDS = f"""(power) => {{
  const lr = +({TRAINED_LR} * 10 ** power).toPrecision(3), times = 10 ** Math.abs(power);
  const how = power === 0 ? "as trained" : `${{+times.toPrecision(3)}} times ${{power > 0 ? "larger" : "smaller"}} than trained`;
  return {json.dumps(hint("LR"))}.replace("LR", `${{lr}}: ${{how}}`);
}}"""


def lr_words(lr: float) -> str:
    """The learning rate and how it compares; the same words as LR_WORDS makes while the slider moves."""
    times = max(lr / TRAINED_LR, TRAINED_LR / lr)
    how = "as trained" if lr == TRAINED_LR else f"{times:.3g} times {'larger' if lr > TRAINED_LR else 'smaller'} than trained"
    return hint(f"{lr:g}: {how}")


def _number(name: str, label: str, step: float, elem_id: str):
    info = ADAPT_FIELDS[name]
    help = None if info.help.lower() == label.lower() else info.help[:1].upper() + info.help[1:]
    slider = gr.Slider(info.minimum, info.maximum, info.default, step=step, label=label, info=help, buttons=[], elem_id=elem_id)
    return unchecked(slider)


class AdaptControls:
    """Built inside a Blocks context; `inputs` is what adapt_from_page takes."""

    def __init__(self) -> None:
        self.world = WorldControls(first=BREAKING, buttons=BUTTONS, folded=True)
        self.mode = unchecked(gr.Radio([(m.capitalize(), m) for m in MODES], value="standard", label="Adaptation", elem_id="adapt-mode"))
        help = "Powers of ten around the trained learning rate"
        self.power = unchecked(
            gr.Slider(LR_POWER.minimum, LR_POWER.maximum, 0, step=0.1, label="Learning rate", info=help, buttons=[], elem_id="adapt-lr")
        )
        self.lr_words = gr.HTML(lr_words(TRAINED_LR), elem_id="adapt-lr-words")
        self.steps = _number("num_adapt_steps", "Gradient steps", 1, "adapt-steps")
        with gr.Accordion("More settings", open=False):
            starts = [(POLICIES[p], p) for p in STARTS]
            self.start = unchecked(gr.Dropdown(starts, value="meta", label="Starting point", filterable=False, elem_id="adapt-start"))
            self.episodes = _number("episodes_per_step", "Episodes per step", 1, "adapt-episodes")
            self.weight = _number("experience_weight", "Experience weight (hybrid)", 0.1, "adapt-weight")
            self.seed = unchecked(gr.Number(0, label="Seed", info="Of the episodes collected and played", step=1, min_width=80))
        self.power.input(None, self.power, self.lr_words, js=LR_WORDS, **IN_BROWSER)

    @property
    def settings(self) -> list:
        """How to adapt, in the order that adapt_from_page takes."""
        return [self.start, self.mode, self.power, self.steps, self.episodes, self.weight, self.seed]

    @property
    def inputs(self) -> list:
        """The world, then how to adapt."""
        return [*self.world.inputs, *self.settings]

    def read(self, session: Session, values: Sequence[Any]) -> AdaptSettings:
        """What the values of `inputs` mean for this visitor. Raises ValueError."""
        preset, *rest = values
        n = len(self.world.fields)
        return adapt_from_page(preset, rest[:n], rest[n:], session.model is not None)

    @property
    def outputs(self) -> list:
        """What `updates` fills."""
        return [*self.world.outputs, *self.settings, self.lr_words]

    def updates(self, s: AdaptSettings) -> dict:
        """What each of `outputs` becomes so that they show these settings."""
        values = [s.start, s.mode, power_of(s.adapt_lr), s.num_adapt_steps, s.episodes_per_step, s.experience_weight, s.seed]
        return {**self.world.updates(s.world), **dict(zip(self.settings, values, strict=True)), self.lr_words: lr_words(s.adapt_lr)}
