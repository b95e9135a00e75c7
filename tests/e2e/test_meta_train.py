"""Meta-training on the server as a visitor meets it: small trainings, so that the tests are quick."""

import csv

import pytest

from model import load_checkpoint
from tests.browser import Visit, fill, open_settings, plays_yours, upload
from tests.machine import wait_until
from ui.server.training import TRAININGS

POINTS = "+(document.querySelector('#meta-returns .curves')?.dataset.points || '0').split(' ')[0]"
SMALL = {"Epochs": "1000", "Worlds per epoch": "2", "Episodes per world": "2", "Steps per episode": "20", "Hidden size": "8"}
SMALL |= {"Share of long episodes": "0", "Time budget (s, 5 to 300)": "300"}


def come(page) -> None:
    page.get_by_role("tab", name="Meta-train").click()
    page.get_by_label("On the server").check()
    page.wait_for_selector("#meta-stage .player[data-run]")


def open_tab(visit: Visit, settings=SMALL):
    come(visit.page)
    open_settings(visit.page, "#meta-more button.label-wrap")
    for name, value in settings.items():
        fill(visit.page, name, value)
    return visit.page


def train_until(page, points: int) -> None:
    page.click("#meta-train")
    page.wait_for_function(f"({POINTS}) >= {points}")


def wait_for_message(page, text: str) -> None:
    page.wait_for_function("t => document.querySelector('#meta-message')?.innerText.includes(t)", arg=text)


def wait_for_recipe(page, name: str) -> None:
    page.wait_for_function("name => document.querySelector('#meta-recipe input')?.value === name", arg=name)


@pytest.fixture(autouse=True)
def nobody_is_left(visit):
    """However a test ends, its places are free once its tabs are closed."""
    yield
    assert wait_until(lambda: not len(TRAININGS.line))


def test_train_reload_stop_use_save_and_upload(visit, tmp_path, monkeypatch):
    monkeypatch.setattr(TRAININGS, "alone", 600.0)  # s; on a slow machine a page takes long to come back
    mine = visit()
    page = open_tab(mine)
    assert page.locator("#meta-use-server").is_disabled() and page.locator("#meta-stage .frame").count() == 4
    stage = page.get_attribute("#meta-stage .player", "data-run")
    train_until(page, 3)
    assert page.locator("#meta-train").is_disabled() and len(TRAININGS.line) == 1
    page.wait_for_function("old => document.querySelector('#meta-stage .player').dataset.run !== old", arg=stage)  # it plays meanwhile
    mine.reload()
    come(page)
    page.wait_for_function(f"({POINTS}) >= 3")
    page.wait_for_function(f"({POINTS}) > {page.evaluate(POINTS)}")  # its curves are there, and grow on
    assert page.locator("#meta-train").is_disabled() and len(TRAININGS.line) == 1
    page.click("#meta-stop")
    page.wait_for_selector("#meta-check table")

    files = {}
    for button, suffix in (("checkpoint", ".safetensors"), ("log", ".csv"), ("figure", ".svg")):
        with page.expect_download() as download:
            page.click(f"#meta-{button}-server")
        files[button] = tmp_path / f"file{suffix}"
        download.value.save_as(files[button])
    assert load_checkpoint(files["checkpoint"]).hidden_dim == 8 and "<svg" in files["figure"].read_text(encoding="utf-8")
    epochs = len(list(csv.DictReader(files["log"].read_text(encoding="utf-8").splitlines())))
    assert epochs >= 3 and f"{epochs} of 1000" in page.inner_text("#meta-numbers")

    page.click("#meta-use-server")
    plays_yours(page)
    come(page)
    upload(page, files["checkpoint"])
    wait_for_message(page, "Read: ")
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"\x10" * 300)
    upload(page, bad)
    page.wait_for_selector(".field-checkpoint .beside:visible")
    assert page.locator(".toast-body").count() == 0


def test_the_address_holds_the_settings_and_opens_them(arrive):
    page = arrive("?tab=meta-train&recipe=wind_and_motor&num_epochs=12&families=wind&place=server").page
    wait_for_recipe(page, "Custom")
    open_settings(page, "#meta-more button.label-wrap")
    assert page.get_by_label("Epochs", exact=True).input_value() == "12"
    assert not page.locator("input[name=reversed_motor]").is_checked()
    page.locator("#meta-more").get_by_label("Seed").fill("7")
    page.wait_for_function("() => ['seed=7', 'num_epochs=12', 'place=server'].every((part) => location.search.includes(part))")
    page.locator("#meta-recipe input").click()
    page.get_by_role("option", name="Go on from the shipped weights").click()
    page.wait_for_function("() => location.search.includes('recipe=go_on') && !location.search.includes('num_epochs')")
    wait_for_recipe(page, "Go on from the shipped weights")
    page.get_by_role("checkbox", name="Wind").uncheck()
    wait_for_recipe(page, "Custom")
    page.get_by_role("checkbox", name="Wind").check()
    wait_for_recipe(page, "Go on from the shipped weights")
    fill(page, "Inner learning rate", "-1")
    page.click("#meta-train")
    page.wait_for_selector(".field-inner-lr .beside:visible")
    assert not page.locator("#meta-train").is_disabled() and page.locator(".toast-body").count() == 0
