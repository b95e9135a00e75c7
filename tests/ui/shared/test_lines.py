"""An address gets what it asks for little by little; another's requests stand before those that it has yet to send."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest

from ui.server import lines
from ui.server.lines import IN_LINE, Lines
from ui.server.pace import Pace, TooOften

RUN, OTHER = SimpleNamespace(concurrency_id="run"), SimpleNamespace(concurrency_id="other")


def run(awaitable) -> None:
    """In a thread of its own: a browser of the tests may have a loop running in this one."""
    failed: list[BaseException] = []

    async def wait() -> None:
        await awaitable()

    def work() -> None:
        try:
            asyncio.run(wait())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    if failed:
        raise failed[0]


def event(address: str, fn: SimpleNamespace = RUN) -> SimpleNamespace:
    request = SimpleNamespace(headers={"x-forwarded-for": address}, client=None)
    return SimpleNamespace(concurrency_id=fn.concurrency_id, request=request)


def test_few_of_an_address_stand_in_a_line_and_leave_it_in_order():
    queue = SimpleNamespace(event_ids_to_events={})
    waiting, joined = Lines(SimpleNamespace(_queue=queue)), []

    async def ask(number: int, address: str, fn: SimpleNamespace = RUN) -> None:
        async with waiting.entering(fn, address):
            await asyncio.sleep(0)  # what Gradio does before the job is in its queue
            joined.append(number)
            queue.event_ids_to_events[number] = event(address, fn)

    async def all_of_them() -> None:
        flood = [asyncio.create_task(ask(i, "1.1.1.1")) for i in range(12)]
        while len(joined) < IN_LINE:
            await asyncio.sleep(0)
        await asyncio.wait_for(asyncio.gather(ask(100, "8.8.8.8"), ask(101, "1.1.1.1", OTHER)), 5)
        assert joined[:IN_LINE] == list(range(IN_LINE)) and set(joined[IN_LINE:]) == {100, 101}
        assert waiting.outside("1.1.1.1") == 12 - IN_LINE and waiting.outside("8.8.8.8") == 0
        for done in range(12):
            del queue.event_ids_to_events[done]
            while len(joined) < min(14, IN_LINE + 3 + done):
                await asyncio.sleep(0.001)
        await asyncio.gather(*flood)

    run(lambda: asyncio.wait_for(all_of_them(), 30))
    assert [n for n in joined if n < 100] == list(range(12)) and waiting.outside("1.1.1.1") == 0


def test_who_would_wait_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(lines, "LONGEST", 0.0)
    waiting = Lines(SimpleNamespace(_queue=SimpleNamespace(event_ids_to_events={i: event("1.1.1.1") for i in range(IN_LINE)})))

    async def ask() -> None:
        async with waiting.entering(RUN, "1.1.1.1"):
            pytest.fail("there is no room")

    with pytest.raises(TooOften):
        run(ask)
    assert waiting.outside("1.1.1.1") == 0


def test_a_pace_lets_some_at_once_and_then_refuses():
    pace = Pace(at_once=3, a_second=0.001)

    async def ask() -> None:
        for _ in range(4):
            await pace.wait("1.1.1.1")
        with pytest.raises(TooOften) as late:
            await pace.wait("1.1.1.1")
        assert 900 < late.value.seconds <= 1000
        await pace.wait("8.8.8.8")

    run(lambda: asyncio.wait_for(ask(), 5))
