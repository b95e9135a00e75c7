"""Advantages, weights and the inner gradient against independent, plain computations."""

import numpy as np
import pytest
import torch

from model import StateSpaceModel, World
from model.maml.inner_step import INNER_LAMBDA, INNER_SCALE, equal_weights, fall_weights, inner_step, policy_gradient
from model.policy.cell import sequence_outputs
from model.policy.params import with_task_axis
from model.rl.advantages import SHORT_DISCOUNT, advantages, gae
from model.rl.rollout import Episodes, action_log_probs, collect


def double_params(seed: int = 0, tasks: int = 1, **sizes: int) -> dict[str, torch.Tensor]:
    model = StateSpaceModel(**({"state_dim": 4, "hidden_dim": 6} | sizes), generator=torch.Generator().manual_seed(seed)).double()
    return {n: p.detach().clone().requires_grad_() for n, p in with_task_axis(model.params(), tasks).items()}


REVERSED = World(reversed_motor=True)


def short_episodes(seed: int = 0, worlds=(REVERSED,), episodes: int = 3) -> Episodes:
    model = StateSpaceModel(generator=torch.Generator().manual_seed(seed)).float()
    e = collect(with_task_axis(model.params()), worlds, episodes, np.random.default_rng(seed), max_steps=30)
    return Episodes(e.obs.double(), e.actions, e.log_probs.double(), e.alive.double(), e.terminated)


@pytest.fixture(autouse=True)
def in_double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("fell", [True, False])
def test_gae_equals_the_recursion(fell):
    length, discount, lam = 6, 0.9, 0.7
    values = torch.rand(9)
    alive = (torch.arange(9) < length).double()
    got = gae(values, alive, torch.tensor(fell), discount, lam)
    expected, following = torch.zeros(9), 0.0
    for t in reversed(range(length)):
        after = (0.0 if fell else values[t]) if t == length - 1 else values[t + 1]
        following = (1 - discount) + discount * after - values[t] + discount * lam * following
        expected[t] = following
    torch.testing.assert_close(got, expected)


def test_with_lambda_1_and_no_values_the_advantage_is_the_discounted_return():
    alive = torch.ones(5)
    got = gae(torch.zeros(5), alive, torch.tensor(True), 0.9, 1.0)
    torch.testing.assert_close(got, torch.tensor([0.1 * sum(0.9**k for k in range(5 - t)) for t in range(5)]))


def test_fall_weights_sum_to_the_share_missed_and_to_zero_for_a_stand():
    e = short_episodes(episodes=4)
    e = Episodes(e.obs, e.actions, e.log_probs, e.alive, torch.tensor([[True, False, True, True]]))
    weights = fall_weights(e)
    torch.testing.assert_close(weights.sum(-1), (1 - e.lengths / 500) * torch.tensor([[1.0, 0.0, 1.0, 1.0]]))
    length = int(e.lengths[0, 0])
    torch.testing.assert_close(weights[0, 0, : length - 1] / weights[0, 0, 1:length], torch.full((length - 1,), 0.97))
    assert weights[0, 0, length:].sum() == 0


def test_a_policy_that_never_falls_gets_no_gradient():
    e = short_episodes()
    stands = Episodes(e.obs, e.actions, e.log_probs, e.alive, torch.zeros_like(e.terminated))
    params = double_params()
    adapted, _, norm = inner_step(params, stands, equal_weights(stands), 0.5, 2.0, 0.99)
    assert norm.item() < 1e-6
    assert all(torch.equal(adapted[n], params[n]) for n in params)


def surrogate(params, e: Episodes) -> torch.Tensor:
    """The inner loss written plainly, with the advantage and weights as numbers."""
    outputs = sequence_outputs(params, e.obs)
    with torch.no_grad():
        weight = advantages(outputs[..., 2:4], e, 0.99, INNER_LAMBDA).sum(-1) * fall_weights(e) / e.terminated.shape[1] * INNER_SCALE
    return -(weight * (action_log_probs(outputs[..., :2], e.actions) - e.log_probs).exp()).sum()


