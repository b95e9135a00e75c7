"""The race's controls: the world, who races as it is, who adapts and how, the steps and the seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from ui.fields import FIELDS, short_name
from ui.server.session import Session
from ui.settings import MOST_RACERS, RACER_MODES, RACERS, Racer, RaceSettings, chosen_of, race_from_page
from ui.tabs.controls import WorldControls, control, unchecked
from ui.views.terms import terms_hint


def offered(yours: bool = False) -> list[tuple[str, str]]:
    """The policies to choose from."""
    return [(short_name(policy), policy) for policy in RACERS if yours or policy != "yours"]


class RaceControls:
    """Built inside a Blocks context."""

    def __init__(self) -> None:
        first = RaceSettings()
        self.world = WorldControls(first.world, folded=True)
        chosen = f"Up to {MOST_RACERS} racers, each with the settings that were chosen for it on [[validation worlds]]."
        ways = "To adapt is to learn from fresh [[episode|episodes]]; fresh + buffer adds [[practice]] on an [[experience buffer]]."
        gr.HTML(terms_hint(f"{chosen} {ways}", "compare-how"))
        labels = {mode: Racer("meta", mode).how.capitalize() for mode in RACER_MODES} | {"none": "As they are"}
        self.chosen = []
        for mode, value in zip(RACER_MODES, chosen_of(first.racers), strict=True):
            group = gr.CheckboxGroup(offered(), value=value, label=labels[mode], elem_id=f"race-{mode}")
            self.chosen.append(unchecked(group, "racers"))
        with gr.Row(elem_classes="pair"):
            fields = FIELDS["compare"]
            self.steps = control(
                fields["num_adapt_steps"], first.num_adapt_steps, number=True, info=None, min_width=100, elem_id="race-steps"
            )
            self.seed = control(fields["seed"], first.seed)

    @property
    def inputs(self) -> list:
        """What `read` takes."""
        return [*self.world.inputs, *self.chosen, self.steps, self.seed]

    @property
    def outputs(self) -> list:
        """What `updates` fills."""
        return [*self.world.outputs, *self.chosen, self.steps, self.seed]

    def read(self, session: Session, values: Sequence[Any]) -> RaceSettings:
        """What the controls show. Raises ValueError."""
        preset, *rest = values
        n = len(self.world.fields)
        fields, chosen, (steps, seed) = rest[:n], rest[n:-2], rest[-2:]
        return race_from_page(preset, fields, chosen, steps, seed, session.model is not None)

    def updates(self, s: RaceSettings) -> dict:
        """What each of `outputs` becomes so that they show this race."""
        groups = dict(zip(self.chosen, chosen_of(s.racers), strict=True))
        return {**self.world.updates(s.world), **groups, self.steps: s.num_adapt_steps, self.seed: s.seed}

    def with_yours(self, session: Session) -> dict:
        """The visitor's own policy among those offered, where there is one."""
        return {group: gr.update(choices=offered(session.model is not None)) for group in self.chosen}
