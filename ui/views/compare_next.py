"""What follows a race."""

import numpy as np

from ui.runs.race import Race
from ui.views.next_steps import TRAIN, Next
from ui.views.race_words import ranked

LOOK = Next("adapt", "See every gradient step in Adapt")
LEARN = Next("adapt", "Nobody stands: try other settings in Adapt")


def after_race(race: Race) -> Next:
    """By who came first: what a visitor may want to know of it."""
    first = ranked(race)[0]
    if first.cost == np.inf:
        return LEARN
    return LOOK if first.cost > 0 else TRAIN
