"""The benchmark measures what it says, keeps the parts it did not run, and leaves nothing patched behind. Its figures are not tested."""

import dataclasses
import json

import pytest

from model.__main__ import main
from model.experiments import benchmark, speed
from model.experiments.provenance import provenance

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


def test_full_episodes_are_full_and_their_inner_steps_learn(file):
    steps, seconds = speed.epoch_speed(dataclasses.replace(TINY, inner_lr=0.0), full=True)
    assert steps == 2 * 2 * 2 * 20 and seconds > 0  # tasks x episodes x (before, after) x horizon
    assert speed.epoch_speed(TINY, full=False)[0] < steps


def test_a_training_that_is_watched_reports_its_memory(file):
    use = benchmark.memory_use(lambda text: None, seed=0, minutes=0.05)
    assert 50 < use["after_a_minute"] <= use["peak"] and use["at_the_end"] <= use["peak"]


def test_the_one_minute_recipe_reports_each_seed(file, monkeypatch):
    monkeypatch.setattr(benchmark, "ONE_MINUTE", dataclasses.replace(TINY, num_epochs=2))
    rows = benchmark.one_minute(lambda text: None, seed=5, seeds=2)
    assert [r["seed"] for r in rows] == [1005, 1006] and all(r["finite"] and r["epochs"] == 2 for r in rows)


def test_an_unknown_part_is_named(capsys):
    with pytest.raises(SystemExit):
        main(["benchmark", "--part", "everything"])
    assert "--part must be one of environment, plain_loop" in capsys.readouterr().err
