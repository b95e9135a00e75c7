"""How the page's events behave, and the scripts that its buttons share."""

import json
from collections.abc import Callable
from typing import Any

import gradio as gr

from ui.views.messages import notice

# Gradio's own checks answer with a toast; ui/fields.py alone checks, and its sentence stands beside the controls.
PRIVATE = {"api_visibility": "private", "preprocess": False}
QUIET = {"show_progress": "hidden", **PRIVATE}
IN_BROWSER = {"queue": False, **QUIET}
"""For events whose work a script does."""
OF_SESSION = {"concurrency_id": "session", "concurrency_limit": 1, **QUIET}
"""For events that write the visitor's session: of two at once, the later to end would undo the other."""


def now(soon_id: str, stage_id: str = "") -> str:
    """A script for a tab's main button: what was to come soon comes now, and the stage into view."""
    see = f" window.ssmSee({stage_id!r});" if stage_id else ""
    return f"(...inputs) => {{ window.ssmNow({soon_id!r});{see} return inputs; }}"


def seen(stage_id: str) -> str:
    """A script for a button that brings the stage into view."""
    return f"(...inputs) => {{ window.ssmSee({stage_id!r}); return inputs; }}"


def copy_link(tab: str) -> str:
    """A script that copies the link of what a tab shows, and says so."""
    return f"() => window.ssmCopyLink(window.ssmQuery({tab!r}))"


def stop_button(button: gr.Button, message: gr.HTML, words: str, stop: Callable[..., None], inputs: Any = None) -> None:
    """What a Stop button does; words: what it says meanwhile.

    The browser says it, before the server is asked: an answer could come after the last words of what was stopped.
    """
    button.click(None, None, message, js=f"() => {json.dumps(notice(words))}", **IN_BROWSER)
    button.click(stop, inputs, None, queue=False, **QUIET)


def file_button(elem_id: str) -> gr.DownloadButton:
    """A hidden button whose file is downloaded as soon as a handler sets it.

    A DownloadButton downloads what it holds when it is clicked, and a file made on that very click comes too late. So the file
    is made first; when it reaches the hidden button, the button is clicked.
    """
    button = gr.DownloadButton("File", visible="hidden", elem_id=elem_id)
    button.change(None, button, js=f"(file) => window.ssmDownload({elem_id!r}, file)", **IN_BROWSER)
    return button


def sent(event: gr.EventData, *names: str) -> dict[str, Any]:
    """What the script sent by these names; None for what it did not."""
    try:
        return {name: getattr(event, name, None) for name in names}
    except TypeError:  # it sent nothing that has names
        return dict.fromkeys(names)
