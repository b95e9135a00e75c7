"""Runs of a visit laid over each other, in the browser."""

import pytest

from tests.e2e.conftest import Visit, open_settings

QUERY = "/?tab=adapt&world=reversed_motor&start=meta&mode=standard&num_adapt_steps=1&episodes_per_step=3&seed={}"
DONE = "() => document.querySelector('#adapt-result .outcome') && !document.querySelector('#adapt-run').disabled"
LINES = "n => document.querySelector('#pins-chart .curves')?.dataset.points.split(' ').filter(Boolean).length === n"


@pytest.mark.parametrize("width", [1280, 390])
def test_two_runs_lie_over_each_other_until_one_is_unticked(browser, page_url, width):
    visit = Visit(browser, page_url, viewport={"width": width, "height": 844})
    page = visit.page
    page.goto(page_url.rstrip("/") + QUERY.format(0))
    page.wait_for_selector("#adapt-run")
    assert not page.is_visible("#pins-pin")
    page.click("#adapt-run")
    page.wait_for_function(DONE, timeout=60_000)
    page.click("#pins-pin")
    page.wait_for_function(LINES, arg=1)
    open_settings(page)
    page.locator("#adapt-episodes input[type=number]").fill("5")
    page.locator("#adapt-episodes input[type=number]").press("Tab")
    page.click("#adapt-run")
    page.wait_for_function("() => document.querySelector('#pins-pin').disabled")
    page.wait_for_function("() => !document.querySelector('#pins-pin').disabled", timeout=60_000)
    page.click("#pins-pin")
    page.wait_for_function(LINES, arg=2)
    rows = page.locator("#pins-table tbody tr")
    assert rows.count() == 2
    links = [a.get_attribute("href") for a in rows.locator("a").all()]
    assert "episodes_per_step=3" in links[0] and "episodes_per_step=5" in links[1]
    page.locator("#pins-shown label").first.click()
    page.wait_for_function(LINES, arg=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click("#pins-clear")
    page.wait_for_selector("#pins-table", state="hidden")
    assert not visit.problems
    visit.context.close()
