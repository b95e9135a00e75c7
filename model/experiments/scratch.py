"""The baseline of learning each world from nothing: the same policy gradient, one policy a world, all worlds in one batch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from model.maml.meta_batch import add_meta_gradient, collect_batch
from model.maml.meta_config import MetaTrainingConfig
from model.policy.ssm import StateSpaceModel
from model.rl.evaluation import evaluate_tasks
from model.worlds.cartpole import MAX_EPISODE_STEPS, SOLVED
from model.worlds.world import World

SCRATCH_CONFIG = MetaTrainingConfig(
    inner_steps=0, outer_lr=0.005, outer_updates=5, entropy_bonus=0.005, normalise_per_task=True, max_steps_per_episode=MAX_EPISODE_STEPS
)


@dataclass(frozen=True)
class ScratchResult:
    """For each of M worlds: environment steps until the first greedy evaluation of at least 475 (inf if the cap came first).

    env_steps_to_solve (M,), best_return (M,): the best evaluation seen, seconds: for all of them together.
    """

    env_steps_to_solve: np.ndarray
    best_return: np.ndarray
    seconds: float


def random_params(count: int, seed: int) -> dict[str, torch.Tensor]:
    """`count` independent random initialisations, name -> (count, ...)."""
    models = [StateSpaceModel(generator=torch.Generator().manual_seed(seed + i)) for i in range(count)]
    return {n: torch.stack([dict(m.named_parameters())[n].detach() for m in models]) for n in models[0].params()}


def train_from_scratch(
    worlds: Sequence[World], max_env_steps: int = 200_000, seed: int = 0, evaluate_every: int = 5, eval_episodes: int = 10
) -> ScratchResult:
    """Train one randomly initialised policy in each world until it is solved or has used max_env_steps.

    Every world has its own parameters and its own Adam state; a solved world leaves the batch.
    """
    config, generator, started = SCRATCH_CONFIG, np.random.default_rng(seed), time.perf_counter()
    M = len(worlds)
    theta = {n: p.requires_grad_() for n, p in random_params(M, seed).items()}
    optimizer = torch.optim.Adam(theta.values(), lr=config.outer_lr)
    used, solved_at, best = np.zeros(M), np.full(M, np.inf), np.zeros(M)
    active = np.arange(M)
    update = 0
    while len(active):
        chosen = [worlds[i] for i in active]
        index = torch.from_numpy(active)
        batch = collect_batch({n: p[index] for n, p in theta.items()}, chosen, config, config.episodes_per_task, generator)
        for step in range(config.outer_updates):
            optimizer.zero_grad()
            _, divergence = add_meta_gradient({n: p[index] for n, p in theta.items()}, batch, config)
            if step and divergence > config.kl_stop:
                break
            # A world that had left the batch would still be moved by its momentum: keep it where it was.
            before = {n: p.detach().clone() for n, p in theta.items()} if len(active) < M else None
            optimizer.step()
            if before is not None:
                left = torch.ones(M, dtype=torch.bool)
                left[index] = False
                with torch.no_grad():
                    for n, p in theta.items():
                        p[left] = before[n][left]
        used[active] += batch.episodes[0].lengths.sum(1).numpy()
        update += 1
        if update % evaluate_every == 0:
            params = {n: p.detach()[index] for n, p in theta.items()}
            greedy = evaluate_tasks(params, chosen, eval_episodes, np.random.default_rng([seed, update])).mean(1)
            best[active] = np.maximum(best[active], greedy)
            solved_at[active[greedy >= SOLVED]] = used[active[greedy >= SOLVED]]
            active = active[(greedy < SOLVED) & (used[active] < max_env_steps)]
    return ScratchResult(solved_at, best, time.perf_counter() - started)
