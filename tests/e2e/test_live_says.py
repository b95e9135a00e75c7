"""What the Live page says and shows of a policy is of that policy, in its world."""

import pytest


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "The meta-trained policy balances. Reverse its motor: it falls, learns"),
        ("policy=memory", "The memory policy balances. Reverse its motor: what it remembers of this episode tells it so"),
        ("policy=standard", "The standard policy balances; it has seen no other cart."),
        ("policy=untrained", "The untrained policy has learnt nothing yet."),
        ("learning=off", "The meta-trained policy starts on the standard cart. Learning is off"),
        ("world=windy", "Here: wind 2.5 N to the right. The meta-trained policy starts from its own weights"),
    ],
)
def test_it_opens_with_what_is_true_of_its_policy(alone, query, words):
    page = alone(f"?tab=live&{query}")
    said = page.page.evaluate("() => ssmLive.sentence({ type: 'start' }, ssmLive.page.run, ssmLive.page.state.policy)")
    assert said.startswith(words)
    if "untrained" not in query:  # that one falls before it can be read
        assert page.says == said


def test_bars_of_another_world_or_policy_are_cleared(alone):
    page = alone()
    bars = "() => [...document.querySelectorAll('.live-bar output')].every((o) => o.textContent === '–')"
    for change in (lambda: page.press("reverse"), lambda: page.page.get_by_label("Which one").select_option("standard")):
        if page.data("phase") != "learnt":
            page.slide("wind", 2.5)
            page.press("reverse")
        page.speed("16")
        page.page.wait_for_function(f"() => !({bars})()", timeout=60_000)
        page.speed("0.25")  # so that nothing is learnt meanwhile
        change()
        assert page.page.evaluate(bars)
