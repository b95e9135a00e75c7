"""What adaptation changed: how far the parameters moved, which action the policy prefers where, and the update rule that ran."""

from __future__ import annotations

import base64
import html
from typing import Any

import gradio as gr
import numpy as np
import torch

from model import HybridAdaptationConfig, StandardAdaptationConfig, StateSpaceModel
from model.policy.cell import Cell
from model.policy.params import GROUPS, group_of, with_task_axis
from ui.adapt.run import AdaptRun, Curve
from ui.shared.words import count

MAP_SIZE = 41
MAP_ANGLE = 12.0  # degrees
MAP_VELOCITY = 120.0  # degrees a second
RULE = "θ′ = θ − lr · g · min(1, max_norm / |g|)"
MAPS_EMPTY = {"maps": [], "empty": "Press Adapt: which way the policy pushes, before and after, appears here."}


def action_map(model: StateSpaceModel) -> np.ndarray:
    """P(push right) at the first step of an episode, the cart at rest in the middle; rows: angular velocity from high to low,
    columns: pole angle from left to right, both as the sensors report them. (MAP_SIZE, MAP_SIZE)
    """
    angles = np.radians(np.linspace(-MAP_ANGLE, MAP_ANGLE, MAP_SIZE))
    velocities = np.radians(np.linspace(MAP_VELOCITY, -MAP_VELOCITY, MAP_SIZE))
    grid = np.zeros((1, MAP_SIZE**2, 4), dtype=np.float32)
    grid[0, :, 3], grid[0, :, 2] = (g.ravel() for g in np.meshgrid(velocities, angles, indexing="ij"))
    params = with_task_axis(model.params())
    with torch.inference_mode():
        hidden = params["initial_state"].unsqueeze(1).expand(1, MAP_SIZE**2, -1)
        outputs, _ = Cell(params).step(torch.from_numpy(grid), hidden)
        return outputs[0, :, :2].softmax(-1)[:, 1].view(MAP_SIZE, MAP_SIZE).numpy()


def _map(model: StateSpaceModel, role: str, label: str) -> dict[str, Any]:
    prob = np.nan_to_num(action_map(model), nan=0.5)
    cells = base64.b64encode(np.round(prob * 255).astype(np.uint8).tobytes()).decode()
    words = f"pushes right in {100 * (prob > 0.5).mean():.0f}% of the map"
    return {"role": role, "label": label, "cells": cells, "words": words}


def maps_value(run: AdaptRun) -> dict[str, Any]:
    """What `maps` shows: the policy before, and after each mode's last step."""
    shown = [_map(run.curves[0].before.model, "before", "Before")]
    shown += [_map(c.last.model, c.mode, f"After, {c.mode}") for c in run.curves]
    return {
        "size": MAP_SIZE,
        "maps": shown,
        "x": {"title": "pole angle (°)", "range": [-MAP_ANGLE, MAP_ANGLE]},
        "y": {"title": "angular velocity (°/s)", "range": [-MAP_VELOCITY, MAP_VELOCITY]},
    }


def maps(**kwargs: Any) -> gr.HTML:
    """The action maps side by side; drawn by assets/maps.js."""
    return gr.HTML(
        MAPS_EMPTY,
        html_template='<div class="maps"></div>',
        js_on_load="window.ssmMaps(element, props, watch)",
        apply_default_css=False,
        **kwargs,
    )


def movement(before: StateSpaceModel, after: StateSpaceModel) -> dict[str, tuple[float, float]]:
    """For each group of parameters: |change| and |before|, Euclidean norms."""
    a, b = before.params(), after.params()
    squares = {group: [0.0, 0.0] for group in GROUPS}
    for name, p in a.items():
        squares[group_of(name)][0] += float((b[name] - p).double().square().sum())
        squares[group_of(name)][1] += float(p.double().square().sum())
    return {group: (change**0.5, size**0.5) for group, (change, size) in squares.items()}


def movement_html(run: AdaptRun) -> str:
    """How far each group moved, as bars to one scale."""
    moved = {c.mode: movement(c.before.model, c.last.model) for c in run.curves}
    shares = {m: {g: change / size if size else None for g, (change, size) in groups.items()} for m, groups in moved.items()}
    most = max((s for groups in shares.values() for s in groups.values() if s), default=0.0) or 1.0
    rows = []
    for group in GROUPS:
        bars = []
        for mode, groups in moved.items():
            share = shares[mode][group]
            text = f"{100 * share:.3g}%" if share is not None else f"{groups[group][0]:.2g} from 0"
            width = 100 * (share or 0.0) / most
            bars.append(f'<div class="bar" data-role="{mode}"><i style="width:{width:.1f}%"></i><span>{text}</span></div>')
        rows.append(f"<tr><th>{group.capitalize() if len(group) > 1 else group}</th><td>{''.join(bars)}</td></tr>")
    return f'<table class="movement">{"".join(rows)}</table>'


def rule_html(run: AdaptRun) -> str:
    """The update rule with the values of each mode's last step that moved."""
    return '<div class="rules">' + "".join(_rule(c) for c in run.curves) + "</div>"


def _rule(curve: Curve) -> str:
    """The last step that moved the parameters says more than one that found nothing to learn."""
    name, last = curve.mode.capitalize(), next((p for p in reversed(curve.points) if p.moved), curve.last)
    head = f'<p class="who" data-role="{curve.mode}">{name}, step {last.index}</p>'
    if last.index == 0:
        return f"{head}<p>No step has moved the parameters.</p>"
    config = _config_of_step(curve, last.index)
    norm, lr, limit = last.grad_norm, config.adapt_lr, config.max_grad_norm
    if not last.moved:
        return f"{head}<pre>{RULE}\nθ′ = θ, for g = 0</pre><p>No episode fell, so there was nothing to learn.</p>"
    factor = min(1.0, limit / norm)
    lines = [
        RULE,
        f"θ′ = θ − {lr:g} · g · min(1, {limit:g} / {norm:.3g})",
        f"|θ′ − θ| = {lr:g} · {norm:.3g} · {factor:.3g} = {lr * norm * factor:.3g}",
    ]
    K = config.episodes_per_step
    words = f"g: gradient on {count(K, 'fresh episode')} ({last.support_steps:,} environment steps)"
    if isinstance(config, HybridAdaptationConfig):
        words += f"; then practice, with weight {config.experience_weight:g}, in a model of the motion"
    still = curve.last.index - last.index
    rest = f" The {count(still, 'step')} after it found nothing to learn." if still else ""
    return f"{head}<pre>{html.escape(chr(10).join(lines))}</pre><p>{words}.{rest}</p>"


def _config_of_step(curve: Curve, index: int) -> StandardAdaptationConfig:
    for segment in curve.segments:
        if index <= segment.steps:
            return segment.config
        index -= segment.steps
    return curve.segments[-1].config
