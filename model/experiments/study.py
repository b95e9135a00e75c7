"""The measurements behind the README that start from gradient steps: each a method, for `model.experiments.runner`.

A mean carries its number of trials, a 95% bootstrap interval and the environment steps that it cost; a choice or a cost none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from model.experiments.scratch import random_params, train_from_scratch
from model.experiments.summaries import by_step, paired_ratio
from model.experiments.trials import run_trials
from model.maml.adaptation import StandardAdaptationConfig
from model.maml.to_file import read_log
from model.model_based.hybrid import adaptation_config
from model.policy.checkpoint import file_hash, read
from model.policy.pretrained import PRETRAINED, SHIPPED, load_pretrained, pretrained_path
from model.policy.ssm import StateSpaceModel
from model.rl.evaluation import evaluate_policy, play_gymnasium, summary
from model.rl.rollout import collect
from model.worlds.named import BREAK_SET, WORLDS
from model.worlds.sampling import sample_worlds
from model.worlds.world import World

STARTS = (*PRETRAINED, "random")
STEP_SIZES = (0.05, 0.1, 0.25, 0.5, 1.0)


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


class Study:
    """What is measured on one split: the measurements are its methods, and functions of it elsewhere."""

    def __init__(self, split: str, size: Size, seed: int, say: Callable[[str], None]):
        self.split, self.size, self.seed, self.say = split, size, seed, say
        self.starts = {name: start_model(name) for name in STARTS}

    def checkpoints(self) -> dict[str, Any]:
        """What was measured: the shipped files, how they were made and what that cost."""
        rows = {}
        for name in SHIPPED:
            metadata = read(pretrained_path(name)).metadata
            rows[name] = {
                "sha256": file_hash(pretrained_path(name)),
                "parameters": sum(load_pretrained(name).count_parameters().values()),
                **{key: metadata[key] for key in ("epochs", "episodes", "env_steps")},
                "seconds": float(read_log(pretrained_path(name))[-1]["seconds"]),
            }
        return rows

    def standard_world(self) -> dict[str, Any]:
        """Greedy in gymnasium.make("CartPole-v1"), without adaptation."""
        rows = {name: summary(play_gymnasium(load_pretrained(name), seeds=range(self.size.gymnasium_seeds))) for name in SHIPPED}
        for name, row in rows.items():
            self.say(f"CartPole-v1, {name}: {row['mean']:.1f} +- {row['std']:.1f} over seeds 0 to {row['n'] - 1}")
        return rows

    def verification(self) -> dict[str, Any]:
        """10 greedy episodes of the default model."""
        return summary(play_gymnasium(load_pretrained(), seeds=range(10)))

    def comparison(self) -> dict[str, Any]:
        """In the standard world: random actions, the same model from scratch, ours."""
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

    def step_size(self, name: str) -> dict[str, Any]:
        """What each adapt_lr reaches from a starting point by 3 steps, of 10 episodes each, on validation worlds."""
        n = self.size.tuning_worlds
        worlds = sample_worlds("validation", n, self.seed) + sample_worlds("validation_outside", n, self.seed)
        scores = {}
        for lr in STEP_SIZES:
            scores[lr] = float(run_trials(self.starts[name], worlds, StandardAdaptationConfig(adapt_lr=lr), self.seed).returns[3].mean())
        best = max(scores, key=scores.__getitem__)
        self.say(f"step size of {name}: {best:g} (mean return after 3 steps on {len(worlds)} validation worlds: {scores[best]:.0f})")
        return {"adapt_lr": best, "mean_return_after_3_steps": {str(lr): score for lr, score in scores.items()}, "worlds": len(worlds)}

    def preset(self, name: str) -> dict[str, Any]:
        """One named world, every starting point: before, after 1, 2, 3 steps (10 on the break set and the standard world)."""
        rows = {}
        long = name in BREAK_SET or name == "standard"
        for start, model in self.starts.items():
            steps = 10 if long and start == "meta" else 3
            trials = run_trials(
                model, [WORLDS[name]] * self.size.trials, adaptation_config(start, "standard", num_adapt_steps=steps), self.seed
            )
            row = by_step(trials.returns, (0, 1, 2, 3, 5, 10) if steps == 10 else (0, 1, 2, 3))
            row["env_steps"] = trials.env_steps.mean(1).tolist()
            row["share_moved"] = trials.moved.mean(1).tolist()
            if steps == 10:
                row["step_10_over_step_3"] = paired_ratio(trials.returns[10], trials.returns[3])
            rows[start] = row
        self.say(f"{name}: " + "; ".join(f"{s} " + " -> ".join(f"{rows[s][k]['mean']:.0f}" for k in "0123") for s in self.starts))
        return rows

    def solvable(self) -> dict[str, float]:
        """The best return of a policy trained on each world of the break set alone."""
        worlds = [WORLDS[name] for name in BREAK_SET]
        return dict(zip(BREAK_SET, train_from_scratch(worlds, self.size.scratch_steps, self.seed).best_return.tolist(), strict=True))

    def few_data(self, episodes: int) -> dict[str, Any]:
        """The reversed motor with few episodes a step: return after each of 5 steps."""
        config = StandardAdaptationConfig(num_adapt_steps=5, episodes_per_step=episodes)
        trials = run_trials(self.starts["meta"], [WORLDS["reversed_motor"]] * self.size.trials, config, self.seed)
        self.say(f"reversed motor, {episodes} episodes a step: " + " -> ".join(f"{x:.0f}" for x in trials.returns.mean(1)))
        return {**by_step(trials.returns, range(6)), "env_steps": trials.env_steps.mean(1).tolist()}

    def held_out(self, where: str) -> list[World]:
        """The worlds of this split inside or outside the training ranges."""
        if where == "inside":
            return sample_worlds(self.split, self.size.worlds_inside, self.seed)
        return sample_worlds(f"{self.split}_outside", self.size.worlds_outside, self.seed)

    def from_scratch(self, where: str) -> dict[str, Any]:
        """Learning each held-out world from nothing: how many are solved, and the median cost."""
        worlds = self.held_out(where)
        scratch = train_from_scratch(worlds, self.size.scratch_steps, self.seed)
        solved = scratch.env_steps_to_solve
        share, median = float(np.isfinite(solved).mean()), float(np.median(solved))
        self.say(f"{len(worlds)} worlds {where}, from scratch: {share:.2f} solved, median {median:,.0f} environment steps")
        median_or_none = None if np.isinf(median) else median
        cost = {"max_env_steps": self.size.scratch_steps, "median_env_steps_to_solve": median_or_none, "seconds": scratch.seconds}
        return {"n": len(worlds), "share_solved": share, **cost}

    def unseen_worlds(self, where: str, start: str) -> dict[str, Any]:
        """One trial in each held-out world, inside or outside the training ranges, for a starting point."""
        worlds = self.held_out(where)
        trials = run_trials(
            self.starts[start], worlds, adaptation_config(start, "standard", num_adapt_steps=10), self.seed, eval_episodes=10
        )
        rows = {**by_step(trials.returns, (0, 1, 3, 10)), "env_steps": trials.env_steps.mean(1).tolist()}
        means, shares = ([rows[k][what] for k in ("0", "1", "3", "10")] for what in ("mean", "share_solved"))
        self.say(
            f"{len(worlds)} worlds {where}, {start}: mean " + " -> ".join(f"{x:.0f}" for x in means)
            + ", share >= 475 " + " -> ".join(f"{x:.2f}" for x in shares)
        )  # fmt: skip
        return rows


Part = Callable[[Study], Any]


def study_parts() -> dict[tuple[str, ...], Part]:
    """Every measurement: its place in the results, and what makes it."""
    return {
        ("checkpoints",): Study.checkpoints,
        ("standard_world",): Study.standard_world,
        ("verification",): Study.verification,
        ("comparison",): Study.comparison,
        **{("step_sizes", start): partial(Study.step_size, name=start) for start in STARTS},
        **{
            ("unseen_worlds", where, start): partial(Study.unseen_worlds, where=where, start=start)
            for where in ("outside", "inside")
            for start in STARTS
        },
        **{("from_scratch", where): partial(Study.from_scratch, where=where) for where in ("outside", "inside")},
        **{("presets", name): partial(Study.preset, name=name) for name in WORLDS},
        **{("few_data", str(k)): partial(Study.few_data, episodes=k) for k in (1, 2, 3, 5, 10)},
        ("solvable",): Study.solvable,
    }
