"""Where a training stands, and the guarded Adam step that every training here makes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch

from model.maml.guard import CollapseGuard, copied
from model.policy.ssm import StateSpaceModel


@dataclass
class Run:
    """All that changes from epoch to epoch. episodes, env_steps, seconds: cumulative.

    lr: Adam's, of which `clipped_step` makes a step. guard_from: the mean return from which the guard steps back.
    """

    learner: StateSpaceModel
    generator: np.random.Generator
    lr: float
    guard_from: float = 0.0
    epoch: int = 0
    episodes: int = 0
    env_steps: int = 0
    seconds: float = 0.0
    optimizer: torch.optim.Optimizer = field(init=False)
    guard: CollapseGuard = field(init=False)

    COUNTERS: ClassVar[tuple[str, ...]] = ("epoch", "episodes", "env_steps", "seconds")

    def __post_init__(self) -> None:
        self.optimizer = torch.optim.Adam(self.learner.parameters(), lr=self.lr)
        self.guard = CollapseGuard(self.learner, self.optimizer, start_at=self.guard_from)

    def start_epoch(self, lr: float) -> None:
        """The epoch's learning rate, and what the guard would step back to."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.guard.start_epoch()

    def clipped_step(self, max_grad_norm: float) -> bool:
        """One Adam step along the learner's gradients, scaled down to that norm; False, and no step, where they are not finite."""
        norm = torch.nn.utils.clip_grad_norm_(self.learner.parameters(), max_grad_norm)
        if not torch.isfinite(norm):  # a clipped infinite gradient is NaN: never let it reach the parameters
            return False
        self.optimizer.step()
        return True

    def end_epoch(self, episodes: int, env_steps: int, seconds: float) -> tuple[int, int, float]:
        """Count what the epoch collected; seconds: of all epochs. Returns the cumulative counts."""
        self.epoch, self.seconds = self.epoch + 1, seconds
        self.episodes, self.env_steps = self.episodes + episodes, self.env_steps + env_steps
        return self.episodes, self.env_steps, self.seconds

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values; the generator's state holds integers too long for some readers, so it is JSON."""
        return {
            "learner": self.learner.params(),
            "optimizer": copied(self.optimizer.state_dict()),
            "guard": self.guard.state_dict(),
            "generator": json.dumps(self.generator.bit_generator.state),
            **{name: getattr(self, name) for name in self.COUNTERS},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Stand where `state_dict` stood."""
        self.learner.load_state_dict(state["learner"])
        self.optimizer.load_state_dict(copied(state["optimizer"]))
        self.guard.load_state_dict(state["guard"])
        self.generator.bit_generator.state = json.loads(state["generator"])
        for name in self.COUNTERS:
            setattr(self, name, state[name])
