"""The ghost: an imagined episode over the real one, dashed, in a colour of its own, and only while it is asked for."""

import math

import pytest

from model import World
from tests.assets.pictures import on_page, strokes, theme
from tests.assets.test_stage import ANGLES, POSITIONS, recording, scale_of, tip
from ui.views.player import Shown, player_value

ACT = """
const root = mount("ssmPlayer", "player", payload.value), scrubber = root.querySelector("input");
const see = () => {
  scrubber.value = payload.step;
  scrubber.fire("input");
  const said = root.querySelectorAll("p.imagined").map((p) => p.textContent);
  return { drawn: root.querySelectorAll("figure.stage canvas").map((c) => c.context.drawn), said };
};
const box = root.querySelector("label.ghost-switch input"), first = see();
box.checked = false;
box.fire("change");
return { hidden: root.querySelector("label.ghost-switch").hidden, first, without: see() };
"""
GHOST = {"steps": 2, "fell": True, "x": [-1.5, -0.6], "angle": [-10.0, 6.0], "ending": "Imagined: fell after 2 steps."}


def looked(ghost, step: float) -> dict:
    value = player_value(Shown(recording(World()), "hybrid", ghost=ghost), autoplay=False)
    return on_page(ACT, {"value": value, "step": step})


@pytest.mark.parametrize("step", [0, 1, 3])
def test_it_stands_where_the_imagined_state_says(step):
    colours, marks = theme(), looked(GHOST, step)["first"]["drawn"][0]
    (pole,) = [line for line in strokes(marks, colours["--role-imagined"], dashed=True) if len(line) == 2]
    at, (across, up) = min(step, 1), tip(pole)
    assert math.degrees(math.atan2(across, up)) == pytest.approx(GHOST["angle"][at], abs=0.1)
    (real,) = [line for line in strokes(marks, colours["--role-hybrid"]) if len(line) == 2 and line[0][1] == pole[0][1]]
    metres = (pole[0][0] - real[0][0]) / scale_of(marks, colours)
    assert metres == pytest.approx(GHOST["x"][at] - POSITIONS[step], abs=0.01)
    assert math.degrees(math.atan2(*tip(real))) == pytest.approx(ANGLES[step], abs=0.1)


def test_the_switch_takes_it_and_its_words_away():
    seen = looked(GHOST, 1)
    assert seen["first"]["said"] == [GHOST["ending"]] and seen["without"]["said"] == [""] and not seen["hidden"]
    assert strokes(seen["first"]["drawn"][0], theme()["--role-imagined"]) and not strokes(
        seen["without"]["drawn"][0], theme()["--role-imagined"]
    )


def test_without_a_ghost_there_is_no_switch():
    seen = looked(None, 1)
    assert seen["hidden"] and seen["first"]["said"] == [] and not strokes(seen["first"]["drawn"][0], theme()["--role-imagined"])
