"""What a request may ask of the page's events: one that exists, with as many values as it takes, and not too many at once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from gradio.utils import is_in_or_equal

from model.config import quoted
from ui.server.fairness import HEAVY, TRAINING
from ui.server.lines import Lines, came_from
from ui.server.pace import Pace, TooOften
from ui.server.visitors import LISTENERS

API = "/gradio_api"
ASKS = (f"{API}/queue/join", f"{API}/run/", f"{API}/api/", f"{API}/call/")
DIRECT = (f"{API}/run/", f"{API}/api/")  # past the queue
HEAVY_GROUPS = (HEAVY["concurrency_id"], TRAINING["concurrency_id"])
SESSION_JOBS = {True: 3, False: 32}  # asked for and not yet answered, by one session: heavy ones, light ones
ADDRESS_JOBS = {True: 24, False: 64}  # the same, by one address
ALL_JOBS = 1000
VISITS = (20, 8.0)  # new visits of one address: at once, and then each second
UNHEARD = 1000  # sessions with answers that nobody has come for, or none
UNREADABLE = "The request could not be read."
MANY = "Many requests of your network address are not answered yet; wait until they are."


class Refused(Exception):
    """A request that goes no further: HTTP status, and one sentence."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class Admission:
    """Checks what is asked of `page`, a Blocks."""

    def __init__(self, page: Any):
        self.page = page
        self._lines, self._visits = Lines(page), Pace(*VISITS)  # making a visit's state is work, and it may push out another's

    @asynccontextmanager
    async def admitted(self, path: str, body: Any, address: str) -> AsyncIterator[None]:
        """A context in which a job may join the queue. Refused as `check` does, and where its line does not move."""
        fn = await self.check(path, body, address)
        if _is_heavy(fn) or not fn.queue or fn.concurrency_limit is None:  # heavy ones take turns (ui/server/fairness.py)
            yield
            return
        try:
            async with self._lines.entering(fn, address):
                yield
        except TooOften:
            raise Refused(429, MANY) from None

    async def check(self, path: str, body: Any, address: str) -> Any:
        """The event that is asked for. Refused for a job that names nothing, lacks values, names a file, or is one too many."""
        if not isinstance(body, dict):
            raise Refused(400, UNREADABLE)
        if any(not self._uploaded(file) for file in _files(body)):  # wherever it stands: Gradio would fetch what is an address
            raise Refused(400, "A file must be uploaded first; other paths and addresses are not read.")
        session, data, fn = body.get("session_hash"), body.get("data"), self._event(path, body)
        if not (session is None or (isinstance(session, str) and 0 < len(session) <= 64)):
            raise Refused(400, f"session_hash must be a text of at most 64 characters, got {quoted(session)}.")
        if path.startswith(f"{API}/call/v2/"):
            await self._count(session, address, fn)  # values come by name there
            return fn
        allowed = {len(fn.inputs), sum(not b.skip_api for b in fn.inputs) if "/call/" in path else len(fn.inputs)}
        if not isinstance(data, list) or len(data) not in allowed:
            got = len(data) if isinstance(data, list) else quoted(data)
            raise Refused(400, f"data must hold {len(fn.inputs)} values, got {got}.")
        await self._count(session, address, fn)
        return fn

    def _event(self, path: str, body: dict) -> Any:
        """The page's event that a request asks for."""
        number = body.get("fn_index")
        if type(number) is int:
            fn = self.page.fns.get(number)
        else:
            name = path.removeprefix(f"{API}/call/").removeprefix("v2/").removeprefix(f"{API}/run/").removeprefix(f"{API}/api/").strip("/")
            fn = next((f for f in self.page.fns.values() if f.api_name == name and f.api_visibility != "private"), None)
        if fn is None or fn.fn is None or (fn.queue and path.startswith(DIRECT)):
            raise Refused(404, "There is no such event.")
        return fn

    def _uploaded(self, path: Any) -> bool:
        folder = self.page.app.uploaded_file_dir
        return isinstance(path, str) and len(path) < 1000 and "\0" not in path and is_in_or_equal(path, folder)

    async def _count(self, session: str | None, address: str, fn: Any) -> None:
        """Count a job against its session and its address."""
        if session is None or session not in self.page.state_holder.session_data:
            await paced(self._visits, address, "Many pages were opened from your network address just now")
        self._tidy()
        queue, heavy = self.page._queue, _is_heavy(fn)
        mine = queue.pending_event_ids_session.get(session, ())  # those too whose answers nobody has heard
        waiting = list(queue.event_ids_to_events.values())
        theirs = [e for e in waiting if _is_heavy(e.fn) == heavy]
        if sum(e.session_hash == session for e in theirs) >= SESSION_JOBS[heavy] or len(mine) >= sum(SESSION_JOBS.values()):
            raise Refused(429, "Your earlier requests are not answered yet; wait until they are.")
        outside = 0 if heavy else self._lines.outside(address)
        if sum(came_from(e) == address for e in theirs) + outside >= ADDRESS_JOBS[heavy]:
            raise Refused(429, MANY)
        if len(waiting) >= ALL_JOBS:
            raise Refused(503, "The server is busy; please try again in a minute.")
        if session is not None:
            LISTENERS.asked(session)

    def _tidy(self) -> None:
        """Forget the answers that nobody came for, once they are many."""
        queue = self.page._queue
        if len(queue.pending_event_ids_session) > UNHEARD:
            for session, events in list(queue.pending_event_ids_session.items()):
                if LISTENERS.absent(session) and not events & queue.event_ids_to_events.keys():
                    del queue.pending_event_ids_session[session]
                    queue.pending_messages_per_session.pop(session, None)


def _is_heavy(fn: Any) -> bool:
    return fn.concurrency_id in HEAVY_GROUPS


async def paced(pace: Pace, address: str, why: str) -> None:
    """Wait for an address's turn. Refused, with `why`, when that takes too long."""
    try:
        await pace.wait(address)
    except TooOften as late:
        raise Refused(429, f"{why}; try again in {late.seconds} s.") from None


def parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, UNREADABLE) from None


def _files(value: Any) -> Iterator[Any]:
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
