"""What About says stands on the files of this version; what is missing names its command."""

from __future__ import annotations

import re

from model.experiments.cases import CASES
from ui.tabs.about import content
from ui.views.about.measured import comparison, html_table, measured, part, read, share_by_start
from ui.views.about.sources import citation
from ui.views.about.starts import start_picture, start_pictures
from ui.views.about.taught import where_it_falls
from ui.views.terms import GLOSSARY


def test_the_pictures_numbers_are_the_results():
    results = read()
    starts = results["presets"]["reversed_motor"]
    picture = start_picture("reversed_motor", results)
    for start in ("meta", "memory", "standard", "random"):
        assert f"{starts[start]['0']['mean']:.0f} → {starts[start]['1']['mean']:.0f}" in picture
    assert f"{starts['meta']['env_steps'][1]:,.0f} environment steps" in start_pictures(results)


def test_what_is_owed_to_the_start_is_the_results():
    results = read()
    share = results["hybrid"]["comparison"]["random"]["3"]["outside"]["hybrid"]["share_solved"][3]
    assert f"{share:.0%} from random start" in share_by_start(results)


def test_where_the_taught_policy_falls_is_the_results():
    names = list(CASES)
    stands = {name: {"taught": {"share_standing": 1 - 0.01 * i}, "teacher": {"share_standing": 1.0}} for i, name in enumerate(names)}
    text = where_it_falls({"taught": {"stands": stands}})
    assert all(CASES[name].words in text for name in names[-3:]) and f"({1 - 0.01 * (len(names) - 1):.0%}, its teacher 100%)" in text
    assert CASES[names[0]].words not in text and "%" not in where_it_falls({})


def test_missing_numbers_name_the_command():
    for text in (part(start_pictures, {}), part(comparison, {}), part(share_by_start, {}), measured({})):
        assert "python -m model evaluate" in text and "None" not in text
    assert "python -m model benchmark" in measured({}) and "missing" not in content()


def test_a_markdown_table_becomes_html():
    text = html_table("| a | b |\n| --- | --- |\n| x < y | **1** |\n\nAfter `it`.", "A label")
    assert "<th scope=row>x &lt; y</th><td><strong>1</strong></td>" in text and text.endswith("<p>After <code>it</code>.</p>")


def test_every_word_is_explained_once_and_every_id_stands_once():
    text = content()
    ids = re.findall(r'id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert re.findall(r"<dt>(.*?)</dt>", text) == [word[:1].upper() + word[1:] for word in GLOSSARY]


def test_the_citation_is_the_files():
    assert "SSM-MetaRL Playground" in citation() and "license" in citation()
