"""Live curves show the numbers they are given; action maps show which way the policy pushes, where."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from model import StateSpaceModel
from tests.assets.pictures import HEIGHT, WIDTH, flat, on_page, rgb, strokes, texts, theme
from ui.views import decisions
from ui.views.charts import Series, chart_value
from ui.views.colours import ROLES

CURVES = 'const root = mount("ssmCurves", "curves", payload); return root.querySelector("canvas").context.drawn;'
SERIES = [
    Series("before", "before", [0, 1, 2, 3], [10.0, 10.0, 20.0, 10.0], words=["a", "b", "c", "d"]),
    Series("standard", "after", [0, 1, 3], [10.0, 300.0, 500.0], low=[5, 250, 480], high=[15, 350, 520], hollow=[False, True, False]),
]


def circles(marks: list[dict], colour: str) -> list[tuple[list[float], str]]:
    """The rings in a colour with what fills them."""
    rings = []
    for fill, ring in pairwise(marks):
        if ring["kind"] == "stroke" and ring.get("radius") and ring["colour"] == colour:
            rings.append((ring["points"][0], fill["colour"]))
    return rings


def axis(marks: list[dict], column: int, labels: tuple[str, str]) -> tuple[float, float]:
    """(offset, pixels per unit) of an axis, from two of its labels."""
    at = texts(marks)
    low, high = (at[text][column] for text in labels)
    a, b = (float(text) for text in labels)
    return low - a * (high - low) / (b - a), (high - low) / (b - a)


@pytest.fixture(scope="module")
def marks() -> list[dict]:
    return flat(on_page(CURVES, chart_value(SERIES, "gradient step", "return", (0, 3), note="n", events=[(2, "change")])))


def pixel(marks: list[dict], x: float, y: float) -> tuple[float, float]:
    (x0, dx), (y0, dy) = axis(marks, 0, ("1", "3")), axis(marks, 1, ("200", "400"))
    assert dx > 0 > dy  # to the right, and up
    return pytest.approx(x0 + x * dx, abs=0.6), pytest.approx(y0 - 4 + y * dy, abs=0.6)


@pytest.mark.parametrize("series", SERIES, ids=lambda s: s.role)
def test_points_stand_at_their_numbers_in_their_colour(marks, series):
    colours = theme()
    own = colours[f"--role-{series.role}"]
    rings = circles(marks, own)
    assert [tuple(at) for at, _ in rings] == [pixel(marks, x, y) for x, y in zip(series.x, series.y, strict=True)]
    hollow = series.hollow or [False] * len(series.x)
    assert [fill for _, fill in rings] == [colours["--scene-ground"] if h else own for h in hollow]
    (line,) = strokes(marks, own, dashed=bool(ROLES[series.role].dash))
    assert [tuple(p) for p in line] == [pixel(marks, x, y) for x, y in zip(series.x, series.y, strict=True)]


def test_a_band_reaches_from_low_to_high(marks):
    s = SERIES[1]
    (band,) = [m for m in marks if m["kind"] == "fill" and m["colour"] == theme()["--role-standard"] and m["alpha"] < 0.5]
    up = [pixel(marks, x, y) for x, y in zip(s.x, s.high, strict=True)]
    down = [pixel(marks, x, y) for x, y in zip(s.x[::-1], s.low[::-1], strict=True)]
    assert [tuple(p) for p in band["points"]] == up + down


def test_limits_and_events_are_lines_with_their_names(marks):
    lines, colours = [m["points"] for m in marks if m["kind"] == "stroke" and m["dash"] == [2, 4]], theme()
    level = sorted(p[0][1] for p in lines if len({y for _, y in p}) == 1)
    assert level == [pixel(marks, 0, 500)[1], pixel(marks, 0, 475)[1]]
    assert {"475: counts as solved", "500: step limit", "gradient step", "return", "change"} <= texts(marks).keys()
    (event,) = strokes(marks, colours["--scene-ink"])
    assert {x for x, _ in event} == {event[0][0]} and event[0][0] == pixel(marks, 2, 0)[0]


def test_a_gap_parts_the_line_and_no_point_leaves_the_chart():
    series = Series("policy", "p", [0, 1, 2, 3, 4], [100.0, 200.0, float("nan"), 300.0, 900.0], markers=False, words=["x"] * 5)
    marks = flat(on_page(CURVES, chart_value([series], "step", "return", (0, 4))))
    pieces = strokes(marks, theme()["--role-policy"])
    assert [len(p) for p in pieces] == [2, 2]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for p in pieces for x, y in p)


def test_pointing_reads_out_the_nearest_points_words():
    act = """
    const root = mount("ssmCurves", "curves", payload), canvas = root.querySelector("canvas"), out = root.querySelector("output");
    const said = [out.textContent];
    for (const key of ["Home", "ArrowRight", "End"]) { canvas.fire("keydown", { key }); said.push(out.textContent); }
    canvas.fire("pointermove", { clientX: 5 });
    said.push(out.textContent);
    canvas.fire("pointerleave");
    return [...said, out.textContent];
    """
    assert on_page(act, chart_value(SERIES, "x", "y", (0, 3), note="the note")) == ["the note", "a", "b", "d", "a", "the note"]


def leaning_policy() -> StateSpaceModel:
    """Pushes right where the pole leans right (column) and, half as strongly, where it turns right (row)."""
    model = StateSpaceModel(generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
        model.input_scale.fill_(1.0)
        model.D[2, 1], model.D[3, 1] = 20.0, 1.0
    return model


@pytest.mark.parametrize("dark", [False, True])
def test_a_map_is_orange_where_the_policy_pushes_right_and_blue_where_left(dark):
    act = """
    const canvas = document.createElement("canvas"), c = window.ssmDraw.colours(document.documentElement);
    window.ssmMap.draw(canvas, window.ssmMap.picture(window.ssmDraw.bytes(payload), c), c, 6, 120);
    return canvas.context.drawn;
    """
    marks, colours = on_page(act, decisions.decisions(leaning_policy()), dark), theme(dark)
    (image,) = [m for m in marks if m["kind"] == "image"]
    (left, top), (right, bottom) = image["points"]
    n = decisions.MAP_SIZE
    got = np.array(image["drawn"][0]["data"]).reshape(n, n, 4)[..., :3].astype(float)
    low, middle, high = (rgb(colours[f"--scene-{k}"]) for k in ("low", "middle", "high"))
    for row, column in ((0, 0), (0, n - 1), (n - 1, 0), (n - 1, n - 1), (n // 2, n // 2), (3, 30)):
        angle, velocity = np.radians(-12 + 24 * column / (n - 1)), np.radians(120 - 240 * row / (n - 1))
        v = 2 / (1 + np.exp(-(20 * angle + velocity))) - 1
        np.testing.assert_allclose(got[row, column], middle + ((low if v < 0 else high) - middle) * abs(v), atol=1.6)
    at = {t: p for t, p in texts(marks).items()}
    assert left - 1 <= at["−12"][0] <= at["12"][0] <= right + 1 and at["120"][1] < at["−120"][1]  # what the corners mean
    assert top < at["120"][1] < (top + bottom) / 2
    ((x, y), _) = next(ring for ring in circles(marks, colours["--scene-ground"]))  # the dot of the moment: 6 degrees, 120 degrees a second
    assert x == pytest.approx(left + 0.75 * (right - left), abs=1) and y == pytest.approx(top, abs=1)
