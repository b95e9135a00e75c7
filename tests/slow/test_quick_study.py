"""The smoke test of the whole study: one part of each kind, made small; among them a family of worlds by every method."""

import json
import subprocess
import sys

from model.experiments.runner import RESULTS, all_parts, name_of, one_of_each
from model.experiments.who_wins import BUDGETS, LEARNERS, METHODS


def test_one_part_of_each_kind_is_measured_and_nothing_written():
    before = RESULTS.read_bytes()
    command = [sys.executable, "-m", "model", "evaluate", "--split", "validation", "--seed", "2", "--quick", "--json"]
    results = json.loads(subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout)
    assert RESULTS.read_bytes() == before and results["split"] == "validation"
    assert set(results["parts_made_with"]) == set(map(name_of, one_of_each(all_parts())))

    (row,) = results["map"].values()
    assert row["n"] == 2 and list(row["methods"]) == list(METHODS) and set(row["at_env_steps"]) == set(LEARNERS)
    means = {name: m["mean"] for name, m in row["methods"].items()}
    assert means[row["best"]] == max(means.values()) and row["best"] in row["ties"]
    assert all(list(steps) == list(map(str, BUDGETS)) for steps in row["at_env_steps"].values())
    for start, learner in {"memory": "hybrid_memory", "meta": "meta_3"}.items():  # after 10 steps no collection is complete
        assert row["at_env_steps"][learner]["10"] == means[start]
