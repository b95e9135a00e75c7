"""Small pieces of sentences."""

from model.worlds.cartpole import MAX_EPISODE_STEPS

OF_ALL = f"of {MAX_EPISODE_STEPS}"  # "9 of 500"


def count(n: int, what: str) -> str:
    """A number with its noun: 1 step, 2 steps; thousands with a comma."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"
