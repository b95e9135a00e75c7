"""What a program can send past the page: the handlers' own checks are all that stands there."""

from __future__ import annotations

import json

import httpx
import pytest
from raw import send

from model import World
from ui.shared.inputs import page_values

STANDARD = page_values(World())


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (["standard", *STANDARD, "meta", "greedy", float("nan")], "seed must be a whole number"),
        (["standard", *[None] * len(STANDARD), "meta", "greedy", 0], "gravity must be between 1 and 30 m/s^2, got None"),
        ([["standard"], *STANDARD, "meta", "greedy", 0], "world must be one of"),
        (["custom", float("inf"), *STANDARD[1:], "meta", "greedy", 0], "gravity must be between 1 and 30 m/s^2, got inf"),
        (["custom", *STANDARD, "../weights", "greedy", 0], "policy must be one of"),
        (["custom", *STANDARD, "meta", {"a": 1}, 0], "actions must be one of"),
    ],
)
def test_run_refuses_with_a_sentence(page_url, data, sentence):
    answer = send(page_url, "play-run", [None, *data])
    assert answer["success"] and sentence in json.dumps(answer["output"]["data"])
    assert "Traceback" not in json.dumps(answer)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (["meta", "standard", float("nan"), 3, 10, 0.5, 0], "learning rate (powers of ten around the trained one) must be between"),
        (["meta", "standard", 0, 1e9, 10, 0.5, 0], "num_adapt_steps must be a whole number between 1 and 10"),
        (["meta", ["both"], 0, 3, 10, 0.5, 0], "mode must be one of"),
        (["../meta", "both", 0, 3, 10, 0.5, 0], "starting point must be one of"),
    ],
)
def test_adapt_refuses_with_a_sentence(page_url, data, sentence):
    answer = send(page_url, "adapt-run", [None, "standard", *STANDARD, *data])
    assert answer["success"] and sentence in json.dumps(answer["output"]["data"])
    assert "Traceback" not in json.dumps(answer)


def test_the_queue_cannot_be_bypassed(page_url):
    assert httpx.post(f"{page_url}gradio_api/run/run", json={"data": []}).status_code in (401, 403, 404)
