"""Live, Train and what About says of them, as a static folder that needs no server: python -m ui.live_page --out site/

One index.html holds scripts, styles, constants and weights. It works from disk, from any file server, and as a static Space, for
which a README.md with the Hub's front matter lies beside it; so does the lesson for teachers.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from model import CheckpointError, World
from model.console import run
from model.policy.checkpoint import write_atomically
from ui.fields import TABS
from ui.lesson import LESSON
from ui.runs.episode import record
from ui.runs.policies import shared_model
from ui.views.about.content import content
from ui.views.about.values import last_step_value
from ui.views.assets import script, text
from ui.views.colours import css_variables
from ui.views.live_scripts import LABELS, live_scripts
from ui.views.player import scripts
from ui.views.terms import with_terms

TITLE = "Break it while it runs, watch it learn from every fall, and meta-train your own"
LEAD = with_terms("A small [[State Space Model]] balances a pole. World, [[policy]] and [[gradient step]] run in this page.", "lead")
PARTS = {"live": TABS["live"], "train": "Train", "about": TABS["about"]}
STYLES = (
    "style.css",
    "adapt.css",
    "terms.css",
    "live.css",
    "meta.css",
    "train.css",
    "about.css",
    "live_page.css",
    "contrast.css",
    "print.css",
)
TRAIN_LEAD = with_terms(
    "[[meta-training|Meta-training]] plays many [[world|worlds]] before and after a [[gradient step]], and moves the [[parameters]] "
    "that the step starts from. Here it runs in this browser, offline too.",
    "train",
)

FRONT_MATTER = f"""---
title: Live
sdk: static
pinned: false
license: mit
short_description: Learns from every fall; meta-train one in your browser
---

{TITLE}.
"""


def example_value() -> dict[str, Any]:
    """What the drawing of the policy holds: the end of an episode."""
    model = shared_model("meta")
    return last_step_value(record(model, World(), seed=0, policy="meta"), model, "an episode")


def html() -> str:
    """The whole page."""
    css = css_variables() + text(*STYLES)
    values = {"labels": LABELS, "server": False, "tabs": list(PARTS)}, example_value()
    value, example = (json.dumps(v).replace("</", "<\\/") for v in values)
    nav = " ".join(f'<a href="?tab={part}" data-part="{part}">{name}</a>' for part, name in PARTS.items())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{TITLE}</title>
<style>{css}</style>
{scripts()}{live_scripts()}{script("terms.js", "about.js")}
</head>
<body>
<header><h1>{TITLE}</h1>
<p>{LEAD} For teachers: <a href="{LESSON.name}">a lesson of 45 minutes</a>.</p></header>
<nav aria-label="Parts of this page">{nav}</nav>
<main id="live"><div class="live"></div></main>
<section id="train" hidden><p class="hint">{TRAIN_LEAD}</p><div class="train"></div></section>
<section id="about" hidden>{content(alone=True)}</section>
<script>
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.body.classList.toggle("dark", dark.matches);
dark.addEventListener("change", follow);
follow();
const parts = {list(PARTS)}, at = (id) => document.querySelector("#" + id);
const show = (part) => {{
  for (const id of parts) at(id).hidden = id !== part;
  for (const link of document.querySelectorAll("nav a")) {{
    link.removeAttribute("aria-current");
    if (link.dataset.part === part) link.setAttribute("aria-current", "page");
  }}
}};
document.querySelector("nav").addEventListener("click", (event) => {{
  const {{ part }} = event.target.dataset;
  if (!part) return;
  event.preventDefault();
  show(part);
  if (part !== "live") ssmAddress(part, part === "train" ? ssmTrain.page.query : `tab=${{part}}`); // Live writes its own
}});
const open = () => {{
  const part = ssmLive.readLink(location.search).get("tab");
  show(parts.includes(part) ? part : parts[0]);
}};
addEventListener("popstate", open);
ssmLive.mount(at("live"), {{ value: {value} }});
ssmTrain.mount(at("train"), {{ value: {value} }}, undefined, (what) => {{ if (what === "live") show("live"); }});
ssmAbout(at("about"), {{ value: {example} }}, () => {{}});
open();
</script>
</body>
</html>
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the folder; 1 when a shipped model can't be read or the folder not be written."""
    parser = argparse.ArgumentParser(prog="python -m ui.live_page", description="Write the live page as a static folder.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write; made if it is not there")
    folder = parser.parse_args(arguments).out
    try:
        page = html()
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "index.html", page.encode())
        write_atomically(folder / "README.md", FRONT_MATTER.encode())
        write_atomically(folder / LESSON.name, LESSON.read_bytes())
    except (CheckpointError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{folder / 'index.html'}: {len(page.encode()) / 1e6:.2f} MB. Open it in a browser.")
    return 0


if __name__ == "__main__":
    run(main)
