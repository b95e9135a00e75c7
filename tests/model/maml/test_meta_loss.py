"""The meta-loss against a plain loop over tasks, inner steps and episodes in float64: its value, its gradient, what it is made of."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor

from model import MetaTrainingConfig, StateSpaceModel, World
from model.maml.meta_batch import Batch, add_meta_gradient, collect_batch, meta_loss
from model.policy.params import with_task_axis
from model.policy.ssm import reference_outputs
from model.rl.rollout import Episodes
from tests.model.plain_loops import clipped_surrogate, entropy, episode_of, gae, inner_step, log_prob

WORLDS = [World(), World(reversed_motor=True), World(mirrored_sensors=True), World(wind=2.0)]
COUNTED = [1.0, 0.0, 0.0, 1.0]  # worlds whose return before adaptation counts
CONFIG = MetaTrainingConfig(inner_steps=2, episodes_per_task=3, min_support_episodes=2, num_epochs=10, entropy_bonus=0.2, inner_lr=0.3)
SUPPORT = 2
CHANGES = [
    {},
    {"first_order": True},
    {"inner_steps": 0},
    {"inner_steps": 1, "clip_ratio": 0.05},
    {"pre_adaptation_weight": 0.3, "value_weight": 1.7},
    {"entropy_where_counted": False},
    {"normalise_per_task": True, "length_exponent": 1.0},
    {"short_advantage_weight": 0.3, "advantage_std_floor": 0.9, "discount_factor": 0.95},
    {"short_advantage_weight": 0.3, "epoch": 3},  # before 35% of the epochs: not yet
    {"max_grad_norm": 0.5},
    {"min_grad_norm": 1.9},
]


def theta(seed: int = 0, moved: float = 0.0) -> dict[str, Tensor]:
    """One small policy, far enough from zero that nothing vanishes; moved: a step away from it."""
    g = torch.Generator().manual_seed(seed)
    start = StateSpaceModel(3, hidden_dim=4, generator=g).double().params()
    values = {n: p + 0.3 * torch.randn(p.shape, generator=g, dtype=p.dtype) for n, p in start.items()}
    return {n: (p + moved * torch.randn(p.shape, generator=g, dtype=p.dtype)).requires_grad_() for n, p in values.items()}


def made_up(params, worlds, episodes, generator, max_steps, **_) -> Episodes:
    """In place of `collect`: short episodes of arbitrary observations, the probabilities those of params."""
    M, K, T = len(worlds), episodes, 5
    lengths = generator.integers(1, T + 1, (M, K))
    lengths[:, 0] = T
    alive = (torch.arange(T) < torch.from_numpy(lengths).unsqueeze(-1)).double()
    obs = torch.from_numpy(generator.normal(size=(M, K, T, 4)))
    actions = torch.from_numpy(generator.integers(0, 2, (M, K, T)))
    mu = torch.zeros(M, K, T, dtype=torch.float64)
    for m in range(M):
        own = {n: p[m if len(p) > 1 else 0] for n, p in params.items()}
        for k in range(K):
            y = reference_outputs(own, obs[m, k])
            mu[m, k] = torch.stack([log_prob(y[t], int(a)) for t, a in enumerate(actions[m, k])])
    return Episodes(obs, actions, mu, alive, torch.from_numpy(generator.random((M, K)) < 0.7))


def collected(config: MetaTrainingConfig, epoch: int = 5) -> Batch:
    return collect_batch(with_task_axis(theta()), WORLDS, config, SUPPORT, np.random.default_rng(3), epoch, rollout=made_up)


def plain_policies(start: dict[str, Tensor], batch: Batch, m: int, c: MetaTrainingConfig, second_order: bool) -> list[dict[str, Tensor]]:
    """Task m's parameters before and after each inner step."""
    policies, weights = [start], [1 / SUPPORT] * SUPPORT
    for step in range(c.inner_steps):
        support = (batch.episodes[step], m, weights, c.inner_lr, c.max_grad_norm, c.discount_factor, second_order, c.min_grad_norm)
        policies.append(inner_step(policies[-1], *support))
    return policies


def plain_targets(batch: Batch, step: int, c: MetaTrainingConfig, epoch: int) -> dict[tuple[int, int, int], tuple[float, float, Tensor]]:
    """(task, episode, time) -> weight, normalised advantage, value targets (2,), under the policies that collected."""
    raw, e = {}, batch.episodes[step]
    for m in range(len(WORLDS)):
        params = plain_policies(theta(), batch, m, c, second_order=False)[step]
        for k in range(c.episodes_per_task):
            obs, _, _, fell = episode_of(e, m, k)
            y = reference_outputs(params, obs).detach()
            long, short = gae(y[:, 2], fell, c.discount_factor, 0.95), gae(y[:, 3], fell, 0.9, 0.95)
            for t in range(len(obs)):
                mixed = float(long[t] + (c.short_advantage_weight if epoch >= 0.35 * c.num_epochs else 1.0) * short[t])
                raw[m, k, t] = (len(obs) ** -c.length_exponent, mixed, torch.stack([y[t, 2] + long[t], y[t, 3] + short[t]]))
    whole, targets = sum(w for w, _, _ in raw.values()), {}
    for key, (weight, advantage, values) in raw.items():
        group = [(w, a) for (m, _, _), (w, a, _) in raw.items() if m == key[0] or not c.normalise_per_task]
        total = sum(w for w, _ in group)
        mean = sum(w * a for w, a in group) / total
        std = (sum(w * (a - mean) ** 2 for w, a in group) / total) ** 0.5
        targets[key] = (weight / whole, (advantage - mean) / max(std, c.advantage_std_floor), values)
    return targets


