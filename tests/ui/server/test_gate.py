"""What a program can send past the page: the handlers' own checks are all that stands there."""

import re

import httpx
import pytest

from tests.ui.raw import CLIENT, handler_of
from ui.server.gate import CLOSED


def test_the_queue_cannot_be_bypassed(page_url):
    events = CLIENT.get(f"{page_url}config").json()["dependencies"]
    run = next(e for e in events if e["api_name"] == "run")
    assert CLIENT.post(f"{page_url}gradio_api/run/run", json={"data": [None] * len(run["inputs"])}).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("call/nothing", {"data": []}, 404, "There is no such event."),
        ("queue/join", {"data": [], "fn_index": 10**6, "session_hash": "a"}, 404, "There is no such event."),
        ("call/run", {"data": [1, 2, 3]}, 400, "data must hold "),
        ("call/run", {"data": [], "session_hash": {}}, 400, "session_hash must be a text"),
        ("queue/join", [], 400, "The request could not be read."),
        ("queue/join", {"data": [], "session_hash": "a", "trigger_id": {}, "fn_index": "x"}, 404, "There is no such event."),
        ("call/v2/run", {"nothing": 1}, 400, "The request could not be read."),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(page_url, path, body, status, sentence):
    answer = CLIENT.post(f"{page_url}gradio_api/{path}", json=body, timeout=60)
    assert answer.status_code == status and answer.json()["detail"].startswith(sentence)


UPLOAD = ("meta-upload", "upload")


@pytest.mark.parametrize(
    ("way", "where"), [("queue/join", "path"), ("queue/join", "url"), ("call/run", "path"), ("call/v2/run", "url"), ("run/run", "path")]
)
def test_no_way_in_fetches_an_address(page_url, listener, way, where):
    server, asked = listener
    address = f"{server}/secret"
    file = {"path": "/nowhere/x", "meta": {"_type": "gradio.FileData"}} | {where: address}
    fn = handler_of(page_url, *UPLOAD)["id"]
    bodies = [
        {"data": [None, file], "fn_index": fn, "session_hash": "abc"},
        {"data": [None], "event_data": {"deep": [file]}, "fn_index": fn, "session_hash": "abc"},
        {"seed": file},
    ]
    for body in bodies:
        answer = CLIENT.post(f"{page_url}gradio_api/{way}", json=body, timeout=30)
        assert answer.status_code == 400 and answer.json()["detail"].startswith("A file must be uploaded first")
    assert CLIENT.get(f"{page_url}gradio_api/file={address}").status_code == 404
    assert CLIENT.get(f"{page_url}gradio_api/proxy={address}").status_code == 404
    assert asked == []


@pytest.mark.parametrize("route", ["queue/join", "upload", "call/run"])
def test_a_body_that_is_too_large_is_refused_before_it_is_read(page_url, route):
    answer = httpx.post(f"{page_url}gradio_api/{route}", content=b"x" * 2_100_000, timeout=30)
    assert answer.status_code == 413
    assert re.fullmatch(r"A request must have at most [12](\.\d)? MB\.", answer.json()["detail"])


def test_a_body_without_a_length_is_counted_on_the_way(page_url):
    answer = httpx.post(f"{page_url}gradio_api/queue/join", content=(b"x" * 100_000 for _ in range(30)), timeout=30)
    assert answer.status_code == 413


@pytest.mark.parametrize("path", CLOSED)
def test_what_serves_nobody_is_closed(page_url, path):
    for method in ("GET", "POST"):
        answer = CLIENT.request(method, page_url.rstrip("/") + path, timeout=30)
        assert (answer.status_code, answer.json()) == (404, {"detail": "There is nothing here."})


def test_the_page_comes_compressed_to_whoever_reads_that(page_url):
    pressed, plain = (CLIENT.get(page_url, headers={"Accept-Encoding": encoding}) for encoding in ("gzip", "identity"))
    assert pressed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert int(pressed.headers["content-length"]) < 0.4 * int(plain.headers["content-length"])
    assert "window.ssmConfig" in pressed.text and "window.ssmConfig" in plain.text
