"""The Adapt tab's controls: the world, then how to adapt, the few that matter first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr

from model import WORLDS, adaptation_config
from ui.fields import ADAPT_FIELDS, LR_POWER, MODES, STARTS, TRAINED_LR, AdaptSettings, adapt_from_page, power_of
from ui.runs.policies import choices
from ui.server.session import Session
from ui.tabs.controls import FIRST_BREAK, WorldControls, unchecked
from ui.tabs.events import IN_BROWSER
from ui.views.terms import terms_hint
from ui.words import MODE_NAMES, spoken

# A reversed motor, mirrored sensors or late actions ask for the opposite of what was learnt: they break a policy first.
BREAKING = tuple(name for name, w in WORLDS.items() if w.reversed_motor or w.mirrored_sensors or w.action_delay)

FRESH_HELP = "For fresh + buffer. Switch it off where a gradient step spoils what a policy does already, as with Memory."

HOW = (
    "Each step learns from fresh [[sampled]] [[episode|episodes]], as far as the [[learning rate]] says. "
    "Fresh + buffer adds [[practice]] on its [[experience buffer]]."
)

LR_SCALE = '<p class="lr-scale" aria-hidden="true">{}</p><p class="lr-value"><b>LR</b> HOW</p>'.format(
    "".join(
        f'<span class="{"trained" if power == 0 else ""}">{TRAINED_LR * 10**power:.3g}{" trained" if power == 0 else ""}</span>'
        for power in range(round(LR_POWER.minimum), round(LR_POWER.maximum) + 1)
    )
)
LR_WORDS = f"""(power) => {{
  const lr = +({TRAINED_LR} * 10 ** power).toPrecision(3), times = +(10 ** Math.abs(power)).toPrecision(3);
  const how = power === 0 ? "as trained" : `${{times}} times ${{power > 0 ? "larger" : "smaller"}} than trained`;
  document.querySelector("#adapt-lr input[type=range]")?.setAttribute("aria-valuetext", `${{lr}}, ${{how}}`);
  return {json.dumps(LR_SCALE)}.replace("LR", lr).replace("HOW", how);
}}"""


def suited(start: str) -> tuple[float, bool]:
    """The learning rate that suits a starting point, and whether a gradient step should come before practice; from validation worlds."""
    known = {"untrained": "random", "yours": "meta"}.get(start, start)
    return adaptation_config(known, "standard").adapt_lr, adaptation_config(known, "hybrid").adapt_lr > 0


SUITED = f"""(start) => {{
  const [power, fresh] = {json.dumps({s: (power_of(suited(s)[0]), suited(s)[1]) for s in STARTS})}[start];
  return [power, fresh, ({LR_WORDS})(power)];
}}"""


def lr_words(lr: float) -> str:
    """The learning rate's scale, its value and how it compares; the same as LR_WORDS makes while the slider moves."""
    times = max(lr / TRAINED_LR, TRAINED_LR / lr)
    how = "as trained" if lr == TRAINED_LR else f"{times:.3g} times {'larger' if lr > TRAINED_LR else 'smaller'} than trained"
    return LR_SCALE.replace("LR", f"{lr:g}").replace("HOW", how)


def _number(name: str, step: float, elem_id: str, note: str = ""):
    info, label = ADAPT_FIELDS[name], spoken(name)
    help = None if info.help.lower() == label.lower() else info.help[:1].upper() + info.help[1:]
    look = {"label": label + note, "info": help, "buttons": [], "elem_id": elem_id}
    return unchecked(gr.Slider(info.minimum, info.maximum, info.default, step=step, **look), name)


class AdaptControls:
    """Built inside a Blocks context; `inputs` is what adapt_from_page takes."""

    def __init__(self) -> None:
        self.world = WorldControls(WORLDS[FIRST_BREAK], first=BREAKING, folded=True)
        modes = [(f"{MODE_NAMES[m]} ({m})" if m != "both" else MODE_NAMES[m], m) for m in MODES]
        self.mode = unchecked(gr.Radio(modes, value="standard", label=spoken("mode"), elem_id="adapt-mode"), "mode")
        gr.HTML(terms_hint(HOW, "adapt-how"))
        look = {"label": spoken("adapt_lr"), "buttons": [], "elem_id": "adapt-lr"}
        self.power = unchecked(gr.Slider(LR_POWER.minimum, LR_POWER.maximum, 0, step=0.1, **look), "adapt_lr")
        self.lr_words = gr.HTML(lr_words(TRAINED_LR), elem_id="adapt-lr-words")
        self.steps = _number("num_adapt_steps", 1, "adapt-steps")
        with gr.Accordion("More settings", open=False):
            look = {"label": "Starting point", "filterable": False, "elem_id": "adapt-start"}
            self.start = unchecked(gr.Dropdown(self.starts(), value="meta", **look), "starting point")
            self.episodes = _number("episodes_per_step", 1, "adapt-episodes")
            self.weight = _number("experience_weight", 0.1, "adapt-weight", f" ({MODE_NAMES['hybrid'].lower()})")
            look = {"label": spoken("fresh_step"), "info": FRESH_HELP, "elem_id": "adapt-fresh"}
            self.fresh = unchecked(gr.Checkbox(True, **look), "fresh_step")
            look = {"label": "Seed", "info": "Of the episodes collected and played"}
            self.seed = unchecked(gr.Number(0, step=1, min_width=80, **look), "seed")
        self.power.input(None, self.power, self.lr_words, js=LR_WORDS, **IN_BROWSER)
        self.start.input(None, self.start, [self.power, self.fresh, self.lr_words], js=SUITED, **IN_BROWSER)

    @staticmethod
    def starts(yours: bool = False) -> list[tuple[str, str]]:
        """What the list of starting points offers."""
        return choices(yours, leave_out=("random",))

    @property
    def settings(self) -> list:
        """How to adapt, in the order that adapt_from_page takes."""
        return [self.start, self.mode, self.power, self.steps, self.episodes, self.weight, self.seed, self.fresh]

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
        values = [s.start, s.mode, power_of(s.adapt_lr), s.num_adapt_steps, s.episodes_per_step, s.experience_weight, s.seed, s.fresh_step]
        return {**self.world.updates(s.world), **dict(zip(self.settings, values, strict=True)), self.lr_words: lr_words(s.adapt_lr)}
