"""Speed and cost on this machine: python -m model benchmark. Compare figures within one run; they vary between machines."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium
import numpy as np
import torch

from model import meta_batch
from model.adaptation import StandardAdaptationConfig, StandardAdapter
from model.cartpole import World, WorldCartPole
from model.checkpoint import load_pretrained, pretrained_path
from model.evaluation import SOLVED
from model.maml import MetaMAML, MetaTrainingConfig
from model.ppo_baseline import ppo_comparison
from model.ssm import StateSpaceModel
from model.training import THIRTY_SECONDS, keep_freed_memory, read_log, two_motors
from model.trials import run_trials
from model.worlds import WORLDS, standard_worlds

Report = Callable[[str], None]
SPEED = MetaTrainingConfig(
    num_epochs=6, tasks_per_epoch=20, episodes_per_task=10, min_support_episodes=10, inner_steps=1, outer_updates=1, long_episodes_share=0.0
)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Run with this many torch threads, then with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def seconds_of(run: Callable[[], Any], repeats: int = 5) -> float:
    """The median time of a call, after one that does not count."""
    run()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def environment_speed(report: Report) -> dict[str, float]:
    """Environment steps per second of the batched environment alone."""
    rows = {}
    for count in (256, 1024):
        env = WorldCartPole([World()] * count)
        env.reset(seed=0)
        action = np.random.default_rng(0).integers(0, 2, count)
        rows[str(count)] = 200 * count / seconds_of(lambda env=env, action=action: [env.step(action) for _ in range(200)])
        report(f"environment alone, {count} at once: {rows[str(count)] / 1e6:.1f} million steps/s")
    return rows


def epoch_speed(config: MetaTrainingConfig, start: StateSpaceModel | None) -> tuple[float, float]:
    """(real environment steps, seconds) of a whole meta-training epoch, medians over the epochs after the first."""
    worlds = standard_worlds if start is not None else None
    records = list(MetaMAML(config, worlds).train(start))
    steps = np.diff([r.env_steps for r in records])
    seconds = np.diff([r.seconds for r in records])
    return float(np.median(steps)), float(np.median(seconds))


def meta_training_speed(report: Report) -> dict[str, Any]:
    """Whole second-order meta-iterations, 20 tasks x (10 + 10) episodes, horizon 200: full episodes, and a random policy's."""
    rows = {}
    for label, start in (("full", load_pretrained("standard")), ("fresh", None)):
        for count in (1, 2):
            with threads(count):
                # A learning rate of 0 keeps full episodes full and fresh ones fresh.
                steps, seconds = epoch_speed(dataclasses.replace(SPEED, outer_lr=0.0), start)
            rows[f"{label}_{count}_threads"] = steps / seconds
            report(f"meta-training, {label} episodes, {count} threads: {steps / seconds:,.0f} steps/s ({steps:,.0f} steps an epoch)")
    return rows


def plain_loop_speed(report: Report) -> float:
    """For scale: one episode and one model call a step at a time, acting only, nothing learnt."""
    model, env = load_pretrained("standard"), gymnasium.make("CartPole-v1")

    @torch.inference_mode()
    def play() -> None:
        obs, _ = env.reset(seed=0)
        hidden = model.init_hidden()
        for _ in range(200):
            outputs, hidden = model(torch.as_tensor(obs).unsqueeze(0), hidden)
            obs, *_ = env.step(int(outputs[0, :2].argmax()))

    speed = 200 / seconds_of(play)
    report(f"a plain loop, acting only: {speed:,.0f} steps/s")
    return speed


