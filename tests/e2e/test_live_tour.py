"""The guided tour of the Live tab follows what the visitor does, and stays closed once closed."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Visit
from tests.e2e.test_live import Live

STANDS, BREAK, FALLS, LEARNS, AGAIN, DONE = range(6)
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True}
AT = "n => document.querySelector('.live').dataset.tour === String(n)"


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_it_goes_along_from_standing_to_standing_again(browser, page_url, options):
    visit = Visit(browser, page_url, **options)
    page, live = visit.page, Live(visit.page)
    page.goto(page_url)
    now = page.locator(".live-tour li[aria-current=step]")
    now.wait_for()
    assert now.inner_text().endswith("It stands")
    page.wait_for_function(AT, arg=BREAK)
    stage, button = page.locator(".live-stage canvas").bounding_box(), page.locator("[data-act=reverse]").bounding_box()
    assert stage["y"] >= 0 and button["y"] + button["height"] <= page.viewport_size["height"]
    seen = []
    page.expose_function("seen", lambda at: seen.append(at))
    page.evaluate(
        "() => new MutationObserver(() => seen(+document.querySelector('.live').dataset.tour))"
        ".observe(document.querySelector('.live'), { attributeFilter: ['data-tour'] })"
    )
    live.press("reverse")
    live.speed("16")
    page.wait_for_function(AT, arg=DONE, timeout=60_000)
    assert sorted(set(seen)) == [FALLS, LEARNS, AGAIN, DONE] and seen == sorted(seen)
    assert page.locator(".live-tour li.done").count() == 5 and "whole story" in page.inner_text(".live-tour .hint")
    live.press("tour-close")
    assert not page.is_visible(".live-tour")
    visit.reload()
    page.wait_for_selector("[data-act=tour]")
    assert not page.is_visible(".live-tour")
    live.press("tour")
    assert page.is_visible(".live-tour") and page.evaluate("document.activeElement.dataset.act") == "tour-close"
    visit.reload()
    now.wait_for()
    assert not visit.problems
    visit.context.close()


CASES = [
    (STANDS, "stands", False, BREAK),  # it stood: something can be broken
    (BREAK, "fell", False, BREAK),  # a fall by the visitor's hand, in the standard world
    (BREAK, "world_changed", True, FALLS),
    (AGAIN, "world_changed", True, FALLS),  # broken in another way: it falls anew
    (FALLS, "stands", True, DONE),  # memory may need no fall
    (AGAIN, "fell", True, AGAIN),  # a second fall on the way
    (DONE, "world_changed", False, BREAK),
    (AGAIN, "start", False, STANDS),
    (LEARNS, "learnt", True, AGAIN),
]


def test_it_knows_its_place_whatever_the_order(browser, page_url):
    visit = Visit(browser, page_url)
    visit.page.goto(page_url)
    visit.page.wait_for_selector(".live-tour")
    for at, event, broken, after in CASES:
        got = visit.page.evaluate("([at, type, broken]) => ssmLive.tourAfter(at, { type }, broken)", [at, event, broken])
        assert got == after, (at, event, broken)
    visit.context.close()
