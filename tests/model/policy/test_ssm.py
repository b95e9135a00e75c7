"""The state space model is linear in time, stable for any parameters, and twice differentiable."""

import gymnasium as gym
import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from model import StateSpaceModel
from model.policy.cell import sequence_outputs
from model.policy.params import with_task_axis
from model.policy.recurrence import LinearRecurrence, stable


def random_model(seed: int = 0, **sizes: int) -> StateSpaceModel:
    return StateSpaceModel(**sizes, generator=torch.Generator().manual_seed(seed))


def test_parameter_counts_are_the_model_cards():
    model = StateSpaceModel(32, 4, 4, 64)
    assert model.count_parameters() == {"A": 1024, "B": 128, "C": 128, "D": 16, "other layers": 5448}
    assert sum(p.numel() for p in model.parameters()) == 6744
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert (model.A.shape, model.B.shape, model.C.shape, model.D.shape) == ((32, 32), (4, 32), (32, 4), (4, 4))


def test_sequence_equals_stepping_from_the_initial_and_a_given_state():
    model = random_model()
    with torch.no_grad():
        model.initial_state.normal_(generator=torch.Generator().manual_seed(1))
    obs = torch.randn(3, 50, 4, generator=torch.Generator().manual_seed(2))
    for hidden in (None, torch.ones(3, 32)):
        h = model.init_hidden(3) if hidden is None else hidden
        steps = []
        for t in range(50):
            y, h = model(obs[:, t], h)
            steps.append(y)
        torch.testing.assert_close(model.sequence(obs, hidden), torch.stack(steps, 1), atol=1e-5, rtol=1e-5)


def test_tasks_with_their_own_parameters_equal_separate_models():
    models = [random_model(seed) for seed in (1, 2)]
    params = {n: torch.stack([dict(m.named_parameters())[n].detach() for m in models]) for n, _ in models[0].named_parameters()}
    obs = torch.randn(2, 3, 7, 4)
    outputs = sequence_outputs(params, obs)
    for i, model in enumerate(models):
        torch.testing.assert_close(outputs[i], model.sequence(obs[i]))


def test_the_state_is_linear_in_the_inputs():
    A = stable(torch.randn(1, 8, 8, dtype=torch.float64))
    u, v = torch.randn(2, 1, 20, 3, 8, dtype=torch.float64)
    zero = torch.zeros(1, 3, 8, dtype=torch.float64)
    torch.testing.assert_close(
        LinearRecurrence.apply(A, 2 * u + v, zero), 2 * LinearRecurrence.apply(A, u, zero) + LinearRecurrence.apply(A, v, zero)
    )


@pytest.mark.parametrize("backwards", [False, True])
def test_recurrence_is_differentiable_twice(backwards):
    g = torch.Generator().manual_seed(0)
    A = (torch.randn(2, 3, 3, generator=g, dtype=torch.float64) * 0.4).requires_grad_()
    u = torch.randn(2, 5, 2, 3, generator=g, dtype=torch.float64).requires_grad_()
    h0 = torch.randn(2, 2, 3, generator=g, dtype=torch.float64).requires_grad_()
    assert gradcheck(LinearRecurrence.apply, (A, u, h0, backwards))
    assert gradgradcheck(LinearRecurrence.apply, (A, u, h0, backwards))
    h = LinearRecurrence.apply(A, u, h0, backwards)
    first, second = (4, 3) if backwards else (0, 1)
    torch.testing.assert_close(h[:, first], h0 @ A + u[:, first])
    torch.testing.assert_close(h[:, second], h[:, first] @ A + u[:, second])


def test_whole_model_is_differentiable_twice():
    model = random_model(state_dim=3, hidden_dim=4).double()
    names = [n for n, _ in model.named_parameters()]
    obs = torch.randn(1, 2, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3))

    def outputs(*values):
        return sequence_outputs(with_task_axis(dict(zip(names, values, strict=True))), obs)

    values = tuple(p.detach().requires_grad_() for p in model.parameters())
    assert gradcheck(outputs, values)
    assert gradgradcheck(outputs, values)


