"""The Live tab as a visitor meets it."""

import re

from safetensors.torch import load_file

from model import load_pretrained
from tests.browser import plays_yours
from tests.e2e.test_connection import make_yours


def test_act_two_nine_reversals_while_it_runs_and_it_stands(alone):
    page = alone("?tab=live&world=reversed_motor")
    page.speed("16")
    page.until("d.lengths.includes('500')")
    page.page.get_by_role("button", name="Now a policy that is hard to make fall").click()
    assert page.page.get_by_label("Which one").input_value() == "taught"
    assert page.page.inner_text(".live-stage .notes") == "motor reversed"
    assert not page.page.get_by_label("Learns from its falls").is_checked()
    page.speed("4")
    for reversals in range(1, 10):
        begun = page.number("episode")
        page.press("reverse")
        page.until("+d.met === a", reversals)
        page.until("+d.episode > a + 30 || +d.episode < a", begun)  # some time between two, or the next episode
    page.until("+d.survived === 9")
    assert page.number("falls") == 0 and page.page.inner_text(".live-count") == "9 of 9 changes survived"
    page.page.get_by_role("button", name="See it beside the meta-trained one").click()
    assert page.page.locator(".live-stage .who").all_inner_texts() == ["Meta-trained", "Taught, no gradient step"]
    page.until("+d.episode > 5")
    page.press("reverse")
    page.until("+d.falls === 1 && +d.survived === 1")  # the first lane's falls; the taught one's changes
    assert page.page.locator(".live-count").all_inner_texts() == ["0 of 1 change survived", "1 of 1 change survived"]


def test_from_other_starts_too_and_a_file_that_is_none(alone, tmp_path):
    page = alone("?tab=live&world=reversed_motor", reduced_motion="reduce")
    assert page.number("episode") == 0 and page.page.inner_text("[data-act=pause]") == "Play"  # it waits for the visitor
    page.page.get_by_label("Which one").select_option("taught")  # who has seen it is not offered it again
    page.page.get_by_label("Which one").select_option("meta")
    page.speed("16")  # a chosen policy begins at once
    page.until("d.lengths.includes('500')")
    page.press("pause")  # or what it says is soon followed by more
    page.page.get_by_role("button", name="Try 20 other starts").click()
    told = page.page.wait_for_function("document.querySelector('.live-say').textContent.match(/(\\d+) of 20 stood/)?.[1]")
    assert int(told.json_value()) >= 18
    assert page.page.locator(".live-next").inner_text().startswith("Does memory do it without a fall?")
    page.press("keep")
    assert page.page.inner_text(".live-note").startswith("Kept")
    assert page.page.get_by_label("Which one").locator("option").last.inner_text() == "Yours"
    file = tmp_path / "broken.safetensors"
    file.write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00not a header")
    page.page.locator("input[type=file][accept='.safetensors']").first.set_input_files(file)
    page.page.wait_for_function("document.querySelector('.live-problem').textContent !== ''")
    assert page.page.inner_text(".live-problem") == "The file is damaged or not a .safetensors file."
    bars = "() => [...document.querySelectorAll('.live-bar output')].every((o) => o.textContent === '–')"
    assert not page.page.evaluate(bars)
    page.press("reverse")  # how far each group moved belongs to the world that is gone
    assert page.page.evaluate(bars)


def test_the_timeline_marks_a_change_where_it_came_and_when_it_was_noticed(alone):
    page = alone("?tab=live&policy=taught")
    page.until("+d.episode > 20 && +d.episode < 400")  # there is time left in the episode to notice
    page.press("pause")
    came = page.number("episode")
    page.press("reverse")  # which lets time go on
    page.until("+d.noticed === 1")
    told = f"Changes in this episode: motor reversed at step {came:.0f}, noticed"
    page.page.wait_for_function("(t) => document.querySelector('.live-changes canvas').ariaLabel.startsWith(t)", arg=told)
    assert page.says.startswith("It noticed")


def test_every_control_acts_on_the_next_step(alone):
    page = alone()
    page.until("+d.episode > 5")
    page.press("pause")
    force = abs(page.number("force"))
    page.slide("force_mag", 20)
    page.press("step")
    assert force == 10 and abs(page.number("force")) == 20
    for act, words in (("mirror", "pole sensors mirrored"), ("gale", "wind 4 N to the right"), ("tilt", "angle sensor +5.7°")):
        page.press(act)
        assert words in page.page.inner_text(".live-stage .notes")
    page.press("pause")
    page.page.get_by_label("A named world").select_option("moon")
    assert page.page.inner_text(".live-stage .notes") == "gravity 1.62 m/s²"
    assert page.page.locator("[data-field=gravity] output").inner_text() == "1.62 m/s²"
    page.slide("wind", -2)
    assert page.page.get_by_label("A named world").input_value() == "custom"


