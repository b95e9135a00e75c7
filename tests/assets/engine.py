"""Runs the page's scripts in the JavaScript engine that Playwright brings along: installed with the tests, so never missing."""

import base64
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import playwright

from model import StateSpaceModel
from model.policy.checkpoint import serialise
from ui.views.live_config import SCRIPTS, live_config

HERE = Path(__file__).parent
NODE = Path(playwright.__file__).parent / "driver" / ("node.exe" if os.name == "nt" else "node")
ASSETS = HERE.parents[1] / "assets"
PURE = [ASSETS / name for name in SCRIPTS]
RUNNER = """
const fs = require("fs"), vm = require("vm"), [folder] = process.argv.slice(1);
const given = JSON.parse(fs.readFileSync(folder + "/given.json", "utf8"));
globalThis.payload = given.payload;
for (const [name, code] of given.scripts) vm.runInThisContext(code, { filename: name });
Promise.resolve(vm.runInThisContext("(() => {" + given.act + "\\n})()", { filename: "act" }))
  .then((answer) => fs.writeFileSync(folder + "/answer.json", JSON.stringify(answer ?? null)));
"""


def run_javascript(scripts: Mapping[str, str], act: str, payload: Any = None) -> Any:
    """What the body of a function `act` returns or promises after the scripts (name -> text) have run; `payload` is there by this name."""
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder, "given.json"), Path(folder, "answer.json")
        given.write_text(json.dumps({"scripts": list(scripts.items()), "act": act, "payload": payload}), encoding="utf-8")
        done = subprocess.run([NODE, "-e", RUNNER, folder], capture_output=True, encoding="utf-8", timeout=600)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(answer.read_text(encoding="utf-8"))


def run_check(check: str, payload: Any) -> Any:
    """What ssmChecks[check](payload) of checks.js returns."""
    more = (ASSETS / name for name in ("live/link.js", "live/words.js", "train/view.js"))
    files = [*PURE, *more, HERE / "checks.js", HERE / "train_checks.js"]
    scripts = {str(path): path.read_text(encoding="utf-8") for path in files}
    act = "ssmLive.configure(payload.config); return ssmChecks[payload.check](payload.payload);"
    return run_javascript(scripts, act, {"config": live_config(), "check": check, "payload": payload})


def file_bytes(model: StateSpaceModel) -> str:
    """A model as its safetensors file, in base64: what checks.js reads policies from."""
    return base64.b64encode(serialise(model)).decode()


def numbers(values: Any) -> np.ndarray:
    """A list, nested or not, from JavaScript; what is no number there (null) is nan."""
    return np.array(values, dtype=np.float64)
