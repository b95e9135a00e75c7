"""Send nonsense to every event and route of the page: python tests/fuzz.py [--calls 5000] [--seed 0].

Each answer must come in time, be no 5xx, hold no internals and at most 80 characters of what was sent; every error is one short
sentence. The log must hold no traceback, and a bystander's visit must be as it was. Prints figures; the exit code is 1 at any fault.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import secrets
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from model import World
from tests.serve import served
from tests.ui.raw import listen, send
from ui.shared.inputs import page_values

LONG = "fuzz" * 200
FILE = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
NUMBERS: list[Any] = [-1, 10**30, 1e308, float("nan"), float("-inf"), True, "0", "nan"]
TEXTS: list[Any] = [None, "", " ", LONG, "../../etc/passwd", "\x00", "\u202e\ud83d\ude00", "<script>alert(1)</script>", "{{7*7}}", "None"]
NESTED: list[Any] = [
    [],
    [[]],
    [None] * 50,
    {},
    {"a": {"b": [1]}},
    FILE,
    {"url": "http://127.0.0.1:9/x"},
    {"__type__": "update"},
    [LONG],
    {LONG: 1},
]
JUNK = [*NUMBERS, *TEXTS, *NESTED]
API = [f"gradio_api/{name}" for name in (
    "info", "queue/join", "queue/data", "call/run", "call/adapt", "run/run", "call/v2/run", "upload", "file=/etc/passwd", "file=../app.py",
    "reset", "cancel", "component_server", "startup-events", "heartbeat/x", "proxy=http://127.0.0.1:9/", "stream/x/y/z/p.m3u8",
)]  # fmt: skip
ROUTES = ["", "config", "monitoring", "docs", "openapi.json", "theme.css", "assets/../app.py", "%00", "manifest.json", "robots.txt", *API]
BODIES = [
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"data": []}', b'{"fn_index": 0}', b'{"fn_index": 1e99, "data": []}',
    b'{"fn_index": -1, "data": [], "session_hash": "a"}', b'{"fn_index": "0", "data": {}}', b'{"data": [1], "session_hash": {}}',
    b'{"data":' + b"[" * 5000 + b"]" * 5000 + b"}", b"x" * 3_000_000,
]  # fmt: skip
HEADERS = [{}, {"content-type": "application/json"}, {"content-type": "multipart/form-data; boundary=x"}, {"x-forwarded-for": LONG}]
INTERNAL = re.compile(r'Traceback|File "|site-packages|object at 0x|<class |/tmp/|/home/')
TIMEOUT = 20.0  # s
SENTENCE = 300  # characters of the longest error, the names of all presets included


def faults_of(text: str, spoken: list[str]) -> list[str]:
    """What is wrong with an answer: the whole text, and the errors in it."""
    wrong = [f"internals: {m.group()}" for s in spoken if (m := INTERNAL.search(s))]
    wrong += ["an echo of more than 80 characters"] if "fuzz" * 21 in text else []
    return wrong + [f"{len(s)} characters: {s[:120]}" for s in spoken if len(s) > SENTENCE]


class Fuzzer:
    """Sends calls, several at once, and keeps what went wrong."""

    def __init__(self, url: str, seed: int):
        self.url, self.seed = url, seed
        config = httpx.get(f"{url}config", timeout=60).json()
        self.values = {c["id"]: c["props"].get("value") for c in config["components"]}
        self.states = {c["id"] for c in config["components"] if c["type"] == "state"}
        self.events = [d for d in config["dependencies"] if d["backend_fn"]]
        self.faults: list[str] = []
        self.kinds: Counter[str] = Counter()
        self.slowest = 0.0

    def run(self, calls: int, threads: int = 6) -> None:
        """All calls; each thread is a visitor."""
        workers = [threading.Thread(target=self._visitor, args=(i, calls // threads + (i < calls % threads))) for i in range(threads)]
        for w in workers:
            w.start()
        for w in workers:
            w.join()

    def _visitor(self, index: int, calls: int) -> None:
        draw, session = random.Random(1000 * self.seed + index), secrets.token_hex(6)
        with httpx.Client(timeout=TIMEOUT) as client:
            for _ in range(calls):
                started = time.monotonic()
                try:
                    what = self._route(client, draw) if draw.random() < 0.3 else self._event(client, draw, session)
                except httpx.TimeoutException:
                    what = "timeout"
                    self.faults.append(f"no answer within {TIMEOUT:g} s")
                except httpx.InvalidURL:
                    what = "not sendable"
                self.kinds[what] += 1
                self.slowest = max(self.slowest, time.monotonic() - started)

    def _route(self, client: httpx.Client, draw: random.Random) -> str:
        path, method = draw.choice(ROUTES), draw.choice(("GET", "POST", "PUT", "DELETE", "HEAD"))
        headers = draw.choice(
            ({}, {"content-type": "application/json"}, {"content-type": "multipart/form-data; boundary=x"}, {"x-forwarded-for": LONG})
        )
        body = draw.choice(BODIES) if method in ("POST", "PUT") else None
        with client.stream(method, self.url + path, content=body, headers=headers) as answer:
            streamed = answer.headers.get("content-type", "").startswith("text/event-stream")
            text = "" if streamed or answer.status_code == 200 else answer.read()[:5000].decode("utf-8", "replace")
        if answer.status_code >= 500:
            self.faults.append(f"{method} {path}: {answer.status_code}")
        self.faults += [f"{method} {path}: {f}" for f in faults_of(text, [text] if text else [])]
        return f"route {answer.status_code // 100}xx"

    def _data(self, draw: random.Random, event: dict) -> list[Any]:
        """The values that stand on the page, with some or all of them replaced by nonsense."""
        data = [None if i in self.states else self.values.get(i) for i in event["inputs"]]
        share = draw.choice((0.1, 0.4, 1.0))
        data = [draw.choice(JUNK) if draw.random() < share else v for v in data]
        if data and draw.random() < 0.1:
            data = data[:-1] if draw.random() < 0.5 else [*data, draw.choice(JUNK)]
        return data

    def _event(self, client: httpx.Client, draw: random.Random, session: str) -> str:
        event = draw.choice(self.events)
        body = {"data": self._data(draw, event), "fn_index": event["id"], "session_hash": session, "event_data": draw.choice(JUNK)}
        sent = json.dumps(body)
        joined = client.post(f"{self.url}gradio_api/queue/join", content=sent, headers={"content-type": "application/json"})
        name = f"event {event['id']} {event['api_name']}"
        if joined.status_code != 200:
            if joined.status_code >= 500 and joined.status_code != 503:
                self.faults.append(f"{name}: {joined.status_code}")
            self.faults += [f"{name}: {f}" for f in faults_of(joined.text, [joined.text])]
            return f"join {joined.status_code}"
        for message in listen(self.url, session, TIMEOUT):
            if message["msg"] == "process_completed" and message["event_id"] == joined.json()["event_id"]:
                text, output = json.dumps(message, ensure_ascii=False), message["output"]
                spoken = re.findall(r'class=\\"problem\\"[^>]*>(.*?)</p>', text)
                spoken += [str(output["error"])] if isinstance(output, dict) and output.get("error") else []
                self.faults += [f"{name}: {f}" for f in faults_of(text, spoken)]
                return "refused" if spoken or not message["success"] else "answered"
        return "closed"


def bystander(url: str, session: str) -> list[str]:
    """What a visitor who does nothing else finds on the stage: the ending that a CSV of it says."""
    answer = send(url, "play-csv", [None], session=session)
    path = next(v["value"]["path"] for v in answer["output"]["data"] if isinstance(v, dict) and isinstance(v.get("value"), dict))
    return httpx.get(f"{url}gradio_api/file={path}", timeout=30).text.splitlines()


def fuzz(url: str, calls: int, seed: int, log: Path | None = None) -> Fuzzer:
    """Fuzz a page; `faults` of what comes back is empty when all is well."""
    session = secrets.token_hex(6)
    send(url, "play-run", [None, "custom", *page_values(World(wind=1.5)), "memory", "greedy", 12345], session=session)
    before, fuzzer = bystander(url, session), Fuzzer(url, seed)
    fuzzer.run(calls)
    if bystander(url, session) != before:
        fuzzer.faults.append("a bystander's visit has changed")
    if log is not None and "Traceback" in (text := log.read_text()):
        fuzzer.faults.append(f"a traceback in the log: {text[text.index('Traceback') :][-600:]}")
    return fuzzer


def main() -> int:
    """Start the app, fuzz it, print figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with served() as app:
        started = time.monotonic()
        fuzzer = fuzz(app.url, args.calls, args.seed, app.log)
        took, use = time.monotonic() - started, app.use()
    print(f"{args.calls} calls in {took:.0f} s, the slowest {fuzzer.slowest:.1f} s; {dict(sorted(fuzzer.kinds.items()))}; {use}")
    for fault, n in Counter(fuzzer.faults).most_common(40):
        print(f"FAULT {n}: {fault}")
    return 1 if fuzzer.faults else 0


if __name__ == "__main__":
    sys.exit(main())