def test_a_push_by_keyboard_by_hand_and_a_tip(alone):
    page = alone()
    page.until("+d.episode > 5")
    page.page.keyboard.press("ArrowRight")  # elsewhere on the page the arrow keys do nothing
    assert page.number("push") == 0
    stage = page.page.locator(".live-stage canvas")
    stage.focus()
    page.page.keyboard.down("ArrowRight")
    page.until("+d.push > 5")
    page.page.keyboard.up("ArrowRight")
    page.until("+d.push === 0")
    page.press("reset")
    page.until("+d.episode > 3")
    box = stage.bounding_box()
    page.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] - 50)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"] * 0.95, box["y"] + box["height"] - 50, steps=4)
    page.until("+d.push > 15")
    page.until("+d.falls > 0")
    page.page.mouse.up()
    page.until("d.phase === 'learnt'")
    assert page.says == "You pushed it: that fall was not its own, so it teaches nothing." and page.number("updates") == 0


def test_keep_as_yours_reaches_play_a_world_comes_from_there_and_one_that_it_cant_learn_goes_to_adapt(live, tmp_path):
    page = live()
    page.press("keep")
    assert page.page.inner_text(".live-problem").startswith("It has learnt nothing yet")
    page.press("reverse")
    page.until("+d.updates > 0")
    page.press("keep")
    page.page.wait_for_function("document.querySelector('.live-note').textContent.startsWith('Kept: it is “Yours” in Play')")
    with page.page.expect_download() as download:
        page.press("save")
    download.value.save_as(tmp_path / "mine.safetensors")
    mine, meta = load_file(tmp_path / "mine.safetensors"), load_pretrained("meta").state_dict()
    assert mine.keys() == meta.keys() and not all(mine[k].equal(meta[k]) for k in meta)
    page.page.get_by_label("Which one").select_option("yours")
    page.page.get_by_label("Learns from its falls").uncheck()
    page.page.get_by_role("tab", name="Play").click()
    plays_yours(page.page)
    make_yours(page.page, tmp_path / "another.safetensors")
    page.page.wait_for_function("document.querySelector('#play-stage .notes').textContent === 'motor reversed'")
    world = page.page.get_by_label("World", exact=True).locator("visible=true")
    assert world.input_value() == "Reversed motor"
    world.click()
    page.page.get_by_role("option", name="Jupiter", exact=True).click()
    page.page.get_by_role("tab", name="Live").click()
    page.page.wait_for_function("document.querySelector('.live-stage .notes').textContent === 'gravity 24.8 m/s²'")
    with page.page.expect_download() as download:
        page.press("save")
    another = load_file(tmp_path / "another.safetensors")
    assert all(p.equal(another[k]) for k, p in load_file(download.value.path()).items())  # the stage has taken over what was kept elsewhere
    page.page.get_by_label("Which one").select_option("meta")
    page.page.get_by_label("Learns from its falls").check()
    page.page.get_by_label("A named world").select_option("blind_velocity")
    page.speed("16")
    page.until("+d.falls > 22")
    assert page.says == "20 falls: this one it can’t learn from falls alone."
    page.page.get_by_role("button", name="Take it to Adapt (hybrid)").click()
    page.page.locator("#adapt-mode").get_by_role("radio", name="Hybrid", checked=True).wait_for()
    page.page.wait_for_function("document.querySelector('#adapt-stage .notes')?.textContent === 'velocity sensors off'")


def test_a_link_reopens_it(alone):
    page = alone()
    page.press("reverse")
    page.slide("wind", 1.5)
    page.page.get_by_label("Which one").select_option("memory")
    page.page.get_by_label("Learns from its falls").uncheck()
    page.page.locator("[data-field=seed]").fill("7")
    page.page.locator("[data-field=seed]").press("Tab")
    page.page.wait_for_function("location.search.includes('seed=7')")
    query = page.page.evaluate("location.search")
    assert query == "?tab=live&world=custom&wind=1.5&reversed_motor=true&policy=memory&seed=7&learning=off"
    again = alone(query)
    assert again.page.inner_text(".live-stage .notes") == "wind 1.5 N to the right · motor reversed"
    assert again.page.get_by_label("Which one").input_value() == "memory"
    assert not again.page.get_by_label("Learns from its falls").is_checked()
    bad = alone("?tab=live&world=atlantis")
    assert "This link can’t be opened: world must be one of those that the page offers, not atlantis." in bad.says
    bad.until("+d.episode > 2")


def test_you_against_it(alone):
    page = alone()
    page.press("you")
    assert page.says.startswith("Your turn.") and page.number("episode") == 0
    page.page.keyboard.down("ArrowLeft")
    page.page.wait_for_function("document.querySelector('.live-say').textContent.startsWith('It wins. You: ')")
    page.page.keyboard.up("ArrowLeft")
    you, it = (float(t) for t in re.search(r"You: ([\d.]+) s. It: ([\d.]+) s, still standing", page.says).groups())
    assert you <= it
    assert f"best of today here {you:.2f} s" in page.page.inner_text(".live-score")
    stopped = page.number("episode")
    page.page.evaluate(
        "() => new Promise((done) => { let n = 20; const next = () => (n-- ? requestAnimationFrame(next) : done()); next(); })"
    )
    assert page.number("episode") == stopped and "rounds 0 : 1" in page.page.inner_text(".live-score")  # the next one waits for the visitor
    page.page.keyboard.down("ArrowRight")
    page.until("+d.episode < a", stopped)  # both carts start anew
    page.page.wait_for_function("document.querySelector('.live-score').textContent.includes('rounds 0 : 2')")
    it = re.search(r"It: ([\d.]+) s, still standing", page.says)[1]
    assert float(it) == round(page.number("episode") * 0.02, 2)
