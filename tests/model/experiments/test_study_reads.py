"""The study chooses on validation worlds alone, reports the split it says, and signs every gain the right way. Adapting is made up here."""

import dataclasses

import numpy as np
import pytest

from model import HybridAdaptationConfig, adaptation_config
from model.experiments import study as module
from model.experiments.report import cost_table
from model.experiments.scratch import ScratchResult
from model.experiments.study import Size, Study
from model.experiments.summaries import break_set, by_step
from model.experiments.trials import Trials

SMALL = Size(trials=8, gymnasium_seeds=1, worlds_inside=3, worlds_outside=4, tuning_worlds=2, scratch_steps=300)
BEST_LR = 0.25


class Reads:
    """Stands in for worlds, trials and training from scratch, and writes down who read which split with which settings."""

    def __init__(self, monkeypatch):
        self.split_of: dict = {}
        self.trials: list[tuple[set[str], object, object]] = []  # splits, start, config
        self.scratch: list[set[str]] = []
        honest = module.sample_worlds

        def sample_worlds(split, n, seed):
            worlds = honest(split, n, seed)
            self.split_of |= dict.fromkeys(worlds, split)
            return worlds

        def run_trials(start, worlds, config, seed, *args, **kwargs):
            """100 before; each step adds 10 in standard and 30 in hybrid adaptation, 7 less away from the best learning rate."""
            self.trials.append((self.splits(worlds), start, config))
            rate = 30.0 if isinstance(config, HybridAdaptationConfig) else 10.0
            rate -= 7 * (config.adapt_lr != BEST_LR)
            steps = np.arange(config.num_adapt_steps + 1.0)[:, None] * np.ones(len(worlds))
            return Trials(100 + rate * steps, 50 * steps, steps > 0)

        def train_from_scratch(worlds, *args, **kwargs):
            self.scratch.append(self.splits(worlds))
            solved = np.where(np.arange(len(worlds)) % 2, np.inf, 1000.0)
            return ScratchResult(solved, np.full(len(worlds), 480.0), 1.0)

        for name, stand_in in {"sample_worlds": sample_worlds, "run_trials": run_trials, "train_from_scratch": train_from_scratch}.items():
            monkeypatch.setattr(module, name, stand_in)
        monkeypatch.setattr(module, "play_gymnasium", lambda model, seeds: np.full(len(seeds), 500.0))
        monkeypatch.setattr(module, "STEP_SIZES", (0.1, BEST_LR, 0.5))

    def splits(self, worlds) -> set[str]:
        return {self.split_of.get(w, "named") for w in worlds}


@pytest.fixture
def reads(monkeypatch) -> Reads:
    return Reads(monkeypatch)


@pytest.mark.parametrize("split", ["test", "validation"])
@pytest.mark.parametrize(("where", "suffix"), [("inside", ""), ("outside", "_outside")])
@pytest.mark.parametrize("start", ["meta", "memory", "standard", "random", "from_scratch"])
def test_unseen_worlds_are_those_of_the_split_that_is_named(reads, split, where, suffix, start):
    study = Study(split, SMALL, 0, print)
    row = study.from_scratch(where) if start == "from_scratch" else study.unseen_worlds(where, start)
    n = SMALL.worlds_outside if suffix else SMALL.worlds_inside
    read = reads.scratch if start == "from_scratch" else [splits for splits, _, _ in reads.trials]
    assert read == [{split + suffix}]
    assert len(reads.split_of) == n == (row["n"] if start == "from_scratch" else row["0"]["n"])


@pytest.mark.parametrize("start", ["meta", "memory", "standard", "random"])
def test_a_step_size_is_chosen_on_validation_worlds_by_the_highest_return(reads, start):
    chosen = Study("test", SMALL, 0, print).step_size(start)
    assert all(splits == {"validation", "validation_outside"} for splits, _, _ in reads.trials)
    assert chosen["adapt_lr"] == BEST_LR and chosen["worlds"] == 2 * SMALL.tuning_worlds
    assert chosen["mean_return_after_3_steps"] == {"0.1": 109.0, "0.25": 130.0, "0.5": 109.0}


def test_a_study_uses_the_step_sizes_of_the_adapters(reads):
    study = Study("test", SMALL, 0, print)
    for start in ("meta", "memory", "standard", "random"):
        study.unseen_worlds("inside", start)
    assert [config.adapt_lr for _, _, config in reads.trials] == [
        adaptation_config(start, "standard", episodes_per_step=10).adapt_lr for start in ("meta", "memory", "standard", "random")
    ]


def test_recovered_share_is_what_was_won_of_what_was_missing():
    steps = {k: {"mean": mean} for k, mean in {"0": 100.0, "1": 200.0, "2": 300.0, "3": 400.0, "10": 500.0}.items()}
    presets = {name: {"meta": steps} for name in module.BREAK_SET}
    row = break_set(presets, dict.fromkeys(module.BREAK_SET, 490.0))
    assert row["worlds"]["reversed_motor"]["recovered_share"] == {"1": 0.25, "2": 0.5, "3": 0.75, "10": 1.0}
    assert row["mean_recovered_share"] == {"1": 0.25, "2": 0.5, "3": 0.75, "10": 1.0}


def test_a_ratio_is_the_later_step_over_the_earlier(reads):
    row = Study("test", SMALL, 0, print).preset("reversed_motor")["meta"]
    assert row["0"]["mean"] == 100 and row["10"]["mean"] == 130  # 3 a step away from the best learning rate
    assert row["step_10_over_step_3"]["ratio"] == pytest.approx(130 / 109)


def test_solved_is_475_or_more():
    row = by_step(np.array([[474.9, 475.0, 500.0, 0.0]]), [0])["0"]
    assert row["share_solved"] == 0.5 and row["n"] == 4


def test_the_median_cost_from_scratch_counts_the_unsolved(reads):
    """Of 3 worlds 2 are solved after 1,000 steps, of 4 worlds 2: there the median is without end."""
    study = Study("test", SMALL, 0, print)
    inside, outside = (study.from_scratch(where) for where in ("inside", "outside"))
    assert inside["share_solved"] == pytest.approx(2 / 3) and inside["median_env_steps_to_solve"] == 1000.0
    assert outside["share_solved"] == 0.5 and outside["median_env_steps_to_solve"] is None


def test_the_full_study_has_enough_trials():
    assert dataclasses.asdict(Size()) == {
        "trials": 100, "gymnasium_seeds": 100, "worlds_inside": 200, "worlds_outside": 100, "tuning_worlds": 40, "scratch_steps": 200_000,
    }  # fmt: skip


def test_the_costs_are_divided_the_way_they_are_told():
    ours = {
        "median_env_steps_to_475": 100.0,
        "meta_training_env_steps": 5_000_000,
        "share_solved_within_5_steps": 0.9,
        "one_step_seconds": 0.01,
    }
    ppo = {"median_env_steps": 10_100.0, "solved": 5, "seeds": 5}
    text = cost_table(
        {"benchmark": {"adaptation": ours, "ppo": {"from_scratch": ppo, "fine_tuned": {**ppo, "median_env_steps": None, "solved": 0}}}}
    )
    assert "101 times fewer environment steps" in text and "after 500 such worlds" in text and "takes 10 ms" in text
    assert "| more than 100,000 | 0 of 5 runs |" in text
