"""Measure how long a visitor waits, in a real browser on this machine: python tests/slow/first_frame.py

Prints, for opening the page and for pressing Run (the longest episode that a shipped policy plays in
the standard world), the time until the first frame is drawn, and the pace at which an episode plays; then the same for Run
while two other visitors meta-train.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from gradio_client import Client
from playwright.sync_api import sync_playwright

from tests.machine import CHROMIUM, browser_path
from ui.fields import SHIPPED
from ui.page import build
from ui.runs.episode import record
from ui.runs.policies import shared_model
from ui.settings import Choice, to_query

RUNS = 20
PLAYER = "#play-stage .player"
# The clock starts in the browser at the click and stops when the player marks its first drawn frame.
CLICK = """() => new Promise((done) => {
  const player = document.querySelector("#play-stage .player"), start = performance.now();
  new MutationObserver((_, o) => { o.disconnect(); done(performance.now() - start); }).observe(player, { attributeFilter: ["data-run"] });
  document.querySelector("#play-run").click();
})"""
PACE = """() => new Promise((done) => {
  let frames = 0; const start = performance.now();
  const count = (now) => { frames++; now - start < 2000 ? requestAnimationFrame(count) : done(frames / ((now - start) / 1000)); };
  requestAnimationFrame(count);
})"""


def longest() -> Choice:
    """A choice whose episode lasts as long as possible; 500 steps with any good policy."""
    choices = [Choice(policy=policy, seed=seed) for policy in SHIPPED for seed in range(3)]
    return max(choices, key=lambda c: record(shared_model(c.policy), c.world, c.seed).steps)


def report(what: str, times: list[float]) -> None:
    """One line: median and range."""
    print(f"{what}: median {statistics.median(times):.0f} ms, {min(times):.0f} to {max(times):.0f} ms, n = {len(times)}")


def main() -> None:
    """Serve the page, visit it, print the times."""
    choice = longest()
    page, launch = build()
    _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **launch)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), **CHROMIUM)
        opened = []
        for _ in range(9):
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            tab.goto(url)
            tab.wait_for_selector(".live[data-phase]")  # the first tab moves
            opened.append(tab.evaluate("performance.now()"))
            tab.close()  # it would go on moving
        report("opening the page to the first frame", opened)
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(url + "?" + "&".join(f"{k}={v}" for k, v in to_query(choice).items()))
        tab.wait_for_selector(f"{PLAYER}[data-run]")
        tab.wait_for_timeout(1500)
        times = [tab.evaluate(CLICK) for _ in range(RUNS)]
        steps = tab.get_attribute(PLAYER, "data-steps")
        report(f"Run to the first frame, {steps} steps", times)
        print(f"while it plays: {tab.evaluate(PACE):.0f} frames per second")
        with_training = [Client(url, verbose=False) for _ in range(2)]
        trainings = [client.submit(num_epochs=1000, time_budget=60, api_name="/meta_train") for client in with_training]
        while not all(job.outputs() and job.outputs()[-1]["epochs"] >= 2 for job in trainings):
            time.sleep(0.2)
        report("Run while two visitors train", [tab.evaluate(CLICK) for _ in range(RUNS)])
        for job in trainings:
            job.cancel()
        browser.close()
    page.close(verbose=False)


if __name__ == "__main__":
    main()
