"""The policy: a linear state space model with a small nonlinear read-out.

    h_t = h_{t-1} Ā + x̃_t B + b          linear recurrence, the only sequential part
    m_t = tanh([h_t, x̃_t] W_m + b_m)      mixing layer, per time step
    z_t = m_t + tanh(m_t W_1 + b_1) W_2 + b_2   residual MLP, per time step
    y_t = z_t C + x̃_t D + c               outputs

with x̃_t = s * x_t (a learned scale for each sensor) and h_{-1} = h0, learned. As in S5 (Smith et al. 2023) the
recurrence is linear and the nonlinearity acts on each step alone, so that all heavy products run over all
time steps at once.

y[0:2]  logits of the actions left, right
y[2]    value over a long horizon (discount 0.99, about 100 steps), in units of the best possible: 1 is never falling
y[3]    value over a short horizon (discount 0.9, about 10 steps), same unit
The two values are the baselines of the policy gradient (policy_gradient.py).

| symbol | parameter     | shape      | count at the default sizes |
| A      | A             | (S, S)     | 1,024 |
| B      | B             | (I, S)     |   128 |
| C      | C             | (S, O)     |   128 |
| D      | D             | (I, O)     |    16 |
| W_m    | mix_weight    | (S + I, S) | 1,152 |
| W_1    | mlp_in_weight | (S, H)     | 2,048 |
| W_2    | mlp_out_weight| (H, S)     | 2,048 |
| biases, input_scale, initial_state       |   200 |

Shapes: M tasks (a leading axis, so that every task may have its own parameters), K episodes, T steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from model.config import check_number

Params = Mapping[str, Tensor]
"""Parameters as values: name -> tensor, with a leading task axis (M or 1) wherever `step` or `sequence_outputs` take them."""

COLUMN_BOUND = 0.99
GROUPS = ("A", "B", "C", "D", "other layers")


def group_of(name: str) -> str:
    """The model card's group that a parameter belongs to."""
    return name if name in GROUPS else "other layers"


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


class StateSpaceModel(nn.Module):
    """The policy as a module: a thin holder of named parameters over the functions above. float32.

    Sizes are whole numbers: state_dim S and hidden_dim H in 1..512, input_dim I and output_dim O in 1..64.
    The defaults give exactly 6,744 parameters. Raises ValueError for sizes out of bounds.
    """

    def __init__(
        self, state_dim: int = 32, input_dim: int = 4, output_dim: int = 4, hidden_dim: int = 64, generator: torch.Generator | None = None
    ):
        super().__init__()
        self.state_dim = S = check_number("state_dim", state_dim, 1, 512, int)
        self.input_dim = I = check_number("input_dim", input_dim, 1, 64, int)  # noqa: E741
        self.output_dim = O = check_number("output_dim", output_dim, 1, 64, int)  # noqa: E741
        self.hidden_dim = H = check_number("hidden_dim", hidden_dim, 1, 512, int)

        def normal(rows: int, columns: int, gain: float = 1.0) -> Tensor:
            return torch.randn(rows, columns, generator=generator) * gain / rows**0.5

        # Decay rates spread over [0, 0.95] and inputs scaled by sqrt(1 - lambda^2), so that every state has unit
        # variance for white inputs (LRU: Orvieto et al. 2023).
        decay = torch.linspace(0, 0.95, S)
        self.A = nn.Parameter(torch.diag(decay))
        self.B = nn.Parameter(normal(I, S) * torch.sqrt(1 - decay**2))
        self.C = nn.Parameter(normal(S, O, 0.1))
        self.D = nn.Parameter(torch.zeros(I, O))
        self.state_bias = nn.Parameter(torch.zeros(S))
        self.initial_state = nn.Parameter(torch.zeros(S))
        # CartPole's angles are about a tenth of its positions: bring all sensors to the same size.
        self.input_scale = nn.Parameter(torch.tensor([1.0, 1.0, 5.0, 2.0])[torch.arange(I) % 4])
        self.mix_weight = nn.Parameter(normal(S + I, S))
        self.mix_bias = nn.Parameter(torch.zeros(S))
        self.mlp_in_weight = nn.Parameter(normal(S, H))
        self.mlp_in_bias = nn.Parameter(torch.zeros(H))
        self.mlp_out_weight = nn.Parameter(normal(H, S))
        self.mlp_out_bias = nn.Parameter(torch.zeros(S))
        self.output_bias = nn.Parameter(torch.zeros(O))

    @property
    def sizes(self) -> dict[str, int]:
        """The constructor's arguments, as a checkpoint stores them."""
        return {"state_dim": self.state_dim, "input_dim": self.input_dim, "output_dim": self.output_dim, "hidden_dim": self.hidden_dim}

    def params(self) -> dict[str, Tensor]:
        """The parameters as values: detached copies, name -> tensor, without a task axis."""
        return {name: p.detach().clone() for name, p in self.named_parameters()}

    def with_params(self, params: Params) -> StateSpaceModel:
        """A new model of the same sizes that holds copies of `params`; this one stays as it is."""
        new = StateSpaceModel(**self.sizes, generator=torch.Generator().manual_seed(0)).to(params["A"].dtype)
        new.load_state_dict({name: p.detach().clone() for name, p in params.items()})
        return new.train(self.training)

    def count_parameters(self) -> dict[str, int]:
        """Parameters by the model card's groups: A, B, C, D, other layers."""
        counts = dict.fromkeys(GROUPS, 0)
        for name, p in self.named_parameters():
            counts[group_of(name)] += p.numel()
        return counts

    def init_hidden(self, batch_size: int = 1) -> Tensor:
        """The learned initial state h0, (batch_size, S)."""
        return self.initial_state.expand(check_number("batch_size", batch_size, 1, 10**6, int), -1)

    def forward(self, obs: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """One time step. obs (B, I), hidden (B, S) -> outputs (B, O), hidden (B, S)."""
        outputs, hidden = Cell(with_task_axis(dict(self.named_parameters()))).step(obs.unsqueeze(0), hidden.unsqueeze(0))
        return outputs.squeeze(0), hidden.squeeze(0)

    def sequence(self, obs: Tensor, hidden: Tensor | None = None) -> Tensor:
        """Whole episodes. obs (B, T, I), hidden (B, S) or None for h0 -> outputs (B, T, O); equals stepping."""
        hidden = None if hidden is None else hidden.unsqueeze(0)
        return sequence_outputs(with_task_axis(dict(self.named_parameters())), obs.unsqueeze(0), hidden).squeeze(0)

    def save(self, path: str | Path, metadata: Mapping[str, Any] | None = None) -> None:
        """Write the parameters and sizes; the suffix, .safetensors or .pth, decides the format. See checkpoint.save."""
        from model.checkpoint import save

        save(self, path, metadata)

    def load(self, path: str | Path) -> StateSpaceModel:
        """Read parameters into this model, in place and strictly, and return it. CheckpointError leaves it unchanged."""
        from model.checkpoint import load_into

        return load_into(self, path)


def with_task_axis(params: Params, tasks: int = 1) -> dict[str, Tensor]:
    """Add the leading task axis: name -> (...) becomes name -> (tasks, ...)."""
    return {name: p.unsqueeze(0).expand(tasks, *p.shape) for name, p in params.items()}
