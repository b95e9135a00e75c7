"""What follows an adaptation, and a seed sweep."""

from model.worlds.cartpole import SOLVED
from ui.runs.adaptation import AdaptRun
from ui.runs.seed_sweep import SEEDS
from ui.settings import AdaptSettings
from ui.views.next_steps import BREAK, TRAIN, Next


def after_adaptation(run: AdaptRun) -> Next:
    """What follows an adaptation."""
    if not any(p.moved for c in run.curves for p in c.points[1:]):
        return BREAK
    if max(c.last.mean for c in run.curves) >= SOLVED:
        return Next("sweep", f"Was it luck? {SEEDS} more")
    return Next("further", "It is not there yet: adapt further")


def after_sweep(settings: AdaptSettings) -> Next:
    """What follows a seed sweep."""
    return TRAIN if settings.start in ("memory", "taught") else Next("memory", "Does memory do it without a fall?")
