"""The folded, batched policy is the four equations: outputs, gradients and Hessian-vector products in float64, for any parameters."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from model import StateSpaceModel
from model.policy.cell import Cell, sequence_outputs
from model.policy.params import with_task_axis
from model.policy.recurrence import stable
from model.policy.ssm import reference_outputs

TOLERANCE = 1e-9
S, H, M, K, T = 5, 6, 3, 4, 9
DEEP_IN_DEATH = torch.tensor([[2, 9, 1, 1], [9, 1, 1, 3], [0, 4, 0, 1]])  # living steps: 34 places of 108


def params_of(tasks: int, far: bool) -> dict[str, Tensor]:
    """Parameters of `tasks` tasks, each its own; far: nothing is left of how a policy starts, weights are large and half the columns of A
    break the bound."""
    g = torch.Generator().manual_seed(7)
    start = StateSpaceModel(S, hidden_dim=H, generator=g).double().params()
    params = {n: p + 0.05 * torch.randn(tasks, *p.shape, generator=g, dtype=p.dtype) for n, p in start.items()}
    if far:
        params = {n: 2.0 * torch.randn(p.shape, generator=g, dtype=p.dtype) for n, p in params.items()}
        params["A"] = params["A"] * torch.tensor([1.0, 0.02, 1.0, 0.05, 0.03], dtype=torch.float64)  # columns
        over = params["A"].abs().sum(-2) > 0.99
        assert (over.sum(-1) == 2).all()
    return {n: p.requires_grad_() for n, p in params.items()}


def observations(tasks: int = M) -> Tensor:
    return torch.randn(tasks, K, T, 4, generator=torch.Generator().manual_seed(8), dtype=torch.float64)


def plainly(params: dict[str, Tensor], obs: Tensor) -> Tensor:
    """Every episode of every task by the plain reference: (M, K, T, O)."""

    params = params if params["A"].dim() == 3 else with_task_axis(params)

    def own(i: int) -> dict[str, Tensor]:
        return {n: p[i if len(p) > 1 else 0] for n, p in params.items()}

    return torch.stack([torch.stack([reference_outputs(own(i), episode) for episode in task]) for i, task in enumerate(obs)])


def derivatives(outputs: Callable[[dict[str, Tensor], Tensor], Tensor], params: dict[str, Tensor], obs: Tensor, counted: Tensor):
    """y where it counts, dL/dp, and d²L/dp² in one direction, for a loss that is curved in every output."""
    g = torch.Generator().manual_seed(9)
    y = outputs(params, obs) * counted.unsqueeze(-1)
    slope, curve = torch.randn(2, *y.shape, generator=g, dtype=y.dtype)
    first = torch.autograd.grad((slope * y + curve * y.square()).sum(), list(params.values()), create_graph=True)
    along = sum((grad * torch.randn(grad.shape, generator=g, dtype=grad.dtype)).sum() for grad in first)
    second = torch.autograd.grad(along, list(params.values()))
    return {"outputs": y, **{f"d/d{n}": v for n, v in zip(params, first, strict=True)}} | {
        f"d²/d{n}": v for n, v in zip(params, second, strict=True)
    }


def assert_equal(fast, params: dict[str, Tensor], obs: Tensor, counted: Tensor) -> None:
    got, expected = derivatives(fast, params, obs, counted), derivatives(plainly, params, obs, counted)
    for what, value in expected.items():
        assert value.abs().max() > 1e-6, f"{what} is zero: nothing is tested"
        size = max(1.0, float(value.detach().abs().max()))
        torch.testing.assert_close(got[what], value, rtol=0, atol=TOLERANCE * size, msg=lambda m, what=what: f"{what}: {m}")


def by_stepping(params: dict[str, Tensor], obs: Tensor) -> Tensor:
    cell, h, outputs = Cell(params), params["initial_state"].unsqueeze(1).expand(-1, K, -1), []
    for x in obs.unbind(2):
        y, h = cell.step(x, h)
        outputs.append(y)
    return torch.stack(outputs, 2)


def module_of(params: dict[str, Tensor]) -> StateSpaceModel:
    model = StateSpaceModel(S, hidden_dim=H).double()
    model.load_state_dict({n: p[0].detach() for n, p in params.items()})
    return model


def by_forward(model: StateSpaceModel, obs: Tensor) -> Tensor:
    h, outputs = model.init_hidden(K), []
    for x in obs.unbind(1):
        y, h = model(x, h)
        outputs.append(y)
    return torch.stack(outputs, 1)


@pytest.mark.parametrize("far", [False, True], ids=["near the start", "far from it"])
class TestTheFastPathIsTheReference:
    @pytest.mark.parametrize("fast", [sequence_outputs, by_stepping], ids=["sequence", "step"])
    def test_for_tasks_with_their_own_parameters(self, fast, far):
        assert_equal(fast, params_of(M, far), observations(), torch.ones(M, K, T))

    def test_where_most_steps_are_dead(self, far):
        alive = (torch.arange(T) < DEEP_IN_DEATH.unsqueeze(-1)).double()
        assert_equal(lambda p, obs: sequence_outputs(p, obs, alive=alive), params_of(M, far), observations(), alive)

    def test_for_one_set_of_parameters_that_all_tasks_share(self, far):
        alive = (torch.arange(T) < DEEP_IN_DEATH.unsqueeze(-1)).double()
        assert_equal(sequence_outputs, params_of(1, far), observations(), torch.ones(M, K, T))
        assert_equal(lambda p, obs: sequence_outputs(p, obs, alive=alive), params_of(1, far), observations(), alive)

    @pytest.mark.parametrize("call", [StateSpaceModel.sequence, by_forward], ids=["sequence", "forward"])
    def test_for_the_module(self, call, far):
        model = module_of(params_of(1, far))
        assert_equal(lambda p, obs: call(model, obs[0]).unsqueeze(0), dict(model.named_parameters()), observations(1), torch.ones(1, K, T))

    def test_from_a_given_hidden_state(self, far):
        params, obs = params_of(M, far), observations()
        hidden = torch.randn(M, K, S, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
        fast = sequence_outputs(params, obs, hidden)
        for m in range(M):
            for k in range(K):
                own = {n: p[m] for n, p in params.items()} | {"initial_state": hidden[m, k]}
                torch.testing.assert_close(fast[m, k], reference_outputs(own, obs[m, k]), rtol=0, atol=TOLERANCE * 100)


def test_the_reference_by_hand():
    """One state, one hidden unit, one sensor: the four equations with numbers."""
    names = ["A", "B", "C", "D", "state_bias", "initial_state", "input_scale", "mix_weight", "mix_bias"]
    names += ["mlp_in_weight", "mlp_in_bias", "mlp_out_weight", "mlp_out_bias", "output_bias"]
    model = StateSpaceModel(1, 1, 1, 1)
    assert sorted(names) == sorted(n for n, _ in model.named_parameters())
    a, b, c, d, bias, h, s = 1.5, 0.7, -1.1, 0.4, 0.2, 0.3, 2.0
    w_m, b_m, w_1, b_1, w_2, b_2, out = (0.6, -0.8), 0.1, 1.3, -0.2, 0.9, 0.05, 0.25
    values = [[[a]], [[b]], [[c]], [[d]], [bias], [h], [s], [[w_m[0]], [w_m[1]]], [b_m], [[w_1]], [b_1], [[w_2]], [b_2], [out]]
    params = {n: torch.tensor(v, dtype=torch.float64) for n, v in zip(names, values, strict=True)}
    expected = []
    for x in (0.5, -0.3):
        x = s * x
        h = h * 0.99 + x * b + bias  # A's column sum 1.5 is brought down to 0.99
        m = math.tanh(h * w_m[0] + x * w_m[1] + b_m)
        z = m + math.tanh(m * w_1 + b_1) * w_2 + b_2
        expected.append([z * c + x * d + out])
    got = reference_outputs(params, torch.tensor([[0.5], [-0.3]], dtype=torch.float64))
    torch.testing.assert_close(got, torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-14)


def test_only_columns_over_the_bound_are_scaled():
    A = torch.tensor([[0.5, 1.0, -3.0], [0.2, -1.0, 0.0], [-0.1, 2.0, 3.0]], dtype=torch.float64)
    got = stable(A)
    torch.testing.assert_close(got[:, 0], A[:, 0])
    torch.testing.assert_close(got[:, 1], A[:, 1] * 0.99 / 4)
    torch.testing.assert_close(got[:, 2], A[:, 2] * 0.99 / 6)
