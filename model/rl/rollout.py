"""Episodes: many tasks and episodes at once, each task with its own world and its own parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.policy.cell import Cell
from model.policy.inputs import NO_PUSH, SENSORS, input_dim, joined, pushes
from model.policy.params import Params
from model.worlds.cartpole import MAX_EPISODE_STEPS, START_RANGE, WorldCartPole
from model.worlds.disturbances import keys_of_starts
from model.worlds.world import World

Changes = Mapping[int, tuple[Sequence[int], Sequence[World]]]
"""Worlds that change while episodes run: before step t, the environments with these indices (of M K) are given these worlds."""
Intervention = Callable[[WorldCartPole, np.ndarray], np.ndarray]
"""What is done instead of what the policy chose, asked at every step: (environments, actions (M K,)) -> actions (M K,)."""


@dataclass(frozen=True)
class Episodes:
    """A batch of whole episodes of M tasks, K each, padded to T steps.

    obs (M, K, T, I) float32: the policy's inputs, of which the first four are the sensors (model/policy/inputs.py).
    actions (M, K, T) int64; log_probs (M, K, T) of the actions under the behaviour policy; alive (M, K, T) float32, 1 where a
    step was really taken; terminated (M, K) bool, True where the pole fell or the cart left the track (False: cut by the step
    limit). The reward is 1 for every real step, so returns are lengths.
    """

    obs: Tensor
    actions: Tensor
    log_probs: Tensor
    alive: Tensor
    terminated: Tensor

    @property
    def lengths(self) -> Tensor:
        """Steps of each episode, which are also its undiscounted return: (M, K) float32."""
        return self.alive.sum(-1)

    @property
    def sensors(self) -> Tensor:
        """What the world showed, without the policy's own push: (M, K, T, 4)."""
        return self.obs[..., :SENSORS]

    @property
    def env_steps(self) -> int:
        """Environment steps really taken; padding does not count."""
        return int(self.alive.sum())

    def first(self, episodes: int) -> Episodes:
        """Only the first episodes of each task, cut to their longest."""
        kept = Episodes(*(t[:, :episodes] for t in self.tensors))
        return kept.cut(int(kept.lengths.max()))

    def task(self, index: int) -> Episodes:
        """The episodes of one task, as a batch with M = 1."""
        return self.tasks(slice(index, index + 1))

    def tasks(self, chosen: slice) -> Episodes:
        """The episodes of some tasks."""
        return Episodes(*(t[chosen] for t in self.tensors))

    def episode(self, k: int) -> Episodes:
        """Episode k of every task, cut to its steps, as a copy that holds no other memory."""
        kept = Episodes(*(t[:, k : k + 1] for t in self.tensors))
        kept = kept.cut(int(kept.lengths.max()))
        return Episodes(*(t.clone() for t in kept.tensors))

    def cut(self, steps: int) -> Episodes:
        """Only the first steps."""
        *series, terminated = self.tensors
        return Episodes(*(t[:, :, : max(1, steps)] for t in series), terminated)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The fields in order."""
        return self.obs, self.actions, self.log_probs, self.alive, self.terminated


def concatenated(batches: Sequence[Episodes]) -> Episodes:
    """Episodes of the same tasks side by side along K, padded to the longest."""
    steps = max(b.obs.shape[2] for b in batches)

    def pad(t: Tensor, time_axis: bool) -> Tensor:
        missing = steps - t.shape[2] if time_axis else 0
        return torch.nn.functional.pad(t, [0, 0] * (t.dim() - 3) + [0, missing]) if missing else t

    columns = zip(*(b.tensors for b in batches), strict=True)
    return Episodes(*(torch.cat([pad(t, t.dim() > 2) for t in column], dim=1) for column in columns))


def stacked(tasks: Sequence[Episodes]) -> Episodes:
    """Batches of single tasks with equal K on top of each other along M, padded to the longest."""
    swapped = concatenated([Episodes(*(t.transpose(0, 1) for t in e.tensors)) for e in tasks])
    return Episodes(*(t.transpose(0, 1).contiguous() for t in swapped.tensors))


def action_log_probs(logits: Tensor, actions: Tensor) -> Tensor:
    """log pi(a|.) for logits (..., 2) and actions (...)."""
    margin = logits[..., 1] - logits[..., 0]  # the log-odds of pushing right
    return torch.nn.functional.logsigmoid(torch.where(actions == 1, margin, -margin))


def fallen(episodes: Episodes, weights: Tensor) -> tuple[Episodes, Tensor]:
    """Of each task the episodes that fell, moved to the front and cut to the longest; the places left over are empty, weight 0.

    weights (M, K) of the episodes; those of weight 0 are left out too.
    """
    fell = episodes.terminated & (weights > 0)
    most = max(1, int(fell.sum(1).max()))
    order = fell.float().argsort(dim=1, descending=True, stable=True)[:, :most]  # (M, most)

    def chosen(t: Tensor) -> Tensor:
        return t.gather(1, order.view(*order.shape, *[1] * (t.dim() - 2)).expand(-1, -1, *t.shape[2:]))

    fell = chosen(fell)
    obs, actions, log_probs, alive, _ = (chosen(t) for t in episodes.tensors)
    kept = Episodes(obs, actions, log_probs, alive * fell.unsqueeze(-1), fell)
    return kept.cut(int(kept.lengths.max())), chosen(weights) * fell


def collect(
    params: Params,
    worlds: Sequence[World],
    episodes: int,
    generator: np.random.Generator,
    max_steps: int = MAX_EPISODE_STEPS,
    greedy: bool | np.ndarray = False,
    action_generator: np.random.Generator | None = None,
    start_scale: np.ndarray | None = None,
    changes: Changes | None = None,
    intervene: Intervention | None = None,
) -> Episodes:
    """Run `episodes` episodes in each world with that world's parameters.

    params: leading axis M = len(worlds), or 1 for parameters shared by all. The draws depend on the generator and on the
    number of worlds and episodes alone: the same generator state gives the same first states and noise, whoever acts.
    greedy: in all episodes, or (M, K) bool in these. start_scale (K, 4) or (M, K, 4): factors on each episode's first state,
    which is drawn from +-0.05 in each component. The hidden state goes on where a world changes.
    """
    M, K = len(worlds), episodes
    env = WorldCartPole([w for w in worlds for _ in range(K)], max_episode_steps=max_steps)
    # One row per episode, so that the first n of many episodes equal n episodes of their own.
    first = generator.uniform(-START_RANGE, START_RANGE, size=(M * K, 4))
    env.begin(first if start_scale is None else first * np.broadcast_to(start_scale, (M, K, 4)).reshape(-1, 4), keys_of_starts(first))
    noise = None
    if not np.all(greedy):
        noise = (action_generator or generator).random((M * K, max_steps), dtype=np.float32).T.copy()
        noise[:, np.broadcast_to(greedy, (M, K)).ravel()] = 0.5
    dtype = params["initial_state"].dtype
    with torch.inference_mode():
        observations, actions, margins, alive, terminated = _step(params, env, noise, (M, K), max_steps, changes or {}, intervene)

    def tensor(rows: list[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.stack(rows, axis=1)).unflatten(0, (M, K))

    taken = tensor(actions)
    log_odds = tensor(margins)
    log_probs = torch.nn.functional.logsigmoid(torch.where(taken == 1, log_odds, -log_odds))
    return Episodes(tensor(observations).to(dtype), taken, log_probs, tensor(alive).to(dtype), torch.from_numpy(terminated).view(M, K))


def _step(
    params: Params,
    env: WorldCartPole,
    noise: np.ndarray | None,
    shape: tuple[int, int],
    max_steps: int,
    changes: Changes,
    intervene: Intervention | None,
):
    """The loop over time steps. Returns lists over steps of (M K, ...) arrays, and terminated (M K,)."""
    cell, first, I = Cell(params), params["initial_state"], input_dim(params)  # noqa: E741
    n = shape[0] * shape[1]
    shape = shape if len(first) == shape[0] else (1, n)
    h, push = first.unsqueeze(1).expand(*shape, -1), np.full(n, NO_PUSH)
    observations, actions, margins, alives = [], [], [], []
    alive = np.ones(n, dtype=bool)
    for t in range(max_steps):
        if t in changes:
            env.change(*changes[t])
        inputs = joined(env.observe(), push, I)
        outputs, h = cell.step(torch.from_numpy(inputs).to(h.dtype).view(*shape, I), h)
        margin = (outputs[..., 1] - outputs[..., 0]).reshape(-1).numpy()  # log-odds of pushing right
        if noise is None:
            action = (margin > 0).astype(np.int64)
        else:
            with np.errstate(over="ignore"):
                action = (noise[t] * (1.0 + np.exp(-margin)) < 1.0).astype(np.int64)
        if intervene is not None:
            action = intervene(env, action)
        observations.append(inputs)
        actions.append(action)
        margins.append(margin)
        alives.append(alive)
        alive = alive & ~env.advance(action, alive)
        if not alive.any():
            break
        push = pushes(action)
    return observations, actions, margins, alives, ~alive
