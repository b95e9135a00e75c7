"""One colour, one meaning, on every canvas, curve and legend; after Okabe and Ito's palette.

Any two roles differ by at least 8 (CIEDE2000) on either ground, also as protanopes, deuteranopes and tritanopes see them.
"""

from types import MappingProxyType
from typing import NamedTuple


class Role(NamedTuple):
    """How one meaning looks: its colour on light and on dark ground, and its line's dashes in pixels."""

    light: str
    dark: str
    dash: tuple[int, ...]


ROLES: MappingProxyType[str, Role] = MappingProxyType(
    {
        "policy": Role("#00755a", "#2fbf95", ()),
        "before": Role("#d55e00", "#ff8a3d", (2, 3)),
        "standard": Role("#0072b2", "#7dc8f7", ()),
        "hybrid": Role("#a15786", "#e09ac2", (7, 3)),
        "imagined": Role("#4842b6", "#a998ff", (3, 4)),
        "baseline": Role("#785900", "#f3c30b", (7, 3, 2, 3)),
    }
)

# What stands on the stage besides the policy's pole, and the two ends of the hidden state's colour scale.
SCENE: MappingProxyType[str, tuple[str, str]] = MappingProxyType(
    {
        "ink": ("#1d2733", "#e8edf2"),
        "muted": ("#5b6775", "#a3afbb"),
        "faint": ("#d5dbe1", "#37424d"),
        "ground": ("#ffffff", "#151b21"),
        "cart": ("#33414f", "#b8c4cf"),
        "wind": ("#2a8fc7", "#56b4e9"),
        "force": ("#1d2733", "#e8edf2"),
        "low": ("#0072b2", "#56b4e9"),
        "high": ("#d55e00", "#ff8a3d"),
        "middle": ("#f4f6f8", "#1c242b"),
    }
)


def css_variables() -> str:
    """The colours as CSS variables --role-NAME, --scene-NAME, for light and for dark mode; player.js reads them."""

    def block(shade: int) -> str:
        roles = [f"--role-{name}: {role[shade]};" for name, role in ROLES.items()]
        return " ".join(roles + [f"--scene-{name}: {pair[shade]};" for name, pair in SCENE.items()])

    return f":root {{ {block(0)} }}\n.dark {{ color-scheme: dark; {block(1)} }}\n"  # check boxes and bars follow
