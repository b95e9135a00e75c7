"""How the page's events behave, and the scripts that its buttons share."""

from __future__ import annotations

import gradio as gr

# Gradio's own checks answer with a toast; ui/shared/inputs.py alone checks, and its sentence stands beside the controls.
PRIVATE = {"api_visibility": "private", "preprocess": False}
QUIET = {"show_progress": "hidden", **PRIVATE}
IN_BROWSER = {"queue": False, **QUIET}
"""For events whose work a script does."""


def follow_address(tab: str) -> str:
    """A script that shows a tab's query, its one input, in the address bar."""
    return f"(query) => window.ssmAddress({tab!r}, query)"


def soon(button_id: str, dim: str) -> str:
    """A script for events of controls: dims what no longer fits, and presses a hidden button when no change has come for a while."""
    return f"() => {{ window.ssmDim({dim!r}); window.ssmSoon({button_id!r}); }}"


def fits(selector: str) -> str:
    """A script that dims results made with other settings; its inputs are the queries of those and of the present ones."""
    return f"(of, now) => window.ssmFits({selector!r}, of, now)"


def after_reading(message: str, stage: str, *results: str) -> str:
    """A script for when the controls were read: it dims the results if they can't be used, `message` saying why, and else as `fits`.

    Its inputs are the query of the present settings, then those that each of the results was made with.
    """
    return f"(now, ...of) => window.ssmRead({message!r}, {stage!r}, {list(results)!r}, of, now)"


COPY_LINK = "(query) => window.ssmCopyLink(query)"


def copy_text(done: str, otherwise: str) -> str:
    """A script that puts its one input into the clipboard, and says that it did or what to do instead."""
    return f"(text) => window.ssmCopy(text, {done!r}, {otherwise!r})"


def file_button(elem_id: str) -> gr.DownloadButton:
    """A hidden button whose file is downloaded as soon as a handler sets it.

    A DownloadButton downloads what it holds when it is clicked, and a file made on that very click comes too late. So the file
    is made first; when it reaches the hidden button, the button is clicked.
    """
    button = gr.DownloadButton("File", visible="hidden", elem_id=elem_id)
    button.change(None, js=f"() => window.ssmClick({elem_id!r})", **IN_BROWSER)
    return button
