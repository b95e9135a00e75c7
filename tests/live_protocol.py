"""Measure learning from falls on the page itself, in a real browser: python tests/live_protocol.py [--runs 40] [--part NAME ...]

Drives the page that runs alone as a visitor would, by its buttons, lists and keys, fast forward, and prints one JSON object:
how often a reversed motor, pressed at a random moment, is stood within 1, 3 and 5 falls; the same for the break set within 10;
whether 20 changes in a row cost more and more falls; and whether 100 pushes change how long the standard world is stood.
It takes ten minutes.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Page, sync_playwright

from model.worlds.cartpole import MAX_EPISODE_STEPS
from model.worlds.named import BREAK_SET
from tests.e2e.conftest import BROWSERS, QUIET
from ui import live_page

SPEED = "16"
CYCLE = ("reversed_motor", "reversed_jupiter", "mirrored_sensors", "reversed_gale", "reversed_delay")
MOST_FALLS = 20
PARTS = ("reversed_motor", "break_set", "changes", "pushes")
ROOT = "document.querySelector('.live').dataset"
STOOD = f"{ROOT}.lengths.split(' ').includes('{MAX_EPISODE_STEPS}')"


class Visitor:
    """Someone at the page."""

    def __init__(self, page: Page, address: str):
        self.page, self.address = page, address

    def open(self, seed: int) -> None:
        self.page.goto(f"{self.address}?tab=live&world=standard&policy=meta&seed={seed}&learning=on")
        self.page.wait_for_selector(".live[data-phase]")
        self.page.get_by_label("Speed", exact=True).select_option(SPEED)

    def wait(self, condition: str) -> None:
        self.page.wait_for_function(condition, timeout=120_000)

    def world(self, name: str) -> None:
        self.page.get_by_label("A named world").select_option(name)

    def falls(self, most: int) -> int:
        """Falls until it stands for a whole episode; `most` + 1 if it needs more than that."""
        self.wait(f"{STOOD} || +{ROOT}.falls > {most}")
        lengths = [int(n) for n in self.page.evaluate(f"{ROOT}.lengths").split()]
        return lengths.index(MAX_EPISODE_STEPS) if MAX_EPISODE_STEPS in lengths else most + 1


def share(falls: list[int], within: int) -> float:
    """Percent of runs that stood within this many falls."""
    return round(100 * sum(n <= within for n in falls) / max(1, len(falls)), 1)


def reversed_motor(visitor: Visitor, runs: int, chance: random.Random, deadline: float) -> dict:
    """The one large button, pressed at a random moment of an episode."""
    falls = []
    for seed in range(runs):
        if time.monotonic() > deadline:
            break
        visitor.open(seed)
        visitor.wait(f"+{ROOT}.episode >= {chance.randrange(5, 400)}")
        visitor.page.click("[data-act=reverse]")
        falls.append(visitor.falls(5))
    return {"runs": len(falls), "stood_within_percent": {n: share(falls, n) for n in (1, 3, 5)}}


def break_set(visitor: Visitor, runs: int, deadline: float) -> dict:
    """The worlds that break the meta-trained policy, each in turn, each time from another start."""
    falls: dict[str, list[int]] = {name: [] for name in BREAK_SET}
    for run in range(runs):
        if time.monotonic() > deadline:
            break
        visitor.open(100 + run)
        name = BREAK_SET[run % len(BREAK_SET)]
        visitor.world(name)
        falls[name].append(visitor.falls(10))
    everything = [n for ns in falls.values() for n in ns]
    return {"runs": len(everything), "stood_within_10_percent": share(everything, 10), "falls": falls}


def many_changes(visitor: Visitor, changes: int) -> dict:
    """One change after another: what the first cycle of worlds costs, and the last."""
    visitor.open(7)
    falls = []
    for i in range(changes):
        visitor.world(CYCLE[i % len(CYCLE)])
        falls.append(visitor.falls(MOST_FALLS))
    first, last = falls[: len(CYCLE)], falls[-len(CYCLE) :]
    return {"falls": falls, "mean_first_five": sum(first) / len(first), "mean_last_five": sum(last) / len(last)}


def many_pushes(visitor: Visitor, pushes: int, chance: random.Random) -> dict:
    """Pushes by keyboard and by dragging the cart, hard ones among them; then two episodes without any."""
    visitor.open(3)
    stage = visitor.page.locator(".live-stage canvas")
    box = stage.bounding_box()
    stage.focus()
    for i in range(pushes):
        visitor.wait(f"{ROOT}.phase === 'moving'")
        if i % 2:
            visitor.page.keyboard.press(chance.choice(("ArrowLeft", "ArrowRight")), delay=chance.randrange(0, 60))
        else:
            visitor.page.mouse.move(box["x"] + box["width"] * chance.uniform(0.3, 0.7), box["y"] + box["height"] - 45)
            visitor.page.mouse.down()
            visitor.page.wait_for_timeout(chance.randrange(10, 60))
            visitor.page.mouse.up()
    count = f"{ROOT}.lengths.split(' ').length"
    ended = visitor.page.evaluate(count)
    visitor.wait(f"{count} >= {ended + 3}")  # the one that the last push fell into, then two without
    lengths = [int(n) for n in visitor.page.evaluate(f"{ROOT}.lengths").split()]
    own = visitor.page.evaluate("ssmLive.page.run.policy === ssmLive.page.run.base")
    return {"pushes": pushes, "falls": sum(n < MAX_EPISODE_STEPS for n in lengths), "returns_after": lengths[-2:], "weights_unchanged": own}


def main() -> None:
    """Write the page, visit it, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=40, help="runs of the first two measurements")
    parser.add_argument("--minutes", type=float, default=10, help="after this time no further run of these two begins")
    parser.add_argument("--part", choices=PARTS, nargs="+", default=PARTS)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    chance, deadline = random.Random(args.seed), time.monotonic() + 60 * args.minutes
    path = next(filter(None, map(shutil.which, BROWSERS)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        (Path(folder) / "index.html").write_text(live_page.html(), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        # A small window: what is out of sight is not drawn, and the time goes into steps.
        visitor = Visitor(browser.new_page(viewport={"width": 480, "height": 480}), f"file://{folder}/index.html")
        measure = {
            "reversed_motor": lambda: reversed_motor(visitor, args.runs, chance, deadline),
            "break_set": lambda: break_set(visitor, args.runs, deadline),
            "changes": lambda: many_changes(visitor, 20),
            "pushes": lambda: many_pushes(visitor, 100, chance),
        }
        figures = {part: measure[part]() for part in args.part}
        browser.close()
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
