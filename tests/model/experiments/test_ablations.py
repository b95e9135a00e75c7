"""Replay by importance ratio, as it was compared with."""

import numpy as np
import torch

from model import StandardAdaptationConfig, StateSpaceModel, World
from model.experiments.ablations import ReplayConfig, replay_tasks, with_replay
from model.maml.adaptation import adapt_tasks, equal_weights
from model.policy.params import with_task_axis
from model.rl.rollout import Episodes, collect

REVERSED = World(reversed_motor=True)


def params(tasks: int = 1) -> dict[str, torch.Tensor]:
    return with_task_axis(StateSpaceModel(generator=torch.Generator().manual_seed(0)).params(), tasks)


def test_replay_weights_are_shared_within_a_task_and_padding_counts_nothing():
    fresh = collect(params(2), [REVERSED, World()], 2, np.random.default_rng(0), 40)
    one_stood = torch.tensor([[True, False], [True, True]])
    fresh = Episodes(fresh.obs, fresh.actions, fresh.log_probs, fresh.alive, one_stood)
    replayed = [collect(params(), [REVERSED], 3, np.random.default_rng(1), 40), None]
    support, weights = with_replay(fresh, equal_weights(fresh), replayed, 0.6)
    torch.testing.assert_close(weights, torch.tensor([[0.5, 0.5, 0.1, 0.1, 0.1], [0.5, 0.5, 0.0, 0.0, 0.0]]))
    assert support.env_steps == fresh.env_steps + replayed[0].env_steps
    torch.testing.assert_close(support.lengths[0, 2:], replayed[0].lengths[0])


def test_earlier_episodes_are_replayed_from_the_second_step_on():
    settings = {"num_adapt_steps": 2, "episodes_per_step": 2}
    plain = list(adapt_tasks(params(), [REVERSED], StandardAdaptationConfig(**settings), np.random.default_rng(0)))
    replayed = list(replay_tasks(params(), [REVERSED], ReplayConfig(**settings, replay_weight=1.0), np.random.default_rng(0)))
    assert torch.equal(plain[0].params["B"], replayed[0].params["B"]) and not torch.equal(plain[1].params["B"], replayed[1].params["B"])
