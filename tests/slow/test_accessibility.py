"""Every tab for eyes, fingers and keyboards: axe-core finds nothing, targets are large, focus is seen, nothing moves unasked."""

import pytest

from tests.browser import settle
from tests.e2e.adapt_visit import DONE
from tests.machine import wait_until
from ui.views.terms import GLOSSARY

READY = {
    "Live": ".live-stage canvas",
    "Play": "#play-stage .player[data-run]",
    "Adapt": "#adapt-stage .player[data-run]",
    "Compare": "#race-stage .player[data-run]",
    "Meta-train": "#meta-recipe",
    "About": "#about-policy .whose:not(:empty)",
}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "color_scheme": "dark", "locale": "fr-FR"}
OPEN_ALL = "() => document.querySelectorAll('[role=tabpanel] details').forEach((d) => { d.open = true; })"


def choose(page, tab: str) -> None:
    page.get_by_role("tab", name=tab, exact=True).click()
    page.locator(READY[tab]).first.wait_for()
    page.mouse.move(0, 0)  # what a pointer lies on may look different


@pytest.fixture
def faults(axe):
    """faults(page): what axe-core finds in sight, of moderate impact or worse: rule, element and why."""

    def found(page) -> list[str]:
        page.wait_for_function("() => document.getAnimations().every((a) => a.playState !== 'running')")  # colours fade
        return [
            f"{rule['id']} ({rule['impact']}): {node['html'][:120]}; {node['failureSummary'][:200]}"
            for rule in axe(page, options={"resultTypes": ["violations"]}).response["violations"]
            for node in rule["nodes"]
            if rule["impact"] in ("moderate", "serious", "critical")
        ]

    return found


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop, light", "phone, dark"])
def test_axe_finds_nothing_on_any_tab_in_results_and_errors(shared, faults, options):
    page = shared(**options).page
    found = {}
    for tab in READY:
        choose(page, tab)
        page.evaluate(OPEN_ALL)
        if tab == "Adapt":
            page.click("#adapt-run")
            page.wait_for_function(DONE)
            page.evaluate(OPEN_ALL)
            page.mouse.move(0, 0)
        if problems := faults(page):
            found[tab] = problems
    choose(page, "Play")
    page.click("#play-verify")
    page.wait_for_selector("#play-verdict table")
    seed = page.get_by_role("spinbutton", name="Seed").locator("visible=true")
    seed.fill("-1")
    page.wait_for_selector(".field-seed .beside:visible")
    if problems := faults(page):
        found["results and errors"] = problems
    seed.fill("0")
    page.wait_for_selector("#play-stage .player:not(.stale)")
    assert not found


def test_the_page_is_english_for_every_visitor(shared):
    page = shared(**PHONE).page
    assert page.evaluate("() => [document.documentElement.lang, document.querySelector('footer').lang]") == ["en", "fr"]


def test_what_a_finger_presses_is_large_enough(shared):
    page = shared(**PHONE).page
    small = {}
    for tab in READY:
        choose(page, tab)
        found = page.evaluate(
            """() => [...document.querySelectorAll("#acts :is(button, select, summary, input[type=number], .drawing .part)")]
            .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest("[aria-hidden=true]"))
            .map((e) => [e.getBoundingClientRect(), e])
            .filter(([box]) => box.width && (box.height < 43.5 || box.width < 43.5))
            .map(([box, e]) => `${Math.round(box.width)} x ${Math.round(box.height)}: ${e.outerHTML.slice(0, 140)}`)"""
        )
        if found:
            small[tab] = found
    assert not small


@pytest.mark.parametrize("tab", READY)
def test_focus_is_seen(shared, tab):
    page = shared().page
    choose(page, tab)
    page.get_by_role("tab", name=tab, exact=True).focus()
    unseen = []
    for _ in range(25):
        page.keyboard.press("Tab")
        look = page.evaluate(
            """() => {
              const e = document.activeElement, s = getComputedStyle(e), box = e.querySelector && e.querySelector(".box");
              const part = box && e.classList.contains("part") && parseFloat(getComputedStyle(box).strokeWidth) > 3;
              const drawn = part || (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2) || s.boxShadow !== "none";
              return drawn || e === document.body ? "" : e.outerHTML.slice(0, 140);
            }"""
        )
        if look:
            unseen.append(look)
    assert not unseen


def test_nothing_is_wider_than_the_window(shared):
    page, wide = shared().page, {}
    for tab in READY:
        choose(page, tab)
        page.evaluate(OPEN_ALL)
        for width in (390, 768, 1440, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            settle(page, 100)
            if (found := page.evaluate("document.documentElement.scrollWidth")) > width:
                wide[tab, width] = found
    assert not wide


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_a_term_explains_itself_on_every_tab(shared, options):
    page = shared(**options).page
    tip, width = page.locator(".term.open .tip"), page.viewport_size["width"]
    for tab in READY:
        choose(page, tab)
        for i, word in enumerate(page.locator("[role=tabpanel] .term .word").locator("visible=true").all()):
            word.tap() if "has_touch" in options else word.hover() if i % 2 else word.focus()  # by finger, pointer and keyboard
            assert tip.count() == 1 and tip.inner_text() in GLOSSARY.values()
            box = tip.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width and box["height"] > 20
            page.keyboard.press("Escape")
            assert tip.count() == 0


def test_nothing_moves_unasked_where_motion_is_reduced(shared):
    page = shared().page
    picture = "() => [...document.querySelectorAll('#acts canvas')].filter((c) => c.checkVisibility()).map((c) => c.toDataURL())"
    running = "() => document.getAnimations().filter((a) => a.playState === 'running').length"

    def rests() -> bool:
        first = page.evaluate(picture)
        page.wait_for_timeout(400)
        return page.evaluate(picture) == first and not page.evaluate(running)

    for tab in READY:
        choose(page, tab)
        assert wait_until(rests), tab  # a tab that has just opened may still be drawing
