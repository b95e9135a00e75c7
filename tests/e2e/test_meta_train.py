"""The Meta-train tab as a visitor meets it: small trainings, so that the tests are quick."""

from __future__ import annotations

import csv
import time

import pytest

from model import load_checkpoint
from ui.meta_train.queue import TRAININGS

POINTS = "+(document.querySelector('#meta-returns .curves').dataset.points || '0').split(' ')[0]"
SMALL = {"Num epochs": "1000", "Tasks per epoch": "2", "Episodes per task": "2", "Max steps per episode": "20", "Hidden dim": "8"}
SMALL |= {"Long episodes share": "0"}


def open_tab(visit, settings=SMALL, **options):
    page = visit(**options).page
    page.get_by_role("tab", name="Meta-train").click()
    page.wait_for_selector("#meta-stage .player[data-run]")
    if settings:
        page.locator("#meta-more button.label-wrap").click()
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
    while TRAININGS._tickets and time.monotonic() < deadline:
        time.sleep(0.1)
    return not TRAININGS._tickets


@pytest.fixture(autouse=True)
def nobody_is_left(visit):
    """However a test ends, its places are free soon after the tabs are closed."""
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
    assert page.locator("#meta-stage .who").all_inner_texts() == ["Trained, before adaptation", "After 1 step"]

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
    wait_for_message(page, "can't be read")
    assert page.locator(".toast-body").count() == 0


def test_a_bad_setting_is_one_sentence(visit):
    page = open_tab(visit, {"Inner lr": "-1"})
    page.click("#meta-train")
    wait_for_message(page, "Inner lr must be between 0 and 100, not -1.")
    assert not page.locator("#meta-train").is_disabled() and page.locator(".toast-body").count() == 0


def test_a_closed_tab_gives_up_its_place(visit):
    page = open_tab(visit)
    train_until(page, 1)
    assert len(TRAININGS._tickets) == 1
    page.close()
    assert places_are_free()


def test_the_second_in_line_waits_and_plays_meanwhile(visit, monkeypatch):
    monkeypatch.setattr(TRAININGS, "running", 1)
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
