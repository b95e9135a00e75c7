"""Imagined episodes: a policy and a linear dynamics model in one loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.policy.inputs import SENSORS, input_dim, joined
from model.policy.params import Params
from model.policy.recurrence import stable
from model.rl.rollout import Episodes, action_log_probs
from model.worlds.cartpole import ANGLE_LIMIT, X_LIMIT

Generators = np.random.Generator | Sequence[np.random.Generator]
CHECK_EVERY = 10  # steps
LAST_PUSH = 6  # where u_{t-1} stands among the features (features.py); 0 before the first action


@dataclass(frozen=True)
class Starts:
    """How imagined episodes begin. first, before (M, K, 4): the first observation and the one before. offset (M,): of the angle, rad."""

    first: np.ndarray
    before: np.ndarray
    offset: np.ndarray


def listed(generator: Generators, tasks: int) -> Sequence[np.random.Generator]:
    """One generator for each task: those given, or the one given again and again."""
    return [generator] * tasks if isinstance(generator, np.random.Generator) else generator


def imagined_episodes(params: Params, coefficients: np.ndarray, starts: Starts, noise: np.ndarray | None, max_steps: int) -> Episodes:
    """Run M tasks' policies in K linear worlds each. coefficients (M, K, F, O); noise (M, K, max_steps) uniform, None for greedy.

    The loop is in NumPy, whose small products cost less than half of PyTorch's. Everything linear is folded beforehand: the
    policy's recurrence and mixing layer are one product a step, the world's next observation and its shifted past another.
    """
    M, K = coefficients.shape[:2]
    actor = _Actor(params)
    dynamics = shifted(coefficients).astype(np.float32)  # (M, K, F, F)
    # A push to the right where the log-odds of it exceed those of the noise.
    threshold = np.zeros((max_steps, M, K, 1), np.float32)
    if noise is not None:
        n = np.clip(noise.transpose(2, 0, 1)[..., None].astype(np.float32), 1e-7, 1 - 6e-8)
        threshold = np.log(n) - np.log1p(-n)
    state = np.zeros((M, K, 1, dynamics.shape[-1]), np.float32)  # f_t: the features, with u_t yet to be chosen
    state[..., 0, :4], state[..., 0, -4:], state[..., 5] = starts.first, starts.before, 1.0
    hidden = np.ones((M, K, actor.recurrence.shape[1]), np.float32)
    hidden[..., : actor.state_dim] = params["initial_state"].detach().numpy()[:, None]
    inputs = input_dim(params)
    observations = np.empty((max_steps, M, K, inputs), np.float32)
    margins, rights = np.empty((max_steps, M, K, 1), np.float32), np.empty((max_steps, M, K, 1), bool)
    offset, inside = starts.offset[:, None].astype(np.float32), np.ones((M, K), bool)
    steps = 0
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(max_steps):
            observations[t] = joined(state[..., 0, :SENSORS], state[..., 0, LAST_PUSH], inputs)
            actor.margin(hidden, observations[t], margins[t])
            np.greater(margins[t], threshold[t], out=rights[t])
            np.subtract(rights[t] * np.float32(2), np.float32(1), out=state[..., 4])
            state = np.matmul(state, dynamics)
            steps = t + 1
            if steps % CHECK_EVERY == 0:  # what runs on beyond its fall is cut below
                inside &= _inside(observations[steps - CHECK_EVERY : steps], offset).all(0)
                if not inside.any():
                    break
        following = np.concatenate([observations[1:steps, ..., :SENSORS], state[None, ..., 0, :SENSORS]])
        falls = ~_inside(following, offset)  # (T, M, K): the step after which the limit is passed
    ended = np.logical_or.accumulate(falls, axis=0)
    alive = np.concatenate([np.ones((1, M, K), bool), ~ended[:-1]])
    longest = int(alive.any((1, 2)).sum())

    def tensor(series: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(np.moveaxis(series[:longest], 0, 2)))

    actions, margin = tensor(rights[..., 0]).long(), tensor(margins[..., 0])
    mask = tensor(alive)
    logits = torch.stack([torch.zeros_like(margin), margin], dim=-1)
    log_probs = action_log_probs(logits, actions)
    obs = torch.where(mask.unsqueeze(-1), tensor(observations), torch.zeros(()))
    log_probs = torch.where(mask, log_probs, torch.zeros(()))
    dtype = params["initial_state"].dtype
    return Episodes(obs.to(dtype), actions, log_probs.to(dtype), mask.to(dtype), torch.from_numpy(ended[-1].copy()))


def _inside(obs: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Whether the limits of the task hold: obs (..., M, K, 4) -> (..., M, K). What is not a number is outside."""
    return (np.abs(obs[..., 0]) <= X_LIMIT) & (np.abs(obs[..., 2] - offset) <= ANGLE_LIMIT)


