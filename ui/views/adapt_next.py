"""What follows an adaptation, and a seed sweep."""

from model.worlds.cartpole import SOLVED
from ui.runs.adaptation import AdaptRun
from ui.runs.seed_sweep import SEEDS
from ui.settings import AdaptSettings
from ui.views.next_steps import BREAK, TRAIN, Next


def after_adaptation(run: AdaptRun) -> Next | None:
    """What follows an adaptation; nothing where it fell and its settings ask for no step."""
    if not any(p.moved for c in run.curves for p in c.points[1:]):
        return None if run.before.mean < SOLVED else TRAIN if run.settings.world.reversed_motor else BREAK
    if max(c.last.mean for c in run.curves) >= SOLVED:
        return Next("sweep", f"Was it luck? {SEEDS} more")
    return Next("further", "It is not there yet: adapt further")


def after_sweep(settings: AdaptSettings) -> Next:
    """What follows a seed sweep."""
    return TRAIN if settings.start in ("memory", "taught") else Next("memory", "Does memory do it without a fall?")
