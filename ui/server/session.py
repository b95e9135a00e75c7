"""What belongs to one visitor. Gradio keeps one per browser tab; nothing here is shared."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace

from model import StateSpaceModel
from model.policy.checkpoint import serialise
from ui.runs.episode import Recording, record
from ui.runs.policies import shared_model
from ui.settings import Choice

STATE_SECONDS = 3600  # a session that was left alone this long is forgotten


@dataclass(frozen=True)
class Session:
    """The choice that stands on the stage, its recording, and the visitor's own model if there is one.

    Frozen: a handler returns a new session, and one that fails returns none, so that nothing is half-applied.
    """

    choice: Choice = field(default_factory=Choice)
    recording: Recording | None = None  # of the choice
    model: StateSpaceModel | None = None

    @property
    def weights(self) -> str:
        """The visitor's own policy as scripts read it, a checkpoint in base64; "" without one."""
        return "" if self.model is None else base64.b64encode(serialise(self.model)).decode()

    def policy_model(self, policy: str) -> StateSpaceModel | None:
        """The model behind a policy's name for this visitor; None acts at random."""
        return self.model if policy == "yours" else shared_model(policy)

    def play(self, choice: Choice) -> Session:
        """This session after an episode of `choice`."""
        recording = record(self.policy_model(choice.policy), choice.world, choice.seed, choice.greedy, choice.policy)
        return replace(self, choice=choice, recording=recording)

    def played(self) -> Session:
        """This session with a recording of its choice."""
        return self if self.recording else self.play(self.choice)

    def with_model(self, model: StateSpaceModel) -> Session:
        """This session with the visitor's own policy set, or replaced: then an episode of the former is forgotten."""
        return replace(self, model=model, recording=None if self.choice.policy == "yours" else self.recording)
