"""What About says, put together: the policy drawn, what was taught and measured, words and papers."""

import html
import json

from model import StateSpaceModel
from ui.runs.policies import shared_model
from ui.views.about.architecture import PARTS, drawing, equations
from ui.views.about.measured import comparison, measured, part, read, share_by_start
from ui.views.about.parameters import parameter_table, total
from ui.views.about.sources import citation, papers
from ui.views.about.starts import start_pictures
from ui.views.about.taught import taught
from ui.views.about.words import INTRO, LIMITS, META, POLICY, PROGRAM, WAYS
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


def parameters_html(model: StateSpaceModel) -> str:
    """Every parameter's shape, folded."""
    return (
        f"<details><summary>All {total(model):,} parameters</summary>"
        f'<div class="wide" role="region" tabindex="0" aria-label="All parameters">{parameter_table(model)}</div></details>'
    )


def content(alone: bool = False) -> str:
    """The whole tab. alone: of it what explains Live and Train, without what only a server can serve."""
    model, results = shared_model("meta"), read()
    policy = (INTRO, POLICY.format(total=f"{total(model):,}"), policy_html(), parameters_html(model), META, part(start_pictures, results))
    ways = WAYS.format(comparison=part(comparison, results), starts=part(share_by_start, results))
    teacher = taught(shared_model("taught"), results)
    measures = (measured(results), LIMITS, PROGRAM)
    sections = (*policy, *(() if alone else (ways,)), teacher, *(() if alone else measures), glossary(), papers(), citation())
    return f'<div class="about">{"".join(sections)}</div>'
