"""The Adapt tab as a visitor meets it."""

from __future__ import annotations

import re
from types import SimpleNamespace

from safetensors.torch import load_file

from model import load_pretrained
from tests.e2e.adapt_visit import DONE, Adapting


def test_break_it_adapt_it_keep_it(adapting, tmp_path):
    tab = adapting()
    assert not any(tab.page.is_visible(s) for s in ("#adapt-result", "#adapt-curve", "#adapt-keep", "#adapt-step", "#luck-curve"))
    assert tab.stages == ["Before adaptation: Meta-trained"] and "motor reversed" in tab.page.inner_text("#adapt-stage .notes")
    words = tab.adapt()
    assert re.match(r"(Fell|Stood|Reached) .* before adaptation; ", words) and words.endswith(".")
    assert tab.stages == ["Before", "After 3 steps"] and tab.points == "2 4"
    assert tab.page.locator("#adapt-table tbody tr").count() == 4 and tab.page.locator("#adapt-stage .map canvas").count() == 2
    assert tab.page.locator("#adapt-movement tr").count() == 5
    with tab.page.expect_download() as download:
        tab.page.click("#adapt-download")
    download.value.save_as(tmp_path / "adapted.safetensors")
    assert load_file(tmp_path / "adapted.safetensors").keys() == load_pretrained("meta").params().keys()
    tab.page.click("#adapt-keep")
    tab.page.get_by_text("Kept: it is").wait_for()
    tab.page.get_by_role("tab", name="Play").click()
    tab.page.wait_for_function("() => document.querySelector('#play-stage .who').textContent.startsWith('Yours, greedy, seed 0')")
    assert "motor reversed" in tab.page.inner_text("#play-stage .notes")
    tab.page.get_by_role("tab", name="Adapt").click()
    assert tab.adapt("#adapt-further") and tab.points == "2 7"


def test_the_shipped_policy_recovers_from_a_reversed_motor(adapting):
    tab = adapting()
    tab.break_it("Reversed motor")
    words = tab.adapt()
    assert re.match(r"Fell after \d+ steps before adaptation; after ", words) and "stands for" in words
    steps = tab.page.get_attribute("#adapt-stage .player", "data-steps").split()
    assert int(steps[0]) < 100 <= int(steps[1])


def test_both_modes_are_two_curves_and_three_pictures(adapting):
    tab = adapting()
    tab.break_it("Mirrored sensors")
    tab.mode("Both")
    tab.set("adapt-steps", "2")
    words = tab.adapt()
    assert "Fresh episodes: " in words and "Fresh + buffer: " in words
    assert tab.stages == ["Before", "Fresh episodes, after 2 steps", "Fresh + buffer, after 2 steps"] and tab.points == "2 3 3"
    assert tab.page.locator("#adapt-curve .legend > span").count() == 3
    assert tab.page.locator("#adapt-rule pre").count() == 2
    tab.page.locator("#adapt-curve canvas").focus()
    tab.page.keyboard.press("End")
    assert "fresh + buffer, step 2:" in tab.page.inner_text("#adapt-curve .readout")


def test_stop_keeps_what_was_reached(adapting):
    tab = adapting()
    tab.break_it("Reversed motor")
    tab.set("adapt-steps", "10")
    # Pressed by the page itself as soon as it can be, for ten short steps may be done before a test's own click arrives.
    tab.page.evaluate(
        """() => new MutationObserver((_, observer) => {
            const stop = document.querySelector("#adapt-stop");
            if (stop.disabled) return;
            observer.disconnect();
            window.running = document.querySelector("#adapt-run").disabled;
            stop.click();
        }).observe(document.querySelector("#adapt-stop"), { attributes: true })"""
    )
    tab.page.click("#adapt-run")
    tab.page.wait_for_function("() => 'running' in window")
    tab.page.wait_for_function(DONE)
    assert tab.page.evaluate("window.running")
    stopped = re.search(r"You stopped it after (\d+) of 10 steps; what was reached is kept\.", tab.page.inner_text("#adapt-result"))
    assert stopped and tab.points == f"2 {int(stopped[1]) + 1}"
    assert tab.page.is_enabled("#adapt-keep")


def test_a_bad_value_is_one_sentence_and_the_result_stays(adapting):
    tab = adapting()
    tab.set("adapt-steps", "1")
    words = tab.adapt()
    # Typed over, for the browser would correct a slider's number as soon as the box is left.
    tab.page.evaluate("""() => {
        const box = document.querySelector("#adapt-steps input[type=number]");
        box.value = "99"; box.dispatchEvent(new Event("input", { bubbles: true }));
    }""")
    tab.page.click("#adapt-run")
    tab.page.wait_for_selector("#adapt-message .problem")
    assert "Gradient steps must be a whole number between 1 and 10, not 99." in tab.page.text_content("#adapt-message")
    assert tab.page.inner_text("#adapt-result .outcome") == words and tab.page.locator(".toast-body").count() == 0


def test_the_learning_rate_says_its_value(adapting):
    tab = adapting()
    words = tab.page.inner_text("#adapt-lr-words")
    assert words.endswith("0.5 as trained") and "0.005" in words and "50" in words
    slider = tab.page.locator("#adapt-lr input[type=range]")
    slider.focus()
    for _ in range(10):
        slider.press("ArrowRight")
    tab.page.wait_for_function("() => document.querySelector('#adapt-lr-words').innerText.includes('10 times larger than trained')")
    assert tab.page.inner_text("#adapt-lr-words .lr-value b") == "5"