def test_outputs_of_the_living_steps_do_not_depend_on_leaving_out_the_dead():
    g = torch.Generator().manual_seed(5)
    params = {n: torch.stack([p, p + 0.1 * torch.randn(p.shape, generator=g)]) for n, p in random_model().params().items()}
    obs = torch.randn(2, 6, 30, 4, generator=g)
    alive = (torch.arange(30) < torch.tensor([[3, 30, 9, 1, 4, 12], [9, 9, 2, 30, 1, 1]]).unsqueeze(-1)).float()
    full, living = sequence_outputs(params, obs), sequence_outputs(params, obs, alive=alive)
    torch.testing.assert_close(living[alive > 0], full[alive > 0])
    one = {n: p[:1] for n, p in params.items()}
    torch.testing.assert_close(sequence_outputs(one, obs, alive=alive)[alive > 0], sequence_outputs(one, obs)[alive > 0])


@pytest.mark.parametrize("scale", [0.1, 1.0, 100.0])
def test_any_A_is_stable(scale):
    A = torch.randn(64, 32, 32, generator=torch.Generator().manual_seed(4)) * scale
    assert torch.linalg.eigvals(stable(A)).abs().max() < 1.0
    h = LinearRecurrence.apply(stable(A), torch.ones(64, 2000, 1, 32), torch.zeros(64, 1, 32))
    assert torch.isfinite(h).all() and h.abs().max() <= 100.0 + 1e-3  # sum of 0.99^k


def test_a_small_A_is_left_alone():
    A = torch.diag(torch.linspace(0, 0.95, 32))
    torch.testing.assert_close(stable(A), A)


@pytest.mark.parametrize(
    ("sizes", "field"), [({"state_dim": 0}, "state_dim"), ({"hidden_dim": 1.5}, "hidden_dim"), ({"input_dim": True}, "input_dim")]
)
def test_bad_sizes_name_the_field(sizes, field):
    with pytest.raises(ValueError, match=f"{field} must be a whole number between"):
        StateSpaceModel(**sizes)


def test_with_params_does_not_touch_the_given_model():
    model = random_model()
    before = model.params()
    other = model.with_params({n: p + 1 for n, p in model.params().items()})
    assert all(torch.equal(before[n], p) for n, p in model.params().items())
    assert all(torch.equal(before[n] + 1, p) for n, p in other.params().items())


def test_the_model_cards_direct_use_runs_as_it_stands(tmp_path):
    path = tmp_path / "cartpole_hybrid_real_model.pth"
    random_model(5).save(path)
    model = StateSpaceModel(state_dim=32, input_dim=4, output_dim=4, hidden_dim=64)

    model.load(path)
    model.eval()

    env = gym.make("CartPole-v1")
    obs, _ = env.reset()
    hidden_state = model.init_hidden(batch_size=1)

    obs_tensor = torch.tensor(obs, dtype=torch.float32).unsqueeze(0)
    action_logits, hidden_state = model(obs_tensor, hidden_state)
    action = torch.argmax(action_logits[:, :2], dim=-1).item()
    assert action in (0, 1)


def test_the_model_cards_running_inference_runs_as_it_stands(tmp_path):
    model = random_model(5)
    env = gym.make("CartPole-v1")
    obs, _ = env.reset()
    hidden_state = model.init_hidden(batch_size=1)
    done = False
    steps = 0

    while not done:
        obs_tensor = torch.tensor(obs, dtype=torch.float32).unsqueeze(0)

        with torch.no_grad():
            action_logits, hidden_state = model(obs_tensor, hidden_state)

        action = torch.argmax(action_logits[:, :2], dim=-1).item()

        obs, _reward, done, truncated, _info = env.step(action)
        done = done or truncated
        steps += 1

    env.close()
    assert steps >= 5
