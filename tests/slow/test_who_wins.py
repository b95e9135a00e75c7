"""One family of worlds by every method of the map: minutes of imagined rollouts."""

import json

from model.experiments.study import QUICK, Study
from model.experiments.who_wins import BUDGETS, LEARNERS, METHODS, who_wins


def test_one_family_by_every_method_is_paired_and_names_its_best():
    row = who_wins(Study("validation", QUICK, 2, lambda text: None), "inside", 2, 1)
    assert row["n"] == 2 and list(row["methods"]) == list(METHODS) and set(row["at_env_steps"]) == set(LEARNERS)
    means = {name: m["mean"] for name, m in row["methods"].items()}
    assert means[row["best"]] == max(means.values()) and row["best"] in row["ties"]
    assert all(list(steps) == list(map(str, BUDGETS)) for steps in row["at_env_steps"].values())
    for start, learner in {"memory": "hybrid_memory", "meta": "meta_3"}.items():  # after 10 steps no collection is complete
        assert row["at_env_steps"][learner]["10"] == means[start]
    json.dumps(row)
