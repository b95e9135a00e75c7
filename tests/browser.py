"""A real browser, where there is one: one for all tests of a process, and visits to the page in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Self

import pytest

from tests.e2e.live_visit import ROOT, Live
from tests.machine import BROWSERS, CHROMIUM, browser_path, unavailable

PATIENCE = 180_000
"""ms that any wait on a page may take: a slow machine is slow, not wrong. No test states its own."""

TRAIN = """async ({ config, hands, families }) => {
  const { ssmTrain: train, ssmLive: live } = window, { sensors: I, output_dim: O } = live.config.policy;
  const sizes = { I, O, S: config.state_dim, H: config.hidden_dim };
  const began = performance.now(), crew = await train.makeCrew({ count: hands });
  let last, longest = 0, frame = performance.now(), running = true;
  const tick = (now) => { longest = Math.max(longest, now - frame); frame = now; if (running) requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  for await (last of train.metaTrain(crew, { sizes, config, families, theta: train.firstWeights(sizes, config.seed) }));
  running = false;
  const workers = crew.local ? 0 : crew.hands.length, policy = live.makePolicy(train.named(last.best, sizes), sizes);
  crew.close();
  const weights = window.ssmDraw.base64(live.policyBytes(policy));
  const bits = [...new BigUint64Array(last.best.buffer)].map(String).join();
  const seconds = (performance.now() - began) / 1000;
  return { weights, bits, workers, env_steps: last.record.env_steps, seconds, longest_frame_ms: longest };
}"""
"""A whole training in a page: what it made, its bits, how long it took and the longest frame meanwhile."""


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

    def __init__(self, browser, url: str, init: str = "", **options):
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **options})
        self.context.set_default_timeout(PATIENCE)
        self.context.add_init_script(init)  # a script that runs before the page's own
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

    def open(self) -> Self:
        """Open the page on Play."""
        self.page.goto(self.url)
        self.page.get_by_role("tab", name="Play").click()
        self.page.wait_for_selector("#play-stage .player[data-run]")
        return self

    def reload(self) -> None:
        """Load the page again. The page that goes complains in its console that its streams are cut.

        It is left for an empty one first: where loading takes long, a page that writes its address meanwhile would call it off.
        """
        before, url = list(self.problems), self.page.url
        self.page.goto("about:blank")
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


def upload(page, file) -> None:
    with page.expect_file_chooser() as chooser:
        page.click("#meta-upload")
    chooser.value.set_files(file)


def fill(page, name: str, value: str) -> None:
    """Type into a field of the tab in sight."""
    field = page.get_by_role("tabpanel").get_by_label(name, exact=True).locator("visible=true")
    field.fill(value)
    field.press("Tab")


def trains_here(page) -> None:
    """Go to Meta-train, where this browser trains by itself."""
    page.get_by_role("tab", name="Meta-train").click()
    page.wait_for_selector("#meta-here [data-run]")


def plays_yours(page) -> None:
    """Wait until Play shows the visitor's own policy."""
    page.wait_for_function("() => document.querySelector('#play-stage .who')?.textContent.startsWith('Yours')")


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Closes what a failed test has left open: a page that goes on moving would slow all that follow."""
    before = list(Visit.contexts)
    yield
    for context in [c for c in Visit.contexts if c not in before]:
        context.close()


@contextmanager
def visits(browser, url: str, ready) -> Iterator:
    """Opens visits with browser options; afterwards none may have met an error or reached outside. ready(visit): until it is open."""
    made: list[Visit] = []

    def opened(**options) -> Visit:
        made.append(Visit(browser, url, **options))
        ready(made[-1])
        return made[-1]

    yield opened
    problems = [p for v in made for p in v.problems]
    for v in made:
        v.context.close()
    assert not problems


@pytest.fixture
def visit(browser, page_url) -> Iterator:
    """visit(**browser options): a page of one's own, on Play."""
    with visits(browser, page_url, Visit.open) as opened:
        yield opened


@contextmanager
def arrivals(browser, url: str) -> Iterator:
    """Opens visits that enter by a link: entered(query, **browser options)."""

    def entered(query: str, **options) -> Visit:
        visit = opened(**options)
        visit.page.goto(url + query)
        return visit

    with visits(browser, url, lambda visit: None) as opened:
        yield entered


@pytest.fixture
def arrive(browser, page_url) -> Iterator:
    """arrive(query, **browser options): a page of one's own, entered by a link."""
    with arrivals(browser, page_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared(browser, page_url) -> Iterator:
    """shared(**browser options): one page for all tests of a file that only look, or make their own beginning."""
    pages: dict[str, Visit] = {}

    def kept(**options) -> Visit:
        name = repr(sorted(options.items()))
        if name not in pages:
            pages[name] = opened(**options)
            Visit.contexts.remove(pages[name].context)  # it outlives the test that opened it
        return pages[name]

    with visits(browser, page_url, Visit.open) as opened:
        yield kept


@pytest.fixture(scope="session")
def axe():
    """axe(page, **options): what axe-core finds on a page. Its script is read once."""
    return pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe().run


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> str:
    """The address of the page that runs alone, written to a folder."""
    from ui import live_page

    folder = tmp_path_factory.mktemp("site")
    assert live_page.main(["--out", str(folder)]) == 0
    return f"file://{folder}/index.html"


@contextmanager
def on_live(browser, url: str, **usual) -> Iterator:
    """Opens the page on Live: opened(query, **browser options)."""

    def live(query: str = "", **options) -> Live:
        visit = opened(query, **{"reduced_motion": "no-preference", **usual, **options})
        visit.page.wait_for_selector(ROOT)
        return Live(visit.page)

    with arrivals(browser, url) as opened:
        yield live


@pytest.fixture
def live(browser, page_url) -> Iterator:
    """The Live tab: live(query, **browser options)."""
    with on_live(browser, page_url) as opened:
        yield opened


@pytest.fixture
def alone(browser, site) -> Iterator:
    """The same page from disk, with the network cut."""
    with on_live(browser, site, offline=True) as opened:
        yield opened
