"""Visits that cost little: Gradio keeps, for each, the configuration of every component for its deep links, which this page has not.

And where more visits come than can be remembered, an address with very many loses its own, not others'.
"""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

from gradio.state_holder import SessionState, StateHolder

CROWD = 0.1  # of all remembered visits: an address with more of them gives up its own first; a classroom has fewer


class _Nothing(dict):
    """A dictionary that keeps nothing."""

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


class LeanState(SessionState):
    """What belongs to one visit, without `config_values`: two thirds of a megabyte, the same for everyone, read by deep links only.

    address: where it came from, "" until its first event is processed.
    """

    address = ""

    def __init__(self, blocks: Any):
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks=()))
        self.config_values = _Nothing()

    def _update_config(self, key: int) -> None:
        pass

    def _update_value_in_config(self, key: int, value: Any) -> None:
        pass


class LeanHolder(StateHolder):
    """A StateHolder of lean states."""

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = LeanState(self.blocks)
        return super().__getitem__(session_id)

    def update(self, session_id: str) -> None:
        """This visit is the latest; where there are too many, one is forgotten."""
        with self.lock:
            if session_id in self.session_data:
                self.session_data.move_to_end(session_id)
            while len(self.session_data) > max(1, self.capacity):
                evicted = self._longest_at_rest()
                del self.session_data[evicted]
                self.time_last_used.pop(evicted, None)

    def _longest_at_rest(self) -> str:
        """Of the crowds' visits if there is a crowd, else of all. The last of all has just come."""
        *resting, _ = self.session_data.items()
        of = Counter(state.address for _, state in resting if state.address)
        crowds = {address for address, n in of.items() if n > CROWD * self.capacity}
        return next((session for session, state in resting if state.address in crowds), resting[0][0])
