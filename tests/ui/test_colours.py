"""Colours that mean something are told apart, by colour-blind eyes too, and stand out from the ground."""

from itertools import combinations

import numpy as np
import pytest

from ui.views.colours import ROLES, SCENE

# Machado, Oliveira & Fernandes 2009, severity 1: linear RGB as seen.
EYES = {
    "usual": np.eye(3),
    "protanope": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranope": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanope": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
LEAST = 8.0
SHADES = pytest.mark.parametrize("shade", [0, 1], ids=["light", "dark"])


def linear(colour: str) -> np.ndarray:
    """sRGB as linear RGB in 0 .. 1."""
    v = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> tuple[float, float, float]:
    """Linear RGB as CIELAB under D65."""
    x = TO_XYZ @ np.clip(rgb, 0, 1) / [0.95047, 1, 1.08883]
    f = np.where(x > 216 / 24389, np.cbrt(x), (24389 / 27 * x + 16) / 116)
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def difference(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """CIEDE2000, as Sharma, Wu & Dalal 2005 write it."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    c = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = (1 - np.sqrt(c**7 / (c**7 + 25**7))) / 2
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    turn = (h2 - h1 + 180) % 360 - 180
    hue, light, c = (h1 + turn / 2) % 360, (l1 + l2) / 2, (c1 + c2) / 2
    cos = {k: np.cos(np.radians(k * hue + shift)) for k, shift in ((1, -30), (2, 0), (3, 6), (4, -63))}
    t = 1 - 0.17 * cos[1] + 0.24 * cos[2] + 0.32 * cos[3] - 0.2 * cos[4]
    d_light = (l2 - l1) / (1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2))
    d_chroma = (c2 - c1) / (1 + 0.045 * c)
    d_hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2) / (1 + 0.015 * c * t)
    rotation = -2 * np.sqrt(c**7 / (c**7 + 25**7)) * np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    return float(np.sqrt(d_light**2 + d_chroma**2 + d_hue**2 + rotation * d_chroma * d_hue))


def test_the_formula_is_the_published_one():
    # Pairs 1, 7 and 25 of their table 1.
    assert difference((50, 2.6772, -79.7751), (50, 0, -82.7485)) == pytest.approx(2.0425, abs=1e-4)
    assert difference((50, 0, 0), (50, -1, 2)) == pytest.approx(2.3669, abs=1e-4)
    assert difference((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387)) == pytest.approx(1.2644, abs=1e-4)


@SHADES
@pytest.mark.parametrize("eyes", EYES)
def test_roles_are_told_apart(shade, eyes):
    seen = {name: lab(np.array(EYES[eyes]) @ linear((role.light, role.dark)[shade])) for name, role in ROLES.items()}
    close = {pair: round(d, 1) for pair in combinations(seen, 2) if (d := difference(*map(seen.get, pair))) < LEAST}
    assert not close


@SHADES
def test_roles_stand_out_from_the_ground(shade):
    ground = TO_XYZ[1] @ linear(SCENE["ground"][shade])
    for name, role in ROLES.items():
        dark, light = sorted((TO_XYZ[1] @ linear((role.light, role.dark)[shade]), ground))
        assert (light + 0.05) / (dark + 0.05) > 3.5, name
