"""The benchmark measures what it says, keeps the parts it did not run, and leaves nothing patched behind. Its figures are not tested."""

import dataclasses
import json

import pytest

from model.__main__ import main
from model.experiments import benchmark, live_study, speed
from model.experiments.live_study import live_learning
from model.experiments.provenance import provenance
from model.maml.live_rules import LiveRules

TINY = dataclasses.replace(
    speed.SPEED, num_epochs=3, tasks_per_epoch=2, episodes_per_task=2, min_support_episodes=2, max_steps_per_episode=20
)


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "benchmark.json"
    monkeypatch.setattr(benchmark, "BENCHMARK", path)
    monkeypatch.setattr(speed, "SPEED", TINY)
    return path


def test_parts_are_written_one_by_one_and_the_others_kept(file, capsys):
    file.write_text('{"ppo": {"kept": true}, "plain_loop": 1.0}', encoding="utf-8")
    assert main(["benchmark", "--part", "plain_loop", "--part", "profile", "--seed", "3"]) == 0
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written["ppo"] == {"kept": True} and written["plain_loop"] > 1.0
    assert written["made_with"].keys() == {"plain_loop", "profile"}
    assert written["made_with"]["profile"] == provenance()
    assert sum(written["profile"].values()) == pytest.approx(1.0) and min(written["profile"].values()) > 0
    assert "a plain loop" in capsys.readouterr().out


def test_the_one_minute_recipe_reports_each_seed(file, monkeypatch):
    monkeypatch.setattr(benchmark, "ONE_MINUTE", dataclasses.replace(TINY, num_epochs=2))
    monkeypatch.setattr(benchmark, "SUPPORT_SETS", 4)
    rows = benchmark.one_minute(lambda text: None, seed=5, seeds=2)
    assert [r["seed"] for r in rows] == [1005, 1006] and all(r["finite"] and r["epochs"] == 2 for r in rows)


def test_shares_grow_with_the_falls_allowed_and_say_how_many_runs(monkeypatch):
    monkeypatch.setattr(live_study, "PRETRAINED", ("meta",))
    lines = []
    result = live_learning(lines.append, seed=0, runs=2)
    assert result["runs"] == 2 and result["rules"]["lr"] == LiveRules().lr and len(lines) == 3
    for sets in result["stands_within_falls"].values():
        for row in sets.values():
            assert list(row) == ["0", "1", "3", "5", "10", "20"] and list(row.values()) == sorted(row.values())
    # The break set's first world, the reversed motor: one fall teaches it.
    assert result["stands_within_falls"]["meta"]["break set"]["1"] >= 0.5
