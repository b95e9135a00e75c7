"""The policy drawn: an SVG in the theme's colours, a part for each term of the equations."""

from typing import NamedTuple

from model import StateSpaceModel
from model.policy.inputs import SENSORS
from ui.views.about.parameters import shape

WIDTH, HEIGHT = 360, 618
MIDDLE, LEFT, RIGHT = 186, 30, 328  # x of the main line, of the sensors' way past everything, of the ways back and around


class Part(NamedTuple):
    """A part of the drawing and of the equations: its name and what it does, in a sentence."""

    name: str
    words: str


PARTS: dict[str, Part] = {
    "x": Part("x̃, the inputs", "Four sensors, each with a scale of its own, and for the taught policy its own last push."),
    "B": Part("B, input projection", "Writes what the sensors say into the hidden state."),
    "A": Part("Ā, state transition", "Carries the hidden state to the next step; bounded, so that it can never grow without end."),
    "h": Part("h, hidden state", "The memory within an episode, the only part that looks back. How the cart answers a push is kept here."),
    "mix": Part("mixing layer", "Mixes memory and sensors; tanh bends the result. What comes out is m."),
    "mlp": Part("small network", "Two layers whose result is added to m: a correction."),
    "z": Part("z, features", "What memory and sensors come to."),
    "C": Part("C, output network", "Reads the decision out of the features."),
    "D": Part("D, feedthrough", "Lets the sensors decide directly, past the memory."),
    "y": Part("y, outputs", "Two scores, the logits of left and right, and two values: how long it expects to stand."),
}


def _group(part: str, inside: str) -> str:
    return f'<g class="part" data-part="{part}" tabindex="0" role="button" aria-label="{PARTS[part].name}">{inside}</g>'


def _rect(x: float, y: float, w: float, h: float) -> str:
    return f'<rect class="box" x="{x}" y="{y}" width="{w}" height="{h}" rx="6"/>'


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" class="{kind}">{text}</text>'


def _note(part: str, x: float, y: float, text: str, anchor: str = "middle") -> str:
    """A part's size, which the script replaces by that of the policy whose values it shows."""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" class="note" data-size="{part}">{text}</text>'


def sizes(model: StateSpaceModel) -> dict[str, str]:
    """How large each part of a model is, in words."""
    S = model.state_dim
    return {
        "x": "4 sensors" if model.input_dim == SENSORS else "4 sensors, its last push",
        **{part: shape(model, part) for part in ("A", "B", "C", "D")},
        "mix": shape(model, "mix_weight"),
        "mlp": f"{S} → {model.hidden_dim} → {S}",
        "h": f"{S} numbers",
        "z": f"{S} numbers",
    }


def _box(part: str, x: float, y: float, w: float, h: float, title: str, note: str) -> str:
    hit = f'<rect class="hit" x="{x}" y="{y + h / 2 - 25}" width="{w}" height="50"/>'  # room for a finger
    inside = hit + _rect(x, y, w, h) + _text(x + w / 2, y + h / 2 - 2, title, "title") + _note(part, x + w / 2, y + h / 2 + 13, note)
    return _group(part, inside)


def _vector(part: str, y: float, title: str, note: str, n: int) -> str:
    """A part that holds numbers, one cell each, which the script colours; those of a policy that has fewer fill the row too."""
    x, w, h = MIDDLE - 104, 208, 50
    cells = (
        f'<svg x="{x + 8}" y="{y + 28}" width="{w - 16}" height="14" viewBox="0 0 {n} 1" preserveAspectRatio="none" '
        f'data-cells="{part if part != "mix" else "m"}">'
        + "".join(f'<rect class="cell" x="{i}" width="1" height="1"/>' for i in range(n))
        + "</svg>"
    )
    words = _text(x + 8, y + 18, title, "title", "start") + _note(part, x + w - 8, y + 18, note, "end")
    return _group(part, _rect(x, y, w, h) + words + cells)


def _line(*points: tuple[float, float], part: str) -> str:
    path = "M" + " L".join(f"{x} {y}" for x, y in points)
    return f'<path class="wire" data-wire="{part}" d="{path}" marker-end="url(#about-arrow)"/>'


def _sum(y: float) -> str:
    return f'<circle class="sum" cx="{MIDDLE}" cy="{y}" r="9"/>' + _text(MIDDLE, y + 5, "+", "title")


