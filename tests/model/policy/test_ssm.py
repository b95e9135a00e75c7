"""The model as a module: its sizes, its stability for any parameters, its use as the model card shows it."""

import gymnasium as gym
import pytest
import torch

from model import StateSpaceModel
from model.policy.recurrence import LinearRecurrence, stable
from tests.model.made_up import random_model


@pytest.mark.parametrize("scale", [0.1, 100.0])
def test_any_A_is_stable(scale):
    A = torch.randn(16, 32, 32, generator=torch.Generator().manual_seed(4)) * scale
    assert torch.linalg.eigvals(stable(A)).abs().max() < 1.0
    h = LinearRecurrence.apply(stable(A), torch.ones(16, 2000, 1, 32), torch.zeros(16, 1, 32))
    assert torch.isfinite(h).all() and h.abs().max() <= 100.0 + 1e-3  # sum of 0.99^k


def test_it_plays_in_gymnasium_as_the_model_card_shows(tmp_path):
    random_model(5).save(tmp_path / "real_model.pth")
    model = StateSpaceModel(state_dim=32, input_dim=4, output_dim=4, hidden_dim=64).load(tmp_path / "real_model.pth").eval()
    env, done, steps = gym.make("CartPole-v1"), False, 0
    obs, _ = env.reset()
    hidden_state = model.init_hidden(batch_size=1)
    while not done:
        with torch.no_grad():
            action_logits, hidden_state = model(torch.tensor(obs, dtype=torch.float32).unsqueeze(0), hidden_state)
        obs, _, terminated, truncated, _ = env.step(torch.argmax(action_logits[:, :2], dim=-1).item())
        done, steps = terminated or truncated, steps + 1
    assert steps >= 5
