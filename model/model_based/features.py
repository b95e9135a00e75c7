"""What the dynamics model regresses on: the present observation, pushes up to the longest delay, and the observation before."""

from __future__ import annotations

import numpy as np

from model.worlds.cartpole import TAU
from model.worlds.world import MAX_DELAY

PAST_ACTIONS = MAX_DELAY
STEP_SECONDS = TAU
FEATURES = ("x", "x_dot", "angle", "angle_dot", "u", "1", *(f"u_{k}" for k in range(1, PAST_ACTIONS + 1)), *(f"past_{i}" for i in range(4)))
X, X_DOT, ANGLE, ANGLE_DOT = range(4)
CONSTANT, PAST = FEATURES.index("1"), FEATURES.index("past_0")


def features(obs: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """f_t of one episode. obs (T, 4), actions (T,) -> (T, F). The observation before the first is taken to equal it."""
    T = len(obs)
    push = np.concatenate([np.zeros(PAST_ACTIONS), 2.0 * actions - 1.0])  # u_{t-5} .. u_t
    past = [push[PAST_ACTIONS - k : PAST_ACTIONS - k + T] for k in range(PAST_ACTIONS + 1)]
    return np.column_stack([obs, past[0], np.ones(T), *past[1:], np.concatenate([obs[:1], obs[:-1]])])
