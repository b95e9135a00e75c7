"""A link that starts from a visitor's own policy: only its maker has it, so a shipped one stands in."""

from __future__ import annotations

from collections.abc import Mapping

MADE = "made"  # what older links say of it
MAKERS_ONLY = (
    "This link starts from a policy that only its maker has, so the meta-trained one stands in for it here. "
    "Its maker can save the weights, and you can upload them on the Meta-train tab."
)


def stand_in(query: Mapping[str, str], field: str, has_own_model: bool) -> tuple[dict[str, str], bool]:
    """A link's query with the meta-trained policy where it asks for one of one's own that is not there, and whether it does."""
    missing = query.get(field) == "yours" and not has_own_model
    return ({**query, field: "meta"} if missing else dict(query)), missing
