"""The Adapt tab as a visitor meets it."""

import re

import pytest
from safetensors.torch import load_file

from model import load_pretrained
from tests.browser import open_settings
from tests.e2e.adapt_visit import Adapting

STALE = "on => document.querySelector('.adapt-result').classList.contains('stale') === on"
NOTES = "([tab, notes]) => document.querySelector(`#${tab}-stage .notes`)?.textContent.includes(notes)"
# Pressed by the page itself as soon as it can be, for a run may be over before a test's own click arrives.
PRESS_STOP = """(id) => new MutationObserver((_, observer) => {
    const stop = document.getElementById(id);
    if (stop.disabled) return;
    observer.disconnect();
    stop.click();
}).observe(document.getElementById(id), { attributes: true })"""


@pytest.fixture
def tab(shared) -> Adapting:
    """A page that the tests share, on the Adapt tab, in the reversed motor's world, three gradient steps ahead."""
    tab = Adapting.opened(shared())
    tab.break_it("Reversed motor")
    tab.mode("Gradient")
    tab.set("adapt-steps", "3")
    return tab


def more(page) -> None:
    """Open what is folded, unless another test has."""
    if not page.is_visible("#adapt-start"):
        open_settings(page)


def test_break_it_adapt_it_keep_it_go_on(shared, tmp_path):
    tab = Adapting.opened(shared())  # on which nothing was done yet
    assert not any(tab.page.is_visible(s) for s in ("#adapt-result", "#adapt-curve", "#adapt-keep", "#adapt-step", "#sweep-curve"))
    assert tab.stages == ["Before adaptation: Meta-trained"] and "motor reversed" in tab.page.inner_text("#adapt-stage .notes")
    words = tab.adapt()
    assert re.match(r"Fell after \d+ steps before adaptation; after ", words) and "stands for" in words
    assert tab.stages == ["Before", "After 3 steps"] and tab.points("2 4")
    assert tab.page.locator("#adapt-table tbody tr").count() == 4 and tab.page.locator("#adapt-movement tr").count() == 5
    with tab.page.expect_download() as download:
        tab.page.click("#adapt-download")
    download.value.save_as(tmp_path / "adapted.safetensors")
    assert load_file(tmp_path / "adapted.safetensors").keys() == load_pretrained("meta").params().keys()
    with tab.page.expect_download() as download:
        tab.page.click("#adapt-share")
    assert download.value.suggested_filename == "adapted-meta-reversed_motor-standard-0-step3.gif"
    tab.page.click("#adapt-keep")
    tab.page.get_by_text("Kept: it is").wait_for()
    tab.page.get_by_role("tab", name="Play").click()
    tab.page.wait_for_function("() => document.querySelector('#play-stage .who').textContent.startsWith('Yours, greedy, seed 0')")
    assert "motor reversed" in tab.page.inner_text("#play-stage .notes")
    tab.page.get_by_role("tab", name="Adapt").click()
    assert tab.adapt("#adapt-further") and tab.points("2 7") and "ran=" not in tab.page.url


def test_both_modes_are_two_curves_and_three_pictures_and_any_step_can_be_watched(tab):
    tab.mode("Both")
    tab.set("adapt-steps", "2")
    words = tab.adapt()
    assert "Gradient: " in words and "Hybrid: " in words
    assert tab.stages == ["Before", "Gradient, after 2 steps", "Hybrid, after 2 steps"] and tab.points("2 3 3")
    assert "Pushing right moves the cart left" in tab.page.inner_text("#learnt-table")
    assert tab.page.inner_text("#adapt-stage").count("Imagined:") == 2
    tab.page.locator("#adapt-stage").get_by_text("Show what it imagined").click()
    assert "Imagined:" not in tab.page.inner_text("#adapt-stage")
    tab.page.locator("#adapt-step input[type=range]").press("Home")
    tab.page.wait_for_function("() => document.querySelectorAll('#adapt-stage .who')[1]?.textContent === 'Gradient, after 0 steps'")
    steps = tab.page.get_attribute("#adapt-stage .player", "data-steps").split()
    assert steps[0] == steps[1]


