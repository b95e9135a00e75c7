"""The oldest browsers that README names, blocked functions, a drawing that fails, forced colours: the page from disk goes on."""

import pytest

from tests.browser import Visit
from tests.e2e.live_visit import Live

# What is newer than Chrome 93, Firefox 92 and Safari 15.4.
NEWER = """
for (const [of, names] of [
  [CanvasRenderingContext2D.prototype, ["roundRect", "reset", "createConicGradient"]],
  [Array.prototype, ["findLast", "findLastIndex", "toSorted", "toReversed", "toSpliced", "with"]], [Array, ["fromAsync"]],
  [Object, ["groupBy"]], [Map, ["groupBy"]], [Promise, ["withResolvers", "try"]], [Set.prototype, ["union", "intersection", "difference"]],
  [Element.prototype, ["checkVisibility", "setHTMLUnsafe"]], [AbortSignal, ["any", "timeout"]], [URL, ["canParse", "parse"]],
  [globalThis, ["structuredClone", "CompressionStream", "DecompressionStream", "OffscreenCanvas", "Iterator"]],
]) for (const name of names) delete of[name];
Object.defineProperty(HTMLElement.prototype, "inert", { value: undefined, writable: true });
WebAssembly.validate = () => false; // no SIMD
addEventListener("DOMContentLoaded", () => {
  for (const sheet of document.styleSheets) {
    const rules = [...sheet.cssRules];
    for (const { style } of rules) {
      for (const name of [...(style ?? [])]) if (/color-mix|subgrid/.test(style.getPropertyValue(name))) style.removeProperty(name);
    }
    for (let i = rules.length - 1; i >= 0; i--) if (/:has\\(/.test(rules[i].selectorText ?? "")) sheet.deleteRule(i);
  }
});
"""
BLOCKED = """
const deny = () => { throw new DOMException("denied", "SecurityError"); };
for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { get: deny });
Object.defineProperty(navigator, "clipboard", { value: undefined });
delete window.WebAssembly;
window.Worker = class { constructor() { deny(); } };
history.replaceState = history.pushState = deny;
"""
FAILING = """
const { setLineDash } = CanvasRenderingContext2D.prototype;
window.failing = 0;
CanvasRenderingContext2D.prototype.setLineDash = function (dash) {
  if (window.failing-- > 0) throw new Error("no dashes here");
  setLineDash.call(this, dash);
};
"""
DRAWN = """(selector) => {
  const c = document.querySelector(selector), { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
  return new Set(new Uint32Array(data.buffer)).size;
}"""


@pytest.mark.parametrize("init", [NEWER, BLOCKED], ids=["what is newer", "what may be blocked"])
def test_live_and_train_work_without(alone, init):
    page = alone("?Tab=Live&World=Reversed_Motor&Policy=Taught&fbclid=x", init=init)
    page.until("+d.episode > 5")
    assert page.page.evaluate(DRAWN, ".live-stage canvas") > 5 and page.page.evaluate(DRAWN, ".live-changes canvas") > 3
    stage, changes = (page.page.locator(f".live-{part}").bounding_box() for part in ("stages", "side"))
    assert stage["x"] + stage["width"] <= changes["x"] and stage["width"] > 600  # the columns that they have elsewhere
    page.page.get_by_role("link", name="Train").click()
    page.page.wait_for_selector("#train [data-run]")
    page.page.click("[data-train=go]")
    page.page.wait_for_function("() => +document.querySelector('.train').dataset.epochs >= 1")
    assert page.page.evaluate(DRAWN, ".train-player canvas") > 5 and page.page.evaluate(DRAWN, ".train-curves canvas") > 3
    assert not page.page.locator(".failed").count()


def test_a_frame_that_fails_ends_nothing(browser, site):
    visit = Visit(browser, site, init=FAILING, offline=True, reduced_motion="no-preference")
    page = visit.page
    page.goto(site)
    live = Live(page)
    live.until("+d.episode > 3")
    for times in (1, 1e9):  # once, and in every frame from then on
        page.evaluate("(times) => { window.failing = times; }", times)
        page.wait_for_selector(".live .failed")
        live.until("+d.episode > a + 3 || +d.episode < a", live.number("episode"))
        assert page.locator(".live .failed").all_inner_texts() == [
            "Part of this page could not be drawn here. The rest goes on; a newer browser may draw it whole."
        ]
    page.get_by_role("link", name="Train").click()
    page.click("[data-train=go]")
    page.wait_for_function("() => +document.querySelector('.train').dataset.epochs >= 1")
    page.wait_for_function("() => parseInt(document.querySelector('.train .counter').textContent.slice(5)) > 3")  # the player plays
    assert page.get_attribute(".train", "data-training") in ("on", "done")
    assert page.locator(".train .failed").count() == 2 and len(visit.problems) == 3  # curves and player; each part says it once
    visit.context.close()


def test_what_is_chosen_is_seen_in_forced_colours(alone):
    page = alone("?tab=live", forced_colors="active", color_scheme="dark").page
    page.click("[data-act=reverse]")
    page.click("[data-act=gale]")

    def look(selector: str, what: str = "backgroundColor", pseudo: str = "") -> str:
        return page.evaluate("([s, w, p]) => getComputedStyle(document.querySelector(s), p)[w]", [selector, what, pseudo])

    for what in ("backgroundColor", "color"):
        assert look("[data-act=gale]", what) == look("[data-act=reverse]", what) != look("[data-act=mirror]", what)
    assert look("[data-act=gale]") != look("[data-act=gale]", "color")
    assert look("nav [aria-current]") == look("[data-act=gale]") != look("nav a:not([aria-current])")
    assert look(".live-slider input", "appearance") == "auto" == look(".live-toggle input", "appearance")
    assert look(".live-stage canvas") != "rgba(0, 0, 0, 0)"
    kinds = {look(f".live-key[data-kind={kind}]", "backgroundColor", "::before") for kind in ("stood", "taught")}
    assert len(kinds) == 2  # swatches keep their colours
