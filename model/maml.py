"""draft"""
from __future__ import annotations
import dataclasses, time
import numpy as np, torch
from torch import Tensor
from model.policy_gradient import *
from model.rollout import *
from model.ssm import *

def inner_step(params, support, lr, discount, max_norm, second_order, frozen=(), scale=1.0):
    grads, loss = policy_gradient(params, support, discount, second_order, scale)
    norm = torch.stack([g.flatten(1).square().sum(1) for g in grads.values()]).sum(0).clamp_min(1e-16).sqrt()
    s = lr * (max_norm / norm).clamp_max(1.0)
    new = {n: p - s.view(-1, *[1]*(p.dim()-1)) * grads[n] for n, p in params.items()}
    return new, loss, norm

def outer_terms(params, e, old_adv, old_targets, clip, discount):
    out = sequence_outputs(params, e.obs)
    logp = action_log_probs(out[..., :2], e.actions)
    ratio = (logp - e.log_probs).clamp(-10,10).exp()
    n = e.alive.sum()
    surr = torch.minimum(ratio*old_adv, ratio.clamp(1-clip,1+clip)*old_adv)
    vloss = ((out[...,2:4]-old_targets).square().sum(-1)*e.alive)
    kl = ((e.log_probs-logp)*e.alive).sum()/n
    return surr, vloss, entropy(out[...,:2], e.alive), kl
