"""The line to the server, where something on the way does not let it pass, and what a page that is loaded again gets back."""

from model.policy.checkpoint import serialise
from tests.browser import Visit, plays_yours, trains_here, upload
from ui.runs.policies import shared_model

BLOCKS = {
    "forbids": lambda route: route.fulfill(status=403, body="Forbidden"),
    "answers itself": lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>This site is blocked</h1>"),
    "cuts": lambda route: route.abort(),
}


def make_yours(page, file) -> None:
    """Upload a policy and make it the visitor's own, which Play then shows."""
    file.write_bytes(serialise(shared_model("memory")))
    trains_here(page)
    upload(page, file)
    page.wait_for_function("() => !document.querySelector('#meta-use-browser').disabled")
    page.click("#meta-use-browser")
    plays_yours(page)


def told(page) -> str:
    """What the page says of its line."""
    page.wait_for_selector(".line-note")
    return page.inner_text(".line-note p")


def test_a_network_that_blocks_the_stream_is_told_and_the_rest_goes_on(browser, page_url):
    goes_on_without_its_stream(browser, page_url, BLOCKS["answers itself"])


def goes_on_without_its_stream(browser, page_url, block) -> None:
    """Each load of the page takes seconds, and a blocked one is loaded up to three times: tests/slow tries the other ways."""
    visit = Visit(browser, page_url, reduced_motion="no-preference")  # whose console complains, rightly
    page, loads = visit.page, []
    page.on("request", lambda request: loads.append(request.url) if request.is_navigation_request() else None)
    page.route("**/queue/data?*", block)
    page.goto(page_url)
    assert "/gradio_api/queue/data" in told(page)
    page.wait_for_function("(falls) => ssmLive.page.lane.shown.steps !== falls", arg=page.evaluate("ssmLive.page.lane.shown.steps"))
    trains_here(page)
    page.click("[data-train=go]")
    page.wait_for_function("() => +document.querySelector('.train').dataset.epochs >= 1")
    page.click("[data-train=stop]")
    page.click("[data-train=live]")
    assert page.get_by_label("Which one").input_value() == "yours"
    assert 1 <= len(loads) <= 3  # it was loaded, and again at most twice
    page.unroute("**/queue/data?*")
    page.goto(f"{page_url}?tab=play")
    page.wait_for_selector("#play-stage .player[data-run]")
    assert not page.locator(".line-note").count()
    visit.context.close()


def test_a_link_opens_though_a_file_of_the_page_comes_late(browser, page_url):
    visit, late = Visit(browser, page_url), []

    def pass_on(route) -> None:
        answer = route.fetch()
        if "`form " in answer.text():  # Gradio's group of fields: Live has none, and moves before it is there
            return late.append((route, answer))
        route.fulfill(response=answer)

    visit.page.route("**/assets/Index-*.js", pass_on)
    visit.page.goto(f"{page_url}?tab=adapt&world=windy")
    visit.page.wait_for_selector(".live-stage canvas")
    visit.page.wait_for_timeout(1000)  # within which Live's own address would be there
    for route, answer in late:
        route.fulfill(response=answer)
    visit.page.wait_for_selector("#acts [role=tab][data-tab-id=adapt][aria-selected=true]")
    visit.page.wait_for_function("() => location.search.includes('windy')")
    assert late and not visit.problems
    visit.context.close()


def test_a_tab_that_is_opened_before_the_server_has_answered_is_a_step_that_back_undoes(browser, page_url):
    visit, late = Visit(browser, page_url), []
    visit.page.route("**/queue/join*", lambda route: late.append(route) if len(late) < 3 else route.continue_())
    visit.page.goto(page_url)
    visit.page.get_by_role("tab", name="Play").click()
    visit.page.wait_for_timeout(1000)
    for route in late:
        route.continue_()
    visit.page.wait_for_function("() => location.search.includes('tab=play')")
    visit.page.go_back()
    visit.page.wait_for_selector("#acts [role=tab][data-tab-id=live][aria-selected=true]")
    assert late and not visit.problems
    visit.context.close()


def test_a_policy_of_ones_own_outlives_a_reload(visit, tmp_path):
    mine = visit()
    make_yours(mine.page, tmp_path / "mine.safetensors")
    mine.page.wait_for_function("() => location.search.includes('policy=yours')")
    mine.reload()
    plays_yours(mine.page)
    mine.page.get_by_role("tab", name="Live").click()
    mine.page.wait_for_selector(".live option[value=yours]", state="attached")
    assert not mine.page.locator(".line-note").count()
