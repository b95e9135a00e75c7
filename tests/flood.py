"""One client floods the page while another visitor uses it: python tests/flood.py [--joins 500] [--sessions 200].

On loopback, bounded in count and time. Four floods: the heaviest adaptation, asked for and not listened to; listened to; Run and the
longest Verify, listened to; and the adaptation once more, from many forged addresses. The server remembers half as many visits as the
flood makes. Prints how long another visitor's Run and Adapt take meanwhile, whether a kept policy stays, and how soon all is normal
again. The exit code is 1 when one of the first three misses an aim. The fourth is for information, and the server remembers as many
visits as it usually does: where a proxy stands before the page, as on the Hub, nobody can choose the address that it reports.
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
from tests.bystander import Bystander
from tests.serve import served
from tests.ui.raw import listen, post, send
from ui.server.memory import GIVEN
from ui.settings import page_values

STANDARD = page_values(World())
BROKEN = ["reversed_motor", *page_values(World(reversed_motor=True))]
HEAVIEST = ["meta", "both", 0, 10, 20, 5, 0, True]  # of Adapt: ten steps of twenty episodes, both modes, five times the practice
RUN_IT = ["standard", *STANDARD, "memory", "greedy", 0]
HEAVY, LIGHT = [("adapt-run", [*BROKEN, *HEAVIEST])], [("play-run", RUN_IT), ("play-verify", [100, *RUN_IT])]
USUAL = ["meta", "standard", 0, 3, 10, 1, 0, True]
FLOODER, VISITOR, RESTING = "203.0.113.7", "198.51.100.9", "192.0.2.5"
RUN, ADAPT, NORMAL = 2.0, 15.0, 10.0  # s: the aims for the 95th percentile of Run, for each Adapt, and for all to be normal again
RUNS, ADAPTS, LONGEST = 20, 3, 90.0  # at least so many; while the flood lasts, but not longer than that many s


class Visitor:
    """One who looks and presses, from an address of their own."""

    def __init__(self, url: str, address: str = VISITOR):
        self.url, self.address, self.session = url, address, secrets.token_hex(6)

    def timed(self, target: str, data: list) -> tuple[float, dict]:
        """Seconds until the answer, and the answer."""
        started = time.monotonic()
        answer = send(self.url, target, data, session=self.session, address=self.address, timeout=120)
        return time.monotonic() - started, answer

    def run(self, seed: int = 0) -> float:
        """Press Run."""
        took, answer = self.timed("play-run", [None, "standard", *STANDARD, "memory", "greedy", seed])
        if not answer["success"] or 'class="problem' in str(answer["output"]["data"]):
            raise RuntimeError(f"Run was refused: {str(answer)[:300]}")
        return took

    def adapt(self) -> float:
        """Press Adapt."""
        took, answer = self.timed("adapt-run", [None, *BROKEN, *USUAL])
        if not answer["success"] or 'class="problem' in str(answer["output"]["data"]):
            raise RuntimeError(f"Adapt was refused: {str(answer)[:300]}")
        return took


class Flood:
    """Asks for work in many visits' names, 20 at a time."""

    def __init__(self, url: str, joins: int, sessions: int, work: list, listens: bool, forged: bool):
        self.url, self.joins, self.work, self.listens, self.forged = url, joins, work, listens, forged
        self.names = [secrets.token_hex(6) for _ in range(sessions)]
        self.answers: Counter[str] = Counter()
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._some, args=(first,), daemon=True) for first in range(20)]
        for t in self.threads:
            t.start()

    @property
    def lasts(self) -> bool:
        """Whether it still asks or waits for what it asked for."""
        return any(t.is_alive() for t in self.threads)

    def _some(self, first: int) -> None:
        for index in range(first, self.joins, 20):
            if self.over.is_set():
                return
            try:
                self._ask(index)
            except httpx.HTTPError as error:
                self.answers[type(error).__name__] += 1

    def _ask(self, index: int) -> None:
        session, address = self.names[index % len(self.names)], f"203.0.{index % 250}.7" if self.forged else FLOODER
        target, data = self.work[index % len(self.work)]
        answer = post(self.url, target, [None, *data], session=session, address=address)
        self.answers[str(answer.status_code)] += 1
        if not self.listens or answer.status_code != 200:
            return
        refused = False
        for message in listen(self.url, session, 60, address):
            refused = refused or 'class="problem' in str(message.get("output"))
            if message["msg"] == "process_completed":
                self.answers["refused in words" if refused else "computed"] += 1
            if self.over.is_set() or message["msg"] == "process_completed":
                return

    def end(self) -> None:
        """Go away, and wait until all have gone."""
        self.over.set()
        for t in self.threads:
            t.join(90)


