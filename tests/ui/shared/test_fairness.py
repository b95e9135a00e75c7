"""Heavy work is shared fairly: one job a visitor, few an address, turns for all, and none for those who have gone."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from ui.server import fairness
from ui.server.fairness import Gone, Jobs, Turns, heavy, rest
from ui.server.visitors import Listeners, address_of


def visitor(name: str, address: str = "1.1.1.1") -> SimpleNamespace:
    return SimpleNamespace(session_hash=name, headers={"x-forwarded-for": address}, client=None)


def jobs(**more) -> Jobs:
    return Jobs(Turns(more.pop("at_once", 1)), listeners=Listeners(grace=more.pop("grace", 0.2)), **more)


def test_one_job_a_visitor_few_an_address_and_a_bound_for_all():
    j = jobs(per_address=2, most=3)
    first = j.enter(visitor("a"), "adaptation")
    with pytest.raises(ValueError, match=r"^Your other adaptation is still under way; stop it or wait\.$"):
        j.enter(visitor("a", "2.2.2.2"), "adaptation")  # a forged address does not help
    with pytest.raises(ValueError, match="Your adaptation is still under way"):
        j.enter(visitor("a"), "picture")
    j.enter(visitor("b"), "picture")
    with pytest.raises(ValueError, match="2 jobs run for your network address"):
        j.enter(visitor("c"), "picture")
    j.enter(visitor("c", "2.2.2.2"), "picture")
    with pytest.raises(ValueError, match="busy with 3 jobs"):
        j.enter(visitor("d", "3.3.3.3"), "picture")
    j.leave(first)
    j.leave(first)  # once more does nothing
    with j.enter(visitor("d", "3.3.3.3"), "picture"):
        pass


def test_turns_go_round_the_addresses():
    """Three visitors of one address and one of another work at once: the other one has every second turn."""
    j, order, barrier = jobs(per_address=9), [], threading.Barrier(4)

    def work(name: str, address: str):
        with j.enter(visitor(name, address), "adaptation") as job:
            barrier.wait(10)
            for _ in range(8):
                with job.turn():
                    order.append(address)
                    time.sleep(0.01)

    threads = [threading.Thread(target=work, args=(str(i), "2.2.2.2" if i == 3 else "1.1.1.1")) for i in range(4)]
    [t.start() for t in threads]
    [t.join(30) for t in threads]
    assert len(order) == 32
    last = max(i for i, a in enumerate(order) if a == "2.2.2.2")
    assert last <= 19, order  # 8 turns among 16, and a few for the start


def test_a_pause_gives_the_turn_back():
    j = jobs()
    one, two = j.enter(visitor("a"), "adaptation"), j.enter(visitor("b"), "adaptation")
    done = threading.Event()

    def other():
        with two.turn():
            done.set()

    with one.turn():
        thread = threading.Thread(target=other)
        thread.start()
        assert not done.wait(0.1)
        rest(lambda seconds: done.wait(10), 0)
        assert done.is_set() and one.holds
    thread.join()
    assert j.turns._holding.total() == 0


def test_a_job_whose_visitor_has_gone_never_starts():
    j, began = jobs(), []
    j.listeners.asked("a")  # and never listens
    job = j.enter(visitor("a"), "adaptation")
    with pytest.raises(Gone):
        next(job.in_turns(iter(began.append(1) or (1,) for _ in range(3))))
    assert not began
    j.leave(job)
    with pytest.raises(Gone):
        j.enter(visitor("a"), "adaptation")


def test_a_job_ends_when_its_visitor_leaves():
    j = jobs()
    j.listeners.asked("a")
    j.listeners.opened("a")
    values = j.enter(visitor("a"), "adaptation").in_turns(iter(range(1000)))
    assert [next(values), next(values)] == [0, 1]
    j.listeners.closed("a")
    time.sleep(0.3)
    with pytest.raises(Gone):
        next(values)
    assert j.turns._holding.total() == 0


def test_a_refused_job_is_one_sentence_and_changes_nothing(monkeypatch):
    monkeypatch.setattr(fairness, "JOBS", jobs())

    class Tab:
        message = "the message"

        @heavy("adaptation")
        def steps(self, request, n):
            yield from ({"step": i} for i in range(n))

        @heavy("picture")
        def once(self, request):
            return {"file": "x"}

    tab = Tab()
    assert list(tab.steps(visitor("a"), 2)) == [{"step": 0}, {"step": 1}]
    running = tab.steps(visitor("a"), 2)
    next(running)
    (refused,) = tab.steps(visitor("a"), 2)
    assert set(refused) == {"the message"} and "Your other adaptation is still under way" in refused["the message"]
    assert set(tab.once(visitor("a"))) == {"the message"} and tab.once(visitor("b")) == {"file": "x"}
    running.close()
    assert tab.once(visitor("a")) == {"file": "x"}


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("1.1.1.1, 8.8.8.8", "8.8.8.8"),  # what stands to the left is the client's own claim
        ("8.8.8.8, 10.0.0.1", "8.8.8.8"),  # a proxy within the host
        ("10.0.0.1", "10.0.0.1"),
        ("2a00:1450:4001:81b::200e", "2a00:1450:4001:81b::/64"),
        ("nonsense" * 20, ("nonsense" * 20)[:64]),
        ("", "9.9.9.9"),
    ],
)
def test_the_address(forwarded, address):
    request = SimpleNamespace(headers={"x-forwarded-for": forwarded}, client=SimpleNamespace(host="9.9.9.9"))
    assert address_of(request) == address
