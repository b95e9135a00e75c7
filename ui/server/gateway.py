"""What stands before the page: bounds on what is sent and how often, and nothing served that serves nobody. Plain ASGI.

Every refusal is one sentence, as {"detail": ...}; the page shows it.
"""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import parse_qs

from fastapi.exceptions import RequestValidationError
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from ui.server.admission import API, ASKS, UNREADABLE, Admission, Refused, paced, parsed
from ui.server.pace import Pace
from ui.server.visitors import LISTENERS, address_of

log = logging.getLogger(__name__)

MAX_BODY = 2_000_000  # bytes; a visitor's own policy in base64 has up to 1.4 MB
MAX_UPLOAD = 1_100_000  # bytes; the file's own limit and its wrapping
UPLOADS = (20, 2.0)  # files of one address: at once, and then each second; they are deleted after ten minutes
CLOSED = (
    "/monitoring", "/openapi.json", "/docs", "/redoc", "/login", "/token", "/runs", "/svelte/", f"{API}/openapi.json", f"{API}/proxy=",
    f"{API}/file=http", f"{API}/stream/", f"{API}/component_server", f"{API}/process_recording", f"{API}/vibe-", f"{API}/undo-vibe-edit",
    f"{API}/dev/", f"{API}/queue/status", f"{API}/deep_link", f"{API}/profiling", f"{API}/custom_component/", f"{API}/runs",
    f"{API}/token", f"{API}/run-history",
)  # fmt: skip
ADDRESS_STREAMS = 256  # connections that wait for events


class Gateway:
    """ASGI middleware around the page's app. `page` is the Blocks."""

    def __init__(self, app: Any, page: Any):
        self.app, self.page = app, page
        self.admission = Admission(page)
        self._uploads = Pace(*UPLOADS)
        self._streams: dict[str, int] = {}

    async def __call__(self, scope: dict, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        async def note(message: dict) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._pass(scope, receive, note)
        except Refused as refused:
            await _answer(send, refused.status, refused.sentence)
        except Exception as error:  # Gradio's own failures at what it was sent; handlers' are met where they run (ui/server/guarded.py)
            log.warning("%s %.80s: %s", scope["method"], scope["path"], type(error).__name__)
            if not started:
                await _answer(send, 400, UNREADABLE)

    async def _pass(self, scope: dict, receive: Any, send: Any) -> None:
        path, address = scope["path"], address_of(HTTPConnection(scope))
        if path.startswith(CLOSED):
            raise Refused(404, "There is nothing here.")
        if scope["method"] == "GET":
            with self._listening(scope, address):
                return await self.app(scope, receive, send)
        upload = path.startswith(f"{API}/upload")
        if upload:
            await paced(self._uploads, address, "Many files were uploaded from your network address just now")
        body, receive = await _buffered(scope, receive, MAX_UPLOAD if upload else MAX_BODY)
        if not path.startswith(ASKS):
            return await self.app(scope, receive, send)
        async with self.admission.admitted(path, parsed(body), address):
            await self.app(scope, receive, send)

    # --- who listens ---

    def _listening(self, scope: dict, address: str) -> Any:
        """A context in which the session of this stream, if it is one, counts as listening."""
        path = scope["path"]
        if path.startswith(f"{API}/heartbeat/"):
            return _Stream(self._streams, address, None)
        if path == f"{API}/queue/data":
            return _Stream(self._streams, address, parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0][:64])
        if path.startswith(f"{API}/call/"):
            event = self.page._queue.event_ids_to_events.get(path.rsplit("/", 1)[-1])
            return _Stream(self._streams, address, event.session_hash if event else None)
        return _Stream({}, address, None)


class _Stream:
    """One connection that waits for events."""

    def __init__(self, streams: dict[str, int], address: str, session: str | None):
        self.streams, self.address, self.session = streams, address, session

    def __enter__(self) -> None:
        if self.streams.get(self.address, 0) >= ADDRESS_STREAMS:
            raise Refused(429, "Too many pages of your network address are open; close one.")
        self.streams[self.address] = self.streams.get(self.address, 0) + 1
        if self.session:
            LISTENERS.opened(self.session)

    def __exit__(self, *_: Any) -> None:
        left = self.streams.pop(self.address) - 1
        if left:
            self.streams[self.address] = left
        if self.session:
            LISTENERS.closed(self.session)


def bad_request() -> dict[type[Exception], Any]:
    """An exception handler for FastAPI: its own answer to values of a wrong kind repeats them in full."""

    async def answer(*_: Any) -> JSONResponse:
        return JSONResponse({"detail": UNREADABLE}, 400)

    return {RequestValidationError: answer}


async def _buffered(scope: dict, receive: Any, most: int) -> tuple[bytes, Any]:
    """The whole body, and a `receive` that gives it once more. Refused when it is too large, before all of it is read."""
    length = dict(scope["headers"]).get(b"content-length", b"0")
    chunks, size = [], 0
    if length.isdigit() and int(length) > most:
        raise Refused(413, f"A request must have at most {most / 1e6:g} MB.")
    while True:
        message = await receive()
        if message["type"] != "http.request":  # it hung up
            raise Refused(400, UNREADABLE)
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > most:
            raise Refused(413, f"A request must have at most {most / 1e6:g} MB.")
        if not message.get("more_body"):
            break
    body, given = b"".join(chunks), False

    async def again() -> dict:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, again


async def _answer(send: Any, status: int, sentence: str) -> None:
    body = json.dumps({"detail": sentence}, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