def _outputs(y: float) -> str:
    x, w = 14, WIDTH - 28
    columns = (("left", "left"), ("right", "right"), ("long", "long"), ("short", "short"), ("P(right)", "p"))
    inside = _rect(x, y, w, 62) + _text(x + 8, y + 17, "y: logits left, right; values long, short", "title", "start")
    for i, (label, key) in enumerate(columns):
        middle = x + w * (i + 0.5) / len(columns)
        inside += _text(middle, y + 35, label, "note")
        inside += f'<text x="{middle}" y="{y + 53}" text-anchor="middle" class="value" data-output="{key}">·</text>'
    return _group("y", inside)


def drawing(model: StateSpaceModel) -> str:
    """The architecture with the sizes of the loaded model."""
    wires = [
        _line((MIDDLE, 56), (MIDDLE, 72), part="B"),
        _line((MIDDLE, 108), (MIDDLE, 121), part="B"),
        _line((MIDDLE, 139), (MIDDLE, 156), part="h"),
        _line((MIDDLE + 104, 182), (RIGHT, 182), (RIGHT, 150), part="A"),
        _line((RIGHT - 26, 130), (MIDDLE + 11, 130), part="A"),
        _line((MIDDLE, 208), (MIDDLE, 226), part="mix"),
        _line((MIDDLE - 104, 31), (LEFT, 31), (LEFT, 253), (MIDDLE - 106, 253), part="mix"),
        _line((MIDDLE, 278), (MIDDLE, 302), part="mlp"),
        _line((MIDDLE, 288), (RIGHT, 288), (RIGHT, 363), (MIDDLE + 11, 363), part="mlp"),
        _line((MIDDLE, 340), (MIDDLE, 354), part="mlp"),
        _line((MIDDLE, 372), (MIDDLE, 387), part="z"),
        _line((MIDDLE, 439), (MIDDLE, 457), part="C"),
        _line((MIDDLE, 493), (MIDDLE, 508), part="C"),
        _line((LEFT, 253), (LEFT, 457), part="D"),
        _line((LEFT, 493), (LEFT, 517), (MIDDLE - 11, 517), part="D"),
        _line((MIDDLE, 526), (MIDDLE, 548), part="y"),
    ]
    n, S, said = model.input_dim, model.state_dim, sizes(model)
    parts = [
        _vector("x", 6, "x̃: inputs", said["x"], n),
        _box("B", MIDDLE - 52, 74, 104, 34, "B", said["B"]),
        _box("A", RIGHT - 26, 108, 52, 42, "Ā", said["A"]),
        _vector("h", 158, "h: memory", said["h"], S),
        _vector("mix", 228, "m: mixing layer, tanh", said["mix"], S),
        _box("mlp", MIDDLE - 104, 304, 208, 36, "W₁, W₂: small network, tanh", said["mlp"]),
        _vector("z", 389, "z: features", said["z"], S),
        _box("C", MIDDLE - 52, 459, 104, 34, "C", said["C"]),
        _box("D", LEFT - 26, 459, 52, 34, "D", said["D"]),
        _outputs(550),
    ]
    arrow = (
        '<defs><marker id="about-arrow" viewBox="0 0 8 8" refX="7" refY="4" orient="auto" markerUnits="userSpaceOnUse" '
        'markerWidth="9" markerHeight="9"><path d="M0 0 L8 4 L0 8 z" class="head"/></marker></defs>'
    )
    sums = _sum(130) + _sum(363) + _sum(517)
    return (
        f'<svg class="drawing" viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="The policy, from inputs to decision">'
        f"{arrow}{''.join(wires)}{sums}{''.join(parts)}</svg>"
    )


# Each equation as pieces: plain text, or (part, what stands there).
EQUATIONS: tuple[tuple[str | tuple[str, str], ...], ...] = (
    (("h", "hₜ"), "=", ("A", "hₜ₋₁ Ā"), "+", ("B", "x̃ₜ B"), "+ b"),
    (("mix", "mₜ"), "= tanh([", ("h", "hₜ"), ",", ("x", "x̃ₜ"), "]", ("mix", "Wₘ"), "+ bₘ)"),
    (("z", "zₜ"), "=", ("mix", "mₜ"), "+", ("mlp", "tanh(mₜ W₁ + b₁) W₂ + b₂")),
    (("y", "yₜ"), "=", ("C", "zₜ C"), "+", ("D", "x̃ₜ D"), "+ c"),
)


def equations() -> str:
    """The four equations; each term is a button that lights up its part of the drawing."""

    def piece(p: str | tuple[str, str]) -> str:
        if isinstance(p, str):
            return f"<span>{p}</span>"
        part, text = p
        return f'<button type="button" data-part="{part}" aria-label="{text}: {PARTS[part].name}">{text}</button>'

    rows = "".join(f"<li>{' '.join(map(piece, row))}</li>" for row in EQUATIONS)
    return f'<ol class="equations">{rows}</ol>'