def plain_loss(start: dict[str, Tensor], batch: Batch, c: MetaTrainingConfig, epoch: int = 5) -> tuple[Tensor, list[Tensor], list[float]]:
    """The loss before adaptation, each task's after it, and each policy's mean log-ratio, negated."""
    before, after, kl = torch.zeros(()), [torch.zeros(()) for _ in WORLDS], []
    targets = [plain_targets(batch, step, c, epoch) for step in range(c.inner_steps + 1)]
    policies = [plain_policies(start, batch, m, c, second_order=not c.first_order) for m in range(len(WORLDS))]
    for step in range(c.inner_steps + 1):
        log_ratios = []
        for m in range(len(WORLDS)):
            for k in range(c.episodes_per_task):
                obs, actions, mu, _ = episode_of(batch.episodes[step], m, k)
                y = reference_outputs(policies[m][step], obs)
                for t, action in enumerate(actions):
                    weight, advantage, value_targets = targets[step][m, k, t]
                    log_ratio = log_prob(y[t], action) - mu[t]
                    log_ratios.append(float(log_ratio.detach()))
                    policy = -weight * clipped_surrogate(torch.exp(log_ratio), advantage, c.clip_ratio)
                    value = weight * ((y[t, 2] - value_targets[0]) ** 2 + (y[t, 3] - value_targets[1]) ** 2)
                    if step > 0:
                        after[m] = after[m] + policy + c.value_weight * value
                        continue
                    share = c.pre_adaptation_weight * COUNTED[m] if c.inner_steps else 1.0
                    counts = c.entropy_where_counted or (c.inner_steps > 0 and not COUNTED[m])
                    before = before + share * policy + c.value_weight * value - c.entropy_bonus * counts * weight * entropy(y[t])
        kl.append(-sum(log_ratios) / len(log_ratios))
    return before, after, kl


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: ", ".join(f"{n} {v}" for n, v in change.items()) or "defaults")
def test_the_meta_loss_and_its_gradient_are_the_plain_loops(change):
    epoch = change.get("epoch", 4)
    config = dataclasses.replace(CONFIG, **{n: v for n, v in change.items() if n != "epoch"})
    batch, params = collected(config, epoch), theta(moved=0.05)
    before, after, kl = plain_loss(params, batch, config, epoch)
    expected = before + sum(after)
    loss, moved = meta_loss(with_task_axis(params), batch, config)
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), abs=1e-9)
    assert (moved[:, 0] / moved[:, 1]).tolist() == pytest.approx(kl, abs=1e-9)
    plain = torch.autograd.grad(expected, list(params.values()), allow_unused=True, materialize_grads=True)
    for n, g, value in zip(params, torch.autograd.grad(loss, list(params.values())), plain, strict=True):
        assert float(value.abs().max()) > 1e-9, f"no gradient reaches {n}"
        torch.testing.assert_close(g, value, rtol=1e-8, atol=1e-9, msg=lambda text, n=n: f"{n}: {text}")
    # What training calls: the same, added to the leaves, of all tasks at once or of one after the other.
    for at_once in (10**6, 1):
        for p in params.values():
            p.grad = None
        total, divergence = add_meta_gradient(with_task_axis(params), batch, config, at_once)
        assert total == pytest.approx(float(expected.detach()), abs=1e-9) and divergence == pytest.approx(max(kl), abs=1e-9)
        for p, value in zip(params.values(), plain, strict=True):
            torch.testing.assert_close(p.grad, value, rtol=1e-8, atol=1e-9)


def test_a_split_gradient_clips_each_tasks_part_to_its_share_of_one():
    config = dataclasses.replace(CONFIG, split_meta_gradient=True, value_weight=0.05, inner_lr=0.05)
    batch, params = collected(config), theta(moved=0.05)
    before, after, _ = plain_loss(params, batch, config)
    values = list(params.values())
    expected, clipped = list(torch.autograd.grad(before, values, retain_graph=True)), 0
    for loss in after:
        part = torch.autograd.grad(loss, values, retain_graph=True)
        norm = float(torch.cat([g.flatten() for g in part]).norm())
        clipped += norm > 1 / len(WORLDS)
        expected = [sum_so_far + g * min(1.0, 1 / len(WORLDS) / norm) for sum_so_far, g in zip(expected, part, strict=True)]
    assert 0 < clipped < len(WORLDS)
    add_meta_gradient(with_task_axis(params), batch, config)
    for p, value in zip(values, expected, strict=True):
        torch.testing.assert_close(p.grad, value, rtol=1e-8, atol=1e-9)
