"""The training log as a figure: Matplotlib's Figure without pyplot, which would keep every figure of every visitor."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from model import MetaEpoch
from ui.training_settings import MetaSettings, longest
from ui.views.colours import ROLES, SCENE
from ui.views.training_lines import SMOOTH, WIDTHS, lines, tread_label, treads

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MUTED = SCENE["muted"][0]


def _dashes(role: str) -> tuple:
    dash = ROLES[role].dash
    return (0, tuple(d / 1.5 for d in dash)) if dash else (0, ())


def training_figure(epochs: Sequence[MetaEpoch], settings: MetaSettings) -> Figure:
    """The returns before and after adaptation under the step limit of the moment, and the meta-loss, against epochs."""
    title = f"Meta-training: {', '.join(settings.families).replace('_', ' ')}, seed {settings.config.seed}"
    from matplotlib.figure import Figure  # half of what the page itself would need to start

    figure = Figure(figsize=(7, 5), layout="constrained")
    returns, loss = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    x = np.array([e.epoch + 1 for e in epochs])
    for line in lines(settings, epochs):
        colour, width = ROLES[line.role].light, WIDTHS[line.bold]
        returns.plot(x, line.values, color=colour, linewidth=0.6, alpha=0.25)
        returns.plot(x, line.smooth, color=colour, linewidth=width, linestyle=_dashes(line.role), label=line.label)
    rollbacks = x[[e.rolled_back for e in epochs]] if len(epochs) else x
    for i, at in enumerate(rollbacks):
        returns.axvline(at, color=SCENE["ink"][0], linewidth=0.8, linestyle=":", label="rolled back" if i == 0 else None)
    steps = treads(settings, len(epochs))
    stairs = np.array([(at, limit) for start, end, limit in steps for at in (start, end)]).reshape(-1, 2)
    returns.plot(*stairs.T, color=MUTED, linewidth=0.8, linestyle=":")
    for start, end, limit in steps:
        ends = start > 1  # the last tread's name ends where it does
        text = tread_label(start, limit)
        returns.annotate(
            text,
            (end if ends else start, limit),
            (0, 3),
            textcoords="offset points",
            ha="right" if ends else "left",
            color=MUTED,
            fontsize=8,
        )
    returns.set(ylabel="return (steps)", ylim=(0, longest(settings.config) * 1.1), title=title)
    note = f"mean of {SMOOTH} epochs; thin: each epoch"
    returns.legend(loc="best", fontsize=8, frameon=False, title=note, title_fontsize=8)
    loss.plot(x, [e.meta_loss for e in epochs], color=ROLES["policy"].light, linewidth=1)
    loss.axhline(0, color=MUTED, linewidth=0.8, linestyle=":")
    loss.set(xlabel="epoch", ylabel="meta-loss")
    for axes in (returns, loss):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def svg(figure: Figure) -> bytes:
    """The figure as SVG."""
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
