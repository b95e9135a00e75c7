"""Advantages: how much better an action did than the policy's values expected.

The reward is 1 a step, used in the unit (1 - discount): a discounted return then lies in [0, 1], and 1 is never falling.
The model's outputs 2 and 3 are value baselines for two discounts; both advantages together drive the policy: the short
one is sharp about the pole, the long one about the drift along the track.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from model.rl.rollout import Episodes

SHORT_DISCOUNT = 0.9


@lru_cache(maxsize=64)
def _decay_matrix(steps: int, rate: float, dtype: torch.dtype) -> Tensor:
    """L[s, t] = rate^(s - t) for s >= t, else 0: x @ L sums the decayed future of x. (T, T)"""
    s = torch.arange(steps, dtype=dtype)
    lag = s.unsqueeze(1) - s.unsqueeze(0)
    return torch.where(lag >= 0, rate ** lag.clamp_min(0), torch.zeros((), dtype=dtype))


def gae(values: Tensor, alive: Tensor, terminated: Tensor, discount: float, lam: float) -> Tensor:
    """Generalised advantage estimates (Schulman et al. 2016, eq. 16) for a reward of (1 - discount) a step.

        delta_t = (1 - discount) + discount V_{t+1} - V_t        A_t = sum_l (discount lam)^l delta_{t+l}

    V after a fall is 0; after a cut by the step limit it is the last V seen. values, alive (..., T), terminated (...).
    """
    following = torch.cat([values[..., 1:], values[..., -1:]], dim=-1)
    last = alive - torch.cat([alive[..., 1:], torch.zeros_like(alive[..., :1])], dim=-1)  # 1 at each episode's last step
    following = torch.where(last > 0, values * ~terminated.unsqueeze(-1), following)
    delta = ((1 - discount) + discount * following - values) * alive
    return (delta @ _decay_matrix(alive.shape[-1], discount * lam, delta.dtype)) * alive


def advantages(values: Tensor, episodes: Episodes, discount: float, lam: float) -> Tensor:
    """Advantages for the (long, short) discounts. values (M, K, T, 2) -> (M, K, T, 2)."""
    e = episodes
    return torch.stack([gae(values[..., i], e.alive, e.terminated, d, lam) for i, d in enumerate((discount, SHORT_DISCOUNT))], dim=-1)
