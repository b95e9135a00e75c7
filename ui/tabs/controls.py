"""The world's controls, the same on every tab: presets, a slider or checkbox for each of the world's fields, and how to read them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from model import DESCRIPTIONS, WORLDS, World
from ui.fields import CUSTOM, FIELDS, Choice, on_page, page_values, preset_of
from ui.runs.policies import choices
from ui.tabs.events import IN_BROWSER
from ui.views.messages import field_class, hint
from ui.views.terms import terms_hint
from ui.words import spoken

STANDARD = World()
FIRST_BREAK = "reversed_motor"  # breaks the meta-trained policy, which then recovers in one step
BUTTONS = (FIRST_BREAK, "mirrored_sensors", "reversed_gale", "reversed_tiny_pole")
FIRST = ("reversed_motor", "mirrored_sensors", "wind", "angle_bias", "pole_half_length")
STEPS = {"pole_mass": 0.01, "pole_half_length": 0.01, "cart_mass": 0.05, "gravity": 0.01, "angle_bias": 0.01}
CUSTOM_DESCRIPTION = "A world of your own."


def unchecked(component: Component, field: str = "") -> Component:
    """A component that hands over what came. field: the name that errors call it by.

    Gradio's own check runs before the handler and answers with a toast; without it ui/checks.py alone checks, and its one
    sentence stands beside the field. A component that a handler has updated, or only skipped, is made anew and checks again: its
    handlers need preprocess=False besides.
    """
    component.preprocess = lambda payload: payload
    if field:
        component.elem_classes = [*component.elem_classes, field_class(field)]
    return component


def message_area(elem_id: str) -> gr.HTML:
    """Where problems and notices stand; a problem of a field moves beside it, if the field is in sight."""
    area = gr.HTML("", elem_id=elem_id, elem_classes="message")
    area.change(None, js=f"() => window.ssmBeside({elem_id!r})", **IN_BROWSER)
    return area


def _field(name: str, value: Any):
    info = on_page(FIELDS[name])
    label, help = spoken(name), info.help[:1].upper() + info.help[1:]
    if isinstance(info.default, bool):
        return unchecked(gr.Checkbox(value, label=label, info=help, min_width=120), name)
    step = 1 if isinstance(info.default, int) else STEPS.get(name, 0.1)
    unit = info.unit.replace("^2", "²")
    slider = gr.Slider(info.minimum, info.maximum, value, step=step, label=f"{label} ({unit})", info=help, buttons=[])
    return unchecked(slider, name)


class WorldControls:
    """Built inside a Blocks context, one for each tab that needs a world; then the page calls `connect_worlds` with all of them."""

    def __init__(self, world: World = STANDARD, first: Sequence[str] = (), folded: bool = False):
        """first: presets that lead the list. folded: only the presets stand open."""
        values = dict(zip(FIELDS, page_values(world), strict=True))
        preset = preset_of(world)
        names = [(spoken(name), name) for name in (*dict.fromkeys([*first, *WORLDS]), CUSTOM)]
        with gr.Row(elem_classes="world-buttons"):
            first = {FIRST_BREAK: "break-first"}
            self.buttons = {n: gr.Button(spoken(n), size="sm", min_width=120, elem_classes=first.get(n)) for n in BUTTONS}
        self.preset = unchecked(gr.Dropdown(names, value=preset, label="World", filterable=False), "world")
        self.description = gr.HTML(hint(DESCRIPTIONS.get(preset, CUSTOM_DESCRIPTION)))
        fields = {}
        if not folded:
            with gr.Row(elem_classes="pair"):
                fields = {name: _field(name, values[name]) for name in FIRST[:2]}
            fields |= {name: _field(name, values[name]) for name in FIRST[2:]}
        with gr.Accordion("The world in detail" if folded else "More of the world", open=False):
            fields |= {name: _field(name, values[name]) for name in dict.fromkeys([*FIRST, *FIELDS]) if name not in fields}
        self.fields = [fields[name] for name in FIELDS]

    @property
    def events(self) -> list:
        """What a visitor changes the world with."""
        return [self.preset.input, *(f.input for f in self.fields), *(b.click for b in self.buttons.values())]

    @property
    def inputs(self) -> list:
        """The preset and the fields: what world_from_page takes."""
        return [self.preset, *self.fields]

    @staticmethod
    def inputs_of(preset: Any) -> list[Any]:
        """What `inputs` will hold once the sliders have followed this preset; a name that is none is left for the check to name."""
        return [preset, *page_values(WORLDS[preset] if isinstance(preset, str) and preset in WORLDS else STANDARD)]

    @property
    def outputs(self) -> list:
        """What `updates` fills."""
        return [self.preset, self.description, *self.fields]

    def updates(self, world: World) -> dict:
        """What each of `outputs` becomes so that they show this world."""
        preset = preset_of(world)
        values = [preset, hint(DESCRIPTIONS.get(preset, CUSTOM_DESCRIPTION)), *page_values(world)]
        return dict(zip(self.outputs, values, strict=True))


def connect_worlds(*groups: WorldControls) -> None:
    """Make presets move the sliders, and sliders name the preset that they make or "custom", the same in all groups: one world on all tabs.

    In the browser alone: a preset must have moved every slider before a quick visitor reaches the Run button.
    """
    table = json.dumps({name: [hint(DESCRIPTIONS[name]), *page_values(world)] for name, world in WORLDS.items()})
    name, text = json.dumps(CUSTOM), json.dumps(hint(CUSTOM_DESCRIPTION))
    for group in groups:
        others = [other for other in groups if other is not group]
        outputs = [group.description, *group.fields, *(c for other in others for c in other.outputs)]
        js = f"""(name, ...values) => {{
            const row = ({table})[name] ?? [{text}, ...values];
            return [...row, ...Array({len(others)}).fill([name, ...row]).flat()];
        }}"""
        group.preset.input(None, group.inputs, outputs, js=js, **IN_BROWSER)
        for preset, button in group.buttons.items():
            row = json.dumps([preset, hint(DESCRIPTIONS[preset]), *page_values(WORLDS[preset])])
            js = f"() => Array({len(groups)}).fill({row}).flat()"
            button.click(None, None, [c for g in groups for c in g.outputs], js=js, **IN_BROWSER)
        outputs = [group.preset, group.description, *(c for other in others for c in other.outputs)]
        js = f"""(...values) => {{
            const table = {table}, same = (row) => values.every((v, i) => v === row[i + 1]);
            const name = Object.keys(table).find((n) => same(table[n])) ?? {name}, text = table[name]?.[0] ?? {text};
            return [name, text, ...Array({len(others)}).fill([name, text, ...values]).flat()];
        }}"""
        gr.on([field.input for field in group.fields], None, group.fields, outputs, js=js, **IN_BROWSER)


def connect_same(*components: Component) -> None:
    """Keep controls of one kind on several tabs equal; the seed, for one."""
    for component in components:
        others = [other for other in components if other is not component]
        if others:
            js = f"(value) => Array({len(others)}).fill(value)" if len(others) > 1 else "(value) => value"
            component.input(None, component, others, js=js, **IN_BROWSER)


class PolicyControls:
    """Which policy, greedy or sampled, and the seed: what choice_from_page takes after the world."""

    def __init__(self) -> None:
        self.policy = unchecked(gr.Dropdown(choices(), value="meta", label="Policy", filterable=False), "policy")
        with gr.Row(elem_classes="pair"):
            modes = [("Greedy", "greedy"), ("Sampled", "sampled")]
            self.mode = unchecked(gr.Radio(modes, value="greedy", label="Actions", min_width=190, scale=3), "actions")
            self.seed = unchecked(gr.Number(0, label="Seed", step=1, min_width=80, scale=1), "seed")
        gr.HTML(terms_hint("[[greedy|Greedy]] or [[sampled]], the same [[seed]] plays the same [[episode]] again.", "play-policy"))

    @property
    def inputs(self) -> list:
        """Policy, mode, seed."""
        return [self.policy, self.mode, self.seed]

    def updates(self, choice: Choice) -> dict:
        """What each of `inputs` becomes so that they show this choice."""
        return {self.policy: choice.policy, self.mode: "greedy" if choice.greedy else "sampled", self.seed: choice.seed}
