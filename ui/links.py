"""A link's query, before it means anything: names as ours are written, names that are almost ours, a policy that the visitor lacks."""

import re
from collections.abc import Mapping

from ui.field import FieldError
from ui.fields import LINK_NAMES

MAKERS_ONLY = (
    "This link starts from a policy that only its maker’s browser has, so the meta-trained one stands in for it here. "
    "Its maker can save the weights, and you can upload them on the Meta-train tab."
)
BETWEEN = r"[,_\s]+"  # racers


def link_query(given: Mapping[str, str]) -> dict[str, str]:
    """A link's names and values as ours are written, whatever their capitals, and whether a name has _, - or blanks."""
    return {re.sub(r"[- ]", "_", name.strip().lower()): value.strip().lower() for name, value in given.items()}


def check_names(query: Mapping[str, str]) -> None:
    """FieldError for a name that is almost one of ours; any other that is not ours, a tracker's or Gradio's, is passed over."""
    for name in query.keys() - LINK_NAMES:
        meant = next((known for known in sorted(LINK_NAMES) if _misspelt(name, known)), None)
        if meant:
            name, meant = name.replace("_", " "), meant.replace("_", " ")
            raise FieldError("link", f"name {meant}", name, f"be “{meant}”", f"Its “{name}”")


def _misspelt(name: str, known: str) -> bool:
    """Whether a letter is missing or too many, or the letters stand in another order. Another letter may be another word: code, mode."""

    def shorter(word: str) -> set[str]:
        return {word[:i] + word[i + 1 :] for i in range(len(word))}

    return len(known) >= 4 <= len(name) < 40 and (sorted(name) == sorted(known) or name in shorter(known) or known in shorter(name))


def stand_in(query: Mapping[str, str], name: str, has_own_model: bool) -> tuple[dict[str, str], bool]:
    """A link's query with the meta-trained policy where it asks for one of one's own that is not there, and whether it does.

    name: of a policy, or of racers, "memory_yours.standard".
    """
    asked = re.split(BETWEEN, query.get(name, ""))
    if has_own_model or all(racer.partition(".")[0] != "yours" for racer in asked):
        return dict(query), False
    return {**query, name: "_".join(dict.fromkeys(re.sub(r"^yours\b", "meta", racer) for racer in asked))}, True
