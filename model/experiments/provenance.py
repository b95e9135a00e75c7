"""What a measurement was made with: the weights, the code and the machine. Written beside every figure that is reported."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

import torch

from model.policy.checkpoint import file_hash
from model.policy.pretrained import SHIPPED, pretrained_path

ROOT = Path(__file__).resolve().parents[2]
CPU_INFO = Path("/proc/cpuinfo")


def _git(*arguments: str) -> str | None:
    """What git answers in this checkout, None if it can't."""
    if shutil.which("git") is None:
        return None
    answer = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, encoding="utf-8")
    return answer.stdout.strip() if answer.returncode == 0 else None


def commit() -> str | None:
    """The commit of this checkout; None outside one (also in a folder of another project's repository)."""
    return _git("rev-parse", "HEAD") if _git("rev-parse", "--show-prefix") == "" else None


def processor() -> str:
    """The name of this machine's processor."""
    if CPU_INFO.is_file():
        for line in CPU_INFO.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def provenance() -> dict[str, Any]:
    """weights: name -> SHA-256 of the file. commit, and whether model/ differs from it: None outside a checkout. processor, torch."""
    revision = commit()
    return {
        "weights": {name: file_hash(pretrained_path(name)) for name in SHIPPED if pretrained_path(name).is_file()},
        "commit": revision,
        "model_differs_from_commit": None if revision is None else bool(_git("status", "--porcelain", "--", "model")),
        "processor": processor(),
        "torch": torch.__version__,
    }
