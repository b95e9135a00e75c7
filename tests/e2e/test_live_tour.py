"""The guided tour of the Live tab follows what the visitor does, from standing to standing again, and stays closed once closed."""

import re

import pytest

STANDS, BREAK, FALLS, LEARNS, AGAIN, DONE = range(6)
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True}
AT = "n => document.querySelector('.live').dataset.tour === String(n)"


@pytest.mark.parametrize(("where", "options"), [("alone", {}), ("live", PHONE)], ids=["desktop, alone", "phone"])
def test_it_stands_it_is_broken_it_falls_it_learns_it_stands(request, where, options):
    visit = request.getfixturevalue(where)(**options)
    page = visit.page
    now = page.locator(".live-tour li[aria-current=step]")
    now.wait_for()
    assert now.inner_text().endswith("It stands") and "Reverse its motor" in visit.says
    page.wait_for_function(AT, arg=BREAK)  # it moves before any click
    stage, button = page.locator(".live-stage canvas").bounding_box(), page.locator("[data-act=reverse]").bounding_box()
    assert 0 <= stage["y"] < button["y"] and button["y"] + button["height"] <= page.viewport_size["height"] and stage["width"] > 280
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    seen = []
    page.expose_function("seen", lambda at: seen.append(at))
    page.evaluate(
        "() => new MutationObserver(() => seen(+document.querySelector('.live').dataset.tour))"
        ".observe(document.querySelector('.live'), { attributeFilter: ['data-tour'] })"
    )
    visit.press("reverse")
    visit.until("d.phase === 'learnt'")
    assert re.match(r"Fall 1: learnt from \d+ steps", visit.says)
    shares = page.locator(".live-bar output").all_inner_texts()
    assert len(shares) == 5 and all(s.endswith("%") for s in shares)
    visit.speed("16")
    page.wait_for_function(AT, arg=DONE)
    assert sorted(set(seen)) == [FALLS, LEARNS, AGAIN, DONE] and seen == sorted(seen)
    assert page.locator(".live-tour li.done").count() == 5 and "no fall" not in page.inner_text(".live-tour .hint")
    assert visit.lengths[-1] == 500 and visit.number("falls") <= 3
    assert page.locator(".live-next button").inner_text() == "Now a policy that is hard to make fall"
    visit.press("tour-close")
    assert not page.is_visible(".live-tour")
    visit.press("tour")
    assert page.is_visible(".live-tour") and page.evaluate("document.activeElement.dataset.act") == "tour-close"


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
    (LEARNS, "meta", "reversed_motor", False, "Learning is off"),
]


def test_it_knows_its_place_says_what_is_true_and_stays_closed(alone):
    page = alone(**PHONE, reduced_motion="reduce").page
    for at, event, broken, after in CASES:
        got = page.evaluate("([at, type, broken]) => ssmLive.tourAfter(at, { type }, broken)", [at, event, broken])
        assert got == after, (at, event, broken)
    hint = "([at, policy, place, learning]) => ssmLive.tourHint(at, { run: { learning }, state: { policy }, place })"
    for at, policy, place, learning, words in HINTS:
        assert words in page.evaluate(hint, [at, policy, place, learning]), (at, policy, place)
    tops = page.evaluate(
        """() => {
            const { tour } = ssmLive.page.parts, stages = document.querySelector(".live-stages");
            return [0, 1, 2, 3, 4, 5].map((at) => { tour.go(at); return stages.getBoundingClientRect().top + scrollY; });
        }"""
    )
    assert max(tops) - min(tops) < 2  # no hint moves the stage
    small = page.evaluate(
        """() => [...document.querySelectorAll(".live :is(button, select, input, summary)")].filter((e) => e.offsetParent)
        .filter((e) => (e.closest("label") ?? e).getBoundingClientRect().height < 43.5).map((e) => e.outerHTML.slice(0, 90))"""
    )
    assert small == []
    page.click("[data-act=tour-close]")
    page.reload()
    page.wait_for_selector("[data-act=tour]")
    assert not page.is_visible(".live-tour")
