"""The guard that keeps meta-training alive: it steps back from collapse and from parameters that are not finite."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.policy.ssm import StateSpaceModel


def copied(state: dict[str, Any]) -> dict[str, Any]:
    """An optimizer's state that shares no tensor with it; an optimizer adopts the tensors that it is given."""
    return {**state, "state": {i: {k: v.clone() for k, v in s.items()} for i, s in state["state"].items()}}


DECAY, COLLAPSE, GOOD = 0.9, 0.5, 0.9
"""Of the running mean of the return: how it decays, the share of it that is a collapse, and the share that good parameters reach."""


class CollapseGuard:
    """Steps back to the last good parameters and optimizer state when the return falls below COLLAPSE of its running mean.

    start_at: a running mean below this is too early to call a fall a collapse.

    Good are parameters whose own episodes reached at least GOOD of the running mean: those of the start of an epoch, never the
    untried ones that its update made.
    """

    def __init__(self, learner: StateSpaceModel, optimizer: torch.optim.Optimizer, decay: float = DECAY, start_at: float = 0.0):
        self.learner, self.optimizer, self.decay, self.start_at = learner, optimizer, decay, start_at
        self.running = -np.inf
        self.start_epoch()
        self._good = self._candidate

    def start_epoch(self) -> None:
        """Take a copy of the parameters that this epoch's episodes will be collected with."""
        self._candidate = (self.learner.params(), copied(self.optimizer.state_dict()))

    def state_dict(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {"good": self._good, "running": float(self.running)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        self._good, self.running = tuple(state["good"]), state["running"]

    @property
    def candidate(self) -> dict[str, Tensor]:
        """The parameters at the start of this epoch."""
        return self._candidate[0]

    def check(self, score: float, finite: bool) -> bool:
        """Take note of the score that this epoch's episodes reached; True if it stepped back."""
        finite = finite and all(bool(torch.isfinite(p).all()) for p in self.learner.parameters())
        collapsed = score < COLLAPSE * self.running and self.running >= self.start_at
        if not finite or collapsed:
            params, state = self._good
            with torch.no_grad():
                for name, p in self.learner.named_parameters():
                    p.copy_(params[name])
            self.optimizer.load_state_dict(copied(state))
            self.running *= DECAY  # should the tasks have become harder, do not step back for ever
            return True
        self.running = score if self.running == -np.inf else self.decay * self.running + (1 - self.decay) * score
        if score >= GOOD * self.running:
            self._good = self._candidate
        return False
