"""An adaptation as one moving picture to share: before and after side by side, with what happened written on it."""

from ui.fields import short_name
from ui.runs.adaptation import AdaptRun, Point
from ui.runs.episode import record
from ui.views.adaptation_words import after
from ui.views.animation import side_by_side
from ui.views.episode_words import differences
from ui.words import count


def headline(run: AdaptRun, mode: str, point: Point) -> str:
    """ "9 -> 500 steps after one gradient step on 94 environment steps"."""
    before = run.before.mean
    if point.index == 0:
        return f"{count(round(before), 'step')} before adaptation"
    return f"{before:.0f} -> {point.mean:.0f} steps {after(run.curve(mode), point)}"


def share_gif(run: AdaptRun, mode: str, point: Point) -> bytes:
    """The GIF of an adaptation's point."""
    s = run.settings
    pairs = [(run.before, "before", "Before"), (point, mode, f"After {count(point.index, 'step')}")]
    shown = [(record(p.model, s.world, s.seed, policy=s.start), role, label) for p, role, label in pairs]
    return side_by_side(shown, headline(run, mode, point), f"{short_name(s.start)}, {', '.join(differences(s.world))}, seed {s.seed}")