def test_a_link_reopens_world_and_settings(visit):
    first = Adapting.opened(visit())
    first.break_it("Reversed gale")
    first.mode("Fresh + buffer")
    first.set("adapt-steps", "1")
    words = first.adapt()
    first.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    first.page.click("#adapt-copy")
    first.page.wait_for_selector("#adapt-message .notice")
    link = first.page.evaluate("navigator.clipboard.readText()")

    # A page of its own: leaving one for another cuts its streams, which the browser reports as errors.
    second = Adapting(SimpleNamespace(page=first.page.context.new_page()))
    second.page.goto(link)
    second.page.wait_for_selector("#adapt-result .outcome", timeout=60_000)
    assert second.page.inner_text("#adapt-result .outcome") == words
    assert second.page.get_by_role("tab", name="Adapt").get_attribute("aria-selected") == "true"
    assert second.page.locator("#adapt-mode").get_by_role("radio", name="Fresh + buffer").is_checked()


def test_any_gradient_step_can_be_watched(adapting):
    tab = adapting()
    tab.adapt()
    dot = "() => document.querySelector('#adapt-stage .stage:nth-child(2) .map canvas').toDataURL()"
    picture, before = tab.page.evaluate(dot), tab.page.get_attribute("#adapt-stage .player", "data-run")
    slider = tab.page.locator("#adapt-step input[type=range]")
    slider.focus()
    slider.press("Home")
    tab.page.wait_for_function("old => document.querySelector('#adapt-stage .player').dataset.run !== old", arg=before)
    assert tab.stages == ["Before", "After 0 steps"] and tab.page.evaluate(dot) != picture
    steps = tab.page.get_attribute("#adapt-stage .player", "data-steps").split()
    assert steps[0] == steps[1]


def test_a_picture_to_share(adapting):
    tab = adapting()
    tab.adapt()
    with tab.page.expect_download() as download:
        tab.page.click("#adapt-share")
    assert download.value.suggested_filename == "adapted-meta-reversed_motor-standard-0-step3.gif"


def test_back_goes_to_the_tab_before(adapting):
    tab = adapting()
    tab.page.get_by_role("tab", name="Play").click()
    tab.page.wait_for_function("() => location.search.includes('tab=play')")
    tab.page.go_back()
    tab.page.wait_for_function("() => document.querySelector('#acts button[role=tab][aria-selected=true]').textContent.trim() === 'Adapt'")
    tab.page.wait_for_function("() => location.search.includes('tab=adapt')")


def test_two_visitors_each_see_their_own(adapting):
    one, two = adapting(), adapting()
    one.break_it("Reversed motor")
    two.break_it("Reversed tiny pole")
    two.set("adapt-steps", "1")
    one.page.click("#adapt-run")
    assert two.adapt()
    one.page.wait_for_function(DONE)
    assert "motor reversed, seed 0" in one.page.inner_text("#adapt-result") and one.points == "2 4"
    assert "pole 0.24 m long" in two.page.inner_text("#adapt-result") and two.points == "2 2"


def test_luck_can_be_watched_and_stopped(adapting):
    tab = adapting()
    tab.set("adapt-steps", "10")
    # Pressed by the page itself as soon as it can be, for twenty short runs may be done before a test's own click arrives.
    tab.page.evaluate(
        """() => setInterval(() => {
        const stop = document.querySelector("#luck-stop");
        if (!stop.disabled && !window.pressed) { window.pressed = true; stop.click(); }
    }, 5)"""
    )
    tab.page.click("#luck-run")
    tab.page.wait_for_selector("#luck-result .outcome", timeout=60_000)
    assert re.search(r"Stopped|20 runs", tab.page.inner_text("#luck-result")) and tab.page.is_enabled("#luck-run")


def test_the_stage_follows_the_world_and_the_world_follows_the_visitor(adapting):
    tab = adapting()
    tab.break_it("Mirrored sensors")
    assert "pole sensors mirrored" in tab.page.inner_text("#adapt-stage .notes")
    tab.page.get_by_role("tab", name="Play").click()
    tab.page.wait_for_function("() => document.querySelector('#play-stage .notes').textContent === 'pole sensors mirrored'")
    assert tab.visit.checkbox("Mirrored sensors").locator("visible=true").is_checked()


def test_a_phone_in_the_dark(adapting):
    tab = adapting(viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True)
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
    tab.set("adapt-steps", "1")
    tab.adapt()
    stage, button = (tab.page.locator(s).bounding_box() for s in ("#adapt-stage .frame >> nth=0", "#adapt-run"))
    assert stage["y"] >= 0 and stage["y"] + stage["height"] < 300 < button["y"] < 844  # both in sight
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_everything_has_a_name(adapting):
    tab = adapting()
    tab.set("adapt-steps", "1")
    tab.adapt()
    unnamed = tab.page.evaluate(
        """() => [...document.querySelectorAll("#acts button, #acts input, #acts select, #acts canvas")]
        .filter((e) => e.offsetParent && !(e.getAttribute("aria-label") || e.innerText || (e.labels && e.labels.length) || e.title
            || e.getAttribute("aria-labelledby")))
        .map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert unnamed == []
