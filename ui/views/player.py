"""The canvas player: a gr.HTML component fed one small JSON value that holds one to six episodes under one playhead."""

import base64
import json
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import gradio as gr
import numpy as np

from model import DESCRIPTIONS, WORLDS
from model.worlds.cartpole import ANGLE_LIMIT, X_LIMIT
from ui.fields import CUSTOM
from ui.runs.episode import STEPS_PER_SECOND, Recording
from ui.settings import page_values
from ui.views.assets import script
from ui.views.colours import ROLES, SCENE
from ui.views.episode_words import caption, differences, ending, sensed_differs
from ui.views.messages import hint
from ui.views.stage import SHORT_EPISODE, SLOWLY, STAGE

CUSTOM_WORDS = "A world of your own."
SCRIPTS = ("dom.js", "worlds.js", "draw.js", "stage.js", "charts.js", "maps.js", "ghost.js", "player.js", "curves.js", "page.js")
MAP_ANGLE = 12.0  # degrees, from the middle of a decision map to its edge
MAP_VELOCITY = 120.0  # degrees a second
CONFIG = {
    "timeStep": 1 / STEPS_PER_SECOND,  # s
    "xLimit": X_LIMIT,  # m
    "angleLimit": round(math.degrees(ANGLE_LIMIT), 6),  # degrees
    "shortEpisode": SHORT_EPISODE,
    "slowly": SLOWLY,
    "stage": asdict(STAGE),
    "map": {"angle": MAP_ANGLE, "velocity": MAP_VELOCITY},
    "worlds": {
        "rows": {name: [hint(DESCRIPTIONS[name]), *page_values(world)] for name, world in WORLDS.items()},
        "custom": CUSTOM,
        "words": hint(CUSTOM_WORDS),
    },
    "role": list(ROLES),
    "scene": list(SCENE),
}
"""What the scripts know of the science and of the stage: no such number is typed in JavaScript."""


def scripts() -> str:
    """The page's JavaScript for its <head>, in the order in which it has to run: first the numbers, then what uses them."""
    return f"<script>window.ssmConfig = {json.dumps(CONFIG)};</script>" + script(*SCRIPTS)


def player(value: dict[str, Any] | None = None, **kwargs: Any) -> gr.HTML:
    """A player that shows what `player_value` makes. Events that feed it need show_progress="hidden": pending HTML fades."""
    return gr.HTML(
        value,
        html_template='<div class="player"></div>',  # static: the page never rebuilds what the script drew
        js_on_load="window.ssmPlayer(element, props, watch)",
        apply_default_css=False,
        **kwargs,
    )


class Shown(NamedTuple):
    """One episode in a player: its recording, its role (colour and line style, ui/views/colours.py), its caption, its policy's
    decision map, if that is to stand beside it, and an imagined episode to be drawn over it (ui/views/imagined.py). notes: what
    stands beside the caption, None for the world's differences. lean: without the signals.
    """

    recording: Recording
    role: str = "policy"
    label: str = ""
    map: str = ""
    ghost: dict[str, Any] | None = None
    notes: tuple[str, ...] | None = None
    lean: bool = False


MOST = 6  # episodes in one player


def player_value(
    *shown: Shown,
    signals: bool = True,
    maps: Mapping[str, Sequence[str]] | None = None,
    speed: float | None = None,
) -> dict[str, Any]:
    """What a player shows: one to six episodes. The id makes every run a new value, for the page reloads only when the value changes.

    signals=False folds the curves away (a visitor can open them). maps: for a role the decision maps of all gradient steps, between
    which the stage's own map can be moved. speed: how fast it plays at first, None as its length asks.
    """
    if not 1 <= len(shown) <= MOST:
        raise ValueError(f"a player must show 1 to {MOST} episodes, got {len(shown)}")
    value = {"id": secrets.token_hex(6), "signals": signals, "speed": speed, "episodes": [_episode(s) for s in shown]}
    return value if maps is None else {**value, "maps": {role: list(steps) for role, steps in maps.items()}}


def _rounded(values: np.ndarray | Sequence[float], digits: int) -> list[float]:
    return np.round(np.asarray(values, dtype=np.float64), digits).tolist()


def _episode(shown: Shown) -> dict[str, Any]:
    r, w = shown.recording, shown.recording.world
    episode: dict[str, Any] = {
        "label": shown.label or caption(r),
        "role": shown.role,
        "dash": list(ROLES[shown.role].dash),
        "notes": differences(w) if shown.notes is None else list(shown.notes),
        "ending": ending(r),
        "steps": r.steps,
        "world": {
            "half_length": w.pole_half_length,
            "pole_mass": w.pole_mass,
            "cart_mass": w.cart_mass,
            "wind": w.wind,
            "reversed": w.reversed_motor,
            "delay": w.action_delay,
        },
        "x": _rounded(r.states[:, 0], 3),
        "angle": _rounded(np.degrees(r.states[:, 2]), 2),
        "force": _rounded(r.forces, 2),
        "action": "".join(map(str, r.actions.tolist())),
    }
    if sensed_differs(w):
        episode["sensed"] = _rounded(np.degrees(r.observations[:, 2]), 2)
    if w.sensor_noise:
        episode["sensed_x"] = _rounded(r.observations[:, 0], 3)
    if w.lost_push:
        episode["lost"] = _rounded(r.lost, 2)
    if w.motor_reversals:
        episode["turns"] = list(r.turns)
    if shown.ghost:
        episode["ghost"] = shown.ghost
    if shown.map:
        episode |= {"map": shown.map, "rate": _rounded(np.degrees(r.observations[:, 3]), 1)}
    if r.prob_right is not None and not shown.lean:
        scale = max(float(np.abs(r.hidden).max()), 1e-6)
        cells = np.round(r.hidden / scale * 127).astype(np.int8)  # (T, S): one byte a unit and step is all that a picture shows
        episode |= {
            "p": _rounded(r.prob_right, 3),
            "long": _rounded(r.values[:, 0], 3),
            "short": _rounded(r.values[:, 1], 3),
            "hidden": {"size": r.hidden.shape[1], "scale": float(f"{scale:.2g}"), "cells": base64.b64encode(cells.tobytes()).decode()},
        }
    return episode
