"""The settings of a training as controls: a named recipe, the worlds, the start, the time, and the rest folded away."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from ui.field import choices
from ui.tabs.controls import control, unchecked
from ui.tabs.events import IN_BROWSER
from ui.training_settings import CUSTOM_RECIPE, FIRST_RECIPE, RECIPES, TRAIN, MetaSettings, recipe_of
from ui.views.terms import terms_hint

NAMES = tuple(TRAIN)
HOW = (
    "[[meta-training|Meta-training]] plays such worlds before and after [[gradient step|gradient steps]], and moves the [[policy]] "
    "that they start from."
)
RATES = (
    "The [[inner learning rate]] is that of the steps in a world, the [[outer learning rate]] that of their start. "
    "The same [[seed]] trains the same policy."
)
# The same as `settings_to_query`, in the browser: (...values in the order of NAMES) -> query.
QUERY = f"""(...values) => {{
  const names = {json.dumps(NAMES)}, text = (v) => Array.isArray(v) ? [...v].sort().join(".") : String(v);
  const recipes = Object.entries({json.dumps({n: list(s.values().values()) for n, (_, s) in RECIPES.items()})});
  const changed = recipes.map(([recipe, usual]) => [recipe, names.filter((_, i) => text(values[i]) !== text(usual[i]))]);
  const [recipe, other] = changed.sort((a, b) => a[1].length - b[1].length)[0];
  const query = new URLSearchParams({{ tab: "meta-train", recipe }});
  for (const name of other) query.set(name, text(values[names.indexOf(name)]));
  return query.toString();
}}"""


def _control(name: str, value: Any):
    f = TRAIN[name]
    limits = "" if f.kind is bool or name == "seed" else f" ({f.minimum:g} to {f.maximum:g})"
    return control(f, value, number=True, info=f.help[:1].upper() + f.help[1:] + limits, min_width=120)


class MetaControls:
    """Built inside a Blocks context. `inputs` are the components in the order of NAMES."""

    def __init__(self) -> None:
        first = RECIPES[FIRST_RECIPE][1].values()
        names = [(title, name) for name, (title, _) in RECIPES.items()]
        self.recipe = unchecked(
            gr.Dropdown([*names, ("Custom", CUSTOM_RECIPE)], value=FIRST_RECIPE, label="Recipe", filterable=False, elem_id="meta-recipe")
        )
        self.fields = {"families": control(TRAIN["families"], first["families"])}
        gr.HTML(terms_hint(HOW, "meta-how"))
        self.fields["start"] = control(TRAIN["start"], first["start"], radio=True, info=None)
        t = TRAIN["time_budget"]
        label = f"{t.label} ({t.unit}, {t.minimum:g} to {t.maximum:g})"
        self.fields["time_budget"] = control(t, first[t.name], number=True, label=label, info=None, min_width=120)
        self._values = first

    def build_more(self) -> None:
        """The settings that few visitors need, folded."""
        with gr.Accordion("All settings", open=False, elem_id="meta-more"):
            gr.HTML(terms_hint(RATES, "meta-more"))
            for name in (n for n in TRAIN if n not in self.fields):
                self.fields[name] = _control(name, self._values[name])
        self._connect()

    @staticmethod
    def starts(yours: bool = False) -> list[tuple[str, str]]:
        """What a training may start from, (text, name)."""
        return choices(TRAIN["start"], yours)

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
        return {self.recipe: recipe_of(settings), **{self.fields[name]: values[name] for name in NAMES}}

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
