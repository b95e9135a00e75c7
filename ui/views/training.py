"""How a training looks on the page: numbers, curves, and the check, from a TrainingState."""

import html
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from model import MetaEpoch
from model.worlds.cartpole import SOLVED
from ui.runs.training import TrainingState
from ui.runs.training_show import recordings
from ui.training_settings import MetaSettings, longest
from ui.views.charts import Series, chart_value
from ui.views.player import Shown, player_value
from ui.views.terms import act_line, term, with_terms
from ui.views.training_lines import SMOOTH, WIDTHS, after_label, lines, side_names, smoothed, tread_label, treads
from ui.views.training_seen import what_you_see
from ui.words import OF_ALL, count

EMPTY = "Press Train: the returns before and after a step grow here."
PROMISE = "See it learn to learn: press Train. The [[return]] after [[adaptation]] climbs, while the return before it need not."
BOLD = "Bold: worlds that are reversed. Thin: as usual. "
NAMES = ("Epoch", "Elapsed", "Time left", "Before", "After", "Meta-loss", "Steps/s")
DRAWN = ("epoch", "step_limit", "rolled_back", "return_before", "return_after", "usual", "conflicting")
HEADROOM = 1.08  # of the returns' axis, over the longest episode
SHOW_SPEED = 2  # of what plays while it trains: an episode ends before the next show


def returns_chart(settings: MetaSettings) -> dict[str, Any]:
    """The returns before and after adaptation, under the step limit of the moment, before there are any.

    assets/train/view.js fills it with records: `of` says which of a record's values a line is of.
    """
    last, drawn = _last_epoch(settings), lines(settings)
    value = chart_value(
        [Series(line.role, line.label, (), (), markers=False, width=WIDTHS[line.bold]) for line in drawn],
        "epoch",
        "return (steps)",
        (1, last),
        (0, longest(settings.config) * HEADROOM),
        (),
        note=f"{BOLD if side_names(settings.families) else ''}Each line: mean of the last {SMOOTH} epochs, sampled actions.",
        empty=EMPTY,
        treads=[(start, end, limit, tread_label(start, limit)) for start, end, limit in treads(settings, last)],
    )
    for series, line in zip(value["series"], drawn, strict=True):
        series["of"] = line.of
    return value


def curves_value(settings: MetaSettings, epochs: Sequence[MetaEpoch] = (), final: bool = False) -> dict[str, Any]:
    """The same chart with what a training's epochs hold of it. final: its axis ends where they do, and points can be read out."""
    return {"chart": returns_chart(settings), "records": [{name: getattr(e, name) for name in DRAWN} for e in epochs], "ended": final}


def _last_epoch(settings: MetaSettings, epochs: Sequence[MetaEpoch] = (), final: bool = False) -> int:
    return max(2, epochs[-1].epoch + 1 if final and epochs else settings.config.num_epochs)


def loss_chart(settings: MetaSettings, epochs: Sequence[MetaEpoch], final: bool = False) -> dict[str, Any]:
    """The meta-loss. Its range doubles when the loss leaves it, so that it seldom jumps."""
    losses = np.array([e.meta_loss for e in epochs], dtype=np.float64)
    finite = np.abs(losses[np.isfinite(losses)])
    top = 0.25 * 2.0 ** max(0, math.ceil(math.log2(max(float(finite.max(initial=0.0)), 1e-9) / 0.25)))
    x = [e.epoch + 1 for e in epochs]
    words = [f"epoch {e.epoch + 1}: meta-loss {e.meta_loss:.3f}" for e in epochs] if final else ()
    series = [Series("policy", "meta-loss", x, losses, words=words, markers=False)] if epochs else []
    return chart_value(series, "epoch", "meta-loss", (1, _last_epoch(settings, epochs, final)), (-top, top), ((0, ""),))


def numbers(state: TrainingState | None) -> str:
    """The row of numbers above the curves; the same row of dashes before any training."""
    cells = dict.fromkeys(NAMES, "–")
    if state is not None:
        c, epochs = state.settings.config, state.epochs
        cells["Epoch"] = f"{len(epochs)} of {c.num_epochs}"
        cells["Elapsed"] = f"{state.seconds:.0f} s"
        cells["Time left"] = f"{state.left:.0f} s" if state.phase in ("starting", "training") else "0 s"
        if epochs:
            last = epochs[-1]
            cells["Before"] = f"{smoothed([e.return_before for e in epochs[-SMOOTH:]])[-1]:.0f}"
            cells["After"] = f"{smoothed([e.return_after for e in epochs[-SMOOTH:]])[-1]:.0f}" if c.inner_steps else "–"
            cells["Meta-loss"] = f"{last.meta_loss:z.3f}".replace("-", "−")
            cells["Steps/s"] = f"{last.env_steps / max(last.seconds, 1e-9):,.0f}"
    titles = {
        "Before": f"return before adaptation, mean of the last {SMOOTH} epochs",
        "After": f"return after adaptation, mean of the last {SMOOTH} epochs",
        "Steps/s": "environment steps a second",
    }
    terms = {"Meta-loss": term("meta-loss", "meta-numbers", "Meta-loss"), "Epoch": term("epoch", "meta-numbers", "Epoch")}
    items = [f'<div title="{titles.get(k, "")}"><dt>{terms.get(k, k)}</dt><dd>{html.escape(v)}</dd></div>' for k, v in cells.items()]
    return f'<dl class="meta-numbers">{"".join(items)}</dl>'


