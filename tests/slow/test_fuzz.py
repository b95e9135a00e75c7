"""Nonsense sent to every event and route of the page: a seeded sample. FUZZ="5000 0" asks for so many calls, and another seed.

Each answer must come in time, be no 5xx, hold no internals and at most 80 characters of what was sent; every error is one short
sentence. The log must hold no traceback. In time: within QUIET s, or within LONGEST s if a result in the making comes at least every
QUIET s; heartbeats do not count.
"""

import json
import os
import random
import re
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx

from tests.slow.serve import ROOT, served

LONG = "fuzz" * 200
FILE = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
NUMBERS: list[Any] = [-1, 10**30, 1e308, float("nan"), float("-inf"), True, "0", "nan"]
TEXTS: list[Any] = [None, "", " ", LONG, "../../etc/passwd", "\x00", "\u202e\ud83d\ude00", "<script>alert(1)</script>", "{{7*7}}", "None"]
NESTED: list[Any] = [
    [], [[]], [None] * 50, {}, {"a": {"b": [1]}}, FILE, {"url": "http://127.0.0.1:9/x"}, {"__type__": "update"}, [LONG], {LONG: 1},
]  # fmt: skip
JUNK = [*NUMBERS, *TEXTS, *NESTED]
SESSIONS: list[Any] = [None, "", LONG, 7, {}, [], "\x00", "../x", True]
API = [f"gradio_api/{name}" for name in (
    "info", "queue/join", "queue/data", "queue/data?session_hash=x", "call/run", "call/adapt", "call/run/nothing", "run/run", "call/v2/run",
    "upload", "upload_progress?upload_id=x", "file=/etc/passwd", "file=../app.py", "file=app.py", "reset", "cancel", "component_server",
    "startup-events", "heartbeat/x", "proxy=http://127.0.0.1:9/", "stream/x/y/z/p.m3u8", "app_id", "call/v2/run/x",
)]  # fmt: skip
ROUTES = ["", "config", "monitoring", "docs", "openapi.json", "theme.css", "assets/../app.py", "%00", "manifest.json", "robots.txt", *API]
BODIES = [
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"data": []}', b'{"fn_index": 0}', b'{"fn_index": 1e99, "data": []}',
    b'{"fn_index": -1, "data": [], "session_hash": "a"}', b'{"fn_index": "0", "data": {}}', b'{"data": [1], "session_hash": {}}',
    b'{"data":' + b"[" * 5000 + b"]" * 5000 + b"}", b"x" * 3_000_000,
]  # fmt: skip
HEADERS = [{}, {"content-type": "application/json"}, {"content-type": "multipart/form-data; boundary=x"}, {"x-forwarded-for": LONG}]
NAMES = ["a.safetensors", "../../x.safetensors", "", LONG, "\x00", "<b>.txt"]
CONTENTS = [b"", b"\x00" * 200, b"{}", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ", b"\xff" * 5000, b"x" * 1_050_000]
PATHS = "|".join(re.escape(str(path)) for path in dict.fromkeys((ROOT, sys.prefix, sys.base_prefix)) if len(str(path)) > 4)
INTERNAL = re.compile(rf'Traceback|File "/|site-packages|object at 0x|<class |/home/|\.py", line|/proc/|{PATHS}')
PLACES = re.compile(r'"(?:path|url|orig_name)": "[^"]*"|gradio_api/file=[^"\\ ]*')  # where a file that a visitor may have is to be had
QUIET, LONGEST = 20.0, 120.0  # s
PROGRESS = ("process_generating", "process_completed", "generating", "complete", "error")  # in a stream
SENTENCE = 200  # characters of the longest error
CODES = (503,)  # of 5xx: the server is full, which it says in a sentence


def faults_of(text: str, spoken: list[str]) -> list[str]:
    """What is wrong with an answer: the whole text, and the errors in it."""
    found = INTERNAL.search(PLACES.sub("", text))
    wrong = [f"internals: {text[max(0, found.start() - 40) : found.end() + 40]}"] if found else []
    wrong += ["an echo of more than 80 characters"] if "fuzz" * 21 in text else []
    wrong += [f"{len(s)} characters: {s}" for s in spoken if len(s) > SENTENCE]
    return wrong + [f"no sentence: {s[:120]!r}" for s in spoken if not s.strip() or "\n" in s.strip()]


class Late(Exception):
    """No answer in time."""


def messages(client: httpx.Client, url: str, **params: Any) -> Iterator[tuple[str, dict | list]]:
    """The events of a stream, (name, data), heartbeats left out. Late when too little comes."""
    started = heard = time.monotonic()
    name = ""
    try:
        with client.stream("GET", url, params=params or None, timeout=QUIET) as stream:
            for line in stream.iter_lines():
                now = time.monotonic()
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                data = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else None
                said = data.get("msg", name) if isinstance(data, dict) else name
                heard = now if said in PROGRESS else heard
                if now - heard > QUIET or now - started > LONGEST:
                    raise Late
                if data is not None or name == "error":
                    yield name, data
    except httpx.TimeoutException:
        raise Late from None


class Fuzzer:
    """Sends calls, several at once, and keeps what went wrong."""

    def __init__(self, url: str, seed: int):
        self.url, self.seed = url, seed
        config = httpx.get(f"{url}config", timeout=60).json()
        self.values = {c["id"]: c["props"].get("value") for c in config["components"]}
        self.states = {c["id"] for c in config["components"] if c["type"] == "state"}
        self.events = [d for d in config["dependencies"] if d["backend_fn"]]
        self.upload = next(d for d in self.events if d["targets"] and d["targets"][0][1] == "upload")
        info = httpx.get(f"{url}gradio_api/info", timeout=60).json()["named_endpoints"]
        self.named = {name: [p["parameter_name"] for p in e["parameters"]] for name, e in info.items()}
        self.faults: list[str] = []
        self.kinds: Counter[str] = Counter()

    def run(self, calls: int, threads: int = 6) -> None:
        """All calls; each thread is a visitor."""
        workers = [threading.Thread(target=self._visitor, args=(i, calls // threads + (i < calls % threads))) for i in range(threads)]
        for w in workers:
            w.start()
        for w in workers:
            w.join()

    def _visitor(self, index: int, calls: int) -> None:
        draw, session = random.Random(1000 * self.seed + index), secrets.token_hex(6)
        ways = {self._event: 55, self._route: 25, self._named: 10, self._file: 5, self._lost: 5}
        with httpx.Client(timeout=QUIET) as client:
            for _ in range(calls):
                (way,) = draw.choices(list(ways), list(ways.values()))
                try:
                    what = way(client, draw, session)
                except (Late, httpx.TimeoutException):
                    what = "late"
                    self.faults.append(f"{way.__name__}: no answer in time")
                except httpx.InvalidURL:
                    what = "not sendable"
                except httpx.HTTPError as error:
                    what = "cut"
                    self.faults.append(f"{way.__name__}: {type(error).__name__}")
                self.kinds[what] += 1

    def _judge(self, name: str, answer: httpx.Response) -> None:
        """An answer that is no stream."""
        if answer.status_code >= 500 and answer.status_code not in CODES:
            self.faults.append(f"{name}: {answer.status_code}")
        text = answer.read()[:300_000].decode("utf-8", "replace")
        spoken = []
        if answer.status_code >= 400:
            try:
                spoken = [str(answer.json()["detail"])] if text else []
            except (ValueError, KeyError, TypeError):
                spoken = [text]
        self.faults += [f"{name}: {f}" for f in faults_of(text, spoken)]

    def _route(self, client: httpx.Client, draw: random.Random, _: str) -> str:
        path, method, headers = draw.choice(ROUTES), draw.choice(("GET", "POST", "PUT", "DELETE", "HEAD")), draw.choice(HEADERS)
        body = draw.choice(BODIES) if method in ("POST", "PUT") else None
        with client.stream(method, self.url + path, content=body, headers=headers) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                self._judge(f"{method} {path}", answer)
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
        return self._join(client, event, {"data": self._data(draw, event), "session_hash": session, "event_data": draw.choice(JUNK)})

    def _lost(self, client: httpx.Client, draw: random.Random, session: str) -> str:
        """An event that there is not, or a session that is none."""
        event = draw.choice(self.events)
        body = {"data": self._data(draw, event), "fn_index": event["id"], "session_hash": session, "trigger_id": draw.choice(JUNK)}
        body[draw.choice(("fn_index", "session_hash"))] = draw.choice([*SESSIONS, 10**6, -1, 1e99])
        answer = client.post(f"{self.url}gradio_api/queue/join", content=json.dumps(body), headers=HEADERS[1])
        self._judge("queue/join", answer)
        return f"lost {answer.status_code}"

    def _join(self, client: httpx.Client, event: dict, body: dict) -> str:
        name = f"event {event['id']} {event['api_name']}"
        joined = client.post(f"{self.url}gradio_api/queue/join", content=json.dumps({**body, "fn_index": event["id"]}), headers=HEADERS[1])
        if joined.status_code != 200:
            self._judge(name, joined)
            return f"join {joined.status_code}"
        steps = 0
        for _, message in messages(client, f"{self.url}gradio_api/queue/data", session_hash=body["session_hash"]):
            if message.get("event_id") != joined.json()["event_id"]:
                continue
            text, output = json.dumps(message, ensure_ascii=False), message.get("output")
            spoken = [re.sub("<[^>]*>", "", p) for p in re.findall(r'class=\\"problem\\"[^>]*>(.*?)</p>', text)]
            spoken += [str(output["error"])] if isinstance(output, dict) and output.get("error") else []
            self.faults += [f"{name}: {f}" for f in faults_of(text, spoken)]
            steps += message["msg"] == "process_generating"
            if message["msg"] == "process_completed":
                kind = "refused" if spoken or not message["success"] else "answered"
                return f"{kind} after steps" if steps else kind
        self.faults.append(f"{name}: closed without an answer")
        return "closed"

    def _named(self, client: httpx.Client, draw: random.Random, _: str) -> str:
        """A call by name, as programs make it; at least one value is nonsense."""
        name = draw.choice(list(self.named))
        values = {p: draw.choice(JUNK) for p in self.named[name] if draw.random() < 0.3}
        values[draw.choice([*self.named[name], "nonsense"])] = draw.choice(JUNK)
        if name == "/meta_train":
            values["time_budget"] = -1  # or it would train for its minute
        if draw.random() < 0.5:
            url, body = f"{self.url}gradio_api/call/v2{name}", values
        else:
            url, body = f"{self.url}gradio_api/call{name}", {"data": [values.get(p, draw.choice(JUNK)) for p in self.named[name]]}
        asked = client.post(url, content=json.dumps(body), headers=HEADERS[1])
        if asked.status_code != 200:
            self._judge(f"call {name}", asked)
            return f"call {asked.status_code}"
        for kind, data in messages(client, f"{self.url}gradio_api/call{name}/{asked.json()['event_id']}"):
            text = json.dumps(data, ensure_ascii=False)
            said = str(data.get("error") if isinstance(data, dict) else data)
            self.faults += [f"call {name}: {f}" for f in faults_of(text, [said] if kind == "error" else [])]
            if kind in ("error", "complete"):
                return f"call {kind}"
        self.faults.append(f"call {name}: closed without an answer")
        return "closed"

    def _file(self, client: httpx.Client, draw: random.Random, session: str) -> str:
        """A file that is no checkpoint."""
        files = {"files": (draw.choice(NAMES), draw.choice(CONTENTS))}
        answer = client.post(f"{self.url}gradio_api/upload", files=files)
        if answer.status_code != 200:
            self._judge("upload", answer)
            return f"upload {answer.status_code}"
        file = {"path": answer.json()[0], "orig_name": draw.choice(NAMES), "meta": {"_type": "gradio.FileData"}}
        return "upload " + self._join(client, self.upload, {"data": [file], "session_hash": session})


def test_nonsense_is_answered_in_sentences_and_leaves_no_traceback():
    calls, seed = map(int, os.environ.get("FUZZ", "200 7").split())
    with served() as app:
        fuzzer = Fuzzer(app.url, seed)
        fuzzer.run(calls)
        log = app.log.read_text(encoding="utf-8")
    assert not fuzzer.faults, Counter(fuzzer.faults).most_common(40)
    assert "Traceback" not in log, log[log.index("Traceback") :][-600:]
    assert fuzzer.kinds["refused"] > 10 and fuzzer.kinds["route 4xx"] > 10
