"""The About tab: the policy drawn, what is shown and what was measured, and what it is not for."""

from __future__ import annotations

import html
import json

import gradio as gr

from ui.runs.policies import shared_model
from ui.server.session import Session
from ui.tabs.events import QUIET
from ui.views.about.architecture import PARTS, drawing, equations
from ui.views.about.measured import FILES, comparison, measured, part, read, share_by_start
from ui.views.about.parameters import parameter_table, total
from ui.views.about.sources import citation, papers
from ui.views.about.starts import start_pictures
from ui.views.about.taught import taught
from ui.views.about.values import last_step_value
from ui.views.about.words import INTRO, LIMITS, META, POLICY, PROGRAM, WAYS
from ui.views.player import ASSETS
from ui.views.terms import GLOSSARY


def policy_html() -> str:
    """The drawing, the equations and what is said about the part that is lit."""
    parts = html.escape(json.dumps({name: part._asdict() for name, part in PARTS.items()}))
    return (
        f'<div class="policy-drawn" data-parts="{parts}">{drawing(shared_model("taught"))}<div class="side-by">{equations()}'
        '<div class="readout" role="status"><p></p><p></p><p></p></div><p class="quiet whose"></p></div></div>'
    )


def glossary() -> str:
    """Every word that the page uses in a sense of its own."""
    rows = "".join(f"<dt>{html.escape(word[:1].upper() + word[1:])}</dt><dd>{html.escape(text)}</dd>" for word, text in GLOSSARY.items())
    return f'<h2>Words</h2><dl class="words">{rows}</dl>'


def content() -> str:
    """The whole tab."""
    model, results = shared_model("meta"), read()
    parameters = (
        f"<details><summary>All {total(model):,} parameters</summary>"
        f'<div class="wide" role="region" tabindex="0" aria-label="All parameters">{parameter_table(model)}</div></details>'
    )
    ways = WAYS.format(comparison=part(comparison, results), starts=part(share_by_start, results))
    sections = (
        INTRO,
        POLICY.format(total=f"{total(model):,}"),
        policy_html(),
        parameters,
        META,
        part(start_pictures, results),
        ways,
        taught(shared_model("taught"), results),
        measured(results),
        LIMITS,
        PROGRAM,
        glossary(),
        papers(),
        citation(),
    )
    return f'<div class="about">{"".join(sections)}</div>'


def value_of(session: Session) -> dict:
    """The last step of the episode that the session holds; played again where its own model may have changed since."""
    again = session.stale or session.choice.policy == "yours"
    recording = (session.play(session.choice) if again else session).recording
    return last_step_value(recording, session.policy_model(recording.policy))


class AboutTab:
    """Builds the tab; `session` is the page's gr.State, `first` what it holds when the page opens. Then the page calls `connect_tab`."""

    def __init__(self, session: gr.State, first: Session):
        self.session = session
        gr.set_static_paths([path for path in FILES if path.is_file()])
        self.content = gr.HTML(
            value_of(first),
            html_template=content(),  # static: the page never rebuilds what the script fills
            js_on_load="window.ssmAbout(element, props, watch)",
            apply_default_css=False,
            padding=False,
            elem_id="about-policy",
        )

    def connect_tab(self, tab: gr.Tab) -> None:
        """Whoever comes to the tab sees the last step of the episode that they saw last."""
        tab.select(value_of, self.session, self.content, **QUIET)


def about_script() -> str:
    """What lights up the drawing, for the page's <head>."""
    return f"<script>{(ASSETS / 'about.js').read_text(encoding='utf-8')}</script>"
