"""A gr.Blocks that answers in sentences: whatever fails, a visitor reads one, and the log holds a traceback only of our own faults."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.state_holder import StateHolder
from starlette.middleware import Middleware

from ui.server.gateway import Gateway, bad_request
from ui.server.lean import LeanHolder, LeanState
from ui.server.memory import session_capacity
from ui.server.visitors import address_of

log = logging.getLogger(__name__)
OURS = str(Path(__file__).resolve().parents[1])
UNUSABLE = "These values could not be used; reload the page and try again."
UNWRITTEN = "The server could not write the file; please try again later."
FAILED = "Something went wrong on the server; nothing was changed. Please try again."


class GuardedBlocks(gr.Blocks):
    """Blocks behind a Gateway; `launch` it with `launch_options()`."""

    async def process_api(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """As Gradio's; errors come out as gr.Error with one sentence."""
        state, request = kwargs.get("state"), kwargs.get("request")
        if isinstance(state, LeanState) and isinstance(request, gr.Request):
            state.address = address_of(request)
        try:
            return await super().process_api(*args, **kwargs)
        except gr.Error as error:
            if error.print_exception:  # Gradio's own; ours print none
                log.warning("refused values: %s", type(error).__name__)
                raise gr.Error(UNUSABLE, print_exception=False) from None
            raise
        except Exception as error:
            raise gr.Error(told(error), print_exception=False) from None

    def handle_streaming_diffs(
        self, block_fn: Any, data: list, session_hash: str | None, run: str | None, final: bool, **kwargs: Any
    ) -> list:
        """As Gradio's, but the page gets the last values of a run once.

        Gradio sends them again, whole, when the run has ended, a moment in which the visitor may have pressed a button whose answer
        they would wipe out. The API's clients read their result there.
        """
        sent = super().handle_streaming_diffs(block_fn, data, session_hash, run, final, **kwargs)
        return [gr.skip() for _ in sent] if final and block_fn.api_visibility == "private" else sent

    @property
    def state_holder(self) -> StateHolder:
        """What is remembered of each visit; Gradio makes it and sets it here."""
        return self._holder

    @state_holder.setter
    def state_holder(self, holder: StateHolder) -> None:
        holder.__class__ = LeanHolder
        self._holder = holder

    def queue(self, *args: Any, **kwargs: Any) -> GuardedBlocks:
        """As Gradio's, without its statistics: they would be computed anew from ten thousand rows after every event."""
        super().queue(*args, **kwargs)
        self._queue.ANALYTICS_MAX_EVENTS = 1
        self._queue.compute_analytics_summary = lambda records: {}
        return self

    def launch_options(self) -> dict[str, Any]:
        """What `launch` needs for the Gateway."""
        app = {"middleware": [Middleware(Gateway, page=self)], "openapi_url": None, "exception_handlers": bad_request()}
        return {"app_kwargs": app, "state_session_capacity": session_capacity(), "max_threads": 64, "show_error": True}


def told(error: Exception) -> str:
    """What the visitor reads. An error that came out of our own code is a fault of ours, and is logged in full."""
    if isinstance(error, OSError):
        log.error("a file could not be written: %s", error.strerror or type(error).__name__)
        return UNWRITTEN
    if any(frame.filename.startswith(OURS) and frame.filename != __file__ for frame in traceback.extract_tb(error.__traceback__)):
        log.error("a handler failed", exc_info=error)
        return FAILED
    log.warning("refused values: %s", type(error).__name__)
    return UNUSABLE
