"""The Live tab: break the world while it runs. World, policy and gradient step run in the visitor's browser (assets/live/).

The server hears of it three times only: when the visitor keeps what was learnt, takes the world to Adapt, or leaves for another tab.
"""

import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import gradio as gr
from gradio.components import Component

from model import World
from ui.field import FieldError, check
from ui.fields import FIELDS, TABS
from ui.runs.trained import model_from_base64
from ui.server.session import Session
from ui.settings import world_from_page
from ui.tabs.controls import WorldControls, unchecked
from ui.tabs.events import IN_BROWSER, OF_SESSION, QUIET, sent
from ui.tabs.yours import Yours
from ui.views.live_scripts import LABELS
from ui.views.messages import said

# Gradio finds an event by its quoted name.
ON_LOAD = 'window.ssmLive.mount(element, props, watch, trigger); // "keep", "adapt", "leave"'
KEPT = "Kept: it is “Yours” in Play and in Adapt."


def world_and_seed(data: Any) -> tuple[World, int]:
    """Where the visitor's browser is: a world in its own units, and a seed. Raises ValueError, one sentence."""
    fields = data.get("world") if isinstance(data, dict) else None
    if not isinstance(fields, dict) or fields.keys() != FIELDS["world"].keys():
        raise FieldError("world", f"hold the fields {', '.join(FIELDS['world'])}", fields, "have a value for each of its details")
    world = World(**{name: check(f, fields[name]) for name, f in FIELDS["world"].items()})
    return world, check(FIELDS["play"]["seed"], data.get("seed"))


class LiveTab:
    """Builds the tab; `session` is the page's gr.State. The page then calls `connect` once."""

    def __init__(self, session: gr.State):
        self.session = session
        self.stage = unchecked(
            gr.HTML(
                {"labels": LABELS, "server": True, "tabs": list(TABS)},
                html_template='<div class="live"></div>',  # static: the page never rebuilds what the script drew
                js_on_load=ON_LOAD,
                apply_default_css=False,
                elem_id="live",
            )
        )

    def connect(
        self,
        tab: gr.Tab,
        tabs: gr.Tabs,
        worlds: Sequence[WorldControls],
        seeds: Sequence[Component],
        mode: Component,
        yours: Yours,
    ) -> None:
        """World and seed travel between this tab and the others, whose controls these are; so does the visitor's own policy.

        mode: how Adapt adapts.
        """
        self.tabs, self.worlds, self.seeds, self.mode, self.yours = tabs, worlds, seeds, mode, yours
        there = [self.stage, *(c for world in worlds for c in world.outputs), *seeds]
        tab.select(self._arrive, [self.session, *worlds[0].inputs, seeds[0]], self.stage, **QUIET)
        self.stage.keep(self._keep, self.session, [self.session, self.stage, *yours.outputs], **OF_SESSION)
        left = self.stage.leave(self._leave, None, there, **QUIET)
        taken = self.stage.adapt(self._adapt, None, [*there, tabs, mode], **QUIET)
        for moved in (left, taken):
            moved.then(None, None, None, js="() => window.ssmSync()", **IN_BROWSER)

    @staticmethod
    def _say(**values: Any) -> dict[str, Any]:
        """A message to the script; the id makes each one new."""
        return {"id": secrets.token_hex(6), **values}

    def _arrive(self, session: Session, preset: Any, *rest: Any) -> dict[str, Any]:
        """The world and seed that the other tabs show now, and the visitor's own policy."""
        *values, seed = rest
        message: dict[str, Any] = {}
        with contextlib.suppress(ValueError):  # a half-typed number on another tab is that tab's to complain of
            message = {"world": asdict(world_from_page(preset, values)), "seed": check(FIELDS["play"]["seed"], seed)}
        return self.brought(session, **message)

    def brought(self, session: Session, **message: Any) -> dict[str, Any]:
        """The same message with the visitor's own policy, where there is one."""
        return self._say(**message, **({"weights": session.weights} if session.model else {}))

    def _keep(self, session: Session, event: gr.EventData) -> dict:
        """The policy that was learnt becomes the visitor's own."""
        try:
            model = model_from_base64(**sent(event, "weights"))
        except ValueError as error:
            return {self.stage: self._say(problem=said(error))}
        mine = session.with_model(model)
        return {self.session: mine, self.stage: self._say(said=KEPT), **self.yours.kept(mine)}

    def _leave(self, event: gr.EventData) -> dict:
        """Show the world of this tab on the others."""
        try:
            world, seed = world_and_seed(sent(event, "world", "seed"))
        except ValueError as error:
            return {self.stage: self._say(problem=said(error))}
        shown = [controls.updates(world) for controls in self.worlds]
        return {component: value for values in shown for component, value in values.items()} | dict.fromkeys(self.seeds, seed)

    def _adapt(self, event: gr.EventData) -> dict:
        """Take the world to Adapt, with hybrid adaptation chosen."""
        moved = self._leave(event)
        return moved if self.stage in moved else {**moved, self.tabs: gr.Tabs(selected="adapt"), self.mode: "hybrid"}
