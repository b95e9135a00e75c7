"""Meta-training in the visitor's own browser."""

import csv
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

from model import load_checkpoint
from model.maml.recipes import ONE_MINUTE
from model.maml.to_file import LOG_COLUMNS
from model.policy.checkpoint import serialise
from tests.browser import TRAIN, fill, open_settings, plays_yours, trains_here, upload
from ui.runs.policies import shared_model

SMALL = replace(ONE_MINUTE, num_epochs=2, tasks_per_epoch=4, episodes_per_task=4, min_support_episodes=4, max_steps_per_episode=40)
FAMILIES = ("reversed_motor", "wind")


def trained(page, hands: int) -> dict:
    return page.evaluate(TRAIN, {"config": asdict(SMALL), "families": FAMILIES, "hands": hands})


def test_any_number_of_workers_even_none_or_one_that_dies_makes_the_same_policy_to_the_bit(alone):
    page = alone().page
    rows = [trained(page, hands) for hands in (1, 2, 4)]
    assert [row["workers"] for row in rows] == [1, 2, 4]
    page.evaluate("() => { window.spare = window.Worker; }")
    page.evaluate(
        """() => { window.Worker = class extends window.spare {
          postMessage(message) { // the second batch of episodes kills it
            this.batches = (this.batches ?? 0) + (message.act === "collect");
            if (this.batches < 2) super.postMessage(message);
            else this.onerror(new Event("error"));
          }
        }; }"""
    )
    rows.append(trained(page, 2))
    page.evaluate("() => { window.Worker = class { constructor() { throw Error(); } }; }")
    rows.append(trained(page, 2))
    assert rows[-1]["workers"] == 0 and len({row["bits"] for row in rows}) == 1


def test_where_no_worker_and_no_webassembly_is_allowed_it_makes_the_same_policy_slower_and_says_so(alone, browser, site):
    expected = trained(alone().page, 1)["bits"]
    policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"
    index = Path(site.removeprefix("file://"))
    strict, text = index.with_name("strict.html"), index.read_text(encoding="utf-8")
    strict.write_text(f'<meta http-equiv="Content-Security-Policy" content="{policy}">{text}', encoding="utf-8")
    with closing(browser.new_context(offline=True, reduced_motion="reduce")) as context:
        page = context.new_page()
        page.goto(f"file://{strict}?tab=train")
        row = trained(page, 2)
        assert row["workers"] == 0 and row["bits"] == expected
        press(page, "go")
        epochs(page, 1)
        said = page.inner_text(".train-words")
        assert "no workers" in said and "no WebAssembly" in said


def test_what_another_version_kept_is_left_alone(alone):
    page = alone().page
    page.get_by_role("link", name="Train").click()
    press(page, "go")
    epochs(page, 1)
    press(page, "stop")
    epochs(page, 1, "stopped")
    page.evaluate(
        """() => { for (const name of Object.keys(localStorage)) {
          const kept = JSON.parse(localStorage[name]);
          localStorage[name] = JSON.stringify({ ...kept, settings: { config: kept.settings.config } });
        } }"""
    )
    page.reload()
    page.wait_for_selector("#train [data-run]")
    epochs(page, 0, "off")
    press(page, "go")
    epochs(page, 1)


def epochs(page, at_least: int, state: str = "on") -> None:
    page.wait_for_function(
        "([n, s]) => { const d = document.querySelector('.train').dataset; return +d.epochs >= n && d.training === s; }",
        arg=[at_least, state],
    )


def press(page, name: str) -> None:
    page.click(f"[data-train={name}]")


def test_alone_it_trains_stops_outlives_a_reload_and_goes_to_live(alone, tmp_path):
    page = alone().page
    page.get_by_role("link", name="Train").click()
    page.wait_for_selector("#train [data-run]")  # random weights play
    press(page, "go")
    epochs(page, 2)
    assert "worker" in page.inner_text(".train-words")
    press(page, "stop")
    epochs(page, 2, "stopped")
    done = int(page.get_attribute(".train", "data-epochs"))
    page.reload()
    epochs(page, done, "done")
    assert f"after {done} epochs" in page.inner_text(".train-words")
    files = {}
    for button in ("weights", "log"):
        with page.expect_download() as download:
            press(page, button)
        files[button] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[button])
    assert load_checkpoint(files["weights"]).state_dim == 32
    rows = list(csv.DictReader(files["log"].read_text(encoding="utf-8").splitlines()))
    assert len(rows) == done and tuple(rows[0]) == LOG_COLUMNS
    press(page, "on")
    press(page, "stop")  # at once: what was trained before is there still
    epochs(page, done, "done")
    assert "what was trained before is kept" in page.inner_text(".train-words")
    press(page, "on")  # from the best so far
    epochs(page, 1)
    assert float(page.locator(".train .meta-numbers dd").nth(3).inner_text()) > 0
    press(page, "stop")
    press(page, "live")
    assert page.get_by_label("Which one").input_value() == "yours"
    page.get_by_role("link", name="About").click()
    page.locator("#about .equations [data-part='A']").focus()
    assert "length" in page.inner_text("#about .readout")  # of what the last step of an episode held


def test_on_the_page_its_settings_are_the_controls_and_its_result_is_yours_whatever_the_server_has(visit, tmp_path):
    page = visit().page
    trains_here(page)
    open_settings(page, "#meta-more button.label-wrap")
    for name, value in {"Inner learning rate": "-1", "Worlds per epoch": "2", "Episodes per world": "2"}.items():
        fill(page, name, value)
    press(page, "go")
    page.wait_for_selector(".field-inner-lr .beside:visible")
    assert page.get_attribute(".train", "data-training") == "off"
    fill(page, "Inner learning rate", "0.5")
    press(page, "go")
    epochs(page, 3)
    press(page, "stop")
    page.wait_for_function("() => !document.querySelector('#meta-use-browser').disabled")
    page.get_by_label("On the server").check()
    page.wait_for_selector("#meta-stage .player[data-run]")
    assert page.get_by_role("button", name="Save checkpoint").is_disabled()  # the server has made none yet
    file = tmp_path / "mine.safetensors"
    file.write_bytes(serialise(shared_model("standard")))
    upload(page, file)
    page.wait_for_function("() => document.querySelector('#meta-message').innerText.includes('Read: ')")
    assert saved(page) == "uploaded.safetensors"
    page.get_by_label("In this browser").check()
    page.wait_for_selector("#meta-here [data-run]")
    assert saved(page) == "meta-reversed_motor-0.safetensors"
    page.get_by_role("button", name="in Play").click()
    plays_yours(page)


def saved(page) -> str:
    """The name of the checkpoint that is handed over: it says what made its model."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Save checkpoint").click()
    return download.value.suggested_filename