def profile(report: Report) -> dict[str, float]:
    """Where the time of a full meta-training epoch goes, as shares."""
    spent = {"rollouts": 0.0, "inner steps": 0.0, "outer backward": 0.0}

    def timed(name: str, function: Callable) -> Callable:
        def run(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent[name] += time.perf_counter() - started

        return run

    originals = (meta_batch.collect, meta_batch.inner_step, torch.Tensor.backward)
    meta_batch.collect, meta_batch.inner_step = timed("rollouts", originals[0]), timed("inner steps", originals[1])
    torch.Tensor.backward = timed("outer backward", originals[2])
    try:
        started = time.perf_counter()
        list(MetaMAML(dataclasses.replace(SPEED, outer_lr=0.0), standard_worlds).train(load_pretrained("standard")))
        total = time.perf_counter() - started
    finally:
        meta_batch.collect, meta_batch.inner_step, torch.Tensor.backward = originals
    shares = {name: seconds / total for name, seconds in spent.items()}
    shares["outer forward and the rest"] = 1 - sum(shares.values())
    report("of a full epoch: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items()))
    return shares


def scaling(report: Report) -> list[dict[str, float]]:
    """Cost of an epoch against tasks, episodes and horizon, full episodes."""
    rows = []
    for tasks, episodes, horizon in (
        (5, 10, 200),
        (10, 10, 200),
        (20, 10, 200),
        (40, 10, 200),
        (20, 5, 200),
        (20, 20, 200),
        (20, 10, 100),
        (20, 10, 400),
    ):
        config = dataclasses.replace(
            SPEED,
            num_epochs=4,
            tasks_per_epoch=tasks,
            episodes_per_task=episodes,
            min_support_episodes=episodes,
            max_steps_per_episode=horizon,
            outer_lr=0.0,
        )
        steps, seconds = epoch_speed(config, load_pretrained("standard"))
        rows.append(
            {"tasks": tasks, "episodes": episodes, "horizon": horizon, "seconds": seconds, "microseconds_per_step": seconds / steps * 1e6}
        )
        cost = f"{seconds * 1e3:6.0f} ms an epoch, {seconds / steps * 1e6:.2f} us a step"
        report(f"{tasks:3d} tasks, {episodes:3d} episodes, horizon {horizon}: {cost}")
    return rows


def adaptation_cost(report: Report) -> dict[str, Any]:
    """Environment steps and seconds to 475 on the reversed motor, and the time of one step on 10 failing episodes."""
    model, world = load_pretrained("meta"), WORLDS["reversed_motor"]
    adapter = StandardAdapter(StandardAdaptationConfig(num_adapt_steps=1))
    one_step = seconds_of(lambda: list(adapter.adapt(model, world)), repeats=11)
    trials = run_trials(model, [world] * 100, StandardAdaptationConfig(num_adapt_steps=5), seed=0)
    solved = trials.returns >= SOLVED
    first = np.where(solved.any(0), solved.argmax(0), -1)
    cost = np.where(first >= 0, trials.env_steps[first, np.arange(100)], np.inf)
    median, share = float(np.median(cost)), float(np.isfinite(cost).mean())
    meta_steps = int(read_log(pretrained_path("meta"))[-1]["env_steps"])
    report(f"one step on 10 failing episodes: {one_step * 1e3:.0f} ms")
    report(f"reversed motor to 475: median {median:,.0f} environment steps, {share:.0%} of 100 trials within 5 steps")
    return {
        "one_step_seconds": one_step,
        "median_env_steps_to_475": median,
        "share_solved_within_5_steps": share,
        "meta_training_env_steps": meta_steps,
    }


def thirty_seconds(report: Report, seeds: int = 10) -> list[dict[str, Any]]:
    """The 30-second recipe from random weights: greedy return after one step on both motors, for each seed."""
    rows = []
    for seed in range(seeds):
        learner = MetaMAML(dataclasses.replace(THIRTY_SECONDS, seed=seed), two_motors)
        seconds = 0.0
        for record in learner.train():
            seconds = record.seconds
            if seconds > 30:
                break
        after = {}
        for name in ("standard", "reversed_motor"):
            config = StandardAdaptationConfig(num_adapt_steps=1)
            after[name] = float(run_trials(learner.best, [WORLDS[name]] * 20, config, seed=1000 + seed).returns[1].mean())
        finite = all(bool(torch.isfinite(p).all()) for p in learner.best.parameters())
        rows.append({"seed": seed, "epochs": record.epoch + 1, "seconds": seconds, "finite": finite, **after})
        report(
            f"30-second recipe, seed {seed}: {record.epoch + 1} epochs in {seconds:.1f} s; after one step: "
            f"standard {after['standard']:.0f}, reversed {after['reversed_motor']:.0f}"
        )
    good = sum(min(r["standard"], r["reversed_motor"]) >= 450 for r in rows)
    report(f"30-second recipe: {good} of {seeds} seeds reach 450 on both motors")
    return rows


def run_benchmark(seed: int = 0, report: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Everything, with a line to `report` for each figure."""
    say = report or (lambda text: None)
    keep_freed_memory()
    return {
        "environment": environment_speed(say),
        "plain_loop": plain_loop_speed(say),
        "meta_training": meta_training_speed(say),
        "profile": profile(say),
        "scaling": scaling(say),
        "adaptation": adaptation_cost(say),
        "ppo": ppo_comparison(say),
        "thirty_seconds": thirty_seconds(say),
    }
