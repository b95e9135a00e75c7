"""The race's stage: a lane for every racer, from the same start, under one playhead."""

from collections.abc import Callable
from typing import Any

from model import StateSpaceModel
from ui.runs.race import Race
from ui.settings import Racer, RaceSettings
from ui.views.imagined import recorded
from ui.views.player import Shown, player_value
from ui.views.race_words import score


def _lane(s: RaceSettings, racer: Racer, model: StateSpaceModel, *notes: str) -> Shown:
    recording = recorded(model, s.world, s.seed, policy=racer.policy)
    role = "policy" if racer.mode == "none" else racer.mode
    return Shown(recording, role, racer.label, notes=notes, lean=True)


def start_value(s: RaceSettings, model_of: Callable[[str], StateSpaceModel]) -> dict[str, Any]:
    """The lanes before the race: every racer as it is."""
    lanes = [_lane(s, r, model_of(r.policy), *([] if r.mode == "none" else ["before any step"])) for r in s.racers]
    return player_value(*lanes, signals=False)


def race_value(race: Race) -> dict[str, Any]:
    """The lanes after it: every racer after its last step, its score beside it."""
    lanes = [_lane(race.settings, lane.racer, lane.curve.last.model, score(lane)) for lane in race.lanes]
    return player_value(*lanes, signals=False)
