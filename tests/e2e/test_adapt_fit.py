"""What stands on the Adapt tab fits its controls: what does not is dimmed and rests, a message stays while it holds."""

from __future__ import annotations

import pytest

from tests.e2e.adapt_visit import DONE
from tests.e2e.conftest import Visit, open_settings


def test_a_result_of_other_settings_says_so(adapting):
    tab = adapting()
    tab.set("adapt-steps", "1")
    tab.adapt()
    tab.page.wait_for_function("() => location.search.includes('ran=1')")
    tab.set("adapt-steps", "2")
    tab.page.wait_for_selector("#adapt-result.stale .stale-note:visible")
    assert "ran=" not in tab.page.url and "num_adapt_steps=2" in tab.page.url
    tab.set("adapt-steps", "1")
    tab.page.wait_for_function("() => !document.querySelector('#adapt-result.stale') && location.search.includes('ran=1')")


def test_what_uses_a_result_rests_while_it_does_not_fit(adapting):
    tab = adapting()
    tab.set("adapt-steps", "1")
    tab.adapt()
    rests = "() => [...document.querySelectorAll('.adapt-stage .step-choice, #adapt-next')].map((e) => e.inert)"
    stale = "on => document.querySelector('#adapt-result').classList.contains('stale') === on"
    assert tab.page.evaluate(rests) == [False, False]
    tab.set("adapt-steps", "2")
    tab.page.wait_for_function(stale, arg=True)
    assert tab.page.evaluate(rests) == [True, True]
    tab.set("adapt-steps", "1")
    tab.page.wait_for_function(stale, arg=False)
    assert tab.page.evaluate(rests) == [False, False]
    open_settings(tab.page)
    seed = tab.page.locator(".field-seed input").locator("visible=true")
    for entry, fits in (("-1", False), ("0", True)):  # an entry that can't be used fits no result
        seed.fill(entry)
        seed.press("Tab")
        tab.page.wait_for_function(stale, arg=not fits)
        assert tab.page.locator(".field-seed .beside:visible").count() == (not fits)


def test_a_world_chosen_during_a_run_stands_on_the_stage_at_its_end(adapting):
    tab = adapting()
    tab.mode("Both")
    tab.break_it("Reversed gale")
    tab.page.evaluate(  # by the page itself, for the run may be over before a test's own click arrives
        """() => new MutationObserver((_, observer) => {
            if (document.querySelector("#adapt-stop").disabled) return;
            observer.disconnect();
            [...document.querySelectorAll("button")].find((b) => b.textContent.trim() === "Reversed motor" && b.offsetParent).click();
        }).observe(document.querySelector("#adapt-stop"), { attributes: true })"""
    )
    tab.page.click("#adapt-run")
    tab.page.wait_for_selector("#adapt-result.stale .outcome", timeout=60_000)
    tab.page.wait_for_function(DONE)
    tab.page.wait_for_function("() => document.querySelector('#adapt-stage .notes')?.textContent === 'motor reversed'")
    tab.page.wait_for_function("() => document.querySelector('#adapt-stage .who').textContent === 'Before adaptation: Meta-trained'")
    assert "wind 4 N" in tab.page.inner_text("#adapt-result") and tab.page.is_visible("#adapt-result .stale-note")
    tab.page.click("#adapt-keep")  # keeping it brings its world back, and its result fits again
    tab.page.wait_for_function("() => document.querySelector('#adapt-stage .notes')?.textContent.includes('wind 4 N')")
    tab.page.wait_for_function("() => !document.querySelector('#adapt-result.stale') && !document.querySelector('.step-choice').inert")


@pytest.mark.parametrize(
    ("query", "message", "words"),
    [
        ("?tab=adapt&num_adapt_steps=99", "#adapt-message", "between 1 and"),
        ("?tab=compare&race=nobody", "#race-message", "Racers must be of those"),
    ],
)
def test_why_a_link_was_not_opened_stays(browser, page_url, query, message, words):
    visit = Visit(browser, page_url)
    visit.page.goto(page_url + query)
    said = visit.page.locator(message)
    said.get_by_text("This link can't be opened").wait_for(state="attached")
    visit.page.wait_for_timeout(1_500)
    assert words.lower() in said.text_content().lower()
    visit.context.close()
