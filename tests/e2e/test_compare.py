"""The Compare tab as a visitor meets it."""

from __future__ import annotations


def test_a_race_is_told_played_in_step_and_shared(visit):
    page = visit().page
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector("#race-stage .player[data-run]")
    assert page.locator("#race-stage figure.stage").count() == 4 and page.inner_text("#race-result") == ""
    page.click("#race-run")
    page.wait_for_selector("#race-result .outcome", timeout=60_000)
    words = page.inner_text("#race-result .outcome")
    assert words.startswith("Memory wins. Memory stands without a step; Meta-trained (fresh episodes) stands after one step")
    page.wait_for_function("() => document.querySelector('#race-stage .stages').textContent.includes('after 3 steps')")
    places = page.locator("#race-result tbody tr").evaluate_all("rows => rows.map((r) => [r.cells[0].textContent, r.cells[1].textContent])")
    assert places[:2] == [["1", "Memory, as it is"], ["2", "Meta-trained, fresh episodes"]] and places[-1] == [
        "–",
        "Meta-trained, as it is",
    ]
    assert page.inner_text("#race-stage .stages > .key").split("\n")[0].startswith("motor force")
    steps = page.get_attribute("#race-stage .player", "data-steps").split()
    assert int(steps[0]) < 100 and steps[1] == "500"
    page.get_by_role("tab", name="Play").click()
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_timeout(800)
    assert "after 3 steps" in page.inner_text("#race-stage .stages")  # the result's lanes are there still
    assert "tab=compare" in page.url and page.url.endswith("ran=1")

    # Another world: its lanes stand there at once, and the result says that it was made elsewhere.
    page.locator("#race-standard").get_by_label("Standard").uncheck()
    page.wait_for_function("() => document.querySelectorAll('#race-stage figure.stage').length === 3")
    page.wait_for_selector("#race-result.stale")
    assert page.evaluate("document.querySelector('#race-next').inert")

    second = page.context.new_page()
    link = page.url.replace("meta_memory_meta.standard", "memory_meta.standard")
    second.goto(f"{link}&ran=1")
    second.wait_for_selector("#race-result .outcome", timeout=60_000)
    second.wait_for_timeout(800)
    assert second.locator("#race-stage .notes").all_inner_texts() == ["500 of 500 on average", "500 of 500 on average after 3 steps"]
    assert second.get_by_role("tab", name="Compare").get_attribute("aria-selected") == "true"


def test_a_world_chosen_during_a_race_stands_on_the_stage_at_its_end(visit):
    page = visit().page
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector("#race-stage .player[data-run]")
    page.evaluate(  # by the page itself, for the race may be over before a test's own click arrives
        """() => new MutationObserver((_, observer) => {
            if (document.querySelector("#race-stop").disabled) return;
            observer.disconnect();
            [...document.querySelectorAll("button")].find((b) => b.textContent.trim() === "Mirrored sensors" && b.offsetParent).click();
        }).observe(document.querySelector("#race-stop"), { attributes: true })"""
    )
    page.click("#race-run")
    page.wait_for_selector("#race-result.stale .outcome", timeout=60_000)
    page.wait_for_selector("#race-run:not([disabled])")
    assert "Motor reversed" in page.inner_text("#race-result") and page.is_visible("#race-result .stale-note")
    page.wait_for_function("() => !/on average/.test(document.querySelector('#race-stage .stages').textContent)")
    assert "world=mirrored_sensors" in page.url and "ran=" not in page.url
    page.get_by_role("tab", name="Play").click()
    page.wait_for_function("() => document.querySelector('#play-stage .notes').textContent === 'pole sensors mirrored'")


def test_a_race_with_other_racers_leaves_plays_world_alone(visit):
    page = visit().page
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector("#race-stage .player[data-run]")
    page.locator("#race-standard").get_by_label("Standard").uncheck()
    page.wait_for_function("() => document.querySelectorAll('#race-stage figure.stage').length === 3")
    page.get_by_role("tab", name="Play").click()
    page.wait_for_timeout(800)
    assert page.inner_text("#play-stage .notes") == "standard world" and "world=standard" in page.url


def test_a_seed_mended_on_another_tab_is_mended_here(visit):
    page = visit().page
    seed, stage = page.locator(".field-seed input").locator("visible=true"), "#race-stage .player:not(.stale)"
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector("#race-stage .player[data-run]")
    seed.fill("-1")
    page.wait_for_selector("#race-stage .player.stale")
    page.wait_for_selector(".field-seed .beside:visible")
    page.get_by_role("tab", name="Play").click()
    seed.fill("0")
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector(stage)
    page.wait_for_function("() => !document.querySelector('#race-message .problem')")
    assert page.locator(".field-seed .beside:visible").count() == 0


def test_no_racer_is_one_sentence(visit):
    page = visit().page
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector("#race-stage .player[data-run]")
    for mode in ("none", "standard"):
        for box in page.locator(f"#race-{mode} input:checked").all()[::-1]:
            box.uncheck()
    page.click("#race-run")
    page.wait_for_selector("#race-message .problem")
    assert "Racers must be 1 to 6 of those that the page offers" in page.text_content("#race-message")
