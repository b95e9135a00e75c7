"""The policy's equations (ssm.py) as they are computed: the same function, folded into fewer and faster products.

`ssm.reference_steps` is the thing to read; outputs and first and second derivatives of what stands here equal it (tests/model/policy).
"""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from model.policy.params import Params
from model.policy.recurrence import LinearRecurrence, stable


class Cell:
    """One set of parameters prepared for use. Everything small is folded into a few matrices once, outside the loop over steps.

    tanh(a) = 2 σ(2a) - 1, and PyTorch's σ is four times as fast as its tanh: the activations here are σ, and the factors and
    offsets go into the weights around them. So do the sensor scale s, and W_2 C, since z enters the outputs linearly.
    """

    def __init__(self, params: Params):
        p = params
        S = p["A"].shape[-1]
        scale = p["input_scale"].unsqueeze(-1)  # (M, I, 1)
        self.A, self.B, self.state_bias = stable(p["A"]), scale * p["B"], p["state_bias"].unsqueeze(1)
        self.mix_h, self.mix_x = 2 * p["mix_weight"][:, :S], 2 * scale * p["mix_weight"][:, S:]
        self.mix_bias = 2 * p["mix_bias"].unsqueeze(1)
        self.mlp_in = 4 * p["mlp_in_weight"]
        self.mlp_in_bias = 2 * (p["mlp_in_bias"] - p["mlp_in_weight"].sum(1)).unsqueeze(1)
        C, WC = p["C"], p["mlp_out_weight"] @ p["C"]  # (M, S, O), (M, H, O)
        # The outputs are few: products with them are several times faster as (O, .) x (., N) than the other way round.
        self.out_m, self.out_z, self.out_x = 2 * C.mT, 2 * WC.mT, (scale * p["D"]).mT
        offset = p["output_bias"] + (p["mlp_out_bias"].unsqueeze(1) @ C).squeeze(1) - C.sum(1) - WC.sum(1)
        self.out_bias = offset.unsqueeze(-1)  # (M, O, 1)

    @cached_property
    def _joined(self) -> tuple[Tensor, Tensor]:
        """[h, x] -> [next h, argument of the mixing layer] as one product: (M, S + I, 2 S) and its bias (M, 1, 2 S)."""
        recurrence = torch.cat([self.A, self.B], dim=1)
        mixing = recurrence @ self.mix_h + torch.cat([torch.zeros_like(self.A), self.mix_x], dim=1)
        bias = torch.cat([self.state_bias, self.state_bias @ self.mix_h + self.mix_bias], dim=2)
        return torch.cat([recurrence, mixing], dim=2), bias

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """x (M, K, I), h (M, K, S) -> outputs (M, K, O), h (M, K, S)."""
        weight, bias = self._joined
        h, mixed = torch.baddbmm(bias, torch.cat([h, x], dim=-1), weight).chunk(2, dim=-1)
        return self._read_out(mixed, x), h

    def outputs(self, h: Tensor, x: Tensor) -> Tensor:
        """Everything after the recurrence. h (M, N, S), x (M, N, I) -> (M, N, O)."""
        return self._read_out(torch.baddbmm(torch.baddbmm(self.mix_bias, x, self.mix_x), h, self.mix_h), x)

    def _read_out(self, mixed: Tensor, x: Tensor) -> Tensor:
        m = torch.sigmoid(mixed)
        z = torch.sigmoid(torch.baddbmm(self.mlp_in_bias, m, self.mlp_in))
        y = torch.baddbmm(self.out_bias, self.out_x, x.mT)
        y = torch.baddbmm(torch.baddbmm(y, self.out_m, m.mT), self.out_z, z.mT)
        return y.mT


def sequence_outputs(params: Params, obs: Tensor, hidden: Tensor | None = None, alive: Tensor | None = None) -> Tensor:
    """All outputs of whole episodes. obs (M, K, T, I), hidden (M, K, S) or None for h0 -> (M, K, T, O).

    Equal to stepping from the start. With one parameter set (leading axis 1) any M works. With alive (M, K, T) only the
    outputs where it is 1 mean anything, and the others cost little.
    """
    M, K, T, _ = obs.shape
    if params["A"].shape[0] == 1 and M > 1:

        def flat(t: Tensor | None) -> Tensor | None:
            return None if t is None else t.reshape(1, M * K, *t.shape[2:])

        return sequence_outputs(params, flat(obs), flat(hidden), flat(alive)).reshape(M, K, T, -1)
    cell = Cell(params)
    x = obs.transpose(1, 2).flatten(1, 2)  # (M, T K, I)
    u = torch.baddbmm(cell.state_bias, x, cell.B).view(M, T, K, -1)
    h0 = params["initial_state"].unsqueeze(1).expand(-1, K, -1) if hidden is None else hidden
    h = LinearRecurrence.apply(cell.A, u, h0.contiguous()).flatten(1, 2)
    slots = None if alive is None else _living(alive.transpose(1, 2).flatten(1))  # (M, N)
    if slots is None:
        return cell.outputs(h, x).unflatten(1, (T, K)).transpose(1, 2)
    rows = (slots + T * K * torch.arange(M).unsqueeze(1)).flatten()
    h, x = (t.flatten(0, 1).index_select(0, rows).view(M, -1, t.shape[-1]) for t in (h, x))
    y = cell.outputs(h, x)  # (M, N, O)
    empty = torch.zeros(M, T * K, y.shape[-1], dtype=y.dtype)
    return empty.scatter(1, slots.unsqueeze(-1).expand_as(y), y).unflatten(1, (T, K)).transpose(1, 2)


def _living(alive: Tensor) -> Tensor | None:
    """For each task the places of its living steps, filled up to equal numbers N with a dead one. (M, L) -> (M, N).

    None where leaving out the dead would save less than moving the living costs.
    """
    counts = alive.sum(1).long()
    N = max(1, int(counts.max()))
    if alive.shape[1] * 0.75 < N:
        return None
    task, place = alive.nonzero(as_tuple=True)
    first = counts.cumsum(0) - counts
    slots = alive.argmin(1, keepdim=True).repeat(1, N)
    slots[task, torch.arange(len(task)) - first[task]] = place
    return slots
