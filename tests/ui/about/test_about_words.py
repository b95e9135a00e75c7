"""What About says stands on the files of this version; what is missing names its command; words explain themselves once."""

from __future__ import annotations

import re

import pytest

from model.experiments.results_page import TABLES
from model.policy.checkpoint import file_hash
from model.policy.pretrained import PRETRAINED, pretrained_path
from ui.tabs.about import texts
from ui.views.about.measured import FOLDED, comparison, measured, outdated, practice, read
from ui.views.about.sources import citation
from ui.views.about.starts import start_picture, start_pictures
from ui.views.about.tables import html_table
from ui.views.terms import GLOSSARY, term, with_terms


def test_the_pictures_numbers_are_the_results():
    results = read()
    starts = results["presets"]["reversed_motor"]
    picture = start_picture("reversed_motor", results)
    for start in ("meta", "memory", "standard", "random"):
        assert f"{starts[start]['0']['mean']:.0f} → {starts[start]['1']['mean']:.0f}" in picture
    assert f"{starts['meta']['env_steps'][1]:,.0f} environment steps" in start_pictures(results)


def test_what_practice_owes_to_the_start_is_the_results():
    results = read()
    share = results["hybrid"]["comparison"]["random"]["3"]["outside"]["hybrid"]["share_solved"][3]
    assert f"{share:.0%} from random weights" in practice(results) and practice(results) in texts()[1] and practice({}) == ""


def test_missing_numbers_name_the_command():
    assert set(name for name, _, _ in FOLDED) <= set(TABLES)
    for text in (start_pictures({}), comparison({}), measured({})):
        assert "python -m model evaluate" in text and "None" not in text
    assert "python -m model benchmark" in measured({})


def test_numbers_of_other_weights_say_so():
    same = {"checkpoints": {name: {"sha256": file_hash(pretrained_path(name))} for name in PRETRAINED}}
    assert outdated(same) == "" and outdated({}) == ""
    same["checkpoints"]["memory"] = {"sha256": "another"}
    assert "The weights memory are newer" in outdated(same)


def test_a_markdown_table_becomes_html():
    text = html_table("| a | b |\n| --- | --- |\n| x < y | **1** |\n\nAfter `it`.", "A label")
    assert "<th scope=row>x &lt; y</th><td><strong>1</strong></td>" in text and text.endswith("<p>After <code>it</code>.</p>")


def test_a_word_is_explained_where_it_stands_first_and_only_there():
    text = with_terms("A [[policy]] and [[policy|policies]].", "here")
    assert text.count('role="tooltip"') == 1 and GLOSSARY["policy"] in text and text.endswith("and policies.")
    with pytest.raises(KeyError):
        term("no such word", "here")


def test_every_id_and_every_explanation_stands_once():
    text = "".join(texts())
    ids = re.findall(r'id="([^"]+)"', text)
    assert len(ids) == len(set(ids)) and "[[" not in text
    assert set(re.findall(r'aria-describedby="([^"]+)"', text)) <= set(ids)


def test_the_citation_is_the_files():
    assert "title = {SSM-MetaRL Playground}" in citation() and "license = {MIT}" in citation()