def test_stop_keeps_what_was_reached_of_a_run_and_of_a_seed_sweep(tab):
    tab.set("adapt-steps", "10")
    tab.page.evaluate(PRESS_STOP, "adapt-stop")
    tab.page.click("#adapt-run")
    tab.page.wait_for_function("() => document.querySelector('#adapt-result')?.textContent.includes('You stopped it')")
    stopped = re.search(r"You stopped it after (\d+) of 10 steps; what was reached is kept\.", tab.page.inner_text("#adapt-result"))
    tab.page.wait_for_function("() => !document.querySelector('#adapt-run').disabled")
    assert stopped and tab.points(f"2 {int(stopped[1]) + 1}") and tab.page.is_enabled("#adapt-keep")
    tab.page.evaluate(PRESS_STOP, "sweep-stop")
    tab.page.click("#sweep-run")
    tab.page.wait_for_selector("#sweep-result .outcome")
    assert re.search(r"Stopped (after|before)", tab.page.inner_text("#sweep-result")) and tab.page.is_enabled("#sweep-run")


def test_a_result_of_other_settings_says_so_and_rests_and_a_link_makes_it_again(tab):
    tab.set("adapt-steps", "1")
    words = tab.adapt()
    tab.page.wait_for_function("() => location.search.includes('ran=1')")
    link = tab.page.url
    rests = "() => [...document.querySelectorAll('.step-choice, #adapt-next')].map((e) => e.inert)"
    for steps, stale in (("2", True), ("1", False)):
        tab.set("adapt-steps", steps)
        tab.page.wait_for_function(STALE, arg=stale)
        assert tab.page.evaluate(rests) == [stale, stale] and ("ran=1" in tab.page.url) != stale
    more(tab.page)
    seed = tab.page.locator(".field-seed input").locator("visible=true")
    for entry, fits in (("-1", False), ("0", True)):  # an entry that can't be used fits no result
        seed.fill(entry)
        seed.press("Tab")
        tab.page.wait_for_function(STALE, arg=not fits)
        assert tab.page.locator(".field-seed .beside:visible").count() == (not fits)
    assert tab.page.inner_text("#adapt-result .outcome") == words and tab.page.locator(".toast-body").count() == 0
    # A page of its own: leaving one for another cuts its streams, which the browser reports as errors.
    again = tab.page.context.new_page()
    again.goto(link)
    again.wait_for_selector("#adapt-result .outcome")
    assert again.inner_text("#adapt-result .outcome") == words
    again.close()


def test_worlds_come_from_another_tab_but_a_standard_one_is_none_to_adapt_to(tab):
    tab.page.get_by_role("tab", name="Play").click()
    tab.page.get_by_role("button", name="Mirrored sensors").click()
    tab.page.wait_for_function(NOTES, arg=["play", "pole sensors mirrored"])
    tab.page.get_by_role("tab", name="Adapt").click()
    tab.page.wait_for_function(NOTES, arg=["adapt", "pole sensors mirrored"])
    tab.page.evaluate("document.querySelectorAll('#acts [role=tab]').forEach(b => b.append(' (translated)'))")
    tab.page.go_back()
    tab.page.wait_for_function("() => location.search.includes('tab=play')")
    tab.visit.checkbox("Mirrored sensors").locator("visible=true").uncheck()
    tab.page.wait_for_function(NOTES, arg=["play", "standard world"])
    tab.page.get_by_role("tab", name="Adapt").click()
    tab.page.wait_for_function(NOTES, arg=["adapt", "motor reversed"])
    # Unless a policy fell there: then it learns where it fell, at the rate that suits it.
    tab.page.get_by_role("tab", name="Play").click()
    tab.visit.checkbox("Reversed motor").locator("visible=true").uncheck()
    tab.page.wait_for_function(NOTES, arg=["play", "standard world"])
    tab.page.locator(".field-policy input").locator("visible=true").click()
    tab.page.get_by_role("option", name="Untrained").click()
    tab.page.get_by_role("button", name="let it learn").click()
    tab.page.wait_for_function("() => document.querySelector('#adapt-stage .who').textContent.includes('Untrained')")
    tab.page.wait_for_function(f"() => !document.querySelector('#adapt-run').disabled && ({NOTES})(['adapt', 'standard world'])")
    assert "1, 2 times" in " ".join(tab.page.inner_text("#adapt-lr-words").split())
    more(tab.page)
    tab.page.locator("#adapt-start input").click()
    tab.page.get_by_role("option", name="Meta-trained").first.click()


def test_choosing_a_start_sets_what_suits_it(tab):
    more(tab.page)
    suits = (("Memory", "0.1, 5 times", False), ("Taught", "0.1, 5 times", False), ("Meta-trained", "0.5, as in meta", True))
    for start, lr, first in suits:
        tab.page.locator("#adapt-start input").click()
        tab.page.get_by_role("option", name=start).first.click()
        tab.page.wait_for_function("lr => document.querySelector('#adapt-lr-words').innerText.replace(/\\s+/g, ' ').includes(lr)", arg=lr)
        assert tab.page.locator("#adapt-fresh input").is_checked() == first
