"""Every figure says which weights, which code and which machine it was measured with."""

import hashlib
import shutil
import subprocess

import pytest

from model.experiments import provenance as module
from model.experiments.provenance import commit, processor, provenance
from model.policy.pretrained import SHIPPED, WEIGHTS


def git(folder, *arguments: str) -> str:
    own = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *own, "-C", str(folder), *arguments], check=True, capture_output=True, encoding="utf-8").stdout.strip()


def test_the_weights_are_those_on_the_disk():
    found = provenance()["weights"]
    assert found == {n: hashlib.sha256((WEIGHTS / f"{n}.safetensors").read_bytes()).hexdigest() for n in SHIPPED}


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_commit_is_the_checkouts_own(tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    assert commit() is None and provenance()["model_differs_from_commit"] is None  # outside a checkout
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    assert commit() == git(tmp_path, "rev-parse", "HEAD") and provenance()["model_differs_from_commit"] is False
    (tmp_path / "model" / "a.py").write_text("changed = True\n", encoding="utf-8")
    assert provenance()["model_differs_from_commit"] is True
    monkeypatch.setattr(module, "ROOT", tmp_path / "model")
    assert commit() is None  # a folder of somebody else's repository
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    assert commit() is None


def test_the_processor_has_a_name(tmp_path, monkeypatch):
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nvendor_id\t: X\nmodel name\t: Fast Chip 3000 @ 2 GHz: special\nflags : a b\n", encoding="utf-8")
    monkeypatch.setattr(module, "CPU_INFO", info)
    assert processor() == "Fast Chip 3000 @ 2 GHz: special"
    monkeypatch.setattr(module, "CPU_INFO", tmp_path / "none")
    monkeypatch.setattr(module.platform, "processor", lambda: "")
    monkeypatch.setattr(module.platform, "machine", lambda: "arm64")
    assert processor() == "arm64"
