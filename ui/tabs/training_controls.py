"""The settings of a training as controls: a named recipe, the worlds, the start, the time, and the rest folded away."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from model.config import exact
from ui.tabs.controls import control, unchecked
from ui.tabs.events import IN_BROWSER
from ui.training_settings import CUSTOM_RECIPE, FIRST_RECIPE, PLACE, RECIPES, TAB, TRAIN, MetaSettings, recipe_of
from ui.views.terms import terms_hint

HOW = (
    "[[meta-training|Meta-training]] plays such worlds before and after [[gradient step|gradient steps]], and moves the [[policy]] "
    "that they start from."
)
RATES = (
    "The [[inner learning rate]] is that of the steps in a world, the [[outer learning rate]] that of their start. "
    "In the same place, the same [[seed]] goes the same way."
)
VALUES = json.dumps({name: list(settings.values().values()) for name, (_, settings) in RECIPES.items()})
# The values of `linked` -> their link, which `settings_from_query` reads, and the recipe that they are.
READ = f"""(values) => {{
  const names = {json.dumps([*TRAIN])}, text = (v) => Array.isArray(v) ? [...v].sort().join(".") : String(v);
  const changed = Object.entries({VALUES}).map(([recipe, usual]) => [recipe, names.filter((_, i) => text(values[i]) !== text(usual[i]))]);
  const [recipe, other] = changed.sort((a, b) => a[1].length - b[1].length)[0];
  const query = new URLSearchParams({{ tab: {json.dumps(TAB)}, recipe }});
  for (const name of other) query.set(name, text(values[names.indexOf(name)]));
  if (values.at(-1) !== {json.dumps(PLACE.default)}) query.set("place", values.at(-1));
  return {{ query: query.toString(), recipe: other.length ? {json.dumps(CUSTOM_RECIPE)} : recipe }};
}}"""
QUERY = f"(...values) => ({READ})(values).query"
SHOW_QUERY = f"(...values) => window.ssmAddress({TAB!r}, ({QUERY})(...values))"


class TrainingControls:
    """Built inside a Blocks context in two parts. `inputs` are the components in the order of the table."""

    def __init__(self) -> None:
        self._first = RECIPES[FIRST_RECIPE][1].values()
        names = [(title, name) for name, (title, _) in RECIPES.items()]
        self.recipe = unchecked(
            gr.Dropdown([*names, ("Custom", CUSTOM_RECIPE)], value=FIRST_RECIPE, label="Recipe", filterable=False, elem_id="meta-recipe")
        )
        self.fields = {"families": control(TRAIN["families"], self._first["families"])}
        gr.HTML(terms_hint(HOW, "meta-how"))
        self.fields["start"] = control(TRAIN["start"], self._first["start"], radio=True, info=None)
        self.place = control(PLACE, radio=True, info=None)
        t = TRAIN["time_budget"]  # of a training on the server, and shown only for one
        label = f"{t.label} ({t.unit}, {exact(t.minimum)} to {exact(t.maximum)})"
        self.fields[t.name] = control(t, self._first[t.name], number=True, label=label, info=None, min_width=120)

    def build_more(self) -> None:
        """The settings that few visitors need, folded."""
        with gr.Accordion("All settings", open=False, elem_id="meta-more"):
            gr.HTML(terms_hint(RATES, "meta-more"))
            for name in (n for n in TRAIN if n not in self.fields):
                self.fields[name] = self._small(name)
        # In the browser, so that all fields stand before a quick visitor reaches Train.
        pick = f"(recipe, ...values) => ({VALUES})[recipe] ?? values"
        self.recipe.input(None, [self.recipe, *self.inputs], self.inputs, js=pick, **IN_BROWSER)
        say = f"(...values) => {{ const read = ({READ})(values); window.ssmAddress({TAB!r}, read.query); return read.recipe; }}"
        gr.on([field.change for field in self.linked], None, self.linked, self.recipe, js=say, **IN_BROWSER)

    def _small(self, name: str) -> Component:
        f = TRAIN[name]
        limits = "" if f.kind is bool or name == "seed" else f" ({exact(f.minimum)} to {exact(f.maximum)})"
        return control(f, self._first[name], label=f.label, number=True, info=f.help[:1].upper() + f.help[1:] + limits, min_width=120)

    @property
    def inputs(self) -> list[Component]:
        """What `named` takes."""
        return [self.fields[name] for name in TRAIN]

    @property
    def linked(self) -> list[Component]:
        """What the link is made of: the same, and where it computes."""
        return [*self.inputs, self.place]

    @property
    def outputs(self) -> list[Component]:
        """What `updates` fills."""
        return [self.recipe, *self.inputs]

    def updates(self, settings: MetaSettings) -> dict:
        """What each of `outputs` becomes so that they show these settings."""
        return {self.recipe: recipe_of(settings), **{self.fields[name]: value for name, value in settings.values().items()}}

    @staticmethod
    def named(values: Sequence[Any]) -> Mapping[str, Any]:
        """The values of `inputs` by their names."""
        return dict(zip(TRAIN, values, strict=True))
