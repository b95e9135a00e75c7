"""The inner loop against plain loops in float64 that hold every constant as a number: gradient, its derivative, truncation, weights."""

import pytest
import torch
from torch import Tensor

from model import StateSpaceModel
from model.maml import inner_step as steps
from model.rl.rollout import Episodes
from tests.model.plain_loops import inner_gradient, inner_step

LENGTHS = torch.tensor([[3, 7, 1, 5], [2, 2, 7, 4]])
FELL = torch.tensor([[True, False, True, True], [True, True, True, False]])
WEIGHTS = torch.tensor([[0.25, 0.25, 0.0, 0.4], [0.1, 0.3, 0.25, 0.25]], dtype=torch.float64)
TOLERANCE = {"rtol": 0, "atol": 1e-9}


def some_params(tasks: int = 2, seed: int = 0) -> dict[str, Tensor]:
    """Small policies, one a task, with values and choices that are not near zero."""
    g = torch.Generator().manual_seed(seed)
    start = StateSpaceModel(3, hidden_dim=4, generator=g).double().params()
    return {n: (p + 0.3 * torch.randn(tasks, *p.shape, generator=g, dtype=p.dtype)).requires_grad_() for n, p in start.items()}


def some_episodes(seed: int = 1) -> Episodes:
    """Made up, and collected by quite another policy: ratios on both sides of 2."""
    g = torch.Generator().manual_seed(seed)
    M, K, T = *LENGTHS.shape, int(LENGTHS.max())
    mu = 0.15 + 0.8 * torch.rand(M, K, T, generator=g, dtype=torch.float64)
    alive = (torch.arange(T) < LENGTHS.unsqueeze(-1)).double()
    obs = torch.randn(M, K, T, 4, generator=g, dtype=torch.float64)
    return Episodes(obs, torch.randint(0, 2, (M, K, T), generator=g), mu.log(), alive, FELL)


def of_task(params: dict[str, Tensor], m: int) -> dict[str, Tensor]:
    return {n: p[m] for n, p in params.items()}


@pytest.mark.parametrize("second_order", [False, True])
def test_the_policy_gradient_is_the_plain_sum(second_order):
    e, params = some_episodes(), some_params()
    grads, loss = steps.policy_gradient(params, e, WEIGHTS, 0.99, second_order)
    for m in range(2):
        plain, plain_loss = inner_gradient(of_task(params, m), e, m, WEIGHTS[m].tolist(), 0.99, second_order)
        assert float(loss[m]) == pytest.approx(plain_loss, abs=1e-9)
        for n, g in plain.items():
            torch.testing.assert_close(grads[n][m], g, **TOLERANCE)


@pytest.mark.parametrize(("lowest", "highest"), [(0.0, 100.0), (0.0, 0.05), (80.0, 100.0)], ids=["free", "clipped", "lifted"])
def test_the_inner_step_and_its_derivative_are_the_plain_ones(lowest, highest):
    e, params, lr = some_episodes(), some_params(), 0.5
    adapted, _, norm = steps.inner_step(params, e, WEIGHTS, lr, highest, 0.99, True, lowest)
    moved = sum((adapted[n] - p).flatten(1).square().sum(1) for n, p in params.items()).sqrt()
    assert (moved < 0.99 * lr * norm).all() == (highest < 1) and (moved > 1.01 * lr * norm).all() == (lowest > 1)
    g = torch.Generator().manual_seed(6)
    direction = {n: torch.randn(p.shape, generator=g, dtype=p.dtype) for n, p in params.items()}
    along, plain_along = sum((direction[n] * p).sum() for n, p in adapted.items()), 0.0
    for m in range(2):
        plain = inner_step(of_task(params, m), e, m, WEIGHTS[m].tolist(), lr, highest, 0.99, True, lowest)
        for n in params:
            torch.testing.assert_close(adapted[n][m], plain[n], **TOLERANCE)
        plain_along = plain_along + sum((direction[n][m] * plain[n]).sum() for n in params)
    expected = torch.autograd.grad(plain_along, list(params.values()))
    for got, value in zip(torch.autograd.grad(along, list(params.values())), expected, strict=True):
        torch.testing.assert_close(got, value, rtol=1e-9, atol=1e-9)


def test_episodes_that_did_not_fall_teach_nothing():
    e, params = some_episodes(), some_params()
    standing = Episodes(e.obs, e.actions, e.log_probs, e.alive, torch.zeros_like(e.terminated))
    adapted, _, norm = steps.inner_step(params, standing, WEIGHTS, 0.5, 2.0, 0.99, min_grad_norm=1.0)
    assert not norm.any() and all(torch.equal(adapted[n], p) for n, p in params.items())
