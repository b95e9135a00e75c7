"""The race's stage: a lane for every racer, from the same start, under one playhead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from model import StateSpaceModel
from ui.runs.race import Race
from ui.settings import RaceSettings
from ui.views.imagined import recorded
from ui.views.player import Shown, player_value
from ui.views.race_words import score

ROLES = {"none": "policy", "standard": "standard", "hybrid": "hybrid"}


def start_value(settings: RaceSettings, model_of: Callable[[str], StateSpaceModel]) -> dict[str, Any]:
    """The lanes before the race: every racer as it is."""
    s, shown = settings, []
    for racer in s.racers:
        recording = recorded(model_of(racer.policy), s.world, s.seed, policy=racer.policy)
        notes = () if racer.mode == "none" else ("before any step",)
        shown.append(Shown(recording, ROLES[racer.mode], racer.label, notes=notes, lean=True))
    return player_value(*shown, signals=False)


def race_value(race: Race) -> dict[str, Any]:
    """The lanes after it: every racer after its last step, its score beside it."""
    s, shown = race.settings, []
    for lane in race.lanes:
        recording = recorded(lane.curve.last.model, s.world, s.seed, policy=lane.racer.policy)
        shown.append(Shown(recording, ROLES[lane.racer.mode], lane.racer.label, notes=tuple(score(lane)), lean=True))
    return player_value(*shown, signals=False)
