"""One client floods the page while another visitor uses it: python tests/flood.py [--joins 500] [--sessions 200].

On loopback, bounded in count and time. Prints how long the other visitor's Run and Adapt take before, during and after, whether its
kept policy stays, and how soon all is normal again.
"""

from __future__ import annotations

import argparse
import secrets
import statistics
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from model import World
from tests.fuzz import bystander
from tests.serve import served
from tests.ui.raw import post, send
from ui.shared.inputs import page_values

STANDARD = page_values(World())
BROKEN = ["reversed_motor", *page_values(World(reversed_motor=True))]
HEAVIEST = ["meta", "both", 0, 10, 20, 5, 0, True]  # of Adapt: ten steps of twenty episodes, both modes, five times the practice
USUAL = ["meta", "standard", 0, 3, 10, 1, 0, True]
FLOODER, VISITOR = "203.0.113.7", "198.51.100.9"


class Visitor:
    """One who looks and presses, from an address of their own."""

    def __init__(self, url: str, address: str = VISITOR):
        self.url, self.address, self.session = url, address, secrets.token_hex(6)

    def timed(self, target: str, data: list) -> tuple[float, dict]:
        """Seconds until the answer, and the answer."""
        started = time.monotonic()
        answer = send(self.url, target, data, session=self.session, address=self.address, timeout=120)
        return time.monotonic() - started, answer

    def run(self, policy: str = "memory", seed: int = 0) -> float:
        """Press Run."""
        took, answer = self.timed("play-run", [None, "standard", *STANDARD, policy, "greedy", seed])
        if not answer["success"] or "problem" in str(answer["output"]["data"]):
            raise RuntimeError(f"Run was refused: {str(answer)[:300]}")
        return took

    def adapt(self, settings: list = USUAL) -> float:
        """Press Adapt."""
        took, answer = self.timed("adapt-run", [None, *BROKEN, *settings])
        if not answer["success"]:
            raise RuntimeError(f"Adapt was refused: {str(answer)[:300]}")
        return took


def flood(url: str, joins: int, sessions: int, forged: bool, answers: Counter) -> list[threading.Thread]:
    """Ask for the heaviest events in many visits' names; nobody listens to most of the answers."""
    names = [secrets.token_hex(6) for _ in range(sessions)]

    def ask(index: int) -> None:
        address = f"203.0.113.{index % 250}" if forged else FLOODER
        try:
            answer = post(url, "adapt-run", [None, *BROKEN, *HEAVIEST], session=names[index % sessions], address=address)
            answers[str(answer.status_code)] += 1
        except httpx.HTTPError as error:
            answers[type(error).__name__] += 1

    def some(first: int) -> None:
        for index in range(first, joins, 20):
            ask(index)

    threads = [threading.Thread(target=some, args=(first,)) for first in range(20)]
    for t in threads:
        t.start()
    return threads


def measured(url: str, joins: int, sessions: int, forged: bool) -> str:
    """A flood and what a visitor meets meanwhile, in words."""
    visitor = Visitor(url)
    visitor.adapt()
    resting = secrets.token_hex(6)
    send(url, "play-run", [None, "custom", *page_values(World(wind=1.5)), "memory", "greedy", 5], session=resting, address=VISITOR)
    before = bystander(url, resting)
    alone, alone_adapt = [visitor.run(seed=i) for i in range(5)], visitor.adapt()
    answers: Counter[str] = Counter()
    threads = flood(url, joins, sessions, forged, answers)
    started, runs, adapts = time.monotonic(), [], []
    while any(t.is_alive() for t in threads) and time.monotonic() - started < 90:
        runs.append(visitor.run(seed=len(runs)))
        if len(adapts) < 2:
            adapts.append(visitor.adapt())
    ended = time.monotonic()
    normal = 2 * max(max(alone), 0.3)
    while (last := visitor.run()) > normal and time.monotonic() - ended < 60:
        pass
    back, stays = time.monotonic() - ended, bystander(url, resting) == before
    p95 = sorted(runs)[max(0, round(0.95 * len(runs)) - 1)]
    return (
        f"{joins} joins, {sessions} sessions, {'forged addresses' if forged else 'one address'}: {dict(sorted(answers.items()))} "
        f"in {ended - started:.0f} s. Run alone {statistics.median(alone):.2f} s; during: median {statistics.median(runs):.2f}, "
        f"p95 {p95:.2f}, "
        f"most {max(runs):.2f} s (n = {len(runs)}). "
        f"Adapt alone {alone_adapt:.1f} s; during: {', '.join(f'{a:.1f}' for a in adapts)} s. "
        f"Normal again (Run {last:.2f} s) after {back:.1f} s. A resting visit {'stays' if stays else 'IS LOST'}."
    )


def main() -> None:
    """Start the app; flood it from one address, then from many forged ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joins", type=int, default=500)
    parser.add_argument("--sessions", type=int, default=200)
    args = parser.parse_args()
    for forged in (False, True):
        with served() as app:
            print(measured(app.url, args.joins, args.sessions, forged), app.use(), flush=True)


if __name__ == "__main__":
    main()
