"""Small pieces of sentences."""

import math
from typing import NamedTuple

from model.worlds.cartpole import MAX_EPISODE_STEPS

OF_ALL = f"of {MAX_EPISODE_STEPS}"  # "9 of 500"


def count(n: int, what: str) -> str:
    """A number with its noun: 1 step, 2 steps; thousands with a comma."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


class Place(NamedTuple):
    """The n-th of those who wait, for about so many seconds."""

    number: int
    seconds: float

    def __str__(self) -> str:
        return f"You are number {self.number} in the line; about {5 * max(1, math.ceil(self.seconds / 5))} s."
