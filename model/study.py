"""The measurements behind the README: python -m model evaluate writes them to weights/results.json.

Every figure carries its number of trials, a 95% bootstrap interval and the environment steps that it cost. Step sizes are
chosen on validation worlds; test worlds are read once, with the settings so chosen.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from model.adaptation import HybridAdaptationConfig, StandardAdaptationConfig
from model.cartpole import World
from model.checkpoint import PRETRAINED, WEIGHTS, file_hash, load_pretrained, pretrained_path, read_metadata, write_atomically
from model.evaluation import SOLVED, evaluate_policy, play_gymnasium, summary
from model.rollout import collect
from model.scratch import random_params, train_from_scratch
from model.ssm import StateSpaceModel
from model.training import read_log
from model.trials import run_trials
from model.worlds import BREAK_SET, WORLDS, sample_worlds

Report = Callable[[str], None] | None
RESULTS = WEIGHTS / "results.json"
STARTS = (*PRETRAINED, "random")
STEP_SIZES = (0.05, 0.1, 0.25, 0.5, 1.0)
REPLAY_WEIGHTS = (0.25, 0.5, 1.0)


@dataclasses.dataclass(frozen=True)
class Size:
    """How much a study measures."""

    trials: int = 100
    gymnasium_seeds: int = 100
    worlds_inside: int = 200
    worlds_outside: int = 100
    tuning_worlds: int = 40
    scratch_steps: int = 200_000


QUICK = Size(trials=5, gymnasium_seeds=5, worlds_inside=10, worlds_outside=10, tuning_worlds=6, scratch_steps=2_000)


def start_model(name: str) -> StateSpaceModel | None:
    """The model of a starting point; None stands for a random initialisation in each trial."""
    return None if name == "random" else load_pretrained(name)


def by_step(returns: np.ndarray, steps: Sequence[int]) -> dict[str, Any]:
    """Summaries of the trials' returns after the given numbers of steps. returns (all steps + 1, M)."""
    return {str(s): {**summary(returns[s]), "share_solved": float((returns[s] >= SOLVED).mean())} for s in steps}


