"""Which way a policy pushes, over the pole's angle and angular velocity: the map beside the stage (assets/maps.js draws it)."""

import base64
from functools import lru_cache

import numpy as np
import torch

from model import StateSpaceModel
from model.policy.cell import Cell
from model.policy.inputs import NO_PUSH, joined
from model.policy.params import with_task_axis
from ui.views.player import MAP_ANGLE, MAP_VELOCITY

MAP_SIZE = 33


def action_map(model: StateSpaceModel) -> np.ndarray:
    """P(push right) at the first step of an episode, the cart at rest in the middle; rows: angular velocity from high to low,
    columns: pole angle from left to right, both as the sensors report them. (MAP_SIZE, MAP_SIZE)
    """
    angles = np.radians(np.linspace(-MAP_ANGLE, MAP_ANGLE, MAP_SIZE))
    velocities = np.radians(np.linspace(MAP_VELOCITY, -MAP_VELOCITY, MAP_SIZE))
    grid = np.zeros((1, MAP_SIZE**2, 4), dtype=np.float32)
    grid[0, :, 3], grid[0, :, 2] = (g.ravel() for g in np.meshgrid(velocities, angles, indexing="ij"))
    params = with_task_axis(model.params())
    with torch.inference_mode():
        hidden = params["initial_state"].unsqueeze(1).expand(1, MAP_SIZE**2, -1)
        inputs = joined(grid, np.full(grid.shape[:-1], NO_PUSH), model.input_dim)
        outputs, _ = Cell(params).step(torch.from_numpy(inputs), hidden)
        return outputs[0, :, :2].softmax(-1)[:, 1].view(MAP_SIZE, MAP_SIZE).numpy()


@lru_cache(maxsize=256)
def decisions(model: StateSpaceModel) -> str:
    """The map as the player takes it: a byte for each cell, 0 (left) to 255 (right), in base64."""
    prob = np.nan_to_num(action_map(model), nan=0.5)
    return base64.b64encode(np.round(prob * 255).astype(np.uint8).tobytes()).decode()
