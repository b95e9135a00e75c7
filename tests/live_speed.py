"""How long the Live tab's steps take in Chromium: python tests/live_speed.py prints one JSON object, in milliseconds.

step: one step of world and policy. fall_9, fall_500: one gradient step on a fall of 9 and of 499 steps. map: one decision map.
For each the least over many repeats, which is what the work itself takes, and the median, which is what a busy machine makes of it.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "assets" / "live"), str(ROOT / "tests" / "e2e")]

from conftest import BROWSERS, QUIET  # noqa: E402
from live_engine import file_bytes, sources  # noqa: E402

from model import load_pretrained  # noqa: E402
from ui.views.decisions import MAP_SIZE  # noqa: E402
from ui.views.live_config import live_config  # noqa: E402

MEASURE = """
([config, file, size]) => {
  ssmLive.configure(config);
  const policy = ssmLive.readPolicy(Uint8Array.from(atob(file), (c) => c.charCodeAt(0)).buffer);
  // The clock of a page is coarse: time many at once.
  const timed = (act, times, repeats = 25) => {
    const rounds = Array.from({ length: repeats }, () => {
      const start = performance.now();
      for (let k = 0; k < times; k++) act();
      return (performance.now() - start) / times;
    });
    rounds.sort((a, b) => a - b);
    return { least: rounds[0], median: rounds[repeats >> 1] };
  };
  const fall = (steps) => {
    const record = ssmLive.newRecord();
    for (let t = 0; t < steps; t++) ssmLive.recordStep(record, [0.1, 0.2 * Math.sin(t), 0.05, 0.3 * Math.cos(t)], t % 2, -0.5);
    return () => ssmLive.innerStep(policy, record, config.rules.lr);
  };
  const run = ssmLive.makeRun({ policy });
  return {
    step: timed(() => ssmLive.runStep(run), 500),
    fall_9: timed(fall(9), 20),
    fall_500: timed(fall(499), 2),
    map: timed(() => ssmLive.actionMap(policy, size, 0.2, 2), 2),
  };
}
"""


def main() -> None:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        page = browser.new_page()
        for text in sources().values():
            page.add_script_tag(content=text)
        print(json.dumps(page.evaluate(MEASURE, [live_config(), file_bytes(load_pretrained("meta")), MAP_SIZE]), indent=1))
        browser.close()


if __name__ == "__main__":
    main()
