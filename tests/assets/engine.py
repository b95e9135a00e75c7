"""Runs the scripts of assets/live/ in the JavaScript engine that Playwright brings along: installed with the tests, so never missing."""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from playwright._impl._driver import compute_driver_executable

from model import StateSpaceModel
from model.policy.checkpoint import serialise
from ui.views.live_config import SCRIPTS, live_config

HERE = Path(__file__).parent
SCRIPT_FILES = [HERE.parents[2] / "assets" / "live" / name for name in SCRIPTS]
CHECKS = HERE / "checks.js"
RUNNER = """
const fs = require("fs"), vm = require("vm");
const [input, output, ...scripts] = process.argv.slice(1);
for (const script of scripts) vm.runInThisContext(fs.readFileSync(script, "utf8"), { filename: script });
const { config, check, payload } = JSON.parse(fs.readFileSync(input, "utf8"));
ssmLive.configure(config);
fs.writeFileSync(output, JSON.stringify(ssmChecks[check](payload)));
"""


def sources(faults: Mapping[str, tuple[str, str]] | None = None) -> dict[str, str]:
    """The scripts' texts by name; faults: script -> (text, what stands in its place), each put in where it occurs first."""
    texts = {path.name: path.read_text() for path in [*SCRIPT_FILES, CHECKS]}
    for name, (old, new) in (faults or {}).items():
        assert texts[name].count(old) >= 1, f"{name} holds no {old!r}"
        texts[name] = texts[name].replace(old, new, 1)
    return texts


def run_check(check: str, payload: Any, faults: Mapping[str, tuple[str, str]] | None = None) -> Any:
    """What ssmChecks[check](payload) of checks.js returns."""
    node, _ = compute_driver_executable()
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, text in sources(faults).items():
            paths.append(Path(folder) / name)
            paths[-1].write_text(text)
        given, got = Path(folder) / "given.json", Path(folder) / "got.json"
        given.write_text(json.dumps({"config": live_config(), "check": check, "payload": payload}))
        done = subprocess.run([node, "-e", RUNNER, given, got, *paths], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(got.read_text())


def file_bytes(model: StateSpaceModel) -> str:
    """A model as its safetensors file, in base64: what checks.js reads policies from."""
    return base64.b64encode(serialise(model)).decode()


def numbers(values: Any) -> np.ndarray:
    """A list, nested or not, from JavaScript; what is no number there (null) is nan."""
    return np.array(values, dtype=np.float64)
