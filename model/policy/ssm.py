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
The two values are the baselines of the policy gradient (model/rl/advantages.py).

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

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from model.config import check_number, quoted
from model.policy import checkpoint
from model.policy.cell import Cell, sequence_outputs
from model.policy.params import GROUPS, Params, group_of, with_task_axis
from model.policy.recurrence import stable

MAX_DIM = 512  # of the state and the hidden layer
# Random weights: the slowest decay of a state, how small the read-out begins, and the sensors' scales. CartPole's angles are about a
# tenth of its positions: the scales bring all to the same size.
MAX_DECAY, READ_OUT_GAIN, INPUT_SCALE = 0.95, 0.1, (1.0, 1.0, 5.0, 2.0)


class Step(NamedTuple):
    """One time step of one episode, every term of the equations by its name there: (I,), (S,) or (O,)."""

    x: Tensor  # s * sensors
    kept: Tensor  # h_{t-1} Ā
    added: Tensor  # x̃ B
    h: Tensor
    m: Tensor
    network: Tensor  # tanh(m W_1 + b_1) W_2 + b_2
    z: Tensor
    features: Tensor  # z C
    through: Tensor  # x̃ D
    y: Tensor


def reference_steps(params: Params, obs: Tensor, hidden: Tensor | None = None) -> Iterator[Step]:
    """The four equations above as they stand, one episode, one step at a time: the thing to read. obs (T, I); hidden (S,) or None for h0.

    params: without a task axis. Slow; `cell.sequence_outputs` computes the outputs of many tasks and episodes at once.
    """
    p, h = params, params["initial_state"] if hidden is None else hidden
    A = stable(p["A"])
    for x in p["input_scale"] * obs:
        kept, added = h @ A, x @ p["B"]
        h = kept + added + p["state_bias"]
        m = torch.tanh(torch.cat([h, x]) @ p["mix_weight"] + p["mix_bias"])
        network = torch.tanh(m @ p["mlp_in_weight"] + p["mlp_in_bias"]) @ p["mlp_out_weight"] + p["mlp_out_bias"]
        z = m + network
        features, through = z @ p["C"], x @ p["D"]
        yield Step(x, kept, added, h, m, network, z, features, through, features + through + p["output_bias"])


def reference_outputs(params: Params, obs: Tensor) -> Tensor:
    """The outputs y (T, O) of `reference_steps`."""
    return torch.stack([step.y for step in reference_steps(params, obs)])


