"""The study chooses on validation worlds alone and reports the split it says. What adapting reaches is made up here."""

import numpy as np
import pytest

from model import sample_worlds
from model.experiments import study as module
from model.experiments.study import STEP_SIZES, Size, Study
from model.experiments.trials import Trials

SMALL = Size(trials=2, worlds_inside=3, worlds_outside=4, tuning_worlds=2)
BEST_LR = 0.25


@pytest.fixture
def read(monkeypatch) -> list:
    """The worlds of every trial. Each step adds 30, less away from the best learning rate."""
    seen = []

    def run_trials(start, worlds, config, *args, **kwargs):
        seen.append(list(worlds))
        steps = np.arange(config.num_adapt_steps + 1.0)[:, None] * np.ones(len(worlds))
        return Trials(100 + (30 - 7 * (config.adapt_lr != BEST_LR)) * steps, 50 * steps, steps > 0)

    monkeypatch.setattr(module, "run_trials", run_trials)
    return seen


@pytest.mark.parametrize("split", ["test", "validation"])
@pytest.mark.parametrize(("where", "suffix", "n"), [("inside", "", SMALL.worlds_inside), ("outside", "_outside", SMALL.worlds_outside)])
def test_unseen_worlds_are_those_of_the_split_that_is_named(read, split, where, suffix, n):
    study = Study(split, SMALL, 5, print)
    rows = [study.unseen_worlds(where, start) for start in ("meta", "random")]
    own = sample_worlds(split + suffix, n, 5)
    assert read == [own, own] and study.held_out(where) == own and rows[0]["0"]["n"] == n


def test_a_step_size_is_chosen_on_validation_worlds_by_the_highest_return(read):
    chosen = Study("test", SMALL, 5, print).step_size("memory")
    assert read == [sample_worlds("validation", 2, 5) + sample_worlds("validation_outside", 2, 5)] * len(STEP_SIZES)
    assert chosen["adapt_lr"] == BEST_LR and chosen["mean_return_after_3_steps"]["0.1"] == 169.0
