"""The inner step: one gradient step on a task's own episodes, the same in meta-training and at test time.

Two measured choices carry the method:
- Its advantages look barely beyond one step (a small GAE lambda). The value is then a learned potential that
  judges each action by what it did to the pole, so that even one nine-step episode tells which way the motor works;
  whole returns say only that every action of it was bad.
- Only episodes that ended in a fall teach, and in them the steps before the fall (`fall_weights`). A policy
  that stands gets no gradient, so that further steps leave it standing.
"""

from __future__ import annotations

import torch
from torch import Tensor

from model.policy.cell import sequence_outputs
from model.policy.params import Params
from model.rl.advantages import advantages
from model.rl.rollout import Episodes, action_log_probs, fallen
from model.worlds.cartpole import MAX_EPISODE_STEPS

INNER_LAMBDA = 0.3
FALL_DECAY = 0.97
MAX_RATIO = 2.0
INNER_SCALE = 10.0


def inner_step(
    params: Params,
    support: Episodes,
    episode_weights: Tensor,
    lr: float,
    max_grad_norm: float,
    discount: float,
    second_order: bool = False,
    min_grad_norm: float = 0.0,
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """One step of the inner loop (MAML: Finn et al. 2017, section 2.2), with a gradient of bounded length.

        theta' = theta - lr g n / |g|,  n = |g| brought between min_grad_norm m and max_grad_norm        g: policy_gradient

    m is the share of steps that the episodes missed by falling, 0 if none fell: a failing policy is moved far enough even
    where its few steps say little, a standing one not at all. params: leading axis M, requiring grad; episode_weights
    (M, K). Returns theta' (with its graph back to theta if second_order), the loss (M,) and |g| (M,).
    """
    grads, loss = policy_gradient(params, support, episode_weights, discount, second_order)
    squared = torch.stack([g.flatten(1).square().sum(1) for g in grads.values()]).sum(0)  # (M,)
    norm = squared.clamp_min(1e-16).sqrt()
    factor = (max_grad_norm / norm).clamp_max(1.0)
    if min_grad_norm > 0:
        missed = (missed_share(support) * episode_weights).sum(1)
        factor = torch.maximum(factor, min_grad_norm * missed / norm)
    step = lr * factor
    adapted = {name: p - step.view(-1, *[1] * (p.dim() - 1)) * grads[name] for name, p in params.items()}
    return adapted, loss, squared.detach().sqrt()


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
    leaves = list(params.values())
    if second_order:
        grads = torch.autograd.grad(logits, leaves, cotangent, create_graph=True)
    else:  # the same as a scalar's gradient, for which torch does not import sympy: a second of the app's start
        grads = torch.autograd.grad((logits * cotangent.detach()).sum(), leaves)
    return dict(zip(params, grads, strict=True)), -weight.sum((1, 2)).detach()


def fall_weights(episodes: Episodes) -> Tensor:
    """How much each step counts for its episode's fall: proportional to 0.97^(steps left). (M, K, T)

    An episode's weights sum to the share of 500 steps that it missed, and to 0 if it did not fall: the nearer a policy comes
    to standing, the smaller its steps.
    """
    left = episodes.alive.flip(-1).cumsum(-1).flip(-1) - 1
    weights = FALL_DECAY ** left.clamp_min(0) * episodes.alive
    return weights * (missed_share(episodes) / weights.sum(-1).clamp_min(1e-8)).unsqueeze(-1)


def missed_share(episodes: Episodes) -> Tensor:
    """The share of 500 steps that each episode missed by falling: (M, K)."""
    return (1 - episodes.lengths / MAX_EPISODE_STEPS) * episodes.terminated


def equal_weights(episodes: Episodes) -> Tensor:
    """1 / K for each of the K episodes of every task: (M, K)."""
    M, K = episodes.terminated.shape
    return torch.full((M, K), 1.0 / K, dtype=episodes.obs.dtype)
