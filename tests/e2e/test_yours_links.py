"""A link to "Yours", opened in another browser."""

from __future__ import annotations

from urllib.parse import urlencode

SHOWS_YOURS = "() => document.querySelector('#play-stage .who')?.innerText.startsWith('Yours')"
TRAINED = "trained~recipe~reversed_motor~epochs~2~seconds~3~tasks_per_epoch~2~episodes_per_task~2~max_steps_per_episode~20"
TRAINED += "~long_episodes_share~0~hidden_dim~8"


def opened(visit, query: str):
    """A link in a page of its own: leaving one for another cuts its streams, which the browser reports as errors."""
    page = visit.context.new_page()
    page.goto(visit.url + query)
    return page


def test_what_was_adapted_and_kept_opens_elsewhere(visit):
    mine = visit()
    page = mine.page
    page.get_by_role("tab", name="Adapt").click()
    page.click("#adapt-run")
    page.wait_for_selector("#adapt-keep:not([disabled])", timeout=60_000)
    page.click("#adapt-keep")
    page.wait_for_selector("#adapt-message .notice")
    page.get_by_role("tab", name="Play").click()
    page.wait_for_function(SHOWS_YOURS)
    page.wait_for_function("() => location.search.includes('made=adapted')")  # the address is the link
    query, steps = page.evaluate("location.search"), mine.steps

    other = visit(query)
    other.page.wait_for_function(SHOWS_YOURS, timeout=60_000)
    assert other.steps == steps == 500
    other.page.wait_for_function("() => location.search.includes('made=adapted')")
    made = dict(p.split("=") for p in query[1:].split("&"))["made"]
    again = {"tab": "adapt", "world": "windy", "start": "yours", "mode": "standard", "num_adapt_steps": 1, "ran": 1, "made": made}
    results = []
    for _ in range(2):
        third = opened(other, f"?{urlencode(again)}")
        third.wait_for_selector("#adapt-result .outcome", timeout=60_000)
        results.append(third.inner_text("#adapt-result"))
    assert results[0] == results[1] and "Yours" in results[0]


def test_what_was_trained_is_trained_again(visit):
    page = visit(f"?{urlencode({'tab': 'play', 'policy': 'yours', 'world': 'moon', 'seed': 4, 'made': TRAINED})}").page
    page.wait_for_function(SHOWS_YOURS, timeout=60_000)
    assert page.locator("#play-stage .notes").first.inner_text() == "gravity 1.62 m/s²"


def test_a_link_to_what_only_its_maker_has_says_so(visit):
    page = opened(visit(), "?tab=adapt&start=yours&world=reversed_gale&seed=7")
    page.get_by_text("starts from a policy that only its maker has").first.wait_for()
    page.wait_for_function("() => document.querySelector('#adapt-stage .notes').innerText.includes('motor reversed')")
    broken = visit("?tab=play&policy=yours&world=moon&made=trained~epochs~9999").page
    broken.get_by_text("The policy of this link can't be made again:").first.wait_for()
