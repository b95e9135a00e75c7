"""The live page's scripts, numbers and weights, as they stand in a page's <head>."""

import base64
import json
from functools import cache

from model.policy.checkpoint import serialise
from ui.fields import POLICIES, SHIPPED
from ui.runs.policies import shared_model
from ui.views.assets import text
from ui.views.live_config import SCRIPTS, live_config
from ui.views.terms import GLOSSARY
from ui.views.train_config import WORKER_SCRIPTS

VIEW_SCRIPTS = (
    "link.js",
    "words.js",
    "explain.js",
    "loop.js",
    "lane.js",
    "contest.js",
    "story.js",
    "controls.js",
    "tour.js",
    "stage_view.js",
    "map_view.js",
    "strip_view.js",
    "changes_view.js",
    "trace_view.js",
    "equation_view.js",
    "layout.js",
    "travel.js",
    "picture.js",
    "board.js",
    "page.js",
)
TRAIN_VIEWS = ("train/view.js", "train/page.js")
"""The scripts of assets/live/ and assets/train/ that draw and listen; they come after those that know no page."""

CHOICES = (*SHIPPED, "untrained")
LABELS = [(name, POLICIES[name]) for name in CHOICES]


@cache
def weights() -> dict[str, str]:
    """The policies that a visitor can choose, as the base64 of a safetensors file each."""
    return {name: base64.b64encode(serialise(shared_model(name))).decode() for name in CHOICES}


@cache
def live_scripts() -> str:
    """All of it as <script> elements."""
    names = (*SCRIPTS, *(f"live/{name}" for name in VIEW_SCRIPTS), *TRAIN_VIEWS)
    code = [(name in WORKER_SCRIPTS, text(name)) for name in names]
    values = {"weights": weights(), "glossary": dict(GLOSSARY)}
    data = f"ssmLive.configure({json.dumps(live_config())}); Object.assign(ssmLive, {json.dumps(values)});"
    return "".join(f"<script{' data-worker' * worker}>{source}</script>" for worker, source in [*code, (False, data.replace("</", "<\\/"))])
