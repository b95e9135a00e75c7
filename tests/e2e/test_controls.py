"""One world on all tabs: two groups of controls stay the same, whichever a visitor touches."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr
import pytest

from ui.tabs.controls import PolicyControls, WorldControls, connect_same, connect_worlds
from ui.views.player import scripts


@pytest.fixture(scope="module")
def two_tabs_url() -> Iterator[str]:
    with gr.Blocks() as page:
        with gr.Tab("One"):
            one, first = WorldControls(), PolicyControls()
        with gr.Tab("Two"):
            two, second = WorldControls(), PolicyControls()
        connect_worlds(one, two)
        connect_same(first.seed, second.seed)
    _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, ssr_mode=False, head=scripts())
    yield url
    page.close(verbose=False)


def test_the_world_and_the_seed_travel(browser, two_tabs_url):
    page = browser.new_page()
    page.goto(two_tabs_url)

    def world() -> tuple:
        panel = page.get_by_role("tabpanel").locator("visible=true")
        return (
            panel.get_by_label("World", exact=True).input_value(),
            panel.get_by_role("checkbox", name="Reversed motor").is_checked(),
            float(panel.get_by_role("spinbutton", name="Wind").input_value()),
            panel.get_by_role("spinbutton", name="Seed").input_value(),
        )

    page.get_by_label("World", exact=True).click()
    page.get_by_role("option", name="Reversed gale").click()
    page.get_by_role("spinbutton", name="Seed").fill("8")
    page.get_by_role("tab", name="Two").click()
    page.get_by_role("tabpanel").locator("visible=true").get_by_label("World", exact=True).wait_for()
    assert world() == ("Reversed gale", True, 4.0, "8")
    page.get_by_role("tabpanel").locator("visible=true").get_by_role("checkbox", name="Reversed motor").uncheck()
    assert world() == ("Custom", False, 4.0, "8")
    page.get_by_role("tab", name="One").click()
    page.get_by_role("tabpanel").locator("visible=true").get_by_label("World", exact=True).wait_for()
    assert world() == ("Custom", False, 4.0, "8")
    page.close()
