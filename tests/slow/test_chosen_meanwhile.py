"""A world that is chosen while an adaptation or a race runs stands on the stage at its end."""

from __future__ import annotations

from tests.e2e.adapt_visit import DONE
from tests.e2e.test_adapt import STALE


def test_a_world_chosen_during_an_adaptation_stands_on_the_stage_at_its_end(adapting):
    tab = adapting()
    tab.set("adapt-steps", "1")
    tab.mode("Both")
    tab.break_it("Reversed gale")
    tab.page.evaluate(
        """() => new MutationObserver((_, observer) => {
            if (document.querySelector("#adapt-stop").disabled) return;
            observer.disconnect();
            [...document.querySelectorAll("button")].find((b) => b.textContent.trim() === "Reversed motor" && b.offsetParent).click();
        }).observe(document.querySelector("#adapt-stop"), { attributes: true })"""
    )
    tab.page.click("#adapt-run")
    tab.page.wait_for_function(DONE)
    tab.page.wait_for_function("() => document.querySelector('#adapt-stage .who').textContent === 'Before adaptation: Meta-trained'")
    tab.page.wait_for_function(STALE, arg=True)
    assert "motor reversed" in tab.page.locator("#adapt-stage .notes").first.inner_text() and "wind 4 N" in tab.page.inner_text(
        "#adapt-result"
    )
    tab.page.click("#adapt-keep")  # keeping it brings its world back, and its result fits again
    tab.page.wait_for_function(STALE, arg=False)
    assert "wind 4 N" in tab.page.locator("#adapt-stage .notes").first.inner_text()


def test_a_world_chosen_during_a_race_stands_on_the_stage_at_its_end(visit):
    page = visit().page
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector("#race-stage .player[data-run]")
    page.evaluate(  # by the page itself, for the race may be over before a test's own click arrives
        """() => new MutationObserver((_, observer) => {
            if (document.querySelector("#race-stop").disabled) return;
            observer.disconnect();
            [...document.querySelectorAll("button")].find((b) => b.textContent.trim() === "Mirrored sensors" && b.offsetParent).click();
        }).observe(document.querySelector("#race-stop"), { attributes: true })"""
    )
    page.click("#race-run")
    page.wait_for_selector("#race-result.stale .outcome")
    page.wait_for_selector("#race-run:not([disabled])")
    assert "Motor reversed" in page.inner_text("#race-result") and page.is_visible("#race-result .stale-note")
    page.wait_for_function("() => !/on average/.test(document.querySelector('#race-stage .stages').textContent)")
    page.wait_for_function("() => location.search.includes('world=mirrored_sensors') && !location.search.includes('ran=')")
    page.get_by_role("tab", name="Play").click()
    page.wait_for_function("() => document.querySelector('#play-stage .notes').textContent === 'pole sensors mirrored'")