class Study:
    """One run of all measurements on one split."""

    def __init__(self, split: str, size: Size, seed: int, report: Report):
        self.split, self.size, self.seed = split, size, seed
        self.say = report or (lambda text: None)
        self.starts = {name: start_model(name) for name in STARTS}

    def checkpoints(self) -> dict[str, Any]:
        """What was measured: the shipped files, how they were made and what that cost."""
        rows = {}
        for name in PRETRAINED:
            metadata = read_metadata(pretrained_path(name))
            rows[name] = {
                "sha256": file_hash(pretrained_path(name)),
                "parameters": sum(load_pretrained(name).count_parameters().values()),
                **{key: metadata[key] for key in ("epochs", "episodes", "env_steps")},
                "seconds": float(read_log(pretrained_path(name))[-1]["seconds"]),
            }
        return rows

    def standard_world(self) -> dict[str, Any]:
        """Greedy in gymnasium.make("CartPole-v1"), without adaptation."""
        rows = {name: summary(play_gymnasium(load_pretrained(name), seeds=range(self.size.gymnasium_seeds))) for name in PRETRAINED}
        for name, row in rows.items():
            self.say(f"CartPole-v1, {name}: {row['mean']:.1f} +- {row['std']:.1f} over seeds 0 to {row['n'] - 1}")
        return rows

    def verification(self) -> dict[str, Any]:
        """The model card's Verification: 10 greedy episodes of the default model."""
        return summary(play_gymnasium(load_pretrained(), seeds=range(10)))

    def comparison(self) -> dict[str, Any]:
        """The model card's Comparison, in the standard world: random actions, the same model from scratch, ours."""
        rng, n = np.random.default_rng(self.seed), self.size.trials
        blank = {name: p * 0 for name, p in random_params(1, 0).items()}  # logits 0: both actions equally likely
        at_random = collect(blank, [WORLDS["standard"]], n, rng).lengths[0].numpy()
        scratch = train_from_scratch([WORLDS["standard"]] * 10, self.size.scratch_steps, self.seed)
        solved = scratch.env_steps_to_solve
        ours = evaluate_policy(load_pretrained(), WORLDS["standard"], n, self.seed)
        return {
            "random_actions": {**summary(at_random), "env_steps": 0},
            "from_scratch": {
                **summary(scratch.best_return),
                "env_steps_to_solve": [None if np.isinf(x) else int(x) for x in solved],
                "median_env_steps_to_solve": None if np.isinf(np.median(solved)) else float(np.median(solved)),
                "seconds_for_all": scratch.seconds,
            },
            "meta": {**summary(ours), "env_steps": 0},
        }

    def step_sizes(self) -> dict[str, Any]:
        """The best adapt_lr of each starting point after 3 steps, on validation worlds inside and outside."""
        n = self.size.tuning_worlds
        worlds = sample_worlds("validation", n, self.seed) + sample_worlds("validation_outside", n, self.seed)
        rows = {}
        for name, model in self.starts.items():
            scores = {}
            for lr in STEP_SIZES:
                scores[lr] = float(run_trials(model, worlds, StandardAdaptationConfig(adapt_lr=lr), self.seed).returns[3].mean())
            best = max(scores, key=scores.__getitem__)
            rows[name] = {
                "adapt_lr": best,
                "mean_return_after_3_steps": {str(lr): score for lr, score in scores.items()},
                "worlds": len(worlds),
            }
            self.say(f"step size of {name}: {best:g} (mean return after 3 steps on {len(worlds)} validation worlds: {scores[best]:.0f})")
        return rows

    def config(self, start: str, **changes: Any) -> StandardAdaptationConfig:
        """Adaptation settings for a starting point: the shipped defaults for meta, the tuned step size for the others."""
        lr = {} if start == "meta" else {"adapt_lr": self.tuned[start]["adapt_lr"]}
        return StandardAdaptationConfig(**{**lr, **changes})

    def presets(self) -> dict[str, Any]:
        """Every named world, every starting point: before, after 1, 2, 3 steps (10 on the break set and the standard world)."""
        rows: dict[str, Any] = {}
        for world_name, world in WORLDS.items():
            rows[world_name] = {}
            long = world_name in BREAK_SET or world_name == "standard"
            for start, model in self.starts.items():
                steps = 10 if long and start == "meta" else 3
                trials = run_trials(model, [world] * self.size.trials, self.config(start, num_adapt_steps=steps), self.seed)
                row = by_step(trials.returns, (0, 1, 2, 3, 5, 10) if steps == 10 else (0, 1, 2, 3))
                row["env_steps"] = trials.env_steps.mean(1).tolist()
                row["share_moved"] = trials.moved.mean(1).tolist()
                if steps == 10:
                    row["step_10_over_step_3"] = self.paired_ratio(trials.returns[10], trials.returns[3])
                rows[world_name][start] = row
            self.say(
                f"{world_name}: "
                + "; ".join(f"{s} " + " -> ".join(f"{rows[world_name][s][k]['mean']:.0f}" for k in "0123") for s in self.starts)
            )
        return rows

    def paired_ratio(self, later: np.ndarray, earlier: np.ndarray) -> dict[str, Any]:
        """mean(later) / mean(earlier) over paired trials with its 95% bootstrap interval."""
        index = np.random.default_rng(0).integers(len(later), size=(10_000, len(later)))
        ratios = later[index].mean(1) / earlier[index].mean(1)
        return {"ratio": float(later.mean() / earlier.mean()), "interval": [float(np.quantile(ratios, q)) for q in (0.025, 0.975)]}

    def break_set(self, presets: dict[str, Any]) -> dict[str, Any]:
        """Recovered share = (after - before) / (ceiling - before) of the meta policy, ceiling 500; and that each is solvable."""
        solvable = train_from_scratch([WORLDS[name] for name in BREAK_SET], self.size.scratch_steps, self.seed)
        rows = {}
        for i, name in enumerate(BREAK_SET):
            row = presets[name]["meta"]
            before = row["0"]["mean"]
            rows[name] = {
                "before": before,
                "recovered_share": {k: (row[k]["mean"] - before) / (500 - before) for k in ("1", "2", "3", "10")},
                "alone_from_scratch": {"best_return": float(solvable.best_return[i])},
            }
        mean = {k: float(np.mean([r["recovered_share"][k] for r in rows.values()])) for k in ("1", "2", "3", "10")}
        self.say(
            f"break set, recovered share on the mean: after 1 step {mean['1']:.2f}, after 3 {mean['3']:.2f}, after 10 {mean['10']:.2f}"
        )
        return {"worlds": rows, "mean_recovered_share": mean}

    def few_data(self) -> dict[str, Any]:
        """The reversed motor with 1, 2, 3, 5 and 10 episodes a step: return after each of 5 steps."""
        rows = {}
        for episodes in (1, 2, 3, 5, 10):
            config = StandardAdaptationConfig(num_adapt_steps=5, episodes_per_step=episodes)
            trials = run_trials(self.starts["meta"], [WORLDS["reversed_motor"]] * self.size.trials, config, self.seed)
            rows[str(episodes)] = {**by_step(trials.returns, range(6)), "env_steps": trials.env_steps.mean(1).tolist()}
            self.say(f"reversed motor, {episodes} episodes a step: " + " -> ".join(f"{x:.0f}" for x in trials.returns.mean(1)))
        return rows

    def hybrid(self) -> dict[str, Any]:
        """Hybrid against standard, both tuned on validation with equal numbers of settings, at equal numbers of episodes."""
        n = self.size.tuning_worlds
        tuning = sample_worlds("validation", n, self.seed) + sample_worlds("validation_outside", n, self.seed)
        meta, trials = self.starts["meta"], max(5, self.size.trials // 4)
        worlds = [WORLDS[name] for name in BREAK_SET for _ in range(trials)]
        rows = {}
        for episodes in (1, 2, 3):
            common = {"num_adapt_steps": 5, "episodes_per_step": episodes}
            standard = [StandardAdaptationConfig(adapt_lr=lr, **common) for lr in (0.1, 0.2, 0.35, 0.5, 0.7, 1.0)]
            hybrid = [HybridAdaptationConfig(adapt_lr=lr, experience_weight=w, **common) for lr in (0.35, 0.5) for w in REPLAY_WEIGHTS]
            best = [max(grid, key=lambda c: run_trials(meta, tuning, c, self.seed).returns[5].mean()) for grid in (standard, hybrid)]
            results = [run_trials(meta, worlds, c, self.seed) for c in best]
            row = {"standard": dataclasses.asdict(best[0]), "hybrid": dataclasses.asdict(best[1]), "settings_tried": len(standard)}
            for k in (3, 5):
                gain = results[1].returns[k] - results[0].returns[k]
                steps = [float(r.env_steps[k].mean()) for r in results]
                means = [float(r.returns[k].mean()) for r in results]
                row[f"after_{k}"] = {"standard": means[0], "hybrid": means[1], "gain": summary(gain), "env_steps": steps}
                low, high = row[f"after_{k}"]["gain"]["interval"]
                self.say(
                    f"{episodes} episodes a step, after {k}: standard {means[0]:.0f}, hybrid {means[1]:.0f}, "
                    f"gain {gain.mean():.1f} [{low:.1f}, {high:.1f}] at {steps[0]:.0f} and {steps[1]:.0f} environment steps"
                )
            rows[str(episodes)] = row
        return rows

    def unseen_worlds(self) -> dict[str, Any]:
        """One trial in each held-out world, inside and outside the training ranges, for every starting point and from scratch."""
        rows = {}
        splits = {"inside": (self.split, self.size.worlds_inside), "outside": (f"{self.split}_outside", self.size.worlds_outside)}
        for where, (split, n) in splits.items():
            worlds: list[World] = sample_worlds(split, n, self.seed)
            rows[where] = {}
            for start, model in self.starts.items():
                trials = run_trials(model, worlds, self.config(start, num_adapt_steps=10), self.seed, eval_episodes=10)
                rows[where][start] = {**by_step(trials.returns, (0, 1, 3, 10)), "env_steps": trials.env_steps.mean(1).tolist()}
                r = rows[where][start]
                self.say(
                    f"{n} worlds {where}, {start}: mean "
                    + " -> ".join(f"{r[k]['mean']:.0f}" for k in ("0", "1", "3", "10"))
                    + ", share >= 475 "
                    + " -> ".join(f"{r[k]['share_solved']:.2f}" for k in ("0", "1", "3", "10"))
                )
            scratch = train_from_scratch(worlds, self.size.scratch_steps, self.seed)
            solved = scratch.env_steps_to_solve
            rows[where]["from_scratch"] = {
                "n": n,
                "max_env_steps": self.size.scratch_steps,
                "share_solved": float(np.isfinite(solved).mean()),
                "median_env_steps_to_solve": None if np.isinf(np.median(solved)) else float(np.median(solved)),
                "seconds": scratch.seconds,
            }
            share, median = np.isfinite(solved).mean(), np.median(solved)
            self.say(f"{n} worlds {where}, from scratch: {share:.2f} solved, median {median:,.0f} environment steps")
        return rows

    def run(self) -> dict[str, Any]:
        """All of it, in the order in which the README tells it."""
        started = time.perf_counter()
        results: dict[str, Any] = {
            "split": self.split,
            "seed": self.seed,
            "size": dataclasses.asdict(self.size),
            "checkpoints": self.checkpoints(),
        }
        results["standard_world"] = self.standard_world()
        results["verification"] = self.verification()
        results["comparison"] = self.comparison()
        results["step_sizes"] = self.tuned = self.step_sizes()
        results["presets"] = self.presets()
        results["break_set"] = self.break_set(results["presets"])
        results["few_data"] = self.few_data()
        results["hybrid"] = self.hybrid()
        results["unseen_worlds"] = self.unseen_worlds()
        results["seconds"] = time.perf_counter() - started
        self.say(f"took {results['seconds'] / 60:.1f} minutes")
        return results


def run_study(split: str = "test", quick: bool = False, seed: int = 0, report: Report = None) -> dict[str, Any]:
    """Measure everything on a split. The full study of the test split is written to weights/results.json."""
    results = Study(split, QUICK if quick else Size(), seed, report).run()
    if split == "test" and not quick:
        write_atomically(RESULTS, (json.dumps(results, indent=1) + "\n").encode())
    return results
