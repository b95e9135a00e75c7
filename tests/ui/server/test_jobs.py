"""Heavy work stands in a fair line: one job a visitor, addresses take turns, nobody is refused for a neighbour's sake."""

import time
from types import SimpleNamespace

import pytest

from ui.server.jobs import JOBS, Gone, Line, heavy
from ui.server.visitors import LISTENERS, address_of


def visitor(name: str, address: str = "1.1.1.1") -> SimpleNamespace:
    return SimpleNamespace(session_hash=name, headers={"x-forwarded-for": address}, client=None)


def test_one_job_a_visitor_and_a_class_behind_one_address_waits():
    line = Line(at_once=2)
    jobs = [line.enter(visitor(f"pupil {i}"), "adaptation") for i in range(30)]
    places = [next(job.places(), None) for job in jobs]
    assert [p and p.number for p in places] == [None, None, *range(1, 29)]
    assert str(places[8]) == "You are number 7 in the line; about 60 s."  # three pairs and a half of 15 s, of which nothing is done
    with pytest.raises(ValueError, match=r"^Your other adaptation is still under way; stop it or wait\.$"):
        line.enter(visitor("pupil 3", "2.2.2.2"), "adaptation")  # a forged address does not help
    with pytest.raises(ValueError, match="Your adaptation is still under way"):
        line.enter(visitor("pupil 3"), "picture")


def test_only_a_very_long_line_is_refused_and_only_to_the_address_that_made_it():
    line = Line(longest=3)
    first = [line.enter(visitor(str(i)), "picture") for i in range(3)]
    with pytest.raises(ValueError, match="3 jobs of your network address wait; please try again"):
        line.enter(visitor("late"), "picture")
    line.enter(visitor("other", "2.2.2.2"), "picture")
    line.leave(first[0])
    line.enter(visitor("late"), "picture")


def test_addresses_take_turns():
    line = Line(at_once=1)
    jobs = [line.enter(visitor(f"a{i}", "1.1.1.1"), "adaptation") for i in range(4)]
    assert next(jobs[0].places(), None) is None
    jobs += [line.enter(visitor(f"b{i}", "2.2.2.2"), "adaptation") for i in range(2)]
    jobs.append(line.enter(visitor("c0", "3.3.3.3"), "adaptation"))
    order, waiting = [], jobs[1:]
    line.leave(jobs[0])
    while waiting:
        job = next(j for j in waiting if next(j.places(), None) is None)
        waiting.remove(job)
        order.append(job.visitor)
        line.leave(job)
    assert order == ["b0", "c0", "a1", "b1", "a2", "a3"]


def test_a_job_ends_when_nobody_waits_for_it(monkeypatch):
    monkeypatch.setattr(LISTENERS, "grace", 0.1)
    line, done = Line(), []
    LISTENERS.asked("never listens")
    time.sleep(0.2)
    with pytest.raises(Gone), line.enter(visitor("never listens"), "adaptation") as job:
        list(job.work(iter(done.append(1) or 1 for _ in range(3))))
    with LISTENERS.stream("leaves"):
        job = line.enter(visitor("leaves"), "adaptation")
        values = job.work(iter(range(9)))
        assert [next(values), next(values)] == [0, 1]
    time.sleep(0.2)
    with pytest.raises(Gone), job:
        next(values)
    assert len(line) == 0 and len(done) <= 1


class Tab:
    message, stop = "the message", "the button"

    @heavy("adaptation")
    def steps(self, request, n):
        yield from ({"step": i} for i in range(n))

    @heavy("picture")
    def once(self, request):
        return {"file": "x"}


def test_a_tab_tells_the_place_then_answers_and_refuses_in_a_sentence():
    tab, running = Tab(), [Tab().steps(visitor(f"w{i}"), 2) for i in range(2)]
    assert [next(r) for r in running] == [{"step": 0}] * 2
    waiting = tab.once(visitor("me"))
    told = next(waiting)
    assert "You are number 1 in the line; about " in told["the message"] and told["the button"]["interactive"]
    (refused,) = tab.steps(visitor("me"), 2)
    assert set(refused) == {"the message"} and "Your picture is still under way" in refused["the message"]
    running[0].close()
    *_, ready, made = waiting
    assert made == {"file": "x"} and not ready["the button"]["interactive"]
    running[1].close()
    assert list(tab.once(visitor("me"))) == [{"file": "x"}]


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("1.1.1.1, 8.8.8.8", "8.8.8.8"),  # what stands to the left is the client's own claim
        ("8.8.8.8, 10.0.0.1", "8.8.8.8"),  # a proxy within the host
        ("10.0.0.1", "10.0.0.1"),
        ("8.8.8.8:5678", "8.8.8.8"),
        ("8.8.8.8:5678, 10.0.0.1:80", "8.8.8.8"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("[::ffff:8.8.8.8]:443", "8.8.8.8"),
        ("2a00:1450:4001:81b::200e", "2a00:1450:4001:81b::/64"),
        ("[2a00:1450:4001:81b::200e]:443", "2a00:1450:4001:81b::/64"),
        ("[2a00:1450:4001:81b:1::200e]", "2a00:1450:4001:81b::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("nonsense" * 20, ("nonsense" * 20)[:64]),
        ("", "9.9.9.9"),
    ],
)
def test_the_address(forwarded, address):
    request = SimpleNamespace(headers={"x-forwarded-for": forwarded}, client=SimpleNamespace(host="9.9.9.9"))
    assert address_of(request) == address


def test_stop_leaves_the_line():
    tab, running = Tab(), [Tab().steps(visitor(f"w{i}"), 2) for i in range(2)]
    assert [next(r) for r in running] == [{"step": 0}] * 2
    me, waiting = visitor("me"), tab.steps(visitor("me"), 2)
    next(waiting)
    JOBS.stop(me)
    (left,) = waiting
    assert "left the line" in left["the message"] and not left["the button"]["interactive"]
    assert JOBS.of(me) is None
    for r in running:
        assert list(r) == [{"step": 1}]
