"""The files of assets/, as they stand in a page."""

from pathlib import Path

ASSETS = Path(__file__).resolve().parents[2] / "assets"


def text(*names: str) -> str:
    """These files, one after another."""
    return "".join((ASSETS / name).read_text(encoding="utf-8") for name in names)


def script(*names: str) -> str:
    """Each of these files as a <script>."""
    return "".join(f"<script>{text(name)}</script>" for name in names)
