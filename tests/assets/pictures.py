"""The page's scripts without a browser, in the JavaScript engine that comes with Playwright: installed with the tests, so never missing."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from playwright._impl._driver import compute_driver_executable

from ui.views.colours import css_variables
from ui.views.player import scripts

FAKE_PAGE = Path(__file__).with_name("fake_page.js").read_text()
RUNNER = """
const fs = require("fs"), vm = require("vm"), [folder] = process.argv.slice(1);
const given = JSON.parse(fs.readFileSync(folder + "/given.json", "utf8"));
for (const [name, code] of given.scripts) vm.runInThisContext(code, { filename: name });
globalThis.payload = given.payload;
dress(given.theme, given.media);
const answer = vm.runInThisContext("(() => {" + given.act + "\\n})()", { filename: "act" });
fs.writeFileSync(folder + "/answer.json", JSON.stringify(answer ?? null));
"""
WIDTH, HEIGHT = 600, 340  # CSS pixels of every canvas


def theme(dark: bool = False) -> dict[str, str]:
    """The page's CSS variables, as a browser would read them."""
    light, night = css_variables().split(".dark")
    return dict(re.findall(r"(--[\w-]+): (#\w+);", night if dark else light))


def on_page(act: str, payload: Any = None, dark: bool = False, media: tuple[str, ...] = ("(min-width: 640px)",)) -> Any:
    """What the JavaScript `act` returns on a page where all scripts have run; `payload` is there by this name.

    media: the media queries that hold. See fake_page.js for `mount` and `tick`, and for what a canvas remembers as `context.drawn`.
    """
    node, _ = compute_driver_executable()
    code = re.findall(r"<script>(.*?)</script>", scripts(), re.DOTALL)
    given = {
        "scripts": [("fake_page.js", FAKE_PAGE), *((f"script {i}", text) for i, text in enumerate(code))],
        "act": act,
        "payload": payload,
    }
    given |= {"theme": theme(dark), "media": dict.fromkeys(media, True)}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "given.json").write_text(json.dumps(given))
        done = subprocess.run([node, "-e", RUNNER, folder], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(Path(folder, "answer.json").read_text())


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
