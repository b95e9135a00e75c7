"""The results' tables (model/experiments/results_page.py) as HTML, and what stands in their place when a number is missing."""

from __future__ import annotations

import html
import re

from model.experiments.report import Results
from model.experiments.results_page import TABLES

COMMANDS = {"cost": "python -m model benchmark"}  # the rest comes from the study


def missing(name: str) -> str:
    """What makes the numbers that aren't there."""
    command = COMMANDS.get(name, "python -m model evaluate")
    return f'<p class="missing">Not measured yet for this version. <code>{command}</code> measures it.</p>'


def inline(text: str) -> str:
    """Markdown's bold and code in one cell, as HTML."""
    text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html.escape(text))
    return re.sub(r"`(.+?)`", r"<code>\1</code>", text)


def html_table(markdown: str, label: str) -> str:
    """A Markdown table, and the paragraph after it if there is one, as HTML that scrolls by itself when it is wide."""
    table, _, after = markdown.partition("\n\n")
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    top = "".join(f"<th scope=col>{inline(cell)}</th>" for cell in head)
    body = "".join(f"<tr><th scope=row>{inline(r[0])}</th>{''.join(f'<td>{inline(c)}</td>' for c in r[1:])}</tr>" for r in rows)
    scroll = f'<div class="wide" role="region" tabindex="0" aria-label="{html.escape(label)}">'
    paragraph = f"<p>{inline(after)}</p>" if after else ""
    return f"{scroll}<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>{paragraph}"


def results_table(name: str, label: str, results: Results) -> str:
    """One of the study's tables, or the command that makes it."""
    try:
        return html_table(TABLES[name](results), label)
    except (KeyError, TypeError):
        return missing(name)
