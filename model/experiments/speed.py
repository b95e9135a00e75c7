"""How fast: environment steps per second of the environment, of meta-training and of its parts, on this machine."""

from __future__ import annotations

import cProfile
import dataclasses
import pstats
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch

from model.maml.meta_batch import add_meta_gradient, collect_batch
from model.maml.meta_config import MetaTrainingConfig
from model.policy.params import with_task_axis
from model.policy.pretrained import load_pretrained
from model.policy.ssm import StateSpaceModel
from model.rl.rollout import Episodes, collect
from model.worlds.cartpole import WorldCartPole
from model.worlds.sampling import standard_worlds, training_worlds
from model.worlds.world import World

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


def environment_speed(report: Report, seed: int) -> dict[str, float]:
    """Environment steps per second of the batched environment alone."""
    rows = {}
    for count in (256, 1024):
        env = WorldCartPole([World()] * count)
        env.reset(seed=seed)
        action = np.random.default_rng(seed).integers(0, 2, count)
        rows[str(count)] = 200 * count / seconds_of(lambda env=env, action=action: [env.step(action) for _ in range(200)])
        report(f"environment alone, {count} at once: {rows[str(count)] / 1e6:.1f} million steps/s")
    return rows


def fallen(*args: Any, **kwargs: Any) -> Episodes:
    """`collect`, every episode counted as fallen, so that the inner steps of a policy that stands have all of them to learn from."""
    episodes = collect(*args, **kwargs)
    return dataclasses.replace(episodes, terminated=torch.ones_like(episodes.terminated))


def epoch_speed(config: MetaTrainingConfig, full: bool) -> tuple[float, float]:
    """(real environment steps, seconds) of a whole meta-update, collecting and learning; medians over all but the first.

    full: a policy that stands in every world, and learns from all of each episode; otherwise a random one that falls early.
    Nothing is applied, so that full episodes stay full and fresh ones fresh.
    """
    model = load_pretrained("standard") if full else StateSpaceModel(generator=torch.Generator().manual_seed(config.seed))
    theta = with_task_axis(dict(model.named_parameters()))
    generator, steps, seconds = np.random.default_rng(config.seed), [], []
    for _ in range(config.num_epochs):
        started = time.perf_counter()
        worlds = (standard_worlds if full else training_worlds)(config.tasks_per_epoch, generator)
        batch = collect_batch(theta, worlds, config, config.episodes_per_task, generator, rollout=fallen if full else collect)
        for _ in range(config.outer_updates):
            add_meta_gradient(theta, batch, config)
        steps.append(batch.counts()[1])
        seconds.append(time.perf_counter() - started)
    return float(np.median(steps[1:])), float(np.median(seconds[1:]))


def meta_training_speed(report: Report, seed: int) -> dict[str, Any]:
    """Whole second-order meta-iterations, 20 tasks x (10 + 10) episodes, horizon 200: full episodes, and a random policy's."""
    rows = {}
    config = dataclasses.replace(SPEED, num_epochs=12, seed=seed)
    for label in ("full", "fresh"):
        full = label == "full"
        with threads(1):
            measured = {"1 thread": epoch_speed(config, full)}
        with threads(2):
            measured["2 threads"] = epoch_speed(config, full)
        for how, (steps, seconds) in measured.items():
            rows[f"{label}, {how}"] = steps / seconds
            report(f"meta-training, {label} episodes, {how}: {steps / seconds:,.0f} steps/s ({steps:,.0f} steps an epoch)")
    return rows


def plain_loop_speed(report: Report, seed: int) -> float:
    """For scale: one episode and one model call a step at a time, acting only, nothing learnt."""
    model, env = load_pretrained("standard"), gymnasium.make("CartPole-v1")

    @torch.inference_mode()
    def play() -> None:
        obs, _ = env.reset(seed=seed)
        hidden = model.init_hidden()
        for _ in range(200):
            outputs, hidden = model(torch.as_tensor(obs).unsqueeze(0), hidden)
            obs, *_ = env.step(int(outputs[0, :2].argmax()))

    speed = 200 / seconds_of(play)
    report(f"a plain loop, acting only: {speed:,.0f} steps/s")
    return speed


def profile(report: Report, seed: int) -> dict[str, float]:
    """Where the time of a full meta-training epoch goes, as shares."""
    watched = {"rollouts": "collect", "inner steps": "inner_step", "outer backward": "backward"}
    profiler = cProfile.Profile()
    profiler.runcall(epoch_speed, dataclasses.replace(SPEED, seed=seed), full=True)
    stats = pstats.Stats(profiler)
    spent = dict.fromkeys(watched, 0.0)
    for (file, _, function), (_, _, _, cumulative, _) in stats.stats.items():
        for name, wanted in watched.items():
            if function == wanted and Path(file).stem in ("rollout", "inner_step", "_tensor"):
                spent[name] += cumulative
    total = stats.total_tt
    shares = {name: seconds / total for name, seconds in spent.items()}
    shares["outer forward and the rest"] = 1 - sum(shares.values())
    report("of a full epoch: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items()))
    return shares


def scaling(report: Report, seed: int) -> list[dict[str, float]]:
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
            seed=seed,
        )
        steps, seconds = epoch_speed(config, full=True)
        rows.append(
            {"tasks": tasks, "episodes": episodes, "horizon": horizon, "seconds": seconds, "microseconds_per_step": seconds / steps * 1e6}
        )
        cost = f"{seconds * 1e3:6.0f} ms an epoch, {seconds / steps * 1e6:.2f} us a step"
        report(f"{tasks:3d} tasks, {episodes:3d} episodes, horizon {horizon}: {cost}")
    return rows
