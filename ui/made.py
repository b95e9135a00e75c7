"""How a visitor's own policy came about, as a part of links: stages, each of which goes on from the policy of the one before."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from ui.checks import FieldError

MADE = "made"  # the link's name for it
KINDS = ("shipped", "adapted", "trained")
MOST_STAGES = 4
MOST_TRAININGS = 2
LONGEST = 1500  # characters
BETWEEN = "~"  # fields and values; stages have two of it between them
MAKERS_ONLY = (
    "This link starts from a policy that only its maker has, so the meta-trained one stands in for it here. "
    "Its maker can save the weights, and you can upload them on the Meta-train tab."
)


def joined(before: str, kind: str, fields: Mapping[str, str]) -> str:
    """What `before` says and one more stage; empty where that is more than a link may hold."""
    text = BETWEEN.join([kind, *chain.from_iterable(fields.items())])
    text = f"{before}{2 * BETWEEN}{text}" if before else text
    try:
        stages_of(text)
    except FieldError:
        return ""
    return text


def stages_of(text: str) -> list[tuple[str, dict[str, str]]]:
    """Kind and fields of each stage. Raises FieldError."""
    stages = []
    for stage in text.split(2 * BETWEEN) if len(text) <= LONGEST else ():
        kind, *rest = stage.split(BETWEEN)
        if kind not in KINDS or len(rest) % 2:
            break
        stages.append((kind, dict(zip(rest[::2], rest[1::2], strict=True))))
    else:
        trainings = sum(kind == "trained" for kind, _ in stages)
        if 0 < len(stages) <= MOST_STAGES and trainings <= MOST_TRAININGS:
            return stages
    must = f"hold 1 to {MOST_STAGES} stages of {', '.join(KINDS)}, at most {MOST_TRAININGS} of them trainings"
    raise FieldError(MADE, must, text, "be as the page wrote it")


def stand_in(query: Mapping[str, str], field: str, has_own_model: bool) -> tuple[dict[str, str], bool]:
    """A link's query with the meta-trained policy where it asks for one of one's own that is not there, and whether it does."""
    missing = query.get(field) == "yours" and not has_own_model
    return ({**query, field: "meta"} if missing else dict(query)), missing
