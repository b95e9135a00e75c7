"""Controls made from the table of fields, and the world's controls, the same on every tab."""

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from model import DESCRIPTIONS, WORLDS, World
from ui.field import Field, choices, on_page, to_page
from ui.fields import CUSTOM, FIELDS, spoken
from ui.settings import Choice, page_values, preset_of
from ui.tabs.events import IN_BROWSER
from ui.views.messages import field_class, hint
from ui.views.player import CUSTOM_WORDS
from ui.views.terms import terms_hint

STANDARD = World()
FIRST_BREAK = FIELDS["adapt"]["world"].default  # breaks the meta-trained policy, which then recovers in one step
BUTTONS = (FIRST_BREAK, "mirrored_sensors", "reversed_gale", "reversed_tiny_pole")
FIRST = ("reversed_motor", "mirrored_sensors", "wind", "angle_bias", "pole_half_length")
DETAILS = FIELDS["world"]


def control(f: Field, value: Any = None, note: str = "", **look: Any) -> Component:
    """The control of a field: a check box, a list, a slider, or (look: number=True) a box for a number. value: in the model's units.

    note: stands behind the label. look: more of what Gradio's component takes.
    """
    p, shown = on_page(f), to_page(f, f.default if value is None else value)
    unit = f" ({p.unit.replace('^2', '²')})" if p.unit else ""
    look = {"label": f.label + unit + note, "info": p.help[:1].upper() + p.help[1:] or None, **look}
    number = look.pop("number", False)
    if f.kind is bool:
        made = gr.Checkbox(shown, **{"min_width": 120, **look})
    elif f.kind is tuple:
        made = gr.CheckboxGroup(choices(f), value=shown, **look)
    elif f.options:
        kind = gr.Radio if look.pop("radio", False) else gr.Dropdown
        made = kind(choices(f), value=shown, **({"filterable": False} if kind is gr.Dropdown else {}), **look)
    elif number or f.name == "seed":
        made = gr.Number(shown, step=f.step if f.kind is int else None, **{"min_width": 80, **look})
    else:
        made = gr.Slider(p.minimum, p.maximum, shown, step=f.step, buttons=[], **look)
    return unchecked(made, f.name)


def unchecked(component: Component, name: str = "") -> Component:
    """A component that hands over what came. name: the field's, by which errors find it.

    Gradio's own check runs before the handler and answers with a toast; without it ui/fields.py alone checks, and its one
    sentence stands beside the field. A component that a handler has updated, or only skipped, is made anew and checks again: its
    handlers need preprocess=False besides.
    """
    component.preprocess = lambda payload: payload
    if name:
        component.elem_classes = [*component.elem_classes, field_class(name)]
    return component


def message_area(elem_id: str) -> gr.HTML:
    """Where problems and notices stand; a problem of a field moves beside it, if the field is in sight."""
    area = gr.HTML("", elem_id=elem_id, elem_classes="message")
    area.change(None, js=f"() => window.ssmBeside({elem_id!r})", **IN_BROWSER)
    return area


class WorldControls:
    """Built inside a Blocks context, one for each tab that needs a world; then the page calls `connect_worlds` with all of them."""

    def __init__(self, world: World = STANDARD, first: Sequence[str] = (), folded: bool = False):
        """first: named worlds that lead the list. folded: only the named ones stand open."""
        preset = preset_of(world)
        names = [(spoken(name), name) for name in (*dict.fromkeys([*first, *WORLDS]), CUSTOM)]
        with gr.Row(elem_classes="world-buttons"):
            marked = {FIRST_BREAK: "break-first"}
            self.buttons = {n: gr.Button(spoken(n), size="sm", min_width=120, elem_classes=marked.get(n)) for n in BUTTONS}
        self.preset = unchecked(gr.Dropdown(names, value=preset, label="World", filterable=False), "world")
        self.description = gr.HTML(hint(DESCRIPTIONS.get(preset, CUSTOM_WORDS)))
        made: dict[str, Component] = {}

        def build(names: Sequence[str]) -> None:
            made.update({name: control(DETAILS[name], getattr(world, name)) for name in names if name not in made})

        if not folded:
            with gr.Row(elem_classes="pair"):
                build(FIRST[:2])
            build(FIRST[2:])
        with gr.Accordion("The world in detail" if folded else "More of the world", open=False):
            build([*FIRST, *DETAILS])
        self.fields = [made[name] for name in DETAILS]

    @property
    def events(self) -> list:
        """What a visitor changes the world with."""
        return [self.preset.input, *(f.input for f in self.fields), *(b.click for b in self.buttons.values())]

    @property
    def inputs(self) -> list:
        """The named world and the details: what world_from_page takes."""
        return [self.preset, *self.fields]

    @property
    def outputs(self) -> list:
        """What `updates` fills."""
        return [self.preset, self.description, *self.fields]

    def updates(self, world: World) -> dict:
        """What each of `outputs` becomes so that they show this world."""
        preset = preset_of(world)
        values = [preset, hint(DESCRIPTIONS.get(preset, CUSTOM_WORDS)), *page_values(world)]
        return dict(zip(self.outputs, values, strict=True))


def connect_worlds(*groups: WorldControls) -> None:
    """Make named worlds move the sliders, and sliders name the world that they make or "custom", the same in all groups.

    In the browser alone (assets/worlds.js): a named world must have moved every slider before a quick visitor reaches the Run button.
    """
    count = len(groups)
    for group in groups:
        others = [c for other in groups if other is not group for c in other.outputs]
        js = f"(name, ...values) => window.ssmWorlds.fill({count - 1}, name, values)"
        group.preset.input(None, group.inputs, [group.description, *group.fields, *others], js=js, **IN_BROWSER)
        for name, button in group.buttons.items():
            js = f"() => window.ssmWorlds.set({count}, {name!r})"
            button.click(None, None, [c for g in groups for c in g.outputs], js=js, **IN_BROWSER)
        js = f"(...values) => window.ssmWorlds.name({count - 1}, values)"
        gr.on([f.input for f in group.fields], None, group.fields, [group.preset, group.description, *others], js=js, **IN_BROWSER)


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
        fields = FIELDS["play"]
        self.policy = control(fields["policy"])
        with gr.Row(elem_classes="pair"):
            self.mode = control(fields["actions"], radio=True, min_width=190, scale=3)
            self.seed = control(fields["seed"], scale=1)
        gr.HTML(terms_hint("[[greedy|Greedy]] or [[sampled]], the same [[seed]] plays the same [[episode]] again.", "play-policy"))

    @property
    def inputs(self) -> list:
        """Policy, actions, seed."""
        return [self.policy, self.mode, self.seed]

    def updates(self, choice: Choice) -> dict:
        """What each of `inputs` becomes so that they show this choice."""
        return {self.policy: choice.policy, self.mode: "greedy" if choice.greedy else "sampled", self.seed: choice.seed}
