"""The Play tab as a visitor meets it."""

from __future__ import annotations

import csv
import re

from PIL import Image

from model import WORLDS, World
from ui.runs.episode import record
from ui.runs.policies import shared_model
from ui.views.episode_words import ending
from ui.views.player import Shown, player_value


def test_it_plays_without_a_click(visit):
    page = visit(reduced_motion="no-preference")
    first = page.step
    moved = "n => +document.querySelector('#play-stage .counter').textContent.split(' ')[1] > n"
    page.page.wait_for_function(moved, arg=max(first, 10))
    assert page.page.inner_text("#play-stage .play") in ("Pause", "Play")
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


def test_where_motion_is_reduced_it_waits_and_is_played_by_keyboard(visit):
    page = visit()
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


def test_a_preset_sets_the_sliders_and_a_slider_makes_it_custom(visit):
    page = visit()
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


def test_every_control_plays_at_once_and_the_address_follows(visit):
    page = visit()
    before = page.run_id
    page.checkbox("Reversed motor").check()
    page.wait_for_new(before)
    assert page.page.inner_text("#play-stage .notes") == "motor reversed" and page.steps < 100
    page.page.wait_for_function("() => location.search.includes('world=reversed_motor')")
    page.page.click("#play-verify")
    page.page.wait_for_selector("#play-verdict table")
    before = page.run_id
    page.number("Seed").fill("4")
    page.wait_for_new(before)
    page.page.wait_for_selector("#play-verdict.stale .stale-note:visible")
    page.page.wait_for_function("() => location.search.includes('seed=4')")
    before = page.run_id
    page.number("Seed").fill("0")
    page.wait_for_new(before)
    page.page.wait_for_function("() => !document.querySelector('#play-verdict.stale')")
    page.page.reload()
    page.page.wait_for_function("() => document.querySelector('#play-stage .notes')?.textContent === 'motor reversed'")
    assert page.checkbox("Reversed motor").is_checked()


def test_a_fall_leads_to_adaptation_and_on(visit):
    page = visit()
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


