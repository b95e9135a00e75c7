"""The About tab: the policy drawn, what is shown and what was measured, and what it is not for."""

import gradio as gr

from ui.server.session import Session
from ui.tabs.events import QUIET
from ui.views.about.content import content
from ui.views.about.measured import FILES
from ui.views.about.values import last_step_value


def value_of(session: Session) -> dict:
    """The last step of the episode that the session holds."""
    recording = session.played().recording
    return last_step_value(recording, session.policy_model(recording.policy))


def build_about(session: gr.State, first: Session, tab: gr.Tab) -> None:
    """Call inside the tab. first: what `session` holds when the page opens; later it is the last step of the episode seen last."""
    gr.set_static_paths([path for path in FILES if path.is_file()])
    shown = gr.HTML(
        value_of(first),
        html_template=content(),  # static: the page never rebuilds what the script fills
        js_on_load="window.ssmAbout(element, props, watch)",
        apply_default_css=False,
        padding=False,
        elem_id="about-policy",
    )
    tab.select(value_of, session, shown, **QUIET)
