"""The player's signals are the recording: each curve's points on its axes, in its colour, the playhead where the step is."""

import numpy as np
import pytest

from model import World
from tests.assets.pictures import HEIGHT, WIDTH, flat, on_page, rgb, strokes, texts, theme
from ui.runs.episode import Recording
from ui.views.player import Shown, player_value

DRAW = """
const root = mount("ssmPlayer", "player", payload.value), scrubber = root.querySelector("input");
scrubber.value = payload.step;
scrubber.fire("input");
const words = (figure) => figure.querySelector("figcaption").textContent;
return root.querySelectorAll("figure.signal").map((f) => [words(f), f.querySelector("canvas").context.drawn]);
"""
T = 5


def recording(seed: int, world: World | None = None) -> Recording:
    rng = np.random.default_rng(seed)
    states = np.zeros((T + 1, 4))
    states[:, 0], states[:, 2] = rng.uniform(-2, 2, T + 1), rng.uniform(-0.2, 0.2, T + 1)
    seen = states + np.array([0, 0, 0 if world is None else world.angle_bias, 0])
    hidden = rng.normal(size=(T, 3))
    actions, prob, values = rng.integers(0, 2, T), rng.uniform(0, 1, T), rng.uniform(0, 1, (T, 2))
    return Recording(world or World(), "meta", True, seed, states, seen, actions, 20.0 * actions - 10, prob, values, hidden)


def signals(*shown: Shown, step: int = T) -> dict[str, list[dict]]:
    return dict(on_page(DRAW, {"value": player_value(*shown), "step": step}))


def value_at(marks: list[dict], y: float) -> float:
    """A height as the chart's own labels on the vertical axis count it."""
    labels = sorted((float(t.replace("−", "-")), y) for t, (x, y) in texts(marks).items() if x < 40)
    (v0, y0), (v1, y1) = labels[0], labels[-1]
    assert len(labels) >= 3 and y0 > y1  # more is up
    return v0 + (y - (y0 - 4)) * (v1 - v0) / (y1 - y0)  # a label's baseline stands 4 px below its line


def curve(marks: list[dict], colour: str, dashed: bool = False) -> list[tuple[float, float]]:
    """The bright curve in a colour: (step, value) of its points, as its axes count them."""
    (points,) = strokes([m for m in marks if m["alpha"] == 1], colour, dashed)
    steps = [(x - 40) / (WIDTH - 50) * T for x, _ in points]
    return [(step, value_at(marks, y)) for step, (_, y) in zip(steps, points, strict=True)]


def close(points: list[tuple[float, float]], values: np.ndarray, tolerance: float) -> None:
    np.testing.assert_allclose([s for s, _ in points], range(len(values)), atol=1e-6)
    np.testing.assert_allclose([v for _, v in points], values, atol=tolerance)


def test_angle_and_position_are_the_recordings():
    r, colours = recording(0), theme()
    drawn = {title: flat(marks) for title, marks in signals(Shown(r)).items()}
    close(curve(drawn["Pole angle (degrees)"], colours["--role-policy"]), np.degrees(r.states[:, 2]), 0.02)
    close(curve(drawn["Cart position (m)"], colours["--role-policy"]), r.states[:, 0], 0.005)
    for title, limit in (("Pole angle (degrees)", 12.0), ("Cart position (m)", 2.4)):
        lines = strokes(drawn[title], colours["--scene-muted"], dashed=True)
        at = {round(value_at(drawn[title], y), 6) for (_, y), _ in lines}
        assert at == {-limit, limit}
        assert all(a[1] == b[1] and b[0] - a[0] > WIDTH / 2 for a, b in lines)


def test_what_the_policy_thinks_is_the_recordings():
    r, colours = recording(1), theme()
    drawn = {title: flat(marks) for title, marks in signals(Shown(r)).items()}
    prob = curve(drawn["Probability of pushing right"], colours["--role-policy"])
    # A probability holds for the whole step: the curve is a staircase with a corner before each new value.
    np.testing.assert_allclose([v for _, v in prob[::2]], r.prob_right, atol=0.002)
    np.testing.assert_allclose([v for _, v in prob[1::2]], r.prob_right[:-1], atol=0.002)
    (survival,) = [marks for title, marks in drawn.items() if title.startswith("Expected survival")]
    close(curve(survival, colours["--role-policy"]), r.values[:, 0], 0.002)
    close(curve(survival, colours["--role-policy"], dashed=True), r.values[:, 1], 0.002)


def test_the_hidden_state_has_a_row_for_each_unit_blue_below_zero_and_orange_above():
    r, colours = recording(2), theme()
    ((title, marks),) = [(t, flat(m)) for t, m in signals(Shown(r)).items() if t.startswith("Hidden state")]
    assert title.startswith("Hidden state, 3 units")
    pixels = next(m for m in marks if m["kind"] == "pixels" and m["width"] == T)
    got = np.array(pixels["data"]).reshape(3, T, 4)[..., :3]
    low, middle, high = (rgb(colours[f"--scene-{n}"]) for n in ("low", "middle", "high"))
    v = (r.hidden.T / np.abs(r.hidden).max())[..., None]  # (unit, step, 1)
    np.testing.assert_allclose(got, middle + (np.where(v < 0, low, high) - middle) * np.abs(v), atol=2.5)


@pytest.mark.parametrize("step", [0, 2, 5])
def test_the_playhead_parts_past_from_future(step):
    marks = signals(Shown(recording(6)), step=step)["Cart position (m)"]
    at = 40 + (WIDTH - 50) * step / T
    line = marks[-1]
    assert line["kind"] == "fill" and np.mean([x for x, _ in line["points"][:4]]) == pytest.approx(at)
    future, *past = [m for m in marks if m["kind"] == "image"]
    own = theme()["--role-policy"]
    brightness = [max(m["alpha"] for m in p["drawn"] if m["kind"] == "stroke" and m["colour"] == own) for p in (future, *past)]
    assert brightness == [0.22, 1]
    assert past[0]["points"] == [[0, 0], [pytest.approx(at), HEIGHT]]
