"""The Meta-train tab as a visitor meets it: small trainings, so that the tests are quick."""

from __future__ import annotations

import csv
import time

import pytest

from model import load_checkpoint
from tests.e2e.conftest import Visit, open_settings
from ui.server.training import TRAININGS

POINTS = "+(document.querySelector('#meta-returns .curves')?.dataset.points || '0').split(' ')[0]"
SMALL = {"Epochs": "1000", "Worlds per epoch": "2", "Episodes per world": "2", "Steps per episode": "20", "Hidden size": "8"}
SMALL |= {"Share of long episodes": "0"}


def open_tab(visit, settings=SMALL, **options):
    page = visit(**options).page
    page.get_by_role("tab", name="Meta-train").click()
    page.wait_for_selector("#meta-stage .player[data-run]")
    if settings:
        open_settings(page, "#meta-more button.label-wrap")
        for name, value in settings.items():
            fill(page, name, value)
    return page


def fill(page, name: str, value: str) -> None:
    field = page.get_by_role("tabpanel").get_by_label(name, exact=True).locator("visible=true")
    field.fill(value)
    field.press("Tab")


def train_until(page, points: int) -> None:
    page.click("#meta-train")
    page.wait_for_function(f"({POINTS}) >= {points}")


def message(page) -> str:
    return page.inner_text("#meta-message")


def wait_for_message(page, text: str) -> None:
    page.wait_for_function("t => document.querySelector('#meta-message').innerText.includes(t)", arg=text)


def upload(page, file) -> None:
    with page.expect_file_chooser() as chooser:
        page.click("#meta-upload")
    chooser.value.set_files(file)


def places_are_free() -> bool:
    """Whether all trainings end; a minute is far more than any takes here, for slow machines."""
    deadline = time.monotonic() + 60
    while len(TRAININGS.line) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not len(TRAININGS.line)


@pytest.fixture(autouse=True)
def nobody_is_left(visit, monkeypatch):
    """However a test ends, its places are free soon after the tabs are closed."""
    monkeypatch.setattr(TRAININGS, "alone", 4.0)
    yield
    assert places_are_free()


def test_train_stop_use_and_save(visit, tmp_path):
    page = open_tab(visit)
    assert "Press Train" in page.inner_text("#meta-returns") and page.locator("#meta-use").is_disabled()
    assert page.locator("#meta-recipe input").input_value() == "Custom"  # a setting was changed
    stage = page.get_attribute("#meta-stage .player", "data-run")
    train_until(page, 3)
    assert page.locator("#meta-train").is_disabled()
    page.wait_for_function(f"({POINTS}) > {page.evaluate(POINTS)}")  # it grows
    page.click("#meta-stop")
    page.wait_for_selector("#meta-check table")
    stopped = message(page)
    assert "the best parameters are kept" in stopped and "validation worlds" in page.inner_text("#meta-check")
    page.wait_for_function("old => document.querySelector('#meta-stage .player').dataset.run !== old", arg=stage)
    assert page.locator("#meta-stage .who").all_inner_texts() == ["Before", "After 1 step"] * 2

    files = {}
    for button, suffix in (("checkpoint", ".safetensors"), ("log", ".csv"), ("figure", ".svg")):
        with page.expect_download() as download:
            page.click(f"#meta-{button}")
        files[button] = tmp_path / f"file{suffix}"
        assert download.value.suggested_filename.endswith(suffix)
        download.value.save_as(files[button])
    assert load_checkpoint(files["checkpoint"]).hidden_dim == 8
    epochs = len(list(csv.DictReader(files["log"].read_text().splitlines())))
    assert epochs >= 4 and f"Stopped after {epochs} epochs" in stopped and "<svg" in files["figure"].read_text()

    page.click("#meta-use")
    wait_for_message(page, "“Yours”")
    page.get_by_role("tab", name="Play").click()
    page.wait_for_function("() => document.querySelector('#play-stage .who')?.innerText.startsWith('Yours')")

    page.get_by_role("tab", name="Meta-train").click()
    upload(page, files["checkpoint"])
    wait_for_message(page, "Read: ")
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"\x10" * 300)
    upload(page, bad)
    wait_for_message(page, "This file is damaged or no checkpoint.")
    page.wait_for_selector(".field-checkpoint .beside:visible")
    assert page.locator(".toast-body").count() == 0


def reload(visit) -> None:
    """Load the page again and come back to this tab."""
    visit.reload()
    visit.page.get_by_role("tab", name="Meta-train").click()