def test_break_it_and_download(visit, tmp_path):
    page = visit()
    page.checkbox("Reversed motor").check()
    page.run()
    assert "motor reversed" in page.page.inner_text("#play-stage .notes")
    assert page.steps < 100  # it falls
    for button, suffix in (("#play-csv", ".csv"), ("#play-gif", ".gif"), ("#play-csv", ".csv")):
        with page.page.expect_download() as download:
            page.page.click(button)
        assert download.value.suggested_filename.endswith(suffix)
        file = tmp_path / f"file{suffix}"
        download.value.save_as(file)
    rows = list(csv.DictReader((tmp_path / "file.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == page.steps + 1
    assert Image.open(tmp_path / "file.gif").n_frames == page.steps + 1  # slowed, every step is shown


def test_random_actions_show_no_thoughts(visit):
    page = visit("?policy=random&world=moon")
    captions = page.page.locator("#play-stage .signal figcaption").all_inner_texts()
    assert captions == ["Pole angle (degrees)", "Cart position (m)"]


def test_a_link_restores_and_plays(visit):
    first = visit()
    first.checkbox("Mirrored sensors").check()
    first.number("Wind").fill("-2.5")
    first.number("Wind").press("Tab")
    first.number("Seed").fill("17")
    first.run()
    first.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    first.page.click("#play-copy")
    first.page.wait_for_selector("#play-message .notice")
    link = first.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(first.url + "?")

    again = visit(link.removeprefix(first.url))
    assert "seed 17" in again.page.inner_text("#play-stage .who")
    assert again.page.inner_text("#play-stage .notes") == first.page.inner_text("#play-stage .notes")
    assert again.steps == first.steps
    assert again.checkbox("Mirrored sensors").is_checked()
    assert float(again.number("Wind").input_value()) == -2.5 and again.number("Seed").input_value() == "17"


def test_a_bad_link_changes_nothing(visit):
    page = visit("?world=reversed_motor&seed=-4")
    assert "seed must be a whole number between 0 and 4294967295, not -4." in page.page.text_content("#play-message")
    assert not page.checkbox("Reversed motor").is_checked()
    assert page.page.inner_text("#play-stage .notes") == "standard world"


def test_a_bad_value_is_one_sentence_and_the_stage_stays(visit):
    page = visit()
    before = page.run_id
    for bad, words in (("-1", "not -1."), ("1.5", "not 1.5."), ("", "it is empty.")):
        page.number("Seed").fill(bad)
        page.page.wait_for_function("t => document.querySelector('.field-seed .beside')?.textContent.endsWith(t)", arg=words)
    assert page.run_id == before and page.page.locator(".toast-body").count() == 0
    page.page.wait_for_selector("#play-stage .player.stale")
    page.number("Seed").fill("2")
    page.wait_for_new(before)
    assert page.page.locator(".problem").count() == 0 and page.page.locator(".stale").count() == 0


def test_a_phone_in_the_dark(visit):
    page = visit(viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 390
    stage = page.page.locator("#play-stage .frame").bounding_box()
    run = page.page.locator("#play-run").bounding_box()
    assert stage["width"] > 300 and stage["y"] + stage["height"] < 844 and run["y"] > stage["y"]
    ground = page.page.evaluate("getComputedStyle(document.querySelector('#play-stage .frame')).backgroundColor")
    assert all(int(v) < 60 for v in re.findall(r"\d+", ground)[:3])
    page.page.locator("#play-verify").scroll_into_view_if_needed()
    frame = page.page.locator("#play-stage .frame").bounding_box()
    assert frame["y"] >= 0 and frame["y"] + frame["height"] < 400  # the stage is in sight of the last control


def test_everything_has_a_name(shared):
    page = shared()
    unnamed = page.page.evaluate(
        """() => [...document.querySelectorAll(".act button, .act input, .act select, .act canvas")]
        .filter((e) => e.offsetParent && !(e.getAttribute("aria-label") || e.innerText || (e.labels && e.labels.length) || e.title
            || e.getAttribute("aria-labelledby")))
        .map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert unnamed == []


def test_the_page_is_as_wide_on_every_tab(shared):
    page = shared()
    width = "document.querySelector('#acts').getBoundingClientRect().width"
    play = page.page.evaluate(width)
    page.page.get_by_role("tab", name="About").click()
    page.page.get_by_text("What it is not").wait_for()
    assert page.page.evaluate(width) == play
    page.page.get_by_role("tab", name="Play").click()
    page.page.wait_for_function("() => document.querySelector('#play-stage canvas').clientWidth > 300")


def test_three_episodes_share_one_playhead(shared):
    page = shared()
    model = shared_model("untrained")
    shown = [
        Shown(record(model, WORLDS["reversed_motor"], 0), "before", "Before"),
        Shown(record(model, World(), 0), "standard", "After <b>one</b> step"),
        Shown(record(None, WORLDS["moon"], 0), "hybrid", "Hybrid"),
    ]
    value = player_value(*shown, autoplay=False)
    page.page.evaluate(
        """(value) => {
          const host = document.body.appendChild(document.createElement("div"));
          host.id = "three";
          host.style.width = "900px";
          host.innerHTML = '<div class="player"></div>';
          window.ssmPlayer(host, { value }, () => {});
        }""",
        value,
    )
    player = page.page.locator("#three .player[data-run]")
    longest = max(s.recording.steps for s in shown)
    assert page.page.locator("#three .stage").count() == 3
    assert page.page.locator("#three .who").all_inner_texts() == ["Before", "After <b>one</b> step", "Hybrid"]
    player.focus()
    player.press("End")
    assert page.page.inner_text("#three .counter") == f"step {longest} of {longest}"
    assert page.page.locator("#three .ending").all_inner_texts() == [ending(s.recording) for s in shown]
    player.press("Home")
    assert not any(page.page.locator("#three .ending").all_inner_texts())
    assert page.page.locator("#three .signal").count() == 4 + 2  # a heat map for each episode that has a hidden state
