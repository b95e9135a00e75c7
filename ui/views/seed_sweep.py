"""A seed sweep as a chart and in words."""

from typing import Any

import numpy as np

from model.rl.evaluation import bootstrap_interval
from model.worlds.cartpole import SOLVED
from ui.fields import MODES, short_name
from ui.runs.adaptation import EVALUATION_EPISODES, TIME_LIMIT
from ui.runs.seed_sweep import SEEDS, SeedSweep
from ui.views.adaptation import X_TITLE, Y_TITLE
from ui.views.charts import Series, chart_value
from ui.views.episode_words import differences
from ui.words import OF_ALL, count


def sweep_value(sweep: SeedSweep) -> dict[str, Any]:
    """The mean over seeds with its 95% bootstrap interval, and every seed as a thread."""
    steps = sweep.settings.num_adapt_steps
    series = []
    for mode, returns in sweep.returns.items():
        if not len(returns):
            continue
        low, high = (np.array(ends) for ends in zip(*(bootstrap_interval(column) for column in returns.T), strict=True))
        x, y, name = np.arange(steps + 1), returns.mean(0), MODES[mode].lower()
        words = [f"{name}, step {i}: {y[i]:.1f} (95% interval {low[i]:.0f} to {high[i]:.0f})" for i in x]
        series.append(Series(mode, f"{name}, {len(returns)} seeds", x, y, low, high, threads=returns, words=words))
    note = f"Thick line: mean over seeds, each of {EVALUATION_EPISODES} greedy episodes. Band: its 95% bootstrap interval. Thin: each seed."
    empty = "The first seeds are under way." if not sweep.ended else "No seed was done."
    return chart_value(series, X_TITLE, Y_TITLE, (0, steps), note=note, empty=empty)


def sweep_progress(sweep: SeedSweep) -> str:
    """How far it is."""
    return f"Repeating: {sweep.done} of {SEEDS} runs done ({100 * sweep.share:.0f}%)."


def sweep_words(sweep: SeedSweep) -> str:
    """What it says, in plain words."""
    n = sweep.done
    why = {
        "stopped": f"Stopped after {n} of {SEEDS} runs." if n else "Stopped before the first runs were done.",
        "time": f"The server is too busy: in {TIME_LIMIT:.0f} s it did {n} of {SEEDS} runs.",
    }.get(sweep.ended, "")
    if sweep.problem is not None:
        mode, problem = sweep.problem
        why = f"{MODES[mode]} could not go on: in one of the runs, {problem}."
    parts = [_mode_words(mode, returns[:n, -1], returns.shape[1] - 1) for mode, returns in sweep.returns.items()] if n else []
    s = sweep.settings
    where = f"{short_name(s.start)}, {', '.join(differences(s.world))}"
    before = [f"{where}: {n} runs; before adaptation {next(iter(sweep.returns.values()))[0, 0]:.0f} {OF_ALL}."] if n else []
    return " ".join([*before, *parts, *([why] if why else [])])


def _mode_words(mode: str, last: np.ndarray, steps: int) -> str:
    low, high = bootstrap_interval(last)
    return (
        f"{MODES[mode]}: {last.mean():.0f} {OF_ALL} on average after {count(steps, 'step')} (95% interval {low:.0f} to {high:.0f}); "
        f"{int((last >= SOLVED).sum())} of {len(last)} runs reach {SOLVED:.0f}, the worst {last.min():.0f}."
    )