def shifted(coefficients: np.ndarray) -> np.ndarray:
    """f_t -> f_{t+1} (with u_{t+1} = 0) as one matrix: (..., F, O) -> (..., F, F)."""
    F = coefficients.shape[-2]
    step = np.zeros((*coefficients.shape[:-1], F))
    step[..., :4] = coefficients
    step[..., range(4), range(4)] += 1.0  # o_{t+1} = o_t + change
    step[..., 5, 5] = 1.0
    step[..., 4, 6] = 1.0  # u_t -> u_{t-1}, and so on
    for k in range(6, F - 5):
        step[..., k, k + 1] = 1.0
    step[..., range(4), range(F - 4, F)] = 1.0  # o_t -> o_{t-1}
    return step


class _Actor:
    """The policy's log-odds of pushing right, step by step: the equations of ssm.py with all that is linear folded together."""

    def __init__(self, params: Params):
        p = {name: t.detach() for name, t in params.items()}
        self.state_dim = S = p["A"].shape[-1]
        scale = p["input_scale"].unsqueeze(-1)  # (M, I, 1)
        recurrence = torch.cat([stable(p["A"]), scale * p["B"], p["state_bias"].unsqueeze(1)], dim=1)  # of [h, x, 1]
        mixing_x = torch.cat([torch.zeros_like(p["A"]), scale * p["mix_weight"][:, S:], p["mix_bias"].unsqueeze(1)], dim=1)
        mixing = recurrence @ p["mix_weight"][:, :S] + mixing_x
        right = p["C"][..., 1:2] - p["C"][..., :1]  # (M, S, 1): what the log-odds take of z
        across = p["D"][..., 1:2] - p["D"][..., :1]
        constant = p["mlp_out_bias"].unsqueeze(1) @ right + (p["output_bias"][:, 1:2] - p["output_bias"][:, :1]).unsqueeze(1)
        self.recurrence = torch.cat([recurrence, mixing], dim=2).numpy()  # (M, S + I + 1, 2 S)
        self.mlp, self.mlp_bias = p["mlp_in_weight"].contiguous().numpy(), p["mlp_in_bias"].unsqueeze(1).numpy()
        self.read_out = torch.cat([right, p["mlp_out_weight"] @ right, scale * across, constant], dim=1).numpy()  # of [m, t, x, 1]

    def margin(self, hidden: np.ndarray, obs: np.ndarray, out: np.ndarray) -> None:
        """hidden [h, x, 1] (M, K, S + I + 1) is brought to this step in place; the log-odds are written to out (M, K, 1)."""
        S = self.state_dim
        hidden[..., S:-1] = obs
        both = np.matmul(hidden, self.recurrence)
        hidden[..., :S] = both[..., :S]
        m = np.tanh(both[..., S:])
        t = np.tanh(np.matmul(m, self.mlp) + self.mlp_bias)
        np.matmul(np.concatenate([m, t, hidden[..., S:]], axis=-1), self.read_out, out=out)
