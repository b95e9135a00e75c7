"""The terms of proximal policy optimisation (PPO, Schulman et al. 2017), for meta-training and for imagined episodes alike.

They are left apart and unsummed, (M, K, T): whoever trains weighs them and adds them up.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from model.rl.rollout import Episodes, action_log_probs

LOG_RATIO_LIMIT = 10.0


class Targets(NamedTuple):
    """What episodes are worth, fixed before the first update on them.

    weights (M, K, T): of each step in the loss. advantage (M, K, T), normalised. values (M, K, T, 2): what the baselines should say.
    """

    weights: Tensor
    advantage: Tensor
    values: Tensor

    def tasks(self, chosen: slice) -> Targets:
        """Those of some tasks."""
        return Targets(*(t[chosen] for t in self))


class Terms(NamedTuple):
    """All (M, K, T). surrogate, value_error and entropy carry the steps' weights; kl does not, and has no gradient.

    kl: log-ratios of the policy that collected to the present one; their mean over living steps estimates the KL divergence, nats.
    """

    surrogate: Tensor
    value_error: Tensor
    entropy: Tensor
    kl: Tensor


def step_weights(episodes: Episodes, length_exponent: float) -> Tensor:
    """1 / length^exponent for each living step: the few steps of an early fall must not drown in the many of those that stand."""
    return episodes.alive / episodes.lengths.unsqueeze(-1) ** length_exponent


def normalised(advantage: Tensor, weights: Tensor, over: tuple[int, ...], smallest_std: float) -> Tensor:
    """Advantages (M, K, T) of weighted mean 0 and std 1 over the axes `over`, divided by no less than smallest_std."""
    share = weights / weights.sum(over, keepdim=True)
    centred = advantage - (advantage * share).sum(over, keepdim=True)
    std = (centred.square() * share).sum(over, keepdim=True).sqrt()
    return centred / std.clamp_min(smallest_std)


def ppo_terms(outputs: Tensor, episodes: Episodes, targets: Targets, clip_ratio: float) -> Terms:
    """The terms for the outputs (M, K, T, O) of the present policy on episodes that an earlier one collected.

    r = pi(a) / mu(a)        surrogate = -min(r A, clip(r, 1 - c, 1 + c) A)        (eq. 7)
    """
    weights, advantage, values = targets
    log_ratio = (action_log_probs(outputs[..., :2], episodes.actions) - episodes.log_probs).clamp(-LOG_RATIO_LIMIT, LOG_RATIO_LIMIT)
    ratio = log_ratio.exp()
    surrogate = -torch.minimum(ratio * advantage, ratio.clamp(1 - clip_ratio, 1 + clip_ratio) * advantage) * weights
    value_error = (outputs[..., 2:4] - values).square().sum(-1) * weights
    margin = outputs[..., 1] - outputs[..., 0]
    # H = -p log p - q log q with p = sigmoid(margin), so that log q = log p - margin
    entropy = (torch.sigmoid(-margin) * margin - torch.nn.functional.logsigmoid(margin)) * weights
    return Terms(surrogate, value_error, entropy, -log_ratio.detach() * episodes.alive)
