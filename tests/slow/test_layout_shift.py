"""Nothing jumps: the sum of Chromium's own layout shifts stays below 0.05 while the page loads and on every flow."""

import pytest

from tests.browser import Visit
from tests.e2e.adapt_visit import DONE

MOST = 0.05  # half of what web.dev calls good
WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) {
    if (shift.hadRecentInput) continue;
    const name = (node) => node?.id || node?.className || node?.nodeName;
    const nodes = shift.sources.map((s) => `${name(s.node)}: ${s.previousRect.y} to ${s.currentRect.y}`);
    window.shifts.push([shift.value, nodes.join(", ")]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


class Watched:
    """A visit whose layout shifts are counted; `shifted` gives those since it was asked last that are too large together."""

    def __init__(self, visit: Visit):
        self.page = visit.page
        self.page.add_init_script(WATCH)

    def open(self, address: str, ready: str) -> None:
        self.page.goto(address)
        self.page.locator(ready).first.wait_for()

    def shifted(self) -> list:
        self.page.wait_for_timeout(700)  # what comes late counts, and input of the last half second is forgotten
        shifts = self.page.evaluate("() => window.shifts.splice(0)")
        return shifts if sum(value for value, _ in shifts) >= MOST else []

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()


@pytest.fixture
def watched(size, browser, page_url):
    return Watched(Visit(browser, page_url, viewport=size))


ON_A_PHONE = ("play", "adapt", "compare", "meta-train", "about")


@pytest.mark.parametrize(("link", "size"), [*((tab, PHONE) for tab in ON_A_PHONE), ("play", DESKTOP), ("adapt", DESKTOP)])
def test_a_link_to_a_tab_loads_without_a_jump(watched, page_url, link):
    watched.open(f"{page_url}?tab={link}", f"#acts button[role=tab][aria-selected=true]:text-matches('{link}', 'i')")
    assert not watched.shifted()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_jumps_as_the_page_loads_runs_adapts_and_goes_from_tab_to_tab(watched, page_url):
    watched.open(page_url, ".live-stage canvas")
    moved = {"load": watched.shifted()}
    for tab in ("Play", "Adapt", "Compare", "Meta-train", "About", "Live", "Play"):
        watched.tab(tab)
        moved[tab] = watched.shifted()
    run = watched.page.get_attribute("#play-stage .player", "data-run")
    watched.page.click("#play-run")
    watched.page.wait_for_function("old => document.querySelector('#play-stage .player').dataset.run !== old", arg=run)
    moved["a run"] = watched.shifted()
    watched.page.click("#play-verify")
    watched.page.wait_for_selector("#play-verdict table")
    moved["statistics"] = watched.shifted()
    watched.tab("Adapt")
    watched.shifted()
    watched.page.click("#adapt-run")
    watched.page.wait_for_function(DONE)
    moved["an adaptation"] = watched.shifted()
    assert not {what: shifts for what, shifts in moved.items() if shifts}
