"""Whatever fails in a handler, a visitor reads one sentence, and the log holds what it was, once."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import gradio as gr

log = logging.getLogger(__name__)
FAILED = "Something went wrong on the server; nothing was changed. Please try again."


@contextmanager
def in_a_sentence() -> Iterator[None]:
    """A context whose failures come out as gr.Error; one that is a gr.Error already stays as it is."""
    try:
        yield
    except gr.Error:
        raise
    except Exception:
        log.exception("a handler failed")
        raise gr.Error(FAILED, print_exception=False) from None


def answering(handler: Callable) -> Callable:
    """The handler, each of whose failures is one sentence."""

    @wraps(handler)
    def once(*args: Any, **named: Any) -> Any:
        with in_a_sentence():
            return handler(*args, **named)

    @wraps(handler)
    def steps(*args: Any, **named: Any) -> Iterator[Any]:
        with in_a_sentence():
            yield from handler(*args, **named)

    return steps if inspect.isgeneratorfunction(handler) else once


def answer_in_sentences(page: gr.Blocks) -> None:
    """Let every event of a page that is built answer so."""
    for event in page.fns.values():
        if event.fn is not None:
            event.fn = answering(event.fn)
