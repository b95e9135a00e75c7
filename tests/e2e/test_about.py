"""The About tab as a visitor meets it: terms light up the drawing and say what the last step held."""

from __future__ import annotations

import re

import pytest

from model import load_pretrained


def about(visit, **options):
    page = visit(**options).page
    page.get_by_role("tab", name="About").click()
    page.wait_for_selector("#about-policy .whose:not(:empty)")
    return page


def test_a_term_lights_up_its_part_by_keyboard_and_by_pointer(visit):
    page = about(visit)
    page.locator(".equations [data-part='A']").focus()
    assert page.locator(".drawing .part.lit").get_attribute("data-part") == "A" and page.locator(".drawing .wire.lit").count() == 2
    said = page.inner_text("#about-policy .readout")
    assert said.startswith("Ā, state transition") and re.search(r"a vector of length \d+\.\d\d was kept", said)
    page.keyboard.press("Tab")
    assert page.locator(".drawing .part.lit").get_attribute("data-part") == "B"
    page.keyboard.press("Escape")
    assert page.locator("#about-policy .lit").count() == 0
    page.locator(".drawing [data-part='C']").hover()
    assert page.locator(".equations button.lit").all_inner_texts() == ["zₜ C"]
    assert re.search(r"left [+−]\d+\.\d\d, right [+−]\d+\.\d\d", page.inner_text("#about-policy .readout"))


def test_the_drawing_shows_the_last_episode_of_the_play_tab(visit):
    page = about(visit)
    chance = page.text_content("[data-output='p']")
    assert "standard world" in page.inner_text("#about-policy .whose") and 0 <= float(chance) <= 1
    page.get_by_role("tab", name="Play").click()
    before = page.get_attribute("#play-stage .player", "data-run")
    page.get_by_role("checkbox", name="Reversed motor").locator("visible=true").check()
    page.wait_for_function("old => document.querySelector('#play-stage .player').dataset.run !== old", arg=before)
    page.get_by_role("tab", name="About").click()
    page.wait_for_function("() => document.querySelector('#about-policy .whose').textContent.includes('motor reversed')")
    assert page.text_content("[data-output='p']") != chance


def test_the_parameters_add_up(visit):
    page = about(visit)
    total = sum(p.numel() for p in load_pretrained("meta").parameters())
    page.get_by_text(f"All {total:,} parameters").click()
    counts = page.locator("table.numbers tbody tr:not(.sum) td:last-child").all_inner_texts()
    assert sum(int(c.replace(",", "")) for c in counts) == total == 6744
    assert page.locator("table.numbers tr.sum td:last-child").last.inner_text() == "6,744"


@pytest.mark.parametrize("options", [{}, {"viewport": {"width": 390, "height": 844}, "has_touch": True}])
def test_a_word_explains_itself_and_closes(visit, options):
    page = about(visit, **options)
    page.locator(".about .term .word", has_text="gradient step").first.focus()
    tip = page.locator(".term.open .tip")
    box, width = tip.bounding_box(), page.viewport_size["width"]
    assert "One small change of all parameters" in tip.inner_text() and box["x"] >= 0 and box["x"] + box["width"] <= width
    page.keyboard.press("Escape")
    assert page.locator(".term.open").count() == 0


def test_its_figures_are_there(visit):
    page = about(visit)
    for picture in page.locator(".about .figure img").all():
        picture.scroll_into_view_if_needed()
        page.wait_for_function("img => img.complete && img.naturalWidth > 0", arg=picture.element_handle())
    assert page.locator(".about .figure img").count() == 2 and page.locator(".about .missing").count() == 0
