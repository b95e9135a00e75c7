"""A real browser, where there is one: one for all tests of a process, and visits to the page in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from tests.e2e.adapt_visit import Adapting
from tests.e2e.live_visit import ROOT, Live
from tests.machine import BROWSERS, CHROMIUM, browser_path, unavailable
from ui import live_page

PATIENCE = 180_000
"""ms that any wait on a page may take: a slow machine is slow, not wrong. No test states its own."""


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """Chromium, driven by Playwright; the tests are skipped where either is missing."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = browser_path()
    if path is None:
        unavailable(f"no browser found: none of {', '.join(BROWSERS)} is on the PATH")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, **CHROMIUM)
        yield chromium
        chromium.close()


class Visit:
    """One visitor's page, and everything that went wrong on it. Pictures rest until they are played, which spares half the time."""

    contexts: ClassVar[list] = []  # those that are open

    def __init__(self, browser, url: str, **options):
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **options})
        self.context.set_default_timeout(PATIENCE)
        self.contexts.append(self.context)
        self.context.on("close", lambda context: context in self.contexts and self.contexts.remove(context))
        self.page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("console", lambda m: self.problems.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.problems.append(str(e)))
        self.page.on(
            "request", lambda r: None if r.url.startswith((url, "data:", "blob:")) else self.problems.append(f"request to {r.url}")
        )
        self.url = url

    def open(self, query: str = "", first_run: str | None = None) -> Visit:
        """Open the page on Play; with a link's query, wait until what it asks for has replaced the first run, or was refused."""
        self.page.goto(self.url + query)
        if not query:
            self.page.get_by_role("tab", name="Play").click()
        self.page.wait_for_selector("#play-stage .player[data-run]")
        if query:
            self.page.wait_for_function(
                """first => document.querySelector('#play-stage .player').dataset.run !== first
                || document.querySelector('#play-message .problem')""",
                arg=first_run,
            )
        return self

    def reload(self) -> None:
        """Load the page again. The page that goes complains in its console that its streams are cut."""
        self.go(self.page.url)

    def go(self, url: str) -> None:
        """Leave for another address; as for `reload`."""
        before = list(self.problems)
        self.page.goto(url)
        self.problems[:] = before

    @property
    def run_id(self) -> str:
        return self.page.get_attribute("#play-stage .player", "data-run")

    @property
    def counter(self) -> str:
        return self.page.inner_text("#play-stage .counter")

    @property
    def step(self) -> int:
        return int(self.counter.split()[1])

    @property
    def steps(self) -> int:
        return int(self.counter.split()[3])

    def run(self) -> None:
        """Press Run and wait until the new episode's first frame is drawn."""
        before = self.run_id
        self.page.click("#play-run")
        self.wait_for_new(before)

    def wait_for_new(self, before: str) -> None:
        self.page.wait_for_function("old => document.querySelector('#play-stage .player').dataset.run !== old", arg=before)

    def number(self, name: str):
        return self.page.get_by_role("spinbutton", name=name)

    def checkbox(self, name: str):
        return self.page.get_by_role("checkbox", name=name)


def settle(page, still: int = 300) -> None:
    """Wait until nothing has been added, taken away or renamed on the page for `still` ms, but where pictures play."""
    page.evaluate(
        """(still) => new Promise((done) => {
          const over = () => { seen.disconnect(); done(); };
          let timer = setTimeout(over, still);
          const seen = new MutationObserver((changes) => {
            if (changes.every(({ target: t }) => (t.closest ? t : t.parentElement)?.closest(".player, .live"))) return;
            clearTimeout(timer);
            timer = setTimeout(over, still);
          });
          const attributeFilter = ["class", "disabled", "hidden"];
          seen.observe(document.body, { subtree: true, childList: true, attributeFilter });
        })""",
        still,
    )


def open_settings(page, button: str = "button:visible:has-text('More settings')") -> None:
    """Open a part that is folded. What it holds is drawn just then and wired a moment later; nobody types within that moment."""
    page.click(button)
    settle(page)


@pytest.fixture(scope="session")
def first_run(browser, page_url) -> str:
    """The id of the episode that stands in every freshly opened page."""
    first = Visit(browser, page_url).open()
    run_id = first.run_id
    first.context.close()
    return run_id


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Closes what a failed test has left open: a page that goes on moving would slow all that follow."""
    before = list(Visit.contexts)
    yield
    for context in [c for c in Visit.contexts if c not in before]:
        context.close()


@pytest.fixture
def visit(browser, page_url, first_run) -> Iterator:
    """Opens visits: visit(query, **browser options). Afterwards none may have met an error or reached outside."""
    visits: list[Visit] = []

    def open_visit(query: str = "", **options) -> Visit:
        visits.append(Visit(browser, page_url, **options))
        return visits[-1].open(query, first_run)

    yield open_visit
    problems = [p for v in visits for p in v.problems]
    for v in visits:
        v.context.close()
    assert not problems


@pytest.fixture(scope="module")
def shared(browser, page_url, first_run) -> Iterator:
    """shared(**browser options): one page for all tests of a file that only look, or leave it as they found it."""
    visits: dict[str, Visit] = {}

    def opened(**options) -> Visit:
        name = repr(sorted(options.items()))
        if name not in visits:
            visits[name] = Visit(browser, page_url, **options).open("", first_run)
            Visit.contexts.remove(visits[name].context)  # it outlives the test that opened it
        return visits[name]

    yield opened
    problems = [p for v in visits.values() for p in v.problems]
    for v in visits.values():
        v.context.close()
    assert not problems


@pytest.fixture(scope="session")
def axe():
    """axe(page, **options): what axe-core finds on a page. Its script is read once."""
    return pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe().run


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> str:
    """The address of the page that runs alone, written to a folder."""
    folder = tmp_path_factory.mktemp("site")
    assert live_page.main(["--out", str(folder)]) == 0
    return f"file://{folder}/index.html"


@pytest.fixture
def opener(browser):
    """Opens pages as a visitor does; afterwards none may have met an error or reached outside."""
    visits: list[Visit] = []

    def opened(url: str, query: str, options: dict) -> Live:
        visit = Visit(browser, url, **{"reduced_motion": "no-preference", **options})
        visits.append(visit)
        visit.page.goto(url + query)
        visit.page.wait_for_selector(ROOT)
        return Live(visit.page)

    yield opened
    problems = [p for v in visits for p in v.problems]
    for v in visits:
        v.context.close()
    assert not problems


@pytest.fixture
def live(opener, page_url):
    """The Live tab: live(query, **browser options)."""
    return lambda query="", **options: opener(page_url, query, options)


@pytest.fixture
def alone(opener, site):
    """The same page from disk, with the network cut."""
    return lambda query="", **options: opener(site, query, {"offline": True, **options})


@pytest.fixture
def adapting(visit):
    """Opens visits on the Adapt tab."""
    return lambda **options: Adapting.opened(visit(**options))
