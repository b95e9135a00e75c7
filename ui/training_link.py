"""A training's settings as part of a link: the nearest recipe, and what is different from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ui.checks import check_name
from ui.training_settings import FIRST_RECIPE, RECIPES, MetaSettings, check_settings

TAB = "meta-train"
NAMES = tuple(RECIPES[FIRST_RECIPE][1].values())
"""What a link may set, in the order in which the page's script takes the values."""

# The same as `settings_to_query`, in the browser: (...values in the order of NAMES) -> query.
QUERY = f"""(...values) => {{
  const names = {json.dumps(NAMES)}, text = (v) => Array.isArray(v) ? [...v].sort().join(".") : String(v);
  const recipes = Object.entries({json.dumps({n: list(s.values().values()) for n, (_, s) in RECIPES.items()})});
  const changed = recipes.map(([recipe, usual]) => [recipe, names.filter((_, i) => text(values[i]) !== text(usual[i]))]);
  const [recipe, other] = changed.sort((a, b) => a[1].length - b[1].length)[0];
  const query = new URLSearchParams({{ tab: {json.dumps(TAB)}, recipe }});
  for (const name of other) query.set(name, text(values[names.indexOf(name)]));
  return query.toString();
}}"""


def changes(settings: MetaSettings, leave_out: tuple[str, ...] = ()) -> tuple[str, dict[str, str]]:
    """The nearest recipe's name, and the text of each value that is not its own."""
    values, found = settings.values(), {}
    for name, (_, recipe) in RECIPES.items():
        usual = recipe.values()
        found[name] = {n: _text(v) for n, v in values.items() if v != usual[n] and n not in leave_out}
    nearest = min(found, key=lambda name: len(found[name]))
    return nearest, found[nearest]


def settings_to_query(settings: MetaSettings) -> str:
    """The query that opens the tab with these settings."""
    recipe, changed = changes(settings)
    return urlencode({"tab": TAB, "recipe": recipe, **changed})


def values_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """All values, by name, from a recipe's name and what is different. Raises FieldError for another recipe."""
    recipe = check_name("recipe", fields.get("recipe", FIRST_RECIPE), tuple(RECIPES))
    return {name: parsed(fields[name], v) if name in fields else v for name, v in RECIPES[recipe][1].values().items()}


def settings_from_query(query: Mapping[str, str], has_own_model: bool = False) -> MetaSettings | None:
    """The settings of a link; None where it names none of this tab. Raises FieldError."""
    if query.get("tab") != TAB or not {"recipe", *NAMES} & set(query):
        return None
    return check_settings(values_of(query), has_own_model)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ".".join(value)
    if isinstance(value, float):
        return f"{value:.12g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def parsed(text: str, usual: Any) -> Any:
    """A value of the kind that `usual` is; text that is none stays text, for the check to name."""
    if isinstance(usual, list):
        return text.split(".")
    if isinstance(usual, bool):
        return {"true": True, "false": False}.get(text, text)
    if isinstance(usual, str):
        return text
    try:
        return float(text)
    except ValueError:
        return text
