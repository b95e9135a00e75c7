"""The Adapt tab as a visitor meets it."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from safetensors.torch import load_file

from model import load_pretrained
from tests.browser import Visit, open_settings
from tests.e2e.adapt_visit import DONE, Adapting

STALE = "on => document.querySelector('.adapt-result').classList.contains('stale') === on"
# Pressed by the page itself as soon as it can be, for a run may be over before a test's own click arrives.
PRESS_STOP = """(id) => new MutationObserver((_, observer) => {
    const stop = document.getElementById(id);
    if (stop.disabled) return;
    observer.disconnect();
    stop.click();
}).observe(document.getElementById(id), { attributes: true })"""


def linked(browser, url: str, query: str, **options) -> Adapting:
    visit = Visit(browser, url, **options)
    visit.page.goto(f"{url.rstrip('/')}/?tab=adapt{query}")
    visit.page.wait_for_selector("#adapt-stage .player[data-run]")
    return Adapting(visit)


def test_break_it_adapt_it_keep_it_go_on(adapting, tmp_path):
    tab = adapting()
    assert not any(tab.page.is_visible(s) for s in ("#adapt-result", "#adapt-curve", "#adapt-keep", "#adapt-step", "#sweep-curve"))
    assert tab.stages == ["Before adaptation: Meta-trained"] and "motor reversed" in tab.page.inner_text("#adapt-stage .notes")
    words = tab.adapt()
    assert re.match(r"Fell after \d+ steps before adaptation; after ", words) and "stands for" in words
    assert tab.stages == ["Before", "After 3 steps"] and tab.points == "2 4"
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
    assert tab.adapt("#adapt-further") and tab.points == "2 7" and "ran=" not in tab.page.url


def test_both_modes_are_two_curves_and_three_pictures_and_any_step_can_be_watched(adapting):
    tab = adapting()
    tab.mode("Both")
    tab.set("adapt-steps", "2")
    words = tab.adapt()
    assert "Gradient: " in words and "Hybrid: " in words
    assert tab.stages == ["Before", "Gradient, after 2 steps", "Hybrid, after 2 steps"] and tab.points == "2 3 3"
    assert "Pushing right moves the cart left" in tab.page.inner_text("#learnt-table")
    assert tab.page.inner_text("#adapt-stage").count("Imagined:") == 2
    tab.page.locator("#adapt-stage").get_by_text("Show what it imagined").click()
    assert "Imagined:" not in tab.page.inner_text("#adapt-stage")
    tab.page.locator("#adapt-step input[type=range]").press("Home")
    tab.page.wait_for_function("() => document.querySelectorAll('#adapt-stage .who')[1]?.textContent === 'Gradient, after 0 steps'")
    steps = tab.page.get_attribute("#adapt-stage .player", "data-steps").split()
    assert steps[0] == steps[1]


def test_stop_keeps_what_was_reached(adapting):
    tab = adapting()
    tab.set("adapt-steps", "10")
    tab.page.evaluate(PRESS_STOP, "adapt-stop")
    tab.page.click("#adapt-run")
    tab.page.wait_for_function(DONE)
    stopped = re.search(r"You stopped it after (\d+) of 10 steps; what was reached is kept\.", tab.page.inner_text("#adapt-result"))
    assert stopped and tab.points == f"2 {int(stopped[1]) + 1}" and tab.page.is_enabled("#adapt-keep")


def test_a_seed_sweep_can_be_stopped(adapting):
    tab = adapting()
    tab.set("adapt-steps", "10")
    tab.page.evaluate(PRESS_STOP, "sweep-stop")
    tab.page.click("#sweep-run")
    tab.page.wait_for_selector("#sweep-result .outcome")
    assert re.search(r"Stopped (after|before)", tab.page.inner_text("#sweep-result")) and tab.page.is_enabled("#sweep-run")


def test_a_result_of_other_settings_says_so_and_rests(adapting):
    tab = adapting()
    tab.set("adapt-steps", "1")
    words = tab.adapt()
    tab.page.wait_for_function("() => location.search.includes('ran=1')")
    rests = "() => [...document.querySelectorAll('.step-choice, #adapt-next')].map((e) => e.inert)"
    for steps, stale in (("2", True), ("1", False)):
        tab.set("adapt-steps", steps)
        tab.page.wait_for_function(STALE, arg=stale)
        assert tab.page.evaluate(rests) == [stale, stale] and ("ran=1" in tab.page.url) != stale
    open_settings(tab.page)
    seed = tab.page.locator(".field-seed input").locator("visible=true")
    for entry, fits in (("-1", False), ("0", True)):  # an entry that can't be used fits no result
        seed.fill(entry)
        seed.press("Tab")
        tab.page.wait_for_function(STALE, arg=not fits)
        assert tab.page.locator(".field-seed .beside:visible").count() == (not fits)
    assert tab.page.inner_text("#adapt-result .outcome") == words and tab.page.locator(".toast-body").count() == 0


def test_a_link_reopens_settings_and_result(visit):
    first = Adapting.opened(visit())
    first.break_it("Reversed gale")
    first.mode("Hybrid")
    first.set("adapt-steps", "1")
    words = first.adapt()
    first.page.wait_for_function("() => location.search.includes('ran=1')")
    # A page of its own: leaving one for another cuts its streams, which the browser reports as errors.
    second = Adapting(SimpleNamespace(page=first.page.context.new_page()))
    second.page.goto(first.page.url)
    second.page.wait_for_selector("#adapt-result .outcome")
    assert second.page.inner_text("#adapt-result .outcome") == words
    assert second.page.locator("#adapt-mode").get_by_role("radio", name="Hybrid").is_checked()


@pytest.mark.parametrize(
    ("query", "says", "notes"),
    [
        ("", "", "motor reversed"),
        ("&start=yours&world=reversed_gale&ran=1", "a policy that only its maker has", "wind 4 N"),
        ("&num_adapt_steps=99", "must be a whole number between 1 and 10", "motor reversed"),
    ],
)
def test_the_tab_opens_in_a_world_that_has_something_to_teach(browser, page_url, query, says, notes):
    tab = linked(browser, page_url, query)
    tab.page.wait_for_function("notes => document.querySelector('#adapt-stage .notes')?.textContent.includes(notes)", arg=notes)
    assert says in tab.page.locator("#adapt-message").text_content() and not tab.page.is_visible("#adapt-result")
    tab.visit.context.close()


def test_a_standard_world_from_another_tab_is_none_to_adapt_to(adapting):
    tab = adapting()
    tab.page.get_by_role("tab", name="Play").click()
    tab.page.get_by_role("button", name="Mirrored sensors").click()
    tab.page.wait_for_function("() => document.querySelector('#play-stage .notes').textContent === 'pole sensors mirrored'")
    tab.page.get_by_role("tab", name="Adapt").click()
    tab.page.wait_for_function("() => document.querySelector('#adapt-stage .notes').textContent === 'pole sensors mirrored'")
    tab.page.go_back()
    tab.page.wait_for_function("() => location.search.includes('tab=play')")
    tab.visit.checkbox("Mirrored sensors").locator("visible=true").uncheck()
    tab.page.wait_for_function("() => document.querySelector('#play-stage .notes').textContent === 'standard world'")
    tab.page.get_by_role("tab", name="Adapt").click()
    tab.page.wait_for_function("() => document.querySelector('#adapt-stage .notes').textContent === 'motor reversed'")


def test_choosing_a_start_sets_what_suits_it(adapting):
    tab = adapting()
    open_settings(tab.page)
    fresh = tab.page.locator("#adapt-fresh input")
    for start, lr, first in (
        ("Memory", "0.1 5 times", False),
        ("Meta-trained", "0.5 as in meta-training", True),
        ("Taught", "0.1 5 times", False),
    ):
        tab.page.locator("#adapt-start input").click()
        tab.page.get_by_role("option", name=start).first.click()
        tab.page.wait_for_function("lr => document.querySelector('#adapt-lr-words').innerText.replace(/\\s+/g, ' ').includes(lr)", arg=lr)
        assert fresh.is_checked() == first


def test_on_a_phone_the_stage_and_the_button_alone_stay_in_sight(adapting):
    tab = adapting(viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True)
    tab.mode("Both")
    tab.set("adapt-steps", "1")
    tab.adapt()
    tab.page.locator("#adapt-table").scroll_into_view_if_needed()
    stage, button = (tab.page.locator(s).bounding_box() for s in (".adapt-stage", "#adapt-run"))
    assert stage["y"] == 0 and stage["height"] <= 0.4 * 844 and button["y"] > 760 and button["y"] + button["height"] <= 844
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
