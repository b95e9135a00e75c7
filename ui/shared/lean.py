"""Visits that cost little: Gradio keeps, for each, the configuration of every component for its deep links, which this page has not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gradio.state_holder import SessionState, StateHolder


class _Nothing(dict):
    """A dictionary that keeps nothing."""

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


class LeanState(SessionState):
    """What belongs to one visit, without `config_values`: two thirds of a megabyte, the same for everyone, read by deep links only."""

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
