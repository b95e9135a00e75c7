"""Learning live, from every fall: the rules that the page's Live tab follows in the visitor's browser (assets/live/protocol.js).

- A fall teaches by one gradient step on that one episode (inner_step.inner_step); actions are greedy.
- A change of the world starts a new record: hidden state fresh, the starting weights again. Weights that were adapted to one
  world and carried into the next make it worse with every change.
- A policy that sees its own previous push, and has learnt nothing here, goes on through a change with the memory that it has.
- A fall after a visitor's push teaches nothing: the policy did not cause it.
- After `fruitless_updates` updates without standing, the starting weights come back; after `hopeless_falls` falls without
  standing, learning stops.
- An episode ends after MAX_EPISODE_STEPS steps; whoever reaches them stands.
"""

from __future__ import annotations

from dataclasses import dataclass

from model.config import bounded, check_fields


@dataclass(frozen=True)
class LiveRules:
    """The protocol's numbers."""

    lr: float = bounded(0.25, 0.0, 2.0, "learning rate of the gradient step that follows a fall")
    fruitless_updates: int = bounded(5, 1, 1000, "updates without standing after which the starting weights come back")
    hopeless_falls: int = bounded(20, 1, 1000, "falls without standing after which learning stops")

    def __post_init__(self) -> None:
        check_fields(self)
