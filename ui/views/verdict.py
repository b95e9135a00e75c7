"""What many episodes of one choice came to."""

import html

import numpy as np

from model.worlds.cartpole import MAX_EPISODE_STEPS
from ui.fields import short_name
from ui.settings import Choice
from ui.views.episode_words import differences
from ui.views.messages import stale_note
from ui.words import OF_ALL


def verdict(values: np.ndarray, choice: Choice) -> str:
    """Returns of n episodes, (n,), as a sentence, then a small table."""
    n, how = len(values), "" if choice.policy == "random" else f"; {'greedy' if choice.greedy else 'sampled'} actions"
    mean = f"{values.mean():.1f}"
    std = f"{values.std(ddof=1):.1f}" if n > 1 else None  # that of one episode is not defined
    stood, of_what = (f"{mean} ± {std}", "mean ± standard deviation, ") if std else (mean, "")
    who = html.escape(short_name(choice.policy))
    sentence = f"{who} stood for {stood} {OF_ALL} steps ({of_what}n = {n}{how})."
    full = int((values >= MAX_EPISODE_STEPS).sum())
    cells = {"Mean": mean, "Std": std or "–", "Min": f"{values.min():.0f}", "Max": f"{values.max():.0f}"}
    cells |= {f"All {MAX_EPISODE_STEPS}": f"{full} of {n}"}
    head, row = ("".join(f"<{tag}>{html.escape(t)}</{tag}>" for t in texts) for tag, texts in (("th", cells), ("td", cells.values())))
    where = html.escape(", ".join(differences(choice.world)))
    table = f"<table><tr>{head}</tr><tr>{row}</tr></table>"
    return f'<div class="verdict">{stale_note("Press Verify.")}<p>{sentence} World: {where}.</p>{table}</div>'
