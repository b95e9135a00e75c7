"""The training log as a figure: Matplotlib's Figure without pyplot, which would keep every figure of every visitor."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from model import MetaEpoch
from ui.meta_train.view import SMOOTH, smoothed
from ui.shared.colours import ROLES, SCENE

MUTED = SCENE["muted"][0]


def _dashes(role: str) -> tuple:
    dash = ROLES[role].dash
    return (0, tuple(d / 1.5 for d in dash)) if dash else (0, ())


def training_figure(epochs: Sequence[MetaEpoch], horizon: int, title: str = "", after: str = "after adaptation") -> Figure:
    """Return before and after adaptation, and the meta-loss, against epochs. horizon: the step limit of the training episodes."""
    figure = Figure(figsize=(7, 5), layout="constrained")
    returns, loss = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    x = np.array([e.epoch + 1 for e in epochs])
    lines = [("before", "before adaptation", [e.return_before for e in epochs])]
    if any(e.return_after_by_step for e in epochs):
        lines.append(("standard", after, [e.return_after for e in epochs]))
    for role, label, values in lines:
        colour = ROLES[role].light
        returns.plot(x, values, color=colour, linewidth=0.8, alpha=0.35)
        returns.plot(x, smoothed(values), color=colour, linewidth=2, linestyle=_dashes(role), label=label)
    rollbacks = x[[e.rolled_back for e in epochs]] if len(epochs) else x
    for i, at in enumerate(rollbacks):
        returns.axvline(at, color=SCENE["ink"][0], linewidth=0.8, linestyle=":", label="rolled back" if i == 0 else None)
    returns.axhline(horizon, color=MUTED, linewidth=0.8, linestyle=":")
    returns.annotate(f"{horizon}: step limit in training", (1, horizon), (2, 3), textcoords="offset points", color=MUTED, fontsize=8)
    returns.set(ylabel="return (steps)", ylim=(0, horizon * 1.1), title=title)
    returns.legend(loc="best", fontsize=8, frameon=False, title=f"thick: mean of {SMOOTH} epochs", title_fontsize=8)
    loss.plot(x, [e.meta_loss for e in epochs], color=ROLES["policy"].light, linewidth=1)
    loss.axhline(0, color=MUTED, linewidth=0.8, linestyle=":")
    loss.set(xlabel="epoch", ylabel="meta-loss")
    for axes in (returns, loss):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def svg(figure: Figure) -> bytes:
    """The figure as SVG, the same bytes for the same figure."""
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
