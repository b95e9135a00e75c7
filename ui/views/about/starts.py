"""A start near every solution: returns before and after one gradient step from each starting point, drawn from the results."""

from model.experiments.report import START_LABELS, Results, name_of
from model.worlds.cartpole import MAX_EPISODE_STEPS, SOLVED

WORLDS_SHOWN = ("reversed_motor", "mirrored_sensors")
LEFT, WIDTH, ROW, TOP = 104, 380, 34, 24
SPAN = WIDTH - LEFT - 44  # px for 0 to 500 steps


def _x(value: float) -> float:
    return round(LEFT + SPAN * value / MAX_EPISODE_STEPS, 1)


def _row(i: int, label: str, before: float, after: float) -> str:
    y = TOP + ROW * (i + 0.5)
    words = f"{before:.0f} → {after:.0f}"
    # Numbers stand right of the dots, where there is room for them, else left.
    right = max(before, after) < 0.7 * MAX_EPISODE_STEPS
    at, anchor = (_x(max(before, after)) + 12, "start") if right else (_x(min(before, after)) + 14, "start")
    if not right and abs(after - before) < 0.35 * MAX_EPISODE_STEPS:
        at, anchor = _x(min(before, after)) - 12, "end"
    lift = -7 if not right and anchor == "start" else 4
    return (
        f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{label}</text>'
        f'<line class="way" x1="{_x(before)}" x2="{_x(after)}" y1="{y}" y2="{y}"/>'
        f'<circle class="before" cx="{_x(before)}" cy="{y}" r="6"/><circle class="after" cx="{_x(after)}" cy="{y}" r="5"/>'
        f'<text x="{at}" y="{y + lift}" text-anchor="{anchor}">{words}</text>'
    )


def start_picture(world: str, results: Results) -> str:
    """One world: for each starting point a dot before, a dot after one step, and both means."""
    starts = results["presets"][world]
    pairs = {label: (starts[start]["0"]["mean"], starts[start]["1"]["mean"]) for start, label in START_LABELS.items()}
    bottom = TOP + ROW * len(pairs)
    axis = "".join(
        f'<line class="axis" x1="{_x(v)}" x2="{_x(v)}" y1="{TOP}" y2="{bottom}"/>'
        f'<text class="quiet" x="{_x(v)}" y="{bottom + 15}" text-anchor="middle">{v}</text>'
        for v in (0, 250, MAX_EPISODE_STEPS)
    )
    solved = f'<line class="solved" x1="{_x(SOLVED)}" x2="{_x(SOLVED)}" y1="{TOP}" y2="{bottom}"/>'
    solved += f'<text class="quiet" x="{_x(SOLVED)}" y="{TOP - 8}" text-anchor="middle">solved: {SOLVED:g}</text>'
    said = "; ".join(f"{label}: {b:.0f}, after one step {a:.0f}" for label, (b, a) in pairs.items())
    rows = "".join(_row(i, label, *pair) for i, (label, pair) in enumerate(pairs.items()))
    n = starts["meta"]["0"]["n"]
    return (
        f"<figure><figcaption>{name_of(world).capitalize()}</figcaption>"
        f'<svg class="start" viewBox="0 0 {WIDTH} {bottom + 36}" role="img" aria-label="Mean return in steps, before. {said}.">'
        f'{axis}{solved}{rows}<text class="quiet" x="{_x(250)}" y="{bottom + 31}" text-anchor="middle">'
        f"mean return (steps), n = {n}</text></svg></figure>"
    )


def start_pictures(results: Results) -> str:
    """The worlds side by side, with a key and what the step cost."""
    pictures = "".join(start_picture(world, results) for world in WORLDS_SHOWN)
    cost = results["presets"][WORLDS_SHOWN[0]]["meta"]["env_steps"][1]
    return (
        f'<div class="starts">{pictures}</div><p class="quiet">Open dot: before any step. Full dot: after one. For the meta-trained '
        f"policy with the reversed motor, that step learnt from {cost:,.0f} environment steps on average, all its experience of that "
        "world. The training of Memory began with the reversed motor itself.</p>"
    )
