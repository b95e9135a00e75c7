"""First come, first served; one training a visitor; nobody holds a place by absence."""

from __future__ import annotations

import pytest

from ui.server.training_queue import DOUBLE_CLICK, TrainingQueue


def test_places_move_up():
    queue = TrainingQueue(running=2, waiting=2)
    tickets = [queue.enter(name) for name in "abcd"]
    assert [queue.place(t) for t in tickets] == [0, 0, 1, 2]
    with pytest.raises(ValueError, match="2 trainings run and 2 visitors wait"):
        queue.enter("e")
    queue.leave(tickets[0])
    assert [queue.place(t) for t in tickets[1:]] == [0, 0, 1]
    queue.leave(tickets[0])  # once more does nothing
    assert queue.place(queue.enter("e")) == 2


def test_one_training_a_visitor():
    queue = TrainingQueue()
    ticket = queue.enter("a")
    with pytest.raises(ValueError, match="A training of yours is under way"):
        queue.enter("a")
    queue.leave(ticket)
    assert queue.place(queue.enter("a")) == 0


def test_stop_counts():
    queue = TrainingQueue()
    ticket = queue.enter("a")
    assert queue.stop("b") == 0 and ticket.stops == 0
    assert queue.stop("a") == 1 and queue.stop("a") == 1  # a double click
    ticket.stopped -= DOUBLE_CLICK + 1
    assert queue.stop("a") == 2 and ticket.stops == 2
    queue.leave(ticket)
    assert queue.stop("a") == 0


def test_a_forgotten_ticket_is_dropped():
    queue, dropped = TrainingQueue(running=1, forgotten=10.0), []
    gone = queue.enter("gone")
    gone.on_drop = lambda: dropped.append("gone")
    gone.seen -= 11
    assert queue.place(queue.enter("next")) == 0 and dropped == ["gone"]
    with pytest.raises(ValueError, match="given up"):
        queue.place(gone)


def test_the_wait_is_what_those_before_have_left():
    queue = TrainingQueue(running=2)
    for visitor, left in (("a", 30.0), ("b", 10.0), ("c", 5.0), ("d", 60.0)):
        queue.enter(visitor).left = left
    waits = [queue.wait(t) for t in (*queue._tickets, queue.enter("e"))]
    assert waits == [0, 0, 10, 15, 30]  # c follows b, d follows c, and a's place is free before d's


def test_nobody_can_fill_the_line():
    queue = TrainingQueue(running=2)
    many = [queue.enter(f"many {i}", "one address") for i in range(5)]
    assert [queue.place(t) for t in many] == [0, 0, 1, 2, 3]
    other = queue.enter("other", "another address")
    assert queue.place(other) == 1 and [queue.place(t) for t in many] == [0, 0, 2, 3, 4]  # those who train go on
    for ticket in many[2:]:
        ticket.left = 60.0
    many[0].left, many[1].left = 30.0, 50.0
    assert queue.wait(other) == 30.0 and queue.wait(many[2]) == 30.0  # for `other` has told no time yet
    queue.leave(many[0])
    assert queue.place(other) == 0 and queue.place(many[2]) == 1
