"""What the Live page says and shows of a policy is of that policy, in its world."""

import pytest


@pytest.mark.parametrize("query", ["", "policy=memory", "policy=standard", "learning=off", "world=windy"])
def test_it_opens_with_what_is_true_of_its_policy(alone, query):
    page = alone(f"?tab=live&{query}")
    assert page.says == page.page.evaluate("() => ssmLive.sentence({ type: 'start' }, ssmLive.page.run, ssmLive.page.state.policy)")


def test_bars_of_another_world_or_policy_are_cleared(alone):
    page = alone()
    bars = "() => [...document.querySelectorAll('.live-bar output')].every((o) => o.textContent === '–')"
    for change in (lambda: page.press("reverse"), lambda: page.page.get_by_label("Which one").select_option("standard")):
        if page.data("phase") != "learnt":
            page.slide("wind", 2.5)
            page.press("reverse")
        page.speed("16")
        page.page.wait_for_function(f"() => !({bars})()")
        page.speed("0.25")  # so that nothing is learnt meanwhile
        change()
        assert page.page.evaluate(bars)
