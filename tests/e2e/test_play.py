"""The Play tab as a visitor meets it, and About, which draws what was played."""

import csv
import re

import pytest
from PIL import Image

NOTES = "notes => document.querySelector('#play-stage .notes')?.textContent === notes"


@pytest.fixture
def play(shared):
    """A page that the tests share, on Play, in the standard world with seed 0, at the episode's beginning."""
    page = shared()
    page.page.get_by_role("tab", name="Play").click()
    page.page.get_by_label("World", exact=True).locator("visible=true").click()
    page.page.get_by_role("option", name="Standard", exact=True).click()
    page.number("Seed").fill("0")
    page.page.wait_for_function(NOTES, arg="standard world")
    page.page.wait_for_selector("#play-stage .player:not(.stale)")
    page.page.locator("#play-stage .player").press("Home")
    return page


def test_where_motion_is_reduced_it_waits_and_is_played_by_keyboard(play):
    page = play
    player = page.page.locator("#play-stage .player")
    assert page.step == 0 and page.page.inner_text("#play-stage .play") == "Play"
    player.focus()
    player.press("End")
    assert page.step == page.steps
    assert re.match(r"The pole fell|The cart left|It stood", page.page.inner_text("#play-stage .ending"))
    player.press("ArrowLeft")
    assert page.step == page.steps - 1 and page.page.inner_text("#play-stage .ending") == ""
    player.press("Home")
    player.press("Shift+ArrowRight")
    assert page.step == min(10, page.steps)
    page.page.locator("#play-stage input[type=range]").fill("4")
    assert page.step == 4
    player.focus()
    player.press(" ")
    page.page.wait_for_function("() => +document.querySelector('#play-stage .counter').textContent.split(' ')[1] > 4")
    player.press(" ")
    assert page.page.inner_text("#play-stage .play") == "Play"


def test_a_preset_sets_the_sliders_and_a_slider_makes_it_custom(play):
    page = play
    page.page.get_by_label("World", exact=True).click()
    page.page.get_by_role("option", name="Reversed tilted").click()
    assert page.checkbox("Reversed motor").is_checked()
    assert float(page.number("Angle bias").input_value()) == 5.73
    page.number("Wind").fill("2")
    page.number("Wind").press("Tab")
    page.page.wait_for_function("() => document.querySelector('[aria-label=World]').value === 'Custom'")
    assert "A world of your own." in page.page.inner_text(".side")
    page.number("Wind").fill("0")
    page.number("Wind").press("Tab")
    page.page.wait_for_function("() => document.querySelector('[aria-label=World]').value === 'Reversed tilted'")


def test_it_plays_without_a_click_and_its_fall_leads_to_adaptation_and_on(visit):
    page = visit(reduced_motion="no-preference")
    first = page.step
    moved = "n => +document.querySelector('#play-stage .counter').textContent.split(' ')[1] > n"
    page.page.wait_for_function(moved, arg=max(first, 10))
    # The pole is there, in this policy's colour, upright above the cart and within its track.
    left, right, top, bottom, width = page.page.evaluate(
        """() => {
          const c = document.querySelector("#play-stage .frame canvas"), rgb = getComputedStyle(c).getPropertyValue("--role-policy").trim();
          const want = [1, 3, 5].map((i) => parseInt(rgb.slice(i, i + 2), 16)), xs = [], ys = [];
          const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
          for (let i = 0; i < data.length / 4; i++) {
            if (want.every((v, n) => v === data[4 * i + n])) { xs.push(i % c.width); ys.push(i / c.width); }
          }
          return [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys), c.width];
        }"""
    )
    assert bottom - top > 2 * (right - left) > 0 and 0.08 * width < left < right < 0.92 * width

    page.page.emulate_media(reduced_motion="reduce")  # from here on pictures rest, which spares the time to draw them
    before = page.run_id
    assert page.page.inner_text("#play-next").startswith("Now break it")
    page.page.click("#play-next")
    page.wait_for_new(before)
    page.page.get_by_role("button", name="let it learn").click()
    page.page.wait_for_selector("#adapt-result .outcome")
    assert page.page.get_by_role("tab", name="Adapt").get_attribute("aria-selected") == "true"
    page.page.locator("#adapt-next").click()
    page.page.wait_for_selector("#sweep-result .outcome")
    page.page.get_by_text("Does memory do it without a fall?").click()
    page.page.wait_for_function("() => document.querySelector('#play-stage .who').textContent.startsWith('Memory')")
    assert page.page.inner_text("#play-stage .notes") == "motor reversed"
    page.page.get_by_text("Now train your own").locator("visible=true").click()
    page.page.wait_for_function(
        "() => document.querySelector('#acts button[role=tab][aria-selected=true]').textContent.trim() === 'Meta-train'"
    )


