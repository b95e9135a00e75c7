"""A world that is chosen while an adaptation runs stands on the stage at its end."""

from tests.e2e.adapt_visit import DONE, Adapting
from tests.e2e.test_adapt import STALE


def test_a_world_chosen_during_an_adaptation_stands_on_the_stage_at_its_end(visit):
    tab = Adapting.opened(visit())
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
