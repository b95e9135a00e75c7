"""A server that is killed and started again, on the same port, and the other ways in which something can block its stream."""

import pytest

from tests.browser import Visit, plays_yours
from tests.e2e.test_connection import BLOCKS, goes_on_without_its_stream, make_yours, told
from tests.slow.serve import served

NO_STORAGE = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } });"


def test_what_was_made_comes_back_after_a_restart(browser, tmp_path):
    with served() as first:
        kept, lost = Visit(browser, first.url), Visit(browser, first.url)  # whose consoles complain, rightly
        lost.page.add_init_script(NO_STORAGE)
        for visit in (kept, lost):
            make_yours(visit.open().page, tmp_path / "mine.safetensors")
        page, port = kept.page, int(first.url.rstrip("/").rsplit(":", 1)[1])
        page.get_by_role("tab", name="Adapt").click()
        page.wait_for_selector("#adapt-stage .player[data-run]")
        page.locator("#adapt-mode").get_by_role("radio", name="Both").check()
        page.locator("#adapt-steps input[type=number]").fill("10")
        page.locator("#adapt-steps input[type=number]").press("Tab")
        page.click("#adapt-run")
        page.wait_for_function("() => !document.querySelector('#adapt-stop').disabled")
        first.kill()  # in the middle of a run
        with served(port):
            said = told(page)
            assert "The server was restarted." in said and "adaptation under way is lost" in said and "is back" in said
            page.get_by_role("tab", name="Play").click()
            page.locator("#play-stage .player[data-run]").wait_for()
            page.get_by_role("combobox", name="Policy", exact=True).click()
            page.get_by_role("option", name="Yours").click()
            plays_yours(page)
            lost.page.click("#play-run")  # nothing ran there, so that it has not noticed
            said = told(lost.page)
            assert "The server was restarted." in said and "Your own policy is lost: this browser keeps nothing" in said
    for visit in (kept, lost):
        visit.context.close()


@pytest.mark.parametrize("how", ["forbids", "cuts"])
def test_the_rest_goes_on_without_the_stream(browser, page_url, how):
    goes_on_without_its_stream(browser, page_url, BLOCKS[how])
