"""The settings of a training as controls: a named recipe, the worlds, the start, the time, and the rest folded away."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from model.worlds.families import FAMILIES
from ui.tabs.controls import unchecked
from ui.tabs.events import IN_BROWSER
from ui.training_settings import CUSTOM_RECIPE, FIRST_RECIPE, INFOS, RECIPES, STARTS, TIME_BUDGET, MetaSettings
from ui.views.terms import terms_hint
from ui.words import spoken

NAMES = ("families", "start", "time_budget", *INFOS, "seed")
HOW = (
    "[[meta-training|Meta-training]] plays such worlds before and after [[gradient step|gradient steps]], and moves the [[policy]] "
    "that they start from."
)
RATES = (
    "The [[inner learning rate]] is that of the steps in a world, the [[outer learning rate]] that of their start. "
    "The same [[seed]] trains the same policy."
)
ONLY_RANDOM = "; with random weights only"
HELP = {"state_dim": ONLY_RANDOM, "hidden_dim": ONLY_RANDOM}


def _field(name: str, value: Any):
    info = INFOS[name]
    help = info.help[:1].upper() + info.help[1:] + HELP.get(name, "")
    if isinstance(info.default, bool):
        return unchecked(gr.Checkbox(value, label=spoken(name), info=help), name)
    help += f" ({info.minimum:g} to {info.maximum:g})"
    return unchecked(gr.Number(value, label=spoken(name), info=help, min_width=120), name)


class MetaControls:
    """Built inside a Blocks context. `inputs` are the components in the order of NAMES."""

    def __init__(self) -> None:
        first = RECIPES[FIRST_RECIPE][1].values()
        names = [(title, name) for name, (title, _) in RECIPES.items()]
        self.recipe = unchecked(
            gr.Dropdown([*names, ("Custom", CUSTOM_RECIPE)], value=FIRST_RECIPE, label="Recipe", filterable=False, elem_id="meta-recipe")
        )
        families = [(title, name) for name, title in FAMILIES.items()]
        self.fields = {
            "families": unchecked(gr.CheckboxGroup(families, value=first["families"], label=spoken("families")), "families"),
        }
        gr.HTML(terms_hint(HOW, "meta-how"))
        self.fields |= {
            "start": unchecked(gr.Radio(self.starts(), value=first["start"], label=spoken("start")), "start"),
        }
        t = TIME_BUDGET
        label = f"Time budget ({t.unit}, {t.minimum:g} to {t.maximum:g})"
        self.fields["time_budget"] = unchecked(gr.Number(first[t.name], label=label, min_width=120), t.name)
        self._values = first

    def build_more(self) -> None:
        """The settings that few visitors need, folded."""
        with gr.Accordion("All settings", open=False, elem_id="meta-more"):
            gr.HTML(terms_hint(RATES, "meta-more"))
            for name in INFOS:
                self.fields[name] = _field(name, self._values[name])
            self.fields["seed"] = unchecked(gr.Number(0, label="Seed", info="Seed of weights, worlds and episodes", step=1), "seed")
        self._connect()

    @staticmethod
    def starts(yours: bool = False) -> list[tuple[str, str]]:
        """What a training may start from, (text, name)."""
        return [(text, name) for name, text in STARTS.items() if yours or name != "yours"]

    @property
    def inputs(self) -> list:
        """What `named` takes."""
        return [self.fields[name] for name in NAMES]

    @property
    def outputs(self) -> list:
        """What `updates` fills."""
        return [self.recipe, *self.inputs]

    def updates(self, settings: MetaSettings) -> dict:
        """What each of `outputs` becomes so that they show these settings."""
        values = settings.values()
        recipe = next((name for name, (_, known) in RECIPES.items() if known.values() == values), CUSTOM_RECIPE)
        return {self.recipe: recipe, **{self.fields[name]: values[name] for name in NAMES}}

    @staticmethod
    def named(values: Sequence[Any]) -> Mapping[str, Any]:
        """The values of `inputs` by their names."""
        return dict(zip(NAMES, values, strict=True))

    def _connect(self) -> None:
        """A recipe sets the fields, and fields name the recipe that they make or "custom": in the browser, before Train is reached."""
        table = json.dumps({name: [s.values()[n] for n in NAMES] for name, (_, s) in RECIPES.items()})
        self.recipe.input(None, [self.recipe, *self.inputs], self.inputs, js=f"(name, ...v) => ({table})[name] ?? v", **IN_BROWSER)
        custom = json.dumps(CUSTOM_RECIPE)
        js = f"""(...values) => {{
            const table = {table}, text = (row) => JSON.stringify(row.map((v) => Array.isArray(v) ? [...v].sort() : v));
            return Object.keys(table).find((name) => text(table[name]) === text(values)) ?? {custom};
        }}"""
        gr.on([field.input for field in self.inputs], None, self.inputs, self.recipe, js=js, **IN_BROWSER)
