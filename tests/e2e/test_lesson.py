"""The lesson for teachers names what the page has, leads to where it says, and prints whole."""

import re
import zlib
from collections.abc import Iterator
from urllib.parse import urlparse

import httpx
import pytest

from ui.lesson import LESSON

TEXT = LESSON.read_text(encoding="utf-8")
NAMES = """() => [...document.querySelectorAll("button, option, label, nav a, [aria-label]")]
  .flatMap((e) => [e.getAttribute("aria-label") ?? "", e.textContent]).map((name) => name.replace(/ \\(.*/, "").trim())"""


@pytest.fixture
def sheet(browser, site) -> Iterator:
    """The lesson beside the static page, from disk, with the network cut."""
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(site.replace("index.html", LESSON.name))
    yield page
    context.close()


def test_every_control_that_it_names_is_on_the_page(alone, shared):
    here, app = set(re.findall("<kbd>(.*?)</kbd>", TEXT)), set(re.findall('<kbd data-in="app">(.*?)</kbd>', TEXT))
    visit = alone(reduced_motion="reduce")
    names = set(visit.page.evaluate(NAMES))  # at rest
    visit.press("pause")
    assert len(here) > 20 and here - names - set(visit.page.evaluate(NAMES)) == set()
    page, found = shared().page, set()
    for tab in ("Adapt", "Compare"):
        page.get_by_role("tab", name=tab).click()
        page.get_by_role("button", name={"Compare": "Race"}.get(tab, tab), exact=True).wait_for()
        found |= set(page.evaluate(NAMES))
    assert app - found == set()


def test_its_links_open_what_they_say_beside_the_static_page_and_beside_the_app(sheet, alone, site, page_url):
    links = sheet.locator("a").evaluate_all("all => all.map((a) => a.href)")
    assert len(links) > 5 and {link.partition("?")[0] for link in links} == {site}
    page = alone().page
    assert page.locator("header a").evaluate("a => a.href") == sheet.url
    for query in (urlparse(link).query for link in links):
        state = page.evaluate(
            "(query) => ssmLive.fromQuery(query, Object.keys(ssmLive.weights), ['live', 'train'])", query
        )  # throws what can't be opened
        assert state.get("world") or query in ("tab=live", "tab=train")
    page.goto(f"{site}?tab=train")
    assert page.is_visible("[data-train=go]")
    assert httpx.get(f"{page_url}lesson.html").text == TEXT
    for query, leads in (("tab=live&world=moon", "tab=live&world=moon"), ("tab=train", "tab=meta-train")):
        assert httpx.get(f"{page_url}index.html?{query}").headers["location"] == f"./?{leads}"


def test_it_prints_every_answer_on_at_most_three_sheets_none_of_them_empty(sheet):
    sheet.evaluate("addEventListener('beforeprint', () => { window.folded = document.querySelectorAll('details:not([open])').length; })")
    pdf = sheet.pdf(prefer_css_page_size=True)
    assert sheet.evaluate("window.folded") == 0 and sheet.locator("details[open]").count() == 0
    objects = dict(re.findall(rb"\n(\d+) 0 obj(.*?)endobj", pdf, re.DOTALL))
    sheets = [re.search(rb"/Contents (\d+) 0 R", o)[1] for o in objects.values() if b"/Type /Page\n" in o]
    assert len(sheets) in (2, 3)
    for n in sheets:
        drawn = zlib.decompress(re.search(rb"stream\r?\n(.*)\r?\nendstream", objects[n], re.DOTALL)[1])
        assert drawn.count(b"Tj") + drawn.count(b"TJ") > 10  # lines of text
