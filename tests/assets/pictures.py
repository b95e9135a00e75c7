"""The page's pictures without a browser: a page that is just enough for its scripts, and canvases that remember what was drawn."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from tests.assets.engine import run_javascript
from ui.views.colours import css_variables
from ui.views.player import scripts

FAKE_PAGE = Path(__file__).with_name("fake_page.js").read_text(encoding="utf-8")
WIDTH, HEIGHT = 600, 340  # CSS pixels of every canvas


def theme(dark: bool = False) -> dict[str, str]:
    """The page's CSS variables, as a browser would read them."""
    light, night = css_variables().split(".dark")
    return dict(re.findall(r"(--[\w-]+): (#\w+);", night if dark else light))


def rgb(colour: str) -> np.ndarray:
    """#rrggbb as three numbers from 0 to 255."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])


def on_page(act: str, payload: Any = None, dark: bool = False) -> Any:
    """What the JavaScript `act` returns on a page where all scripts have run; `payload` is there by this name.

    See fake_page.js for `mount`, and for what a canvas remembers as `context.drawn`.
    """
    code = enumerate(re.findall(r"<script>(.*?)</script>", scripts(), re.DOTALL))
    given = {"theme": theme(dark), "given": payload}
    begin = "dress(payload.theme); payload = payload.given;"
    return run_javascript({"fake_page.js": FAKE_PAGE, **{f"script {i}": text for i, text in code}}, begin + act, given)


def flat(drawn: list[dict]) -> list[dict]:
    """All marks, those on pictures that were copied onto the canvas in their place."""
    return [mark for d in drawn for mark in (flat(d["drawn"]) if d["kind"] == "image" else [d])]


def strokes(drawn: list[dict], colour: str, dashed: bool | None = None) -> list[list[list[float]]]:
    """The lines in a colour; dashed or not, or either."""
    return [
        m["points"]
        for m in drawn
        if m["kind"] == "stroke" and m["colour"] == colour and (dashed is None or bool(m["dash"]) == dashed) and m["radius"] is None
    ]


def fills(drawn: list[dict], colour: str) -> list[list[list[float]]]:
    """The filled shapes in a colour, circles left out."""
    return [m["points"] for m in drawn if m["kind"] == "fill" and m["colour"] == colour and m["radius"] is None]


def texts(drawn: list[dict]) -> dict[str, list[float]]:
    """Where each text stands."""
    return {m["text"]: m["points"][0] for m in drawn if m["kind"] == "text"}