class StateSpaceModel(nn.Module):
    """The policy as a module: a thin holder of named parameters over the functions above. float32.

    Sizes are whole numbers: state_dim S and hidden_dim H in 1..512, input_dim I and output_dim O in 1..64.
    The defaults give exactly 6,744 parameters. Raises ValueError for sizes out of bounds.
    """

    def __init__(
        self, state_dim: int = 32, input_dim: int = 4, output_dim: int = 4, hidden_dim: int = 64, generator: torch.Generator | None = None
    ):
        super().__init__()
        self.state_dim = S = check_number("state_dim", state_dim, 1, MAX_DIM, int)
        self.input_dim = I = check_number("input_dim", input_dim, 1, 64, int)  # noqa: E741
        self.output_dim = O = check_number("output_dim", output_dim, 1, 64, int)  # noqa: E741
        self.hidden_dim = H = check_number("hidden_dim", hidden_dim, 1, MAX_DIM, int)

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(*shape, dtype=torch.float32)

        def normal(rows: int, columns: int, gain: float = 1.0) -> Tensor:
            return torch.randn(rows, columns, generator=generator, dtype=torch.float32) * gain / rows**0.5

        # Decay rates spread over [0, MAX_DECAY] and inputs scaled by sqrt(1 - lambda^2), so that every state has unit
        # variance for white inputs (LRU: Orvieto et al. 2023).
        decay = torch.linspace(0, MAX_DECAY, S, dtype=torch.float32)
        self.A = nn.Parameter(torch.diag(decay))
        self.B = nn.Parameter(normal(I, S) * torch.sqrt(1 - decay**2))
        self.C = nn.Parameter(normal(S, O, READ_OUT_GAIN))
        self.D = nn.Parameter(zeros(I, O))
        self.state_bias = nn.Parameter(zeros(S))
        self.initial_state = nn.Parameter(zeros(S))
        self.input_scale = nn.Parameter(torch.tensor(INPUT_SCALE, dtype=torch.float32)[torch.arange(I) % len(INPUT_SCALE)])
        self.mix_weight = nn.Parameter(normal(S + I, S))
        self.mix_bias = nn.Parameter(zeros(S))
        self.mlp_in_weight = nn.Parameter(normal(S, H))
        self.mlp_in_bias = nn.Parameter(zeros(H))
        self.mlp_out_weight = nn.Parameter(normal(H, S))
        self.mlp_out_bias = nn.Parameter(zeros(S))
        self.output_bias = nn.Parameter(zeros(O))

    @property
    def sizes(self) -> dict[str, int]:
        """The constructor's arguments, as a checkpoint stores them."""
        return {"state_dim": self.state_dim, "input_dim": self.input_dim, "output_dim": self.output_dim, "hidden_dim": self.hidden_dim}

    def params(self) -> dict[str, Tensor]:
        """The parameters as values: detached copies, name -> tensor, without a task axis; of half precision in float32."""
        own = {name: p.detach().clone() for name, p in self.named_parameters()}
        return {name: p.to(torch.promote_types(p.dtype, torch.float32)) for name, p in own.items()}

    def with_params(self, params: Params) -> StateSpaceModel:
        """A new model of the same sizes that holds copies of `params`; this one stays as it is."""
        new = StateSpaceModel(**self.sizes, generator=torch.Generator().manual_seed(0)).to(params["A"].dtype)
        new.load_state_dict({name: p.detach().clone() for name, p in params.items()})
        return new.train(self.training)

    def count_parameters(self) -> dict[str, int]:
        """Parameters by group: A, B, C, D, other layers."""
        counts = dict.fromkeys(GROUPS, 0)
        for name, p in self.named_parameters():
            counts[group_of(name)] += p.numel()
        return counts

    def init_hidden(self, batch_size: int = 1) -> Tensor:
        """The learned initial state h0, (batch_size, S)."""
        return self.initial_state.expand(check_number("batch_size", batch_size, 1, 10**6, int), -1)

    def forward(self, obs: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """One time step. obs (B, I), hidden (B, S) -> outputs (B, O), hidden (B, S)."""
        self._check_inputs(obs, "B")
        outputs, hidden = Cell(with_task_axis(dict(self.named_parameters()))).step(obs.unsqueeze(0), hidden.unsqueeze(0))
        return outputs.squeeze(0), hidden.squeeze(0)

    def sequence(self, obs: Tensor, hidden: Tensor | None = None) -> Tensor:
        """Whole episodes. obs (B, T, I), hidden (B, S) or None for h0 -> outputs (B, T, O); equals stepping."""
        self._check_inputs(obs, "B", "T")
        hidden = None if hidden is None else hidden.unsqueeze(0)
        return sequence_outputs(with_task_axis(dict(self.named_parameters())), obs.unsqueeze(0), hidden).squeeze(0)

    def _check_inputs(self, obs: Any, *axes: str) -> None:
        if not isinstance(obs, Tensor) or obs.dim() != len(axes) + 1 or obs.shape[-1] != self.input_dim:
            given = tuple(obs.shape) if isinstance(obs, Tensor) else quoted(obs)
            raise ValueError(f"obs must be a tensor ({', '.join(axes)}, {self.input_dim}), got {given}")

    def save(self, path: str | Path, metadata: Mapping[str, Any] | None = None) -> None:
        """Write the parameters and sizes; the suffix, .safetensors or .pth, decides the format. See checkpoint.save."""
        checkpoint.save(self, path, metadata)

    def load(self, path: str | Path) -> StateSpaceModel:
        """Read parameters into this model, in place and strictly, and return it. CheckpointError leaves it unchanged."""
        return checkpoint.load_into(self, path)


def check_policy(model: Any) -> StateSpaceModel:
    """The given policy, unwrapped from DataParallel; a compiled one counts as a policy. ValueError for anything else."""
    policy = getattr(model, "module", model)
    if not hasattr(policy, "with_params"):
        raise ValueError(f"model must be a StateSpaceModel, got {quoted(model)}")
    return policy