def measured(url: str, joins: int, sessions: int, work: list, listens: bool, forged: bool) -> tuple[str, list[str]]:
    """A flood and what a visitor meets meanwhile, in words; and the aims that were missed."""
    visitor, resting = Visitor(url), Bystander(url, RESTING).keep()
    visitor.adapt()
    before = resting.seen()
    alone, alone_adapt = [visitor.run(seed=i) for i in range(5)], visitor.adapt()
    flood = Flood(url, joins, sessions, work, listens, forged)
    started, runs, adapts = time.monotonic(), [], []
    while len(runs) < RUNS or len(adapts) < ADAPTS or (flood.lasts and time.monotonic() - started < LONGEST):
        runs.append(visitor.run(seed=len(runs)))
        if len(runs) % 6 == 3 and len(adapts) < 2 * ADAPTS:
            adapts.append(visitor.adapt())
    during = time.monotonic() - started
    flood.end()
    ended, normal = time.monotonic(), 2 * max(*alone, 0.3)
    while (last := visitor.run()) > normal and time.monotonic() - ended < 60:
        pass
    back = time.monotonic() - ended
    p95 = sorted(runs)[max(0, -(-95 * len(runs) // 100) - 1)]
    aims = {
        f"Run p95 {p95:.2f} s": p95 < RUN,
        f"Adapt {max(adapts, default=0):.1f} s": max(adapts, default=0) < ADAPT,
        f"normal after {back:.1f} s": back < NORMAL,
        "the kept policy is gone": not resting.changed(before),
        f"only {len(runs)} runs and {len(adapts)} adaptations": len(runs) >= RUNS and len(adapts) >= ADAPTS,
    }
    kept = "The kept policy stays" if aims["the kept policy is gone"] else "THE KEPT POLICY IS GONE"
    missed = [words for words, held in aims.items() if not held]
    words = (
        f"{joins} joins of {', '.join(target for target, _ in work)}, {sessions} sessions, "
        f"{'forged addresses' if forged else 'one address'}, "
        f"{'listened to' if listens else 'not listened to'}, {during:.0f} s: {dict(sorted(flood.answers.items()))}. "
        f"Run alone {statistics.median(alone):.2f} s; during: median {statistics.median(runs):.2f}, p95 {p95:.2f}, "
        f"most {max(runs):.2f} s (n = {len(runs)}). Adapt alone {alone_adapt:.1f} s; during: {', '.join(f'{a:.1f}' for a in adapts)} s. "
        f"Normal again (Run {last:.2f} s) after {back:.1f} s. {kept}."
    )
    return words, missed


def main() -> int:
    """Start the app for each flood, flood it, print figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joins", type=int, default=500)
    parser.add_argument("--sessions", type=int, default=200)
    args = parser.parse_args()
    failed = False
    for work, listens, forged in ((HEAVY, False, False), (HEAVY, True, False), (LIGHT, True, False), (HEAVY, True, True)):
        with served(**({} if forged else {GIVEN: str(args.sessions // 2)})) as app:
            words, missed = measured(app.url, args.joins, args.sessions, work, listens, forged)
            print(words, app.use(), *(f"MISSED: {m}" for m in missed), sep="\n", flush=True)
            failed |= bool(missed) and not forged
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
