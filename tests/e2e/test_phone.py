"""Play, Adapt and Meta-train on a phone in the dark."""

import re

import pytest

from tests.browser import Visit, trains_here
from tests.e2e.adapt_visit import Adapting


@pytest.fixture
def phone(shared) -> Visit:
    """A phone that the tests share."""
    return shared(viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True)


def test_play_is_dark_readable_and_its_stage_in_sight_of_every_control(phone, axe):
    page = phone
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 390
    stage = page.page.locator("#play-stage .frame").bounding_box()
    run = page.page.locator("#play-run").bounding_box()
    assert stage["width"] > 300 and stage["y"] + stage["height"] < 844 and run["y"] > stage["y"]
    assert not axe(page.page, options={"runOnly": ["color-contrast"]}).response["violations"]
    ground = page.page.evaluate("getComputedStyle(document.querySelector('#play-stage .frame')).backgroundColor")
    assert all(int(v) < 60 for v in re.findall(r"\d+", ground)[:3])
    page.page.locator("#play-verify").scroll_into_view_if_needed()
    frame = page.page.locator("#play-stage .frame").bounding_box()
    assert frame["y"] >= 0 and frame["y"] + frame["height"] < 400  # the stage is in sight of the last control


def test_on_adapt_the_stage_and_the_button_alone_stay_in_sight(phone):
    tab = Adapting.opened(phone)
    tab.set("adapt-steps", "1")
    tab.adapt()
    tab.page.locator("#adapt-table").scroll_into_view_if_needed()
    stage, button = (tab.page.locator(s).bounding_box() for s in (".adapt-stage", "#adapt-run"))
    assert stage["y"] == 0 and stage["height"] <= 0.4 * 844 and button["y"] > 760 and button["y"] + button["height"] <= 844
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_meta_train_shows_the_place_that_was_chosen_and_nothing_of_the_other(phone):
    page, shown = phone.page, ".meta-live, .meta-result, .meta-run, .meta-here"
    trains_here(page)

    def seen() -> set[str]:
        drawn = "(all) => all.filter((e) => [...e.querySelectorAll('*')].some((part) => part.checkVisibility()))"
        return set(page.eval_on_selector_all(shown, f"(all) => ({drawn})(all).flatMap((e) => [...e.classList])"))

    assert "meta-here" in seen() and "on-server" not in seen()
    page.get_by_label("On the server").check()
    page.wait_for_selector("#meta-train:visible")
    assert "on-server" in seen() and "meta-here" not in seen()
    page.click("#meta-copy")  # nothing lies over the controls
