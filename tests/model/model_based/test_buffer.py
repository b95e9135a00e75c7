"""ExperienceBuffer: whole episodes of one task, first in first out."""

import numpy as np
import pytest
import torch

from model import ExperienceBuffer, World
from model.rl.rollout import Episodes, collect
from tests.model.made_up import random_params

REVERSED = World(reversed_motor=True)


def some_episodes(seed: int, episodes: int, max_steps: int = 40) -> Episodes:
    return collect(random_params(), [REVERSED], episodes, np.random.default_rng(seed), max_steps)


class TestExperienceBuffer:
    def test_holds_whole_episodes_first_in_first_out_by_transitions(self):
        episodes = some_episodes(0, 4)
        lengths = episodes.lengths[0].int().tolist()
        buffer = ExperienceBuffer(max_size=sum(lengths[1:]))
        buffer.add(episodes)
        assert len(buffer) == sum(lengths[1:]) and buffer.episodes == 3
        sample = buffer.sample(10**6, np.random.default_rng(0))
        assert sorted(sample.lengths[0].int().tolist()) == sorted(lengths[1:])

    def test_sampling_is_seeded_and_takes_no_episode_twice(self):
        buffer = ExperienceBuffer()
        buffer.add(some_episodes(2, 10))
        a, b, c = (buffer.sample(len(buffer) // 2, np.random.default_rng(s)) for s in (1, 1, 2))
        assert torch.equal(a.obs, b.obs) and not (a.obs.shape == c.obs.shape and torch.equal(a.obs, c.obs))
        everything = buffer.sample(10**6, np.random.default_rng(0))
        assert everything.env_steps == len(buffer)
        starts = {tuple(row) for row in everything.obs[0, :, 0].tolist()}
        assert len(starts) == 10

    def test_two_tasks_do_not_belong_in_one_buffer(self):
        two = collect(random_params(), [REVERSED, World()], 2, np.random.default_rng(0), 20)
        with pytest.raises(ValueError, match="episodes must be of 1 task, got 2"):
            ExperienceBuffer().add(two)
