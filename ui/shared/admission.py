"""What a request may ask of the page's events: one that exists, with as many values as it takes, and not too many at once."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from gradio.utils import is_in_or_equal

from model.config import quoted
from ui.shared.fairness import HEAVY, TRAINING
from ui.shared.visitors import LISTENERS

API = "/gradio_api"
ASKS = (f"{API}/queue/join", f"{API}/run/", f"{API}/api/", f"{API}/call/")
DIRECT = (f"{API}/run/", f"{API}/api/")  # past the queue
HEAVY_GROUPS = (HEAVY["concurrency_id"], TRAINING["concurrency_id"])
SESSION_JOBS = {True: 3, False: 32}  # asked for and not yet answered, by one session: heavy ones, light ones
ADDRESS_JOBS = {True: 24, False: 64}  # the same, by one address
ALL_JOBS = 1000
VISITS, VISITS_A_SECOND = 20, 8.0  # new visits of one address: at once, and then
VISIT_WAIT = 10.0  # s that a new visit waits at most
UNREADABLE = "The request could not be read."


class Refused(Exception):
    """A request that goes no further: HTTP status, and one sentence."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class Admission:
    """Checks what is asked of `page`, a Blocks."""

    def __init__(self, page: Any):
        self.page = page
        self._visits: OrderedDict[str, float] = OrderedDict()  # address -> when its next new visit comes after the ones that come at once
        self._addresses: OrderedDict[str, str] = OrderedDict()  # session -> address, oldest first

    async def check(self, path: str, body: Any, address: str) -> None:
        """Refused for a job that names nothing, lacks values, names a file, or is one too many."""
        if not isinstance(body, dict):
            raise Refused(400, UNREADABLE)
        if any(not self._uploaded(file) for file in _files(body)):  # wherever it stands: Gradio would fetch what is an address
            raise Refused(400, "A file must be uploaded first; other paths and addresses are not read.")
        session, data, fn = body.get("session_hash"), body.get("data"), self._event(path, body)
        if not (session is None or (isinstance(session, str) and 0 < len(session) <= 64)):
            raise Refused(400, f"session_hash must be a text of at most 64 characters, got {quoted(session)}.")
        if path.startswith(f"{API}/call/v2/"):
            return await self._count(session, address, fn)  # values come by name there
        allowed = {len(fn.inputs), sum(not b.skip_api for b in fn.inputs) if "/call/" in path else len(fn.inputs)}
        if not isinstance(data, list) or len(data) not in allowed:
            got = len(data) if isinstance(data, list) else quoted(data)
            raise Refused(400, f"data must hold {len(fn.inputs)} values, got {got}.")
        await self._count(session, address, fn)

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
            await self._visit(address)
        queue, heavy = self.page._queue, _is_heavy(fn)
        mine = queue.pending_event_ids_session.get(session, set())
        waiting = list(queue.event_ids_to_events.values())
        theirs = [e for e in waiting if _is_heavy(e.fn) == heavy]
        if sum(e.session_hash == session for e in theirs) >= SESSION_JOBS[heavy] or len(mine) >= sum(SESSION_JOBS.values()):
            raise Refused(429, "Your earlier requests are not answered yet; wait until they are.")
        if sum(self._addresses.get(e.session_hash) == address for e in theirs) >= ADDRESS_JOBS[heavy]:
            raise Refused(429, "Many requests of your network address are not answered yet; wait until they are.")
        if len(waiting) >= ALL_JOBS:
            raise Refused(503, "The server is busy; please try again in a minute.")
        if session is not None:
            self._remember(session, address)
            LISTENERS.asked(session)

    async def _visit(self, address: str) -> None:
        """A new visit: making its state is work, and it may push out another's. So those of one address come one after another."""
        now = time.monotonic()
        at = max(self._visits.pop(address, 0.0), now - VISITS / VISITS_A_SECOND)
        if at - now > VISIT_WAIT:
            self._visits[address] = at
            raise Refused(429, f"Many pages were opened from your network address just now; try again in {math.ceil(at - now)} s.")
        self._visits[address] = at + 1 / VISITS_A_SECOND
        while len(self._visits) > 10_000:
            self._visits.popitem(last=False)
        if at > now:
            await asyncio.sleep(at - now)

    def _remember(self, session: str, address: str) -> None:
        self._addresses[session] = address
        self._addresses.move_to_end(session)
        holder, queue = self.page.state_holder, self.page._queue
        while len(self._addresses) > 2 * holder.capacity:  # what is left of those who never listened
            old, _ = self._addresses.popitem(last=False)
            queue.pending_event_ids_session.pop(old, None)
            queue.pending_messages_per_session.pop(old, None)


def _is_heavy(fn: Any) -> bool:
    return fn.concurrency_id in HEAVY_GROUPS


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
