"""How often and how fast the one-minute recipe succeeds in a browser: python -m tests.slow.train_in_browser --seeds 20 --workers 1 2

Each training runs in Chromium, on the page that needs no server, from disk and offline. The policy is judged as by
`python -m model benchmark --part one_minute`. CPU seconds are those of all the browser's processes. --torch N: as many in PyTorch too.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from playwright.sync_api import Page, sync_playwright

from model import WORLDS, StandardAdaptationConfig, StateSpaceModel, train_one_minute
from model.experiments.benchmark import FIRST_MINUTE_SEED, SUPPORT_SETS
from model.experiments.trials import run_trials
from model.maml.recipes import ONE_MINUTE, ONE_MINUTE_FAMILIES
from tests.browser import TRAIN
from tests.machine import CHROMIUM, browser_path
from ui import live_page
from ui.runs.trained import model_from_base64


def train(page: Page, seed: int, hands: int) -> dict[str, Any]:
    """One whole training on an open page: what TRAIN returns."""
    return page.evaluate(TRAIN, {"config": asdict(replace(ONE_MINUTE, seed=seed)), "families": ONE_MINUTE_FAMILIES, "hands": hands})


def judged(model: StateSpaceModel, seed: int) -> dict[str, float]:
    """Greedy return after one step on both motors, means over 80 support sets."""
    one = StandardAdaptationConfig(num_adapt_steps=1)
    return {
        name: float(run_trials(model, [WORLDS[name]] * SUPPORT_SETS, one, seed=seed).returns[1].mean())
        for name in ("standard", "reversed_motor")
    }


def cpu_seconds(root: int) -> float:
    """Of a process and all below it, from /proc."""
    stats = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        except OSError:
            continue
        stats[int(path.parent.name)] = (int(fields[1]), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    family, grown = {root}, True
    while grown:
        more = {pid for pid, (parent, _) in stats.items() if parent in family} - family
        family, grown = family | more, bool(more)
    return sum(cpu for pid, (_, cpu) in stats.items() if pid in family)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=FIRST_MINUTE_SEED)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="taken in turn, seed by seed")
    parser.add_argument("--torch", type=int, default=0, help="how many of the seeds to train in PyTorch as well, on one thread")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        live_page.main(["--out", folder])
        good = 0
        for k, seed in enumerate(range(given.first, given.first + given.seeds)):
            browser = playwright.chromium.launch(executable_path=browser_path(), **CHROMIUM)
            page = browser.new_context(offline=True, reduced_motion="reduce").new_page()
            page.set_default_timeout(0)
            page.goto(f"file://{folder}/index.html?tab=train")
            page.wait_for_selector(".train [data-run]")
            page.wait_for_timeout(1000)
            before = cpu_seconds(os.getpid()) - time.process_time()
            row = train(page, seed, given.workers[k % len(given.workers)])
            row["cpu_seconds"] = cpu_seconds(os.getpid()) - time.process_time() - before
            browser.close()
            row |= {"seed": seed, **judged(model_from_base64(row.pop("weights")), seed)}
            good += min(row["standard"], row["reversed_motor"]) >= 450
            if k < given.torch:
                began = time.process_time()
                model = train_one_minute(seed)
                row["torch_cpu_seconds"] = time.process_time() - began
                row["torch"] = judged(model, seed)
            print(json.dumps({n: round(v, 1) if isinstance(v, float) else v for n, v in row.items()}), flush=True)
        print(f"{good} of {given.seeds} seeds reach 450 on both motors after one step")


if __name__ == "__main__":
    main()
