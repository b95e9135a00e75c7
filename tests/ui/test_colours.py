"""Colours that mean something are told apart, by colour-blind eyes too, and stand out from the ground."""

from itertools import combinations

import pytest
from coloraide import Color

from ui.views.colours import ROLES, SCENE

LEAST = 8.0  # CIEDE2000
SHADES = pytest.mark.parametrize("shade", [0, 1], ids=["light", "dark"])


def shades(shade: int) -> dict[str, Color]:
    return {name: Color((role.light, role.dark)[shade]) for name, role in ROLES.items()}


@SHADES
@pytest.mark.parametrize("eyes", ["usual", "protan", "deutan", "tritan"])
def test_roles_are_told_apart(shade, eyes):
    seen = shades(shade)
    if eyes != "usual":
        seen = {name: colour.filter(eyes, method="machado").clip("srgb") for name, colour in seen.items()}
    differences = {pair: seen[pair[0]].delta_e(seen[pair[1]], method="2000") for pair in combinations(seen, 2)}
    assert not {pair: round(d, 1) for pair, d in differences.items() if d < LEAST}


@SHADES
def test_roles_stand_out_from_the_ground(shade):
    ground = Color(SCENE["ground"][shade])
    assert not {name: round(c, 1) for name, colour in shades(shade).items() if (c := colour.contrast(ground)) <= 3.5}
