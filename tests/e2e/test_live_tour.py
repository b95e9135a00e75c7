"""The guided tour of the Live tab follows what the visitor does, and stays closed once closed."""

from __future__ import annotations

import pytest

from tests.browser import Visit
from tests.e2e.live_visit import Live

STANDS, BREAK, FALLS, LEARNS, AGAIN, DONE = range(6)
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True}
AT = "n => document.querySelector('.live').dataset.tour === String(n)"


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_it_goes_along_from_standing_to_standing_again(browser, page_url, options):
    visit = Visit(browser, page_url, reduced_motion="no-preference", **options)
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
    page.wait_for_function(AT, arg=DONE)
    assert sorted(set(seen)) == [FALLS, LEARNS, AGAIN, DONE] and seen == sorted(seen)
    assert page.locator(".live-tour li.done").count() == 5 and "That is the story" in page.inner_text(".live-tour .hint")
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


HINTS = [
    (FALLS, "meta", "reversed_motor", True, "is wrong now"),
    (FALLS, "meta", "custom", True, "may be wrong here"),  # how it ends there is not known
    (FALLS, "standard", "reversed_motor", True, "may be wrong here"),
    (FALLS, "memory", "reversed_motor", True, "Its memory may tell it"),
    (LEARNS, "meta", "reversed_motor", True, "One gradient step on this fall comes next"),
    (LEARNS, "meta", "reversed_motor", False, "Learning is off"),
]


def test_what_it_says_is_true_of_the_policy_and_the_world(browser, page_url):
    visit = Visit(browser, page_url)
    visit.page.goto(page_url)
    visit.page.wait_for_selector(".live-tour")
    hint = "([at, policy, place, learning]) => ssmLive.tourHint(at, { run: { learning }, state: { policy }, place })"
    for at, policy, place, learning, words in HINTS:
        assert words in visit.page.evaluate(hint, [at, policy, place, learning]), (at, policy, place)
    visit.context.close()


def test_no_hint_moves_the_stage_on_a_phone(browser, page_url):
    visit = Visit(browser, page_url, **PHONE)
    page = visit.page
    page.goto(page_url)
    page.wait_for_selector(".live-tour")
    tops = page.evaluate(
        """() => {
            const { tour } = ssmLive.page.parts, stages = document.querySelector(".live-stages");
            return [0, 1, 2, 3, 4, 5].map((at) => { tour.go(at); return stages.getBoundingClientRect().top + scrollY; });
        }"""
    )
    assert max(tops) - min(tops) < 2
    visit.context.close()


def test_it_knows_its_place_whatever_the_order(browser, page_url):
    visit = Visit(browser, page_url)
    visit.page.goto(page_url)
    visit.page.wait_for_selector(".live-tour")
    for at, event, broken, after in CASES:
        got = visit.page.evaluate("([at, type, broken]) => ssmLive.tourAfter(at, { type }, broken)", [at, event, broken])
        assert got == after, (at, event, broken)
    visit.context.close()
