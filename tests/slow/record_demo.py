"""Films the Live page in Chromium: python tests/slow/record_demo.py

Writes assets/demo.gif (README) and assets/social.png (link previews).
"""

import io
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.machine import CHROMIUM, browser_path  # noqa: E402  (the repository must be on the path first)
from ui.live_page import main as write_page  # noqa: E402


def film(page: Page, seconds: float) -> list[tuple[float, Image.Image]]:
    """Screenshots for so long, each with its time; as many as this machine makes."""
    shots, started = [], time.perf_counter()
    while time.perf_counter() - started < seconds:
        shots.append((time.perf_counter(), Image.open(io.BytesIO(page.screenshot()))))
    return shots


def save_gif(shots: list[tuple[float, Image.Image]], path: Path, width: int = 720) -> None:
    """One palette for all frames, each shown for as long as it lasted."""
    height = round(shots[0][1].height * width / shots[0][1].width)
    small = [image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS) for _, image in shots]
    palette = small[-1].quantize(96, dither=Image.Dither.NONE)
    frames = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in small]
    times = [t for t, _ in shots]
    durations = [round(1000 * (b - a)) for a, b in pairwise(times)] + [1500]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=True)


def main() -> None:
    """Balance, reverse the motor, fall, learn, stand."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        write_page(["--out", folder])
        browser = playwright.chromium.launch(executable_path=browser_path(), **CHROMIUM)
        page = browser.new_page(viewport={"width": 1280, "height": 780})
        page.goto(f"file://{folder}/index.html")
        page.wait_for_timeout(1500)
        shots = film(page, 1.5)
        page.get_by_role("button", name="Reverse the motor").first.click()
        shots += film(page, 9.0)
        save_gif(shots, ROOT / "assets" / "demo.gif")
        page.set_viewport_size({"width": 1200, "height": 630})
        page.wait_for_timeout(1500)
        page.screenshot(path=str(ROOT / "assets" / "social.png"))
        browser.close()


if __name__ == "__main__":
    main()
