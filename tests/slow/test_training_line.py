"""The line of trainings as visitors meet it: a closed tab gives up its place, and who waits can do other things."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.e2e.test_meta_train import come, nobody_is_left, open_tab, train_until, wait_for_message  # noqa: F401
from tests.machine import wait_until
from tests.slow.serve import ROOT
from ui.runs.trained import model_from_bytes
from ui.server.training import TRAININGS


def test_a_closed_tab_gives_up_its_place(visit):
    page = open_tab(visit())
    train_until(page, 1)
    page.close()
    assert wait_until(lambda: not len(TRAININGS.line))


def test_a_reload_finds_what_has_ended_and_adapts_it(visit):
    mine = visit()
    page = open_tab(mine)
    train_until(page, 1)
    page.click("#meta-stop")
    page.wait_for_selector("#meta-check table")
    mine.reload()
    come(page)
    page.wait_for_selector("#meta-check table")
    page.click("#meta-adapt-server")
    page.wait_for_function("() => document.querySelector('#adapt-stage .notes')?.innerText.includes('mirrored')")


def test_the_second_in_line_waits_and_plays_meanwhile(visit):
    TRAININGS.line.at_once, before = 1, TRAININGS.line.at_once
    try:
        one, waiting = open_tab(visit()), visit()
        two = waiting.page
        train_until(one, 1)
        come(two)
        two.click("#meta-train")
        wait_for_message(two, "You are number 1 in the line;")
        two.get_by_role("tab", name="Play").click()
        waiting.run()
        two.get_by_role("tab", name="Meta-train").click()
        one.click("#meta-stop")
        one.wait_for_selector("#meta-check table")
        wait_for_message(two, "Training.")
        two.click("#meta-stop")
        wait_for_message(two, "Stopped")
    finally:
        TRAININGS.line.at_once = before


def test_a_program_trains(page_url):
    small = {"num_epochs": 3, "tasks_per_epoch": 2, "episodes_per_task": 2, "max_steps_per_episode": 20, "long_episodes_share": 0}
    client = Client(page_url, verbose=False)
    answer = client.predict(**small, state_dim=8, hidden_dim=8, families=["wind"], api_name="/meta_train")
    assert answer["phase"] == "done" and answer["epochs"] == 3 and len(answer["log"]["return_after"]) == 3
    assert model_from_bytes(base64.b64decode(answer["checkpoint_base64"])).state_dim == 8
    assert list(answer["check"]["returns_by_step"]) == ["0", "1", "3"]
    with pytest.raises(AppError, match="inner_lr must be between 0 and 100, got -1"):
        client.predict(inner_lr=-1, api_name="/meta_train")


def test_a_training_goes_with_its_server():
    """Its only tie is the pipe: a server that is killed can tell it nothing."""
    code = "import multiprocessing as m, time; from ui.server.training import TRAININGS; from ui.training_settings import MetaSettings\n"
    code += "t = TRAININGS.begin('a', MetaSettings())\nwhile not m.active_children(): time.sleep(.01)\n"
    code += "print(m.active_children()[0].pid, flush=True)\nfor s in t.states(): pass"
    server = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    pid = int(server.stdout.readline())
    server.kill()
    server.communicate()
    assert wait_until(
        lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1][:3]
    )