def test_it_plays_while_it_trains_and_a_reload_finds_it_again(visit, monkeypatch):
    monkeypatch.setattr(TRAININGS, "alone", 60.0)
    mine = visit()
    page = open_tab(lambda **_: mine)
    first = page.get_attribute("#meta-stage .player", "data-run")
    assert "press Train" in page.inner_text("#meta-seen")
    train_until(page, 3)
    legend = page.locator("#meta-returns .legend > span").all_inner_texts()
    assert legend == [f"{motor} motor, {when}" for motor in ("usual", "reversed") for when in ("before", "after 1 step")]
    page.wait_for_function("old => document.querySelector('#meta-stage .player').dataset.run !== old", arg=first)
    assert "The best policy after" in page.inner_text("#meta-title") and page.locator("#meta-stage .frame").count() == 4
    assert "steps" in page.inner_text("#meta-seen")

    other = visit()  # another browser
    reload(mine)
    page.wait_for_function(f"({POINTS}) >= 3")  # its curves are there, and grow on
    page.wait_for_function(f"({POINTS}) > {page.evaluate(POINTS)}")
    assert page.locator("#meta-train").is_disabled() and len(TRAININGS.line) == 1
    other.page.get_by_role("tab", name="Meta-train").click()
    assert other.page.evaluate(POINTS) == 0 and other.page.locator("#meta-stop").is_disabled()

    page.click("#meta-stop")
    page.wait_for_selector("#meta-check table")
    reload(mine)  # and once more, when it has ended
    page.wait_for_selector("#meta-check table")
    page.click("#meta-adapt")
    page.wait_for_function("() => document.querySelector('#adapt-stage .notes')?.innerText.includes('mirrored')")


def test_a_bad_setting_is_one_sentence(visit):
    page = open_tab(visit, {"Inner learning rate": "-1"})
    page.click("#meta-train")
    wait_for_message(page, "Inner learning rate must be between 0 and 100, not -1.")
    assert not page.locator("#meta-train").is_disabled() and page.locator(".toast-body").count() == 0


def test_settings_that_are_a_recipe_have_its_name(visit):
    page = open_tab(visit, {"Epochs": "30"})
    recipe, named = page.locator("#meta-recipe input"), "e => e.value === '1 minute: reversed motor'"
    assert recipe.input_value() == "Custom"
    fill(page, "Epochs", "60")
    page.wait_for_function(named, arg=recipe.element_handle())
    page.get_by_role("checkbox", name="Wind").check()
    page.wait_for_function("e => e.value === 'Custom'", arg=recipe.element_handle())
    page.get_by_role("checkbox", name="Wind").uncheck()
    page.wait_for_function(named, arg=recipe.element_handle())


def test_a_closed_tab_gives_up_its_place(visit):
    page = open_tab(visit)
    train_until(page, 1)
    assert len(TRAININGS.line) == 1
    page.close()
    assert places_are_free()


def test_the_second_in_line_waits_and_plays_meanwhile(visit, monkeypatch):
    monkeypatch.setattr(TRAININGS.line, "at_once", 1)
    one, waiting = open_tab(visit), visit()
    two = waiting.page
    train_until(one, 1)
    two.get_by_role("tab", name="Meta-train").click()
    two.click("#meta-train")
    wait_for_message(two, "You are first in the queue.")
    two.get_by_role("tab", name="Play").click()
    waiting.run()
    two.get_by_role("tab", name="Meta-train").click()
    one.click("#meta-stop")
    one.wait_for_selector("#meta-check table")
    wait_for_message(two, "Training.")
    two.click("#meta-stop")
    wait_for_message(two, "Stopped")


def test_a_phone_in_the_dark(visit):
    page = open_tab(visit, None, viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for part in ("#meta-returns canvas", "#meta-loss canvas", "#meta-stage .frame", "#meta-train"):
        box = page.locator(part).first.bounding_box()
        assert box["width"] > 100 and box["x"] >= 0 and box["x"] + box["width"] <= 390
    page.click("#meta-train")  # the button stands below the curves, which come back into view
    page.wait_for_function("() => Math.abs(document.querySelector('#meta-numbers').getBoundingClientRect().top) < 30")
    page.click("#meta-stop")
    wait_for_message(page, "Stopped")


def test_the_address_holds_the_settings_and_opens_them(browser, page_url):
    visit = Visit(browser, page_url)
    page = visit.page
    page.goto(f"{page_url}?tab=meta-train&recipe=wind_and_motor&num_epochs=12&families=wind")
    page.wait_for_function("() => document.querySelector('#meta-recipe input')?.value === 'Custom'")
    page.get_by_role("button", name="All settings").click()
    assert page.get_by_label("Epochs", exact=True).input_value() == "12"
    assert page.get_by_role("checkbox", name="Wind").is_checked()
    assert not page.locator("input[name=reversed_motor]").is_checked()
    page.locator("#meta-more").get_by_label("Seed").fill("7")
    page.wait_for_function("() => location.search.includes('seed=7')")
    assert "recipe=wind_and_motor" in page.url and "num_epochs=12" in page.url
    page.locator("#meta-recipe input").click()
    page.get_by_role("option", name="Go on from the shipped weights").click()
    page.wait_for_function("() => location.search.includes('recipe=go_on') && !location.search.includes('num_epochs')")
    page.get_by_role("tab", name="About").click()
    page.wait_for_function("() => location.search.includes('tab=about')")
    page.go_back()
    page.wait_for_function("() => location.search.includes('recipe=go_on')")
    visit.go(f"{page_url}?tab=meta-train&num_epochs=many")
    page.wait_for_function("() => /This link can't be opened/.test(document.querySelector('#meta-message')?.textContent)")
    assert not visit.problems
    visit.context.close()
