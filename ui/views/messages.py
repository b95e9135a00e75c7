"""Sentences of the message area: what is wrong, what just happened, what a result was made with."""

import html
import re

from model import CheckpointError
from ui.field import FieldError, Forgotten


def hint(text: str) -> str:
    """Small words beside controls or results."""
    return f'<p class="hint">{html.escape(text)}</p>'


def problem(error: Exception | str) -> str:
    """What is wrong with the input, one sentence for the message area; assets/dom.js moves it beside the field that it names."""
    name = error.field if isinstance(error, FieldError) else "checkpoint" if isinstance(error, CheckpointError) else ""
    field = f' data-field="{html.escape(field_class(name))}"' if name else ""
    text = f'<p class="problem" role="alert"{field}>{html.escape(said(error))}</p>'
    return f'<div class="forgotten">{text}</div>' if isinstance(error, Forgotten) else text


def forgotten(text: str) -> str:
    """What is wrong where the server no longer has what the page shows; the page is loaded anew then (assets/connection.js)."""
    return f'<div class="forgotten">{problem(text)}</div>'


def said(error: Exception | str) -> str:
    """An error in the page's words."""
    plain = error.plain if isinstance(error, CheckpointError) else ""
    text = error.on_page if isinstance(error, FieldError) else plain or str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def unopened(error: Exception) -> str:
    """Why a link does not do what it asks for, as one sentence."""
    text = said(error)
    return f"This link can't be opened: {text[:1].lower()}{text[1:]}"


def stale_note(press: str) -> str:
    """What a result says while it is dimmed, because it was made with other settings."""
    return f'<p class="stale-note">Made with other settings than those shown now. {html.escape(press)}</p>'


def field_class(name: str) -> str:
    """The CSS class of a field's control."""
    return "field-" + re.sub(r"[^a-z0-9]+", "-", name.lower())


def notice(text: str) -> str:
    """What just happened, one sentence for the message area."""
    return f'<p class="notice" role="status">{html.escape(text)}</p>'
