"""The linear recurrence, the only sequential part of the policy, and the bound that keeps it stable."""

from __future__ import annotations

import torch
from torch import Tensor

COLUMN_BOUND = 0.99


class LinearRecurrence(torch.autograd.Function):
    """h_t = h_{t-1} A + u_t for t = 0..T-1, all at once; with `backwards`, h_t = h_{t+1} A + u_t from the end.

    A (M, S, S), u (M, T, K, S), h0 (M, K, S) -> h (M, T, K, S). The backward pass is the same recurrence the other way with
    A transposed, written with this very Function, so it can be differentiated again.
    """

    @staticmethod
    def forward(ctx, A: Tensor, u: Tensor, h0: Tensor, backwards: bool = False) -> Tensor:
        # Time goes first here, so that each step works in place on memory that lies together.
        states = u.transpose(0, 1).clone(memory_format=torch.contiguous_format)
        h = h0
        steps = states.unbind(0)
        for h_t in reversed(steps) if backwards else steps:
            h = h_t.baddbmm_(h, A)  # (M, K, S)
        states = states.transpose(0, 1).contiguous()
        ctx.save_for_backward(A, states, h0)
        ctx.backwards = backwards
        return states

    @staticmethod
    def backward(ctx, grad: Tensor):
        A, states, h0 = ctx.saved_tensors
        # g_t = dL/dh_t + g_{t+1} Aᵀ
        g = LinearRecurrence.apply(A.mT, grad, torch.zeros_like(h0), not ctx.backwards)
        first, before, after = (-1, states[:, 1:], g[:, :-1]) if ctx.backwards else (0, states[:, :-1], g[:, 1:])
        grad_A = before.flatten(1, 2).mT @ after.flatten(1, 2) + h0.mT @ g[:, first]  # (M, S, S)
        return grad_A, g, g[:, first] @ A.mT, None


def stable(A: Tensor) -> Tensor:
    """Ā: A with every column whose absolute sum exceeds 0.99 scaled down to it. (..., S, S) -> (..., S, S).

    For a row state, |h Ā|_inf <= 0.99 |h|_inf, so the spectral radius stays below 1 (Gershgorin) for *any* value of
    the parameters, whatever a gradient step did to them. Differentiable, also twice.
    """
    return A * (COLUMN_BOUND / A.abs().sum(-2, keepdim=True).clamp_min(COLUMN_BOUND))
