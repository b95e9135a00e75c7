"""One runner: every finished part is written at once, a stopped run goes on, and the sealed split is read once. The parts are made up."""

import json
import shutil
import subprocess

import pytest

from model.experiments import provenance as module
from model.experiments import runner
from model.experiments.provenance import commit, provenance
from model.experiments.runner import reported, run_study

COMMIT = {**provenance(), "commit": "a" * 40, "model_differs_from_commit": False}


class Parts:
    """Two parts in one branch and one of its own; each says how often it was measured, and the last may break."""

    def __init__(self):
        self.measured: list[str] = []
        self.broken = False

    def made(self) -> dict:
        def part(name):
            def measure(study):
                if name == "c" and self.broken:
                    raise RuntimeError("stopped")
                self.measured.append(name)
                study.say(f"{name} on {study.split}")
                return {"n": len(self.measured)}

            return measure

        return {("branch", "a"): part("a"), ("branch", "b"): part("b"), ("c",): part("c")}


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.fixture
def run(tmp_path, monkeypatch, parts):
    monkeypatch.setattr(runner, "provenance", lambda: COMMIT)
    file = tmp_path / "results.json"

    def run(*args, **options):
        return run_study(*args, processes=1, file=file, parts=parts.made(), **options)

    run.file = file
    run.written = lambda: json.loads(file.read_text(encoding="utf-8"))
    return run


def test_a_stopped_run_keeps_what_was_finished_and_goes_on(run, parts):
    parts.broken = True
    with pytest.raises(RuntimeError, match="stopped"):
        run("test")
    assert run.written()["test"]["branch"].keys() == {"a", "b"}
    parts.broken = False
    results = run("test")
    assert parts.measured == ["a", "b", "c"] and run.written() == {"test": results}
    assert results["parts_made_with"] == dict.fromkeys(("branch/a", "branch/b", "c"), COMMIT)


def test_a_part_of_another_commit_stays_and_says_so_and_that_of_other_weights_goes(run, parts, monkeypatch):
    run("test")
    later = {**COMMIT, "commit": "b" * 40}
    monkeypatch.setattr(runner, "provenance", lambda: later)
    results = run("test", chosen=["branch/b"])
    assert parts.measured == ["a", "b", "c", "b"] and results["c"]["n"] == 3
    assert [results["parts_made_with"][name]["commit"][0] for name in ("branch/a", "branch/b", "c")] == ["a", "b", "a"]
    run("sealed")
    monkeypatch.setattr(runner, "provenance", lambda: {**later, "weights": {"meta": "of another file"}})
    assert "c" not in run("test", chosen=["branch"]) and run.written().keys() == {"test", "sealed_reads"}


def test_only_what_counts_is_written(run, parts):
    assert run("validation")["c"]["n"] == 3
    parts.measured.clear()
    assert run("test", quick=True)["split"] == "test" and parts.measured == ["a", "c"]  # one of each kind
    assert not run.file.exists()


def test_the_sealed_split_is_read_once_and_the_file_says_when_and_by_what(run, parts):
    tested = run("test")
    results = run("sealed")
    written = run.written()
    assert results["split"] == "sealed" and written["sealed"] == results and written["test"] == tested
    assert [r["commit"] for r in written["sealed_reads"]] == ["a" * 40] and written["sealed_reads"][0]["date"]
    with pytest.raises(ValueError, match=r"^split sealed was read on \d{4}-\d\d-\d\d with commit a+; --read_again reads it once more$"):
        run("sealed")
    assert len(parts.measured) == 6
    run("sealed", read_again=True)
    assert [r["again"] for r in run.written()["sealed_reads"]] == [False, True]


def test_a_reading_of_the_sealed_split_that_was_stopped_goes_on_by_the_same_commit_alone(run, parts, monkeypatch):
    monkeypatch.setattr(runner, "all_parts", parts.made)
    run("test")
    parts.broken = True
    with pytest.raises(RuntimeError, match="stopped"):
        run("sealed")
    with pytest.raises(ValueError, match="has no whole reading of the sealed split"):
        reported(run.file)
    with monkeypatch.context() as later:
        later.setattr(runner, "provenance", lambda: {**COMMIT, "commit": "b" * 40})
        with pytest.raises(ValueError, match="split sealed was read on"):
            run("sealed")
    parts.broken = False
    run("sealed")
    assert parts.measured == ["a", "b", "c"] * 2
    shown = reported(run.file)
    assert shown["split"] == "sealed" and shown["test"]["split"] == "test" and len(shown["sealed_reads"]) == 1


def git(folder, *arguments: str) -> str:
    own = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *own, "-C", str(folder), *arguments], check=True, capture_output=True, encoding="utf-8").stdout.strip()


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
