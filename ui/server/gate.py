"""What stands before the page, plain ASGI: bounded bodies, events that exist with as many values as they take, no foreign files; the
page compressed.

Every refusal is one sentence, as {"detail": ...}; the page shows it.
"""

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any
from urllib.parse import parse_qs

from fastapi.exceptions import RequestValidationError
from gradio import FileData
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse

from ui.server.files import is_uploaded
from ui.server.visitors import LISTENERS, REMEMBERED, address_of

log = logging.getLogger(__name__)

API = "/gradio_api"
ASKS = (f"{API}/queue/join", f"{API}/run/", f"{API}/api/", f"{API}/call/")
MAX_BODY = 2_000_000  # bytes; a visitor's own policy in base64 has up to 1.4 MB
MAX_UPLOAD = 1_100_000  # bytes; the file's own limit and its wrapping
LARGE = ("/", "/config")  # the page, and what a program reads of it: 1.2 MB; Gradio compresses its files alone
LEVEL = 4  # of gzip: in 25 ms to 0.37 MB; the highest takes twice as long for 0.01 MB less
AT_ONCE, EVERY = 8, 0.5  # new visits of one address: so many at once, then one in so many seconds
CLOSED = (
    "/monitoring", "/openapi.json", "/docs", "/redoc", "/login", "/token", "/runs", "/svelte/", f"{API}/openapi.json", f"{API}/proxy=",
    f"{API}/file=http", f"{API}/stream/", f"{API}/component_server", f"{API}/process_recording", f"{API}/vibe-", f"{API}/undo-vibe-edit",
    f"{API}/dev/", f"{API}/queue/status", f"{API}/deep_link", f"{API}/profiling", f"{API}/custom_component/", f"{API}/runs",
    f"{API}/token", f"{API}/run-history",
)  # fmt: skip
UNREADABLE = "The request could not be read."
NO_FILE = "A file must be uploaded first; other paths and addresses are not read."


class Gate:
    """ASGI middleware around the app of `page`, a Blocks."""

    def __init__(self, app: Any, page: Any):
        self.app, self.page = app, page
        self._pressed = GZipMiddleware(app, compresslevel=LEVEL)
        self._next: OrderedDict[str, float] = OrderedDict()  # address -> when its next visit may begin, after those at once

    async def __call__(self, scope: dict, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        async def noted(message: dict) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            return await self._pass(scope, receive, noted)
        except HTTPException as refused:
            answer = JSONResponse({"detail": refused.detail}, refused.status_code)
        except Exception as error:  # Gradio's own failures at what it was sent; handlers say theirs in a sentence
            log.warning("%s %.80s: %s", scope["method"], scope["path"], type(error).__name__)
            answer = JSONResponse({"detail": UNREADABLE}, 400)
        if not started:
            await answer(scope, receive, send)

    async def _pass(self, scope: dict, receive: Any, send: Any) -> None:
        path = scope["path"]
        if path.startswith(CLOSED):
            raise HTTPException(404, "There is nothing here.")
        if scope["method"] == "GET":
            session = session_of_stream(scope)
            app = self._pressed if path in LARGE else self.app
            with LISTENERS.stream(session) if session else nullcontext():
                return await app(scope, receive, send)
        most, body = MAX_UPLOAD if path.startswith(f"{API}/upload") else MAX_BODY, bytearray()
        async for chunk in Request(scope, receive).stream():
            body += chunk
            if len(body) > most:
                raise HTTPException(413, f"A request must have at most {most / 1e6:g} MB.")
        if path.startswith(ASKS):
            session = self._check(path, bytes(body))
            if session and not LISTENERS.knows(session):
                LISTENERS.asked(session)
                await self._turn(address_of(Request(scope)))
            if session:
                LISTENERS.asked(session)
        given = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def again() -> dict:
            return given.pop() if given else await receive()

        return await self.app(scope, again, send)

    def _check(self, path: str, body: bytes) -> str | None:
        """The session that joins the queue, if one does.

        Refused is a job that names no event, gives it too few or too many values, or names a file that was not uploaded.
        """
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict):
            raise HTTPException(400, UNREADABLE)
        if not all(map(is_uploaded, files_in(asked))):  # wherever it stands: Gradio would fetch what is an address
            raise HTTPException(400, NO_FILE)
        session, data, fn = asked.get("session_hash"), asked.get("data"), self._event(path, asked)
        if not (session is None or (isinstance(session, str) and 0 < len(session) <= 64)):
            raise HTTPException(400, "session_hash must be a text of at most 64 characters.")
        if not path.startswith(f"{API}/call/v2/"):  # where values come by name
            allowed = {len(fn.inputs)} | ({sum(not b.skip_api for b in fn.inputs)} if "/call/" in path else set())
            if not isinstance(data, list) or len(data) not in allowed:
                raise HTTPException(400, f"data must hold {len(fn.inputs)} values.")
            for block, value in zip(fn.inputs, data, strict=False):
                if getattr(block, "data_model", None) is FileData and value is not None and not _is_file(value):
                    raise HTTPException(400, NO_FILE)
        return session if path.startswith(f"{API}/queue/join") else None

    async def _turn(self, address: str) -> None:
        """Wait until a new visit of this address may begin: some at once, then one after another.

        Each costs Gradio a copy of the whole page, on the thread that serves all others.
        """
        now = time.monotonic()
        at = max(self._next.pop(address, 0.0), now - AT_ONCE * EVERY)
        self._next[address] = at + EVERY
        if len(self._next) > REMEMBERED:
            self._next.popitem(last=False)
        await asyncio.sleep(max(0.0, at - now))

    def _event(self, path: str, asked: dict) -> Any:
        """The page's event that a request asks for, by number or by name."""
        number, name = asked.get("fn_index"), path.removesuffix("/").rsplit("/", 1)[-1]
        named = (fn for fn in self.page.fns.values() if fn.api_name == name and fn.api_visibility != "private")
        fn = self.page.fns.get(number) if type(number) is int else next(named, None)
        if fn is None or fn.fn is None:
            raise HTTPException(404, "There is no such event.")
        return fn


async def bad_request(*_: Any) -> JSONResponse:
    """An answer to values of a wrong kind: FastAPI's own repeats them in full."""
    return JSONResponse({"detail": UNREADABLE}, 400)


EXCEPTION_HANDLERS = {RequestValidationError: bad_request}


def session_of_stream(scope: dict) -> str:
    """The session that listens, "" where the request is no stream of answers. A /call without a session has its event's id for one."""
    if scope["path"].startswith(f"{API}/call/"):
        return scope["path"].rsplit("/", 1)[-1][:64]
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return query.get("session_hash", [""])[0][:64] if scope["path"] == f"{API}/queue/data" else ""


def _is_file(value: Any) -> bool:
    """Whether Gradio can read this as a file; what it can't it answers with a traceback in the log."""
    try:
        FileData.model_validate(value, context={"validate_meta": True})
    except ValidationError:
        return False
    return True


def files_in(value: Any) -> Iterator[Any]:
    """The paths of all files that a value names, however deep; a dictionary that looks like a file is one."""
    stack = [value]
    while stack:
        v = stack.pop()
        if isinstance(v, dict):
            if isinstance(v.get("meta"), dict) and v["meta"].get("_type") == "gradio.FileData":
                yield v.get("path")
            stack.extend(v.values())
        elif isinstance(v, list):
            stack.extend(v)
