"""What a policy is given at each step: the four sensors, and where its parameters have a fifth input, its own previous push."""

from __future__ import annotations

import numpy as np
import torch

from model.policy.params import Params
from model.policy.ssm import StateSpaceModel

SENSORS = 4  # position, velocity, angle, angular velocity
NO_PUSH = 0.0  # before an episode's first action; then -1 left, +1 right


def input_dim(params: Params) -> int:
    """How many inputs a policy with these parameters takes, I."""
    return params["input_scale"].shape[-1]


def joined(observed: np.ndarray, previous_push: np.ndarray, inputs: int) -> np.ndarray:
    """The inputs of one step: observed (..., 4), previous_push (...) -> (..., I), of observed's type. Four inputs are what was observed."""
    if inputs == SENSORS:
        return observed
    return np.concatenate([observed, previous_push[..., None].astype(observed.dtype)], axis=-1)


def pushes(actions: np.ndarray) -> np.ndarray:
    """Actions 0, 1 as pushes -1, +1."""
    return 2.0 * actions - 1.0


def with_previous_push(model: StateSpaceModel) -> StateSpaceModel:
    """The same policy with its previous push as a fifth input, whose weights are zero: it acts as before until it learns to use it."""
    if model.input_dim != SENSORS:
        raise ValueError(f"input_dim must be {SENSORS}, got {model.input_dim}")
    params = model.params()
    row = torch.zeros(1, model.state_dim)
    params["B"] = torch.cat([params["B"], row])
    params["mix_weight"] = torch.cat([params["mix_weight"], row])  # its last rows are the inputs'
    params["D"] = torch.cat([params["D"], torch.zeros(1, model.output_dim)])
    params["input_scale"] = torch.cat([params["input_scale"], torch.ones(1)])
    sizes = {**model.sizes, "input_dim": SENSORS + 1}
    return StateSpaceModel(**sizes, generator=torch.Generator().manual_seed(0)).with_params(params)
