"""The baseline that learns a world from nothing solves the standard cart, and counts its environment steps."""

import numpy as np

from model import World
from model.experiments.scratch import train_from_scratch


def test_from_scratch_solves_the_standard_cart_and_counts_its_steps():
    result = train_from_scratch([World(), World(reversed_motor=True)], 60_000, seed=1)
    assert np.isfinite(result.env_steps_to_solve).any() and result.best_return.max() >= 475
    assert (result.env_steps_to_solve[np.isfinite(result.env_steps_to_solve)] <= 61_000 + 5 * 5000).all()