def test_a_bad_value_is_one_sentence_and_the_stage_stays(play):
    page = play
    before = page.run_id
    for bad, words in (("-1", "not -1."), ("1.5", "not 1.5."), ("", "it is empty.")):
        page.number("Seed").fill(bad)
        page.page.wait_for_function("t => document.querySelector('.field-seed .beside')?.textContent.endsWith(t)", arg=words)
    assert page.run_id == before and page.page.locator(".toast-body").count() == 0
    page.page.wait_for_selector("#play-stage .player.stale")
    page.number("Seed").fill("2")
    page.wait_for_new(before)
    assert page.page.locator(".problem").count() == 0 and page.page.locator(".stale").count() == 0


def test_every_control_plays_at_once_and_files_address_and_link_hold_it(play, tmp_path):
    page = play
    page.checkbox("Reversed motor").check()
    page.page.wait_for_function(NOTES, arg="motor reversed")
    assert page.steps < 100  # it falls
    page.page.wait_for_function("() => location.search.includes('world=reversed_motor')")
    page.page.click("#play-verify")
    page.page.wait_for_selector("#play-verdict table")
    for seed, fits in (("4", False), ("0", True)):
        before = page.run_id
        page.number("Seed").fill(seed)
        page.wait_for_new(before)
        page.page.wait_for_selector("#play-verdict:not(.stale)" if fits else "#play-verdict.stale .stale-note:visible")
    for button, suffix in (("#play-csv", ".csv"), ("#play-gif", ".gif"), ("#play-gif", ".gif"), ("#play-csv", ".csv")):
        page.page.wait_for_timeout(1000)  # two at once would be taken for one
        with page.page.expect_download(timeout=20000) as download:
            page.page.click(button)
        assert download.value.suggested_filename.endswith(suffix)
        file = tmp_path / f"file{suffix}"
        download.value.save_as(file)
    assert len(list(csv.DictReader((tmp_path / "file.csv").read_text(encoding="utf-8").splitlines()))) == page.steps + 1
    assert Image.open(tmp_path / "file.gif").n_frames == page.steps + 1  # slowed, every step is shown

    page.number("Wind").fill("-2.5")
    page.number("Wind").press("Tab")
    page.number("Seed").fill("17")
    page.run()
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.page.click("#play-copy")
    page.page.wait_for_selector("#play-message .notice")
    again = page.page.context.new_page()
    again.goto(page.page.evaluate("navigator.clipboard.readText()"))
    again.wait_for_function("() => document.querySelector('#play-stage .who')?.textContent.includes('seed 17')")
    notes, steps = again.inner_text("#play-stage .notes"), again.inner_text("#play-stage .counter").split()[3]
    assert notes == page.page.inner_text("#play-stage .notes") and int(steps) == page.steps
    assert again.get_by_role("checkbox", name="Reversed motor").is_checked()
    assert float(again.get_by_role("spinbutton", name="Wind").input_value()) == -2.5
    again.close()


def test_about_draws_the_last_episode_and_terms_light_up_by_keyboard_and_pointer(play):
    page = play.page
    page.get_by_role("tab", name="About").click()
    page.wait_for_selector("#about-policy .whose:not(:empty)")
    chance = page.text_content("[data-output='p']")
    assert 0 <= float(chance) <= 1
    page.get_by_role("tab", name="Play").click()
    before = page.get_attribute("#play-stage .player", "data-run")
    page.get_by_role("checkbox", name="Reversed motor").locator("visible=true").check()
    page.wait_for_function("old => document.querySelector('#play-stage .player').dataset.run !== old", arg=before)
    page.get_by_role("tab", name="About").click()
    page.wait_for_function("() => document.querySelector('#about-policy .whose').textContent.includes('motor reversed')")
    assert page.text_content("[data-output='p']") != chance

    page.locator(".equations [data-part='A']").focus()
    assert page.locator(".drawing .part.lit").get_attribute("data-part") == "A" and page.locator(".drawing .wire.lit").count() == 2
    assert re.search(r"length \d+\.\d\d", page.inner_text("#about-policy .readout"))
    page.keyboard.press("Tab")
    assert page.locator(".drawing .part.lit").get_attribute("data-part") == "B"
    page.keyboard.press("Escape")
    assert page.locator("#about-policy .lit").count() == 0
    page.locator(".drawing [data-part='C']").hover()
    assert page.locator(".equations button.lit").get_attribute("data-part") == "C"
    for picture in page.locator(".about .figure img").all():
        page.wait_for_function("img => img.complete && img.naturalWidth > 0", arg=picture.element_handle())
    assert page.locator(".about .figure img").count() >= 2 and page.locator(".about .missing").count() == 0
