"""The About tab as a visitor meets it: terms light up the drawing and say what the last step held."""

from __future__ import annotations

import re


def test_the_drawing_is_of_the_last_episode_and_terms_light_up_by_keyboard_and_pointer(shared):
    page = shared().page
    page.get_by_role("tab", name="About").click()
    page.wait_for_selector("#about-policy .whose:not(:empty)")
    chance = page.text_content("[data-output='p']")
    assert 0 <= float(chance) <= 1
    page.get_by_role("tab", name="Play").click()
    before = page.get_attribute("#play-stage .player", "data-run")
    page.get_by_role("checkbox", name="Reversed motor").locator("visible=true").check()
    page.wait_for_function("old => document.querySelector('#play-stage .player').dataset.run !== old", arg=before)
    page.get_by_role("tab", name="About").click()
    page.wait_for_function("() => document.querySelector('#about-policy .whose').textContent.includes('motor reversed')")
    assert page.text_content("[data-output='p']") != chance

    page.locator(".equations [data-part='A']").focus()
    assert page.locator(".drawing .part.lit").get_attribute("data-part") == "A" and page.locator(".drawing .wire.lit").count() == 2
    assert re.search(r"length \d+\.\d\d", page.inner_text("#about-policy .readout"))
    page.keyboard.press("Tab")
    assert page.locator(".drawing .part.lit").get_attribute("data-part") == "B"
    page.keyboard.press("Escape")
    assert page.locator("#about-policy .lit").count() == 0
    page.locator(".drawing [data-part='C']").hover()
    assert page.locator(".equations button.lit").get_attribute("data-part") == "C"
    for picture in page.locator(".about .figure img").all():
        page.wait_for_function("img => img.complete && img.naturalWidth > 0", arg=picture.element_handle())
    assert page.locator(".about .figure img").count() == 2 and page.locator(".about .missing").count() == 0
