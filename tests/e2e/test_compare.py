"""The Compare tab as a visitor meets it."""

import pytest


@pytest.fixture
def compare(shared):
    """A page that the tests share, on Compare, its lanes drawn."""
    page = shared().page
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector("#race-stage .player[data-run]")
    return page


def lanes(page, count: int) -> None:
    page.wait_for_function("n => document.querySelectorAll('#race-stage figure.stage').length === n", arg=count)


def test_a_race_is_told_played_in_step_and_shared(compare):
    page = compare
    lanes(page, 4)
    assert page.inner_text("#race-result") == ""
    steps = page.get_attribute("#race-stage .player", "data-steps").split()
    assert steps[0] == "500" and int(steps[2]) < 100
    page.click("#race-run")
    page.wait_for_selector("#race-result .outcome")
    assert page.inner_text("#race-result .outcome").startswith("A tie of Memory and Taught.")
    page.wait_for_function("() => document.querySelector('#race-stage .stages').textContent.includes('after 3 steps')")
    places = page.locator("#race-result tbody tr").evaluate_all("rows => rows.map((r) => r.cells[0].textContent)")
    assert places == ["1", "1", "3", "4"]
    assert page.get_attribute("#race-stage .player", "data-steps").split()[:3] == ["500"] * 3
    page.wait_for_function("() => location.search.endsWith('ran=1')")
    link = page.url.replace("memory_taught_meta.standard_standard.standard", "memory_meta.standard")

    # Fewer racers: their lanes stand there at once, and the result says that it was made otherwise.
    page.locator("#race-standard").get_by_label("Single-world").uncheck()
    lanes(page, 3)
    page.wait_for_selector("#race-result.stale")
    assert page.evaluate("document.querySelector('#race-next').inert")

    again = page.context.new_page()
    again.goto(link)
    again.wait_for_selector("#race-result:not(.stale) .outcome")
    lanes(again, 2)
    assert again.get_by_role("tab", name="Compare").get_attribute("aria-selected") == "true"
    again.close()


def test_a_seed_mended_on_another_tab_is_mended_here(compare):
    page, seed = compare, compare.locator(".field-seed input").locator("visible=true")
    seed.fill("-1")
    page.wait_for_selector("#race-stage .player.stale")
    page.wait_for_selector(".field-seed .beside:visible")
    page.get_by_role("tab", name="Play").click()
    seed.fill("0")
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector("#race-stage .player:not(.stale)")
    page.wait_for_function("() => !document.querySelector('#race-message .problem')")
    assert page.locator(".field-seed .beside:visible").count() == 0


def test_why_a_link_can_not_be_opened_is_in_sight(compare):
    page = compare.context.new_page()
    page.goto(f"{compare.url.split('?')[0]}?tab=compare&seed=x")
    told = page.locator(".problem:visible")
    told.wait_for()
    assert told.inner_text().startswith("This link can't be opened: ")
    page.wait_for_function(
        """() => [...document.querySelectorAll(".problem")].filter((e) => e.offsetParent)
        .every((e) => e.getBoundingClientRect().top >= 0 && e.getBoundingClientRect().bottom <= innerHeight)"""
    )
    page.close()