def test_inner_gradient_equals_autograd_and_finite_differences_of_the_surrogate():
    e, params = short_episodes(), double_params(1)
    with torch.no_grad():  # on-policy: the ratio is 1
        e = Episodes(e.obs, e.actions, action_log_probs(sequence_outputs(params, e.obs)[..., :2], e.actions), e.alive, e.terminated)
    grads, _ = policy_gradient(params, e, equal_weights(e), 0.99, second_order=False)
    for name, expected in zip(params, torch.autograd.grad(surrogate(params, e), list(params.values())), strict=True):
        torch.testing.assert_close(grads[name], expected)
    # One random direction by central differences, the weights held at their values.
    direction = {n: torch.randn_like(p) for n, p in params.items()}
    outputs = sequence_outputs(params, e.obs).detach()
    weight = advantages(outputs[..., 2:4], e, 0.99, INNER_LAMBDA).sum(-1) * fall_weights(e) / e.terminated.shape[1] * INNER_SCALE

    def loss(step: float) -> float:
        moved = {n: (p + step * direction[n]).detach() for n, p in params.items()}
        ratio = (action_log_probs(sequence_outputs(moved, e.obs)[..., :2], e.actions) - e.log_probs).exp()
        return float(-(weight * ratio).sum())

    slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
    assert slope == pytest.approx(float(sum((grads[n] * direction[n]).sum() for n in params)), rel=1e-5)


def test_first_and_second_order_give_the_same_step_and_different_meta_gradients():
    e = short_episodes()
    meta_grads = []
    for second_order in (True, False):
        params = double_params(2)
        adapted, _, _ = inner_step(params, e, equal_weights(e), 0.5, 2.0, 0.99, second_order)
        query = action_log_probs(sequence_outputs(adapted, e.obs)[..., :2], e.actions).mean()
        meta_grads.append((adapted, torch.autograd.grad(query, list(params.values()))))
    (second, second_grads), (first, first_grads) = meta_grads
    assert all(torch.equal(first[n], second[n]) for n in first)
    assert max(float((a - b).abs().max()) for a, b in zip(first_grads, second_grads, strict=True)) > 1e-4


def test_the_meta_gradient_through_the_inner_step_equals_finite_differences():
    e = short_episodes()
    params = double_params(3)

    def query(values) -> torch.Tensor:
        adapted, _, _ = inner_step(values, e, equal_weights(e), 0.5, 2.0, 0.99, True)
        return action_log_probs(sequence_outputs(adapted, e.obs)[..., :2], e.actions).mean()

    # Off-policy ratios are truncated: stay on-policy, where the surrogate is smooth.
    with torch.no_grad():
        e = Episodes(e.obs, e.actions, action_log_probs(sequence_outputs(params, e.obs)[..., :2], e.actions), e.alive, e.terminated)
    grads = dict(zip(params, torch.autograd.grad(query(params), list(params.values())), strict=True))
    direction = {n: torch.randn_like(p) for n, p in params.items()}
    moved = [{n: (p + s * direction[n]).detach().requires_grad_() for n, p in params.items()} for s in (1e-6, -1e-6)]
    slope = ((query(moved[0]) - query(moved[1])) / 2e-6).item()
    assert slope == pytest.approx(float(sum((grads[n] * direction[n]).sum() for n in params)), rel=1e-4)


def test_tasks_do_not_mix():
    both = short_episodes(worlds=(World(), World(reversed_motor=True)))
    params = double_params(4, tasks=2)
    together, _, _ = inner_step(params, both, equal_weights(both), 0.5, 2.0, 0.99)
    for i in range(2):
        alone, _, _ = inner_step(double_params(4), both.task(i), equal_weights(both.task(i)), 0.5, 2.0, 0.99)
        for n in alone:
            torch.testing.assert_close(together[n][i], alone[n][0])


def test_long_gradients_are_scaled_to_the_limit():
    e, params = short_episodes(), double_params(5)
    _, _, norm = inner_step(params, e, equal_weights(e), 1.0, 2.0, 0.99)
    limit = float(norm) / 3
    adapted, _, _ = inner_step(params, e, equal_weights(e), 1.0, limit, 0.99)
    moved = sum((adapted[n] - params[n]).square().sum() for n in params).sqrt()
    assert float(moved) == pytest.approx(limit)


def test_the_two_discounts_give_two_advantages():
    e = short_episodes()
    values = torch.rand(*e.alive.shape, 2)
    both = advantages(values, e, 0.99, 0.5)
    torch.testing.assert_close(both[..., 1], gae(values[..., 1], e.alive, e.terminated, SHORT_DISCOUNT, 0.5))
