"""The method written once more, as plainly as it can be: Python loops over tasks, episodes and steps on the reference policy.

Every constant stands here as a number, as the README names it. Parameters are those of one task, without a task axis.
"""

import torch
from torch import Tensor

from model.policy.ssm import reference_outputs
from model.rl.rollout import Episodes

Params = dict[str, Tensor]


def episode_of(e: Episodes, m: int, k: int) -> tuple[Tensor, list[int], Tensor, bool]:
    """One episode without padding: obs (L, 4), actions, log-probabilities of the policy that acted (L,), whether it fell."""
    length = int(e.alive[m, k].sum())
    return e.obs[m, k, :length], e.actions[m, k, :length].tolist(), e.log_probs[m, k, :length], bool(e.terminated[m, k])


def log_prob(y: Tensor, action: int) -> Tensor:
    """log pi(action) of one step's outputs."""
    return y[action] - torch.logsumexp(y[:2], 0)


def gae(values: Tensor, fell: bool, discount: float, lam: float) -> list[Tensor]:
    """A_t = sum_l (discount lam)^l delta_{t+l}, as the double sum that it is."""
    length = len(values)
    after = [*values[1:], 0.0 if fell else values[-1]]
    delta = [(1 - discount) + discount * after[t] - values[t] for t in range(length)]
    return [sum((discount * lam) ** (s - t) * delta[s] for s in range(t, length)) for t in range(length)]


def both_advantages(y: Tensor, fell: bool, discount: float, lam: float) -> list[Tensor]:
    """The long and the short horizon's together."""
    return [a + b for a, b in zip(gae(y[:, 2], fell, discount, lam), gae(y[:, 3], fell, 0.9, lam), strict=True)]


def fall_weights(length: int, fell: bool) -> list[float]:
    """0.97^(steps left), scaled to sum to the share of 500 steps that were missed; 0 without a fall."""
    if not fell:
        return [0.0] * length
    raw = [0.97 ** (length - 1 - t) for t in range(length)]
    return [(1 - length / 500) * w / sum(raw) for w in raw]


def inner_gradient(theta: Params, e: Episodes, m: int, weights: list[float], discount: float, second_order: bool) -> tuple[Params, float]:
    """g = - sum_k w_k sum_t f_kt A_kt min(pi / mu, 2) d log pi(a_kt) / d theta * 10, and the surrogate loss.

    Theta is used twice: once as the policy that is moved, once as what judges (ratio and values), which is a number to g, yet not to
    the derivative of g.
    """
    moved = {n: p.view_as(p) for n, p in theta.items()}
    if not second_order:
        moved = {n: p.detach().requires_grad_() for n, p in theta.items()}
        theta = {n: p.detach() for n, p in theta.items()}
    surrogate, loss = 0.0, 0.0
    for k, weight in enumerate(weights):
        obs, actions, mu, fell = episode_of(e, m, k)
        judge, y = reference_outputs(theta, obs), reference_outputs(moved, obs)
        advantage, f = both_advantages(judge, fell, discount, 0.3), fall_weights(len(obs), fell)
        for t, action in enumerate(actions):
            ratio = torch.exp(log_prob(judge[t], action) - mu[t])
            if ratio > 2:
                ratio = 2.0
            coefficient = weight * f[t] * advantage[t] * ratio * 10
            surrogate = surrogate - coefficient * log_prob(y[t], action)
            loss -= coefficient.item()
    grads = torch.autograd.grad(surrogate, list(moved.values()), create_graph=second_order, allow_unused=True, materialize_grads=True)
    return dict(zip(theta, grads, strict=True)), loss


def inner_step(
    theta: Params,
    e: Episodes,
    m: int,
    weights: list[float],
    lr: float,
    max_grad_norm: float,
    discount: float,
    second_order: bool,
    min_grad_norm: float = 0.0,
) -> Params:
    """theta' = theta - lr g n / |g|: n = |g|, but at most max_grad_norm and at least min_grad_norm times the share of 500 steps missed."""
    grads, _ = inner_gradient(theta, e, m, weights, discount, second_order)
    norm = sum(g.square().sum() for g in grads.values())
    if norm == 0:
        return dict(theta)
    norm = torch.sqrt(norm)
    missed = sum(
        w * sum(fall_weights(len(obs), fell)) for w, (obs, _, _, fell) in ((w, episode_of(e, m, k)) for k, w in enumerate(weights))
    )
    scale = 1.0
    if norm > max_grad_norm:
        scale = max_grad_norm / norm
    elif norm < min_grad_norm * missed:
        scale = min_grad_norm * missed / norm
    return {n: p - lr * scale * grads[n] for n, p in theta.items()}


def clipped_surrogate(ratio: Tensor, advantage: float, clip: float) -> Tensor:
    """min(r A, clip(r) A), by cases (Schulman et al. 2017, eq. 7)."""
    if advantage >= 0 and ratio > 1 + clip:
        return torch.tensor((1 + clip) * advantage, dtype=ratio.dtype)
    if advantage < 0 and ratio < 1 - clip:
        return torch.tensor((1 - clip) * advantage, dtype=ratio.dtype)
    return ratio * advantage


def entropy(y: Tensor) -> Tensor:
    """- sum_a pi(a) log pi(a)."""
    p = torch.softmax(y[:2], 0)
    return -(p[0] * torch.log(p[0]) + p[1] * torch.log(p[1]))
