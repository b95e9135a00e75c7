"""ExperienceBuffer: whole episodes of one task, first in first out."""

import math

import numpy as np
import pytest
import torch

from model import ExperienceBuffer, StateSpaceModel, World
from model.policy.params import with_task_axis
from model.rl.rollout import Episodes, collect

REVERSED = World(reversed_motor=True)


def random_model(seed: int = 0) -> StateSpaceModel:
    return StateSpaceModel(generator=torch.Generator().manual_seed(seed))


def some_episodes(seed: int, episodes: int, max_steps: int = 40) -> Episodes:
    return collect(with_task_axis(random_model().params()), [REVERSED], episodes, np.random.default_rng(seed), max_steps)


class TestExperienceBuffer:
    def test_holds_whole_episodes_first_in_first_out_by_transitions(self):
        episodes = some_episodes(0, 4)
        lengths = episodes.lengths[0].int().tolist()
        buffer = ExperienceBuffer(max_size=sum(lengths[1:]))
        buffer.add(episodes)
        assert len(buffer) == sum(lengths[1:]) and buffer.episodes == 3
        sample = buffer.sample(10**6, np.random.default_rng(0))
        assert sorted(sample.lengths[0].int().tolist()) == sorted(lengths[1:])

    def test_returns_episodes_as_they_were_added(self):
        buffer = ExperienceBuffer()
        episode = some_episodes(1, 1)
        buffer.add(episode)
        sample = buffer.sample(1, np.random.default_rng(0))
        for a, b in zip(sample.tensors, episode.tensors, strict=True):
            assert torch.equal(a, b)

    def test_sampling_is_seeded_and_takes_no_episode_twice(self):
        buffer = ExperienceBuffer()
        buffer.add(some_episodes(2, 10))
        a, b, c = (buffer.sample(len(buffer) // 2, np.random.default_rng(s)) for s in (1, 1, 2))
        assert torch.equal(a.obs, b.obs) and not (a.obs.shape == c.obs.shape and torch.equal(a.obs, c.obs))
        everything = buffer.sample(10**6, np.random.default_rng(0))
        assert everything.env_steps == len(buffer)
        starts = {tuple(row) for row in everything.obs[0, :, 0].tolist()}
        assert len(starts) == 10

    def test_samples_at_least_what_was_asked(self):
        buffer = ExperienceBuffer()
        buffer.add(some_episodes(2, 10))
        assert 12 <= buffer.sample(12, np.random.default_rng(0)).env_steps < 12 + 40

    def test_empty(self):
        buffer = ExperienceBuffer()
        assert buffer.sample(5, np.random.default_rng(0)) is None
        buffer.add(some_episodes(0, 2))
        buffer.clear()
        assert len(buffer) == 0 and buffer.sample(5, np.random.default_rng(0)) is None

    @pytest.mark.parametrize("size", [0, -1, 1.5, None, math.nan])
    def test_bad_size(self, size):
        with pytest.raises(ValueError, match="max_size must be a whole number between 1 and"):
            ExperienceBuffer(size)

    def test_two_tasks_do_not_belong_in_one_buffer(self):
        two = collect(with_task_axis(random_model().params()), [REVERSED, World()], 2, np.random.default_rng(0), 20)
        with pytest.raises(ValueError, match="episodes must be of 1 task, got 2"):
            ExperienceBuffer().add(two)

    def test_joined_holds_every_episode_in_order(self):
        buffer, episodes = ExperienceBuffer(), some_episodes(3, 4)
        assert buffer.joined() is None
        buffer.add(episodes)
        joined = buffer.joined()
        assert torch.equal(joined.lengths, episodes.lengths) and torch.equal(joined.episode(1).obs, episodes.episode(1).obs)