def seen_html(state: TrainingState | None) -> str:
    """What there is to see, or to do before there is anything."""
    seen = what_you_see(state.settings, state.epochs) if state else PROMISE
    if not seen:
        seen = f"It begins with {'random weights' if state.settings.start == 'random' else 'weights that have learnt before'}."
    return act_line(html.escape(seen), "meta")


def stage_value(show: dict[str, Any], settings: MetaSettings, speed: float | None = None) -> dict[str, Any]:
    """A show on the stage: a row for each world, before and after adaptation side by side."""
    labels = (("before", "Before"), ("standard", after_label(settings).capitalize()))
    played = [Shown(r, *label) for row in recordings(show) for r, label in zip(row, labels, strict=False)]
    return player_value(*played, signals=False, speed=speed)


def stage_title(settings: MetaSettings, show: dict[str, Any] | None) -> str:
    """Whose episodes stand on the stage; before any training it is random weights'."""
    steps = settings.config.inner_steps
    who = f"The best policy after {count(show['epochs'], 'epoch')} plays" if show else "A policy of random weights plays"
    when = f"before and after {count(steps, 'gradient step')} on its own episodes" if steps else "without a gradient step"
    return f'<p class="hint">{html.escape(f"{who} in two worlds, {when}.")}</p>'


def phase_words(state: TrainingState) -> str:
    """What is going on, one sentence."""
    done, kept = len(state.epochs), "the best parameters are kept"
    epochs = count(done, "epoch")
    if state.phase == "waiting":
        return f"{state.place or ''} It starts by itself; Stop gives up the place.".lstrip()
    if state.phase == "starting":
        return "Starting the training process; this takes a second or two."
    if state.phase == "training":
        return "Training. Stop ends it at once and keeps the best parameters."
    ended = {
        "stopped": f"Stopped after {epochs}; {kept}" if done else "Stopped before the first epoch; there is nothing to keep",
        "time": f"The time is up after {epochs}; {kept}" if done else "The time was up before the first epoch; there is nothing to keep",
        "epochs": f"All {epochs} are done; {kept}",
    }.get(state.ended or "", "The training has ended")
    if state.phase == "checking":
        return f"{ended}. Checking them on validation worlds; Stop skips this." if done else f"{ended}."
    return f"{ended}."


def check_html(state: TrainingState) -> str:
    """The check on validation worlds: a sentence, then a small table."""
    check = state.check
    if not check:
        return ""
    returns = np.array(check["returns"])  # (steps, worlds, episodes)
    worlds, episodes = returns.shape[1:]
    means = returns.mean(axis=(1, 2))
    names = ["before adaptation"] + [f"after {count(s, 'step')}" for s in check["steps"][1:]]
    best = " and ".join(f"{m:.0f} {n}" for m, n in zip(means[1:], names[1:], strict=True)) or "no step could be made"
    sentence = f"In {worlds} [[validation worlds]] of these families the policy stood for {means[0]:.0f} {OF_ALL} steps "
    sentence += f"before adaptation, {best} (greedy, {episodes} episodes in each world, {check['seconds']:.1f} s)."
    if check["problem"]:
        sentence += f" {check['problem'][:1].upper()}{check['problem'][1:]}."
    rows = []
    for name, r in zip(names, returns, strict=True):
        by_world = r.mean(axis=1)
        solved = int((by_world >= SOLVED).sum())
        cells = (name, f"{r.mean():.0f}", f"{by_world.min():.0f}", f"{by_world.max():.0f}", f"{solved} of {worlds}")
        rows.append("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + "</tr>")
    head = "".join(f"<th>{h}</th>" for h in ("", "Mean return", "Worst world", "Best world", f"Worlds at {SOLVED:g} or more"))
    told = with_terms(html.escape(sentence), "meta-check")
    return f'<div class="verdict"><p>{told}</p><table><tr>{head}</tr>{"".join(rows)}</table></div>'
