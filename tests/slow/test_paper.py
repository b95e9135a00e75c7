"""On paper the page is light and whole."""

PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
DARK = "document.body.classList.contains('dark')"


def test_a_printed_page_is_light_and_lets_nothing_stick_or_scroll(visit):
    page = visit(**PHONE).page
    assert page.evaluate(DARK)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not page.evaluate(DARK)
    page.emulate_media(media="print")
    style = "(selector, name) => getComputedStyle(document.querySelector(selector))[name]"
    looks = page.evaluate(
        f"""() => [["body", "backgroundColor"], [".act", "display"], ["#play-run", "position"]]
        .map((asked) => ({style})(...asked))"""
    )
    assert looks == ["rgb(255, 255, 255)", "block", "static"]
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(DARK)
