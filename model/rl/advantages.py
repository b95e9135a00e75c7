"""Advantages, and the policy gradient that the inner loop follows. The outer loop's loss is `meta_batch.meta_loss`.

The reward is 1 a step, used in the unit (1 - discount): a discounted return then lies in [0, 1], and 1 is never falling.
The model's outputs 2 and 3 are value baselines for two discounts; both advantages together drive the policy: the short
one is sharp about the pole, the long one about the drift along the track.

Two measured choices carry the method:
- The inner loop's advantages look barely beyond one step (a small GAE lambda). The value is then a learned potential that
  judges each action by what it did to the pole, so that even one nine-step episode tells which way the motor works;
  whole returns say only that every action of it was bad.
- Only episodes that ended in a fall teach the inner loop, and in them the steps before the fall (`fall_weights`). A policy
  that stands gets no gradient, so that further steps leave it standing.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from model.policy.cell import sequence_outputs
from model.policy.params import Params
from model.rl.rollout import Episodes, action_log_probs, fallen
from model.worlds.cartpole import MAX_EPISODE_STEPS

SHORT_DISCOUNT = 0.9
OUTER_LAMBDA = 0.95
INNER_LAMBDA = 0.3
FALL_DECAY = 0.97
MAX_RATIO = 2.0
INNER_SCALE = 10.0


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


def fall_weights(episodes: Episodes) -> Tensor:
    """How much each step counts for its episode's fall: proportional to 0.97^(steps left). (M, K, T)

    An episode's weights sum to the share of 500 steps that it missed, and to 0 if it did not fall: the nearer a policy comes
    to standing, the smaller its steps.
    """
    left = episodes.alive.flip(-1).cumsum(-1).flip(-1) - 1
    weights = FALL_DECAY ** left.clamp_min(0) * episodes.alive
    missed = (1 - episodes.lengths / MAX_EPISODE_STEPS) * episodes.terminated  # (M, K)
    return weights * (missed / weights.sum(-1).clamp_min(1e-8)).unsqueeze(-1)


def policy_gradient(
    params: Params, episodes: Episodes, episode_weights: Tensor, discount: float, second_order: bool
) -> tuple[dict[str, Tensor], Tensor]:
    """The gradient that an inner step follows, and the surrogate loss it belongs to, per task.

        L = - sum_k w_k sum_t f_kt A_kt pi(a_kt) / mu(a_kt)        f: fall_weights; mu: the behaviour policy

    At the behaviour policy the gradient is REINFORCE's, and its own derivative is that of the likelihood ratio (ProMP's
    low-variance curvature, Rothfuss et al. 2019), as second-order MAML needs; for replayed episodes the ratio corrects
    for the policy that collected them, truncated at 2. The advantage is a number to the inner gradient, yet the outer
    gradient passes through it: the values learn what makes adaptation work.

    params: leading axis M, requiring grad. episode_weights w (M, K). Returns name -> (M, ...) and loss (M,).
    """
    episodes, episode_weights = fallen(episodes, episode_weights)
    outputs = sequence_outputs(params, episodes.obs, alive=episodes.alive)
    logits, values = outputs[..., :2], outputs[..., 2:4]
    advantage = advantages(values, episodes, discount, INNER_LAMBDA).sum(-1)
    ratio = (action_log_probs(logits, episodes.actions) - episodes.log_probs).exp().clamp_max(MAX_RATIO)
    weight = ratio * advantage * fall_weights(episodes) * episode_weights.unsqueeze(-1) * INNER_SCALE  # (M, K, T)
    # dL/dlogits = -weight (onehot(a) - pi), written out so that the inner gradient leaves the values alone.
    onehot = torch.nn.functional.one_hot(episodes.actions, 2)
    cotangent = -weight.unsqueeze(-1) * (onehot - logits.softmax(-1))
    grads = torch.autograd.grad(logits, list(params.values()), cotangent if second_order else cotangent.detach(), create_graph=second_order)
    return dict(zip(params, grads, strict=True)), -weight.sum((1, 2)).detach()
