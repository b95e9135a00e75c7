"""How often and how fast a recipe succeeds in a browser: python -m tests.slow.train_in_browser --seeds 20 --workers 1 2

Each training runs in Chromium, on the page that needs no server, from disk and offline. The policy is judged as by
`python -m model benchmark --part one_minute`, and by the page's check on validation worlds. CPU seconds are those of all the
browser's processes. --torch N: as many in PyTorch too.
"""

import argparse
import json
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from playwright.sync_api import Page, sync_playwright

from model import WORLDS, MetaMAML, StandardAdaptationConfig, StateSpaceModel
from model.experiments.benchmark import FIRST_MINUTE_SEED, SUPPORT_SETS
from model.experiments.trials import run_trials
from model.worlds.families import family_sampler
from tests.browser import TRAIN
from tests.machine import CHROMIUM, browser_path
from ui import live_page
from ui.runs.trained import model_from_base64
from ui.runs.training import check
from ui.training_settings import FIRST_RECIPE, RECIPES, MetaSettings

FROM_NOTHING = {name: settings for name, (_, settings) in RECIPES.items() if settings.start == "random"}


def of_seed(seed: int, recipe: str = FIRST_RECIPE) -> MetaSettings:
    """The settings of a training from random weights."""
    settings = FROM_NOTHING[recipe]
    return replace(settings, config=replace(settings.config, seed=seed))


def train(page: Page, settings: MetaSettings, hands: int) -> dict[str, Any]:
    """One whole training on an open page: what TRAIN returns."""
    return page.evaluate(TRAIN, {"config": asdict(settings.config), "families": settings.families, "hands": hands})


def judged(model: StateSpaceModel, seed: int) -> dict[str, float]:
    """Greedy return after one step on both motors, means over 80 support sets."""
    one = StandardAdaptationConfig(num_adapt_steps=1)
    return {
        name: float(run_trials(model, [WORLDS[name]] * SUPPORT_SETS, one, seed=seed).returns[1].mean())
        for name in ("standard", "reversed_motor")
    }


def checked(model: StateSpaceModel, settings: MetaSettings) -> dict[str, float]:
    """Mean greedy return on validation worlds of the training's families, before and after so many steps."""
    found = check(model, settings)
    return {f"validation_{n}": float(np.mean(of)) for n, of in zip(found["steps"], found["returns"], strict=True)}


def cpu_seconds() -> float:
    """Of all processes below this one, from /proc."""
    stats = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text(encoding="utf-8").rsplit(")", 1)[1].split()
            stats[int(path.parent.name)] = (int(fields[1]), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    family, grown = {os.getpid()}, True
    while grown:
        more = {pid for pid, (parent, _) in stats.items() if parent in family} - family
        family, grown = family | more, bool(more)
    return sum(stats[pid][1] for pid in family - {os.getpid()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=FIRST_MINUTE_SEED)
    parser.add_argument("--recipe", choices=FROM_NOTHING, default=FIRST_RECIPE)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="taken in turn, seed by seed")
    parser.add_argument("--torch", type=int, default=0, help="how many of the seeds to train in PyTorch as well, on one thread")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        live_page.main(["--out", folder])
        good = 0
        for k, seed in enumerate(range(given.first, given.first + given.seeds)):
            settings, row = of_seed(seed, given.recipe), {"seed": seed}
            browser = playwright.chromium.launch(executable_path=browser_path(), **CHROMIUM)
            page = browser.new_context(offline=True, reduced_motion="reduce").new_page()
            page.set_default_timeout(0)
            page.goto(f"file://{folder}/index.html?tab=train")
            page.wait_for_selector(".train [data-run]")
            page.wait_for_timeout(1000)
            began = cpu_seconds()
            row |= train(page, settings, given.workers[k % len(given.workers)])
            row["cpu_seconds"] = cpu_seconds() - began
            browser.close()
            model = model_from_base64(row.pop("weights"))
            row |= {**judged(model, seed), **checked(model, settings)}
            good += min(row["standard"], row["reversed_motor"]) >= 450
            if k < given.torch:
                began, learner = time.process_time(), MetaMAML(settings.config, family_sampler(settings.families))
                for _ in learner.train():
                    pass
                row["torch"] = {"cpu_seconds": time.process_time() - began, **judged(learner.best, seed), **checked(learner.best, settings)}
            print(json.dumps(rounded(row)), flush=True)
        print(f"{good} of {given.seeds} seeds reach 450 on both motors after one step")


def rounded(value: Any) -> Any:
    """Floats to a digit."""
    if isinstance(value, dict):
        return {name: rounded(v) for name, v in value.items() if name != "bits"}
    return round(value, 1) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
