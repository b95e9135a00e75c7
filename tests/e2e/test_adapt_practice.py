"""Hybrid adaptation in the browser: what suits a start, practice as it happens, what was learnt, and the ghost."""

import pytest

from tests.e2e.conftest import Visit, open_settings

QUERY = (
    "/?tab=adapt&world=mirrored_jupiter&start=memory&mode=hybrid&adapt_lr=0.05&num_adapt_steps=2&episodes_per_step=3"
    "&experience_weight=1&fresh_step=false&seed=0"
)
DONE = "() => document.querySelector('#adapt-result .outcome') && !document.querySelector('#adapt-run').disabled"
SIZES = [{}, {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True}]


def opened(browser, page_url, **options):
    page = Visit(browser, page_url, **options).page
    page.goto(page_url.rstrip("/") + QUERY)
    page.wait_for_function("() => /0.05 *10 times smaller/.test(document.querySelector('#adapt-lr-words')?.textContent)")
    return page


@pytest.mark.parametrize("options", SIZES, ids=["desktop", "phone"])
def test_practice_alone_teaches_memory_the_mirrored_world(browser, page_url, options):
    page = opened(browser, page_url, **options)
    page.click("#adapt-run")
    page.wait_for_function(DONE, timeout=60_000)
    words = page.inner_text("#adapt-result .outcome")
    assert "after one collection and" in words and "in imagination" in words and "gradient step" not in words
    learnt = page.inner_text("#learnt-table")
    assert "sensors are mirrored" in learnt and "set by you" in learnt.lower()
    table = page.locator("#learnt-table table").bounding_box()
    cells = page.locator("#learnt-table td").all()
    assert all(c.bounding_box()["x"] + c.bounding_box()["width"] <= table["x"] + table["width"] + 1 for c in cells)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    ghost = page.get_by_text("Show what it imagined")
    assert page.inner_text("#adapt-stage").count("Imagined:") == 2 and page.is_checked(".ghost-switch input")
    ghost.click()
    assert "Imagined:" not in page.inner_text("#adapt-stage")
    page.context.close()


def test_choosing_a_start_sets_what_suits_it(browser, page_url):
    page = opened(browser, page_url)
    open_settings(page)
    fresh = page.get_by_role("checkbox", name="Gradient step before practice")
    assert not fresh.is_checked()
    for start, lr, before_practice in (("Meta-trained", "0.5 as trained", True), ("Memory", "0.05 10 times", False)):
        page.locator("#adapt-start input").click()
        page.get_by_role("option", name=start).first.click()
        page.wait_for_function("lr => document.querySelector('#adapt-lr-words').innerText.replace(/\\s+/g, ' ').includes(lr)", arg=lr)
        assert fresh.is_checked() == before_practice
    page.context.close()
