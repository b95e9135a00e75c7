"""Returns, value baselines, advantages and surrogate losses of the policy gradient.

The reward is 1 a step and is used in the unit (1 - discount), so that a discounted return lies in [0, 1]: 1 is never
falling. The model's outputs 2 and 3 estimate it for the two discounts below; both advantages together drive the policy,
the short one sharp about the pole, the long one about the drift along the track.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from model.rollout import Episodes, action_log_probs
from model.ssm import Params, sequence_outputs

SHORT_DISCOUNT = 0.9
GAE_LAMBDA = 0.95


@lru_cache(maxsize=64)
def _decay_matrix(steps: int, rate: float) -> Tensor:
    """L[s, t] = rate^(s - t) for s >= t, else 0: x @ L sums the decayed future of x. (T, T)"""
    s = torch.arange(steps, dtype=torch.float32)
    lag = s.unsqueeze(1) - s.unsqueeze(0)
    return torch.where(lag >= 0, rate ** lag.clamp_min(0), torch.zeros(()))


def gae(values: Tensor, alive: Tensor, terminated: Tensor, discount: float, lam: float = GAE_LAMBDA) -> Tensor:
    """Generalised advantage estimates (Schulman et al. 2016, eq. 16) for reward (1 - discount) a step.

        delta_t = (1 - discount) + discount V_{t+1} - V_t        A_t = sum_l (discount lam)^l delta_{t+l}

    V after a fall is 0; after a cut by the step limit it is the last V seen. values, alive (..., T), terminated (...).
    """
    following = torch.cat([values[..., 1:], values[..., -1:]], dim=-1)
    last = alive - torch.cat([alive[..., 1:], torch.zeros_like(alive[..., :1])], dim=-1)  # 1 at each episode's last step
    following = torch.where(last > 0, values * ~terminated.unsqueeze(-1), following)
    delta = ((1 - discount) + discount * following - values) * alive
    return (delta @ _decay_matrix(alive.shape[-1], discount * lam)) * alive


def advantages(values: Tensor, episodes: Episodes, discount: float) -> Tensor:
    """Advantages for the (long, short) discounts. values (M, K, T, 2) -> (M, K, T, 2)."""
    e = episodes
    return torch.stack([gae(values[..., i], e.alive, e.terminated, d) for i, d in enumerate((discount, SHORT_DISCOUNT))], dim=-1)


def normalised(x: Tensor, alive: Tensor, floor: float = 1e-3) -> Tensor:
    """x with mean 0 and std 1 over all real steps; a std under the floor is not blown up."""
    n = alive.sum().clamp_min(1)
    mean = (x * alive).sum() / n
    std = (((x - mean) * alive).square().sum() / n).sqrt()
    return (x - mean) / std.clamp_min(floor) * alive


def policy_gradient(params: Params, episodes: Episodes, discount: float, second_order: bool, scale: float = 1.0) -> tuple[dict[str, Tensor], Tensor]:
    """The gradient that an inner step follows, and the surrogate loss it belongs to, per task.

        L = - 1/N sum_{k,t} A_kt pi(a_kt) / mu(a_kt)          N: real steps; mu: the behaviour policy

    At the behaviour policy the gradient is REINFORCE's, and its own derivative is that of the likelihood ratio (ProMP's
    low-variance curvature, Rothfuss et al. 2019), as second-order MAML needs. The advantage is a number to the inner
    gradient, yet the outer gradient may pass through it: the values learn what makes adaptation work.

    params with leading axis M that require grad. Returns name -> (M, ...) and loss (M,).
    """
    outputs = sequence_outputs(params, episodes.obs)
    logits, values = outputs[..., :2], outputs[..., 2:4]
    advantage = advantages(values, episodes, discount).sum(-1)
    ratio = (action_log_probs(logits, episodes.actions) - episodes.log_probs).clamp(-10, 10).exp()
    weight = ratio * advantage * episodes.alive * (scale / episodes.alive.sum((1, 2), keepdim=True))  # (M, K, T)
    # dL/dlogits = -weight (onehot(a) - pi): written out so that the inner gradient leaves the values alone.
    onehot = torch.nn.functional.one_hot(episodes.actions, 2)
    cotangent = -weight.unsqueeze(-1) * (onehot - logits.softmax(-1))
    if not second_order:
        cotangent = cotangent.detach()
    grads = torch.autograd.grad(logits, list(params.values()), cotangent, create_graph=second_order)
    return dict(zip(params, grads, strict=True)), -weight.sum((1, 2)).detach()


def entropy(logits: Tensor, alive: Tensor) -> Tensor:
    """Mean entropy of the policy over real steps, nats. logits (..., T, 2), alive (..., T)."""
    log_p = torch.log_softmax(logits, -1)
    return -((log_p.exp() * log_p).sum(-1) * alive).sum() / alive.sum()
