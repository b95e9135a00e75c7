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
        (["standard", *STANDARD, "meta", "greedy", float("nan")], "Seed must be a whole number"),
        (["standard", *[None] * len(STANDARD), "meta", "greedy", 0], "Gravity must be between 1 and 30 m/s²; it is empty."),
        ([["standard"], *STANDARD, "meta", "greedy", 0], "World must be one of"),
        (["custom", float("inf"), *STANDARD[1:], "meta", "greedy", 0], "Gravity must be between 1 and 30 m/s², not inf."),
        (["custom", *STANDARD, "../weights", "greedy", 0], "Policy must be one of"),
        (["custom", *STANDARD, "meta", {"a": 1}, 0], "Actions must be one of"),
    ],
)
def test_run_refuses_with_a_sentence(page_url, data, sentence):
    answer = send(page_url, "play-run", [None, *data])
    assert answer["success"] and sentence in json.dumps(answer["output"]["data"], ensure_ascii=False)
    assert "Traceback" not in json.dumps(answer)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (["meta", "standard", float("nan"), 3, 10, 0.5, 0], "Learning rate must be between 0.005 and 50."),
        (["meta", "standard", 0, 1e9, 10, 0.5, 0], "Gradient steps must be a whole number between 1 and 10"),
        (["meta", ["both"], 0, 3, 10, 0.5, 0], "Adaptation must be one of"),
        (["../meta", "both", 0, 3, 10, 0.5, 0], "Starting point must be one of"),
    ],
)
def test_adapt_refuses_with_a_sentence(page_url, data, sentence):
    answer = send(page_url, "adapt-run", [None, "standard", *STANDARD, *data, True])
    assert answer["success"] and sentence in json.dumps(answer["output"]["data"], ensure_ascii=False)
    assert "Traceback" not in json.dumps(answer)


def test_the_queue_cannot_be_bypassed(page_url):
    assert httpx.post(f"{page_url}gradio_api/run/run", json={"data": []}).status_code in (401, 403, 404)
