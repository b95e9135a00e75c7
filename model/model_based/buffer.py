"""ExperienceBuffer: whole episodes of one world, never lone steps of a recurrent policy."""

from __future__ import annotations

from collections import deque

import numpy as np

from model.config import check_kind, check_number
from model.rl.rollout import Episodes, concatenated


class ExperienceBuffer:
    """Whole episodes of one task with the log-probabilities of the policy that acted, first in first out.

    Hybrid adaptation fits its dynamics model to them. max_size and len()
    count transitions. The oldest episodes make room for new ones; an episode longer than max_size is not kept.
    Raises ValueError for a max_size out of bounds.
    """

    def __init__(self, max_size: int = 10_000):
        self.max_size = check_number("max_size", max_size, 1, 10**7, int)
        self._episodes: deque[Episodes] = deque()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def episodes(self) -> int:
        """How many episodes it holds."""
        return len(self._episodes)

    def add(self, episodes: Episodes) -> None:
        """Add every episode of one task (M = 1). Raises ValueError for several tasks."""
        if check_kind("episodes", episodes, Episodes).obs.shape[0] != 1:
            raise ValueError(f"episodes must be of 1 task, got {episodes.obs.shape[0]}")
        for k in range(episodes.obs.shape[1]):
            episode = episodes.episode(k)
            self._episodes.append(episode)
            self._size += episode.env_steps
        while self._size > self.max_size:
            self._size -= self._episodes.popleft().env_steps

    def sample(self, transitions: int, generator: np.random.Generator) -> Episodes | None:
        """Whole episodes in random order, without repetition, until they hold at least `transitions` steps or all are drawn.

        None if the buffer is empty or transitions is 0. Raises ValueError for a negative or non-whole number.
        """
        wanted = check_number("transitions", transitions, 0, 10**9, int)
        check_kind("generator", generator, np.random.Generator)
        chosen: list[Episodes] = []
        for i in generator.permutation(len(self._episodes)):
            if wanted <= 0:
                break
            chosen.append(self._episodes[i])
            wanted -= self._episodes[i].env_steps
        return concatenated(chosen) if chosen else None

    def joined(self) -> Episodes | None:
        """All its episodes as one batch, the oldest first; None if it is empty."""
        return concatenated(self._episodes) if self._episodes else None

    def clear(self) -> None:
        """Forget everything."""
        self._episodes.clear()
        self._size = 0
