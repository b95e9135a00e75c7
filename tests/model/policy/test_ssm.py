"""The model as a module: its sizes, its stability for any parameters, its use as the model card shows it."""

import gymnasium as gym
import pytest
import torch

from model import StateSpaceModel
from model.policy.recurrence import LinearRecurrence, stable


def random_model(seed: int = 0, **sizes: int) -> StateSpaceModel:
    return StateSpaceModel(**sizes, generator=torch.Generator().manual_seed(seed))


def test_parameter_counts_are_the_model_cards():
    model = StateSpaceModel(32, 4, 4, 64)
    assert model.count_parameters() == {"A": 1024, "B": 128, "C": 128, "D": 16, "other layers": 5448}
    assert sum(p.numel() for p in model.parameters()) == 6744
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert (model.A.shape, model.B.shape, model.C.shape, model.D.shape) == ((32, 32), (4, 32), (32, 4), (4, 4))


@pytest.mark.parametrize("scale", [0.1, 100.0])
def test_any_A_is_stable(scale):
    A = torch.randn(16, 32, 32, generator=torch.Generator().manual_seed(4)) * scale
    assert torch.linalg.eigvals(stable(A)).abs().max() < 1.0
    h = LinearRecurrence.apply(stable(A), torch.ones(16, 2000, 1, 32), torch.zeros(16, 1, 32))
    assert torch.isfinite(h).all() and h.abs().max() <= 100.0 + 1e-3  # sum of 0.99^k


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


def test_the_model_cards_use_runs_as_it_stands(tmp_path):
    path = tmp_path / "cartpole_hybrid_real_model.pth"
    random_model(5).save(path)
    model = StateSpaceModel(state_dim=32, input_dim=4, output_dim=4, hidden_dim=64)

    model.load(path)
    model.eval()

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
