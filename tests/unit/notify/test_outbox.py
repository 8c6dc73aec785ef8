# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notices wait for channels that are down, arrive once, and hold up nobody."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.notify import outbox as module
from ansible_collections.pathguard.network.plugins.plugin_utils.notify.outbox import NotDeliveredError, Outbox
from tests.unit.notify.notices import notice

DOWN = NotDeliveredError("there is no connection to it: Connection refused")
UNSURE = NotDeliveredError("it took the notice, and it gave no answer in time", maybe=True)


class Receiver:
    """``answers``: errors for the first tries, in order."""

    def __init__(
        self, name: str = "webhook 1 (generic)", answers: list[NotDeliveredError] | None = None
    ) -> None:
        self.name = name
        self.answers = list(answers or ())
        self.tries: list[str] = []
        self.got: list[str] = []

    def send(self, notice: Mapping[str, Any]) -> None:
        self.tries.append(notice["id"])
        if self.answers:
            raise self.answers.pop(0)
        self.got.append(notice["id"])


class Desk:
    """An outbox with what it has written down, and a clock."""

    def __init__(self, *channels: Any) -> None:
        self.now = 1000.0
        self.channels = channels
        self.kept: dict[str, Any] = {}
        self.written: list[dict[str, Any]] = []
        self.open()

    def open(self) -> None:
        """As a new process does."""
        self.box = Outbox(self.channels, self.kept, self.save, lambda: self.now)

    def save(self) -> None:
        self.kept = self.box.to_dict()
        self.written.append(self.kept)

    def add(self, *numbers: int) -> None:
        for number in numbers:
            self.box.add(notice(number))
        self.save()


def ids(*numbers: int) -> list[str]:
    return [notice(number)["id"] for number in numbers]


def test_what_arrives_is_crossed_out() -> None:
    receiver = Receiver()
    desk = Desk(receiver)
    desk.add(1, 2)
    assert desk.box.deliver(5.0) == 2
    assert desk.box.waiting == {receiver.name: 0}
    desk.open()
    assert desk.box.deliver(5.0) == 0
    assert receiver.got == ids(1, 2)


def test_it_is_written_down_before_it_is_sent() -> None:
    states: list[bool] = []

    class Looking(Receiver):
        def send(self, notice: Mapping[str, Any]) -> None:
            states.append(desk.kept[self.name]["waiting"][0]["sending"])

    desk = Desk(Looking())
    desk.add(1)
    desk.box.deliver(5.0)
    assert states == [True]


def test_a_channel_that_is_down_gets_them_later_in_order() -> None:
    receiver = Receiver(answers=[DOWN, DOWN])
    desk = Desk(receiver)
    desk.add(1, 2)
    assert desk.box.deliver(5.0) == 0
    assert receiver.tries == ids(1), "behind one that failed, the others wait"
    assert desk.box.troubles == [
        "2 notices wait for webhook 1 (generic): there is no connection to it: Connection refused; to be delivered later"
    ]
    assert desk.box.deliver(5.0) == 0
    assert receiver.tries == ids(1), "not before its time"
    desk.now += 5
    desk.box.deliver(5.0)
    desk.now += 9
    assert desk.box.deliver(5.0) == 0
    desk.now += 1
    desk.open()
    assert desk.box.deliver(5.0) == 2
    assert receiver.got == ids(1, 2)
    assert desk.box.troubles == []


def test_the_receiver_says_when() -> None:
    receiver = Receiver(answers=[NotDeliveredError("it answers 429", wait=120)])
    desk = Desk(receiver)
    desk.add(1)
    desk.box.deliver(5.0)
    desk.now += 119
    assert desk.box.deliver(5.0) == 0
    desk.now += 1
    assert desk.box.deliver(5.0) == 1


def test_one_that_is_slow_holds_up_nobody() -> None:
    gate = threading.Event()

    class Slow(Receiver):
        def send(self, notice: Mapping[str, Any]) -> None:
            gate.wait(20)
            super().send(notice)

    slow, quick = Slow("slow"), Receiver("quick")
    desk = Desk(slow, quick)
    desk.add(1)
    begun = time.monotonic()
    assert desk.box.deliver(0.2) == 1
    assert time.monotonic() - begun < 5
    assert (slow.got, quick.got) == ([], ids(1))
    desk.add(2)
    assert desk.box.deliver(0.2) == 1
    gate.set()
    assert desk.box.deliver(5.0) + desk.box.deliver(5.0) == 2
    assert slow.got == ids(1, 2)
    assert slow.tries == ids(1, 2), "what was on its way was not sent a second time"


def test_what_was_on_its_way_when_the_program_was_killed() -> None:
    receiver = Receiver(answers=[DOWN])
    desk = Desk(receiver)
    desk.add(1)
    desk.box.deliver(5.0)
    in_flight = next(kept for kept in desk.written if kept[receiver.name]["waiting"][0]["sending"])
    desk.kept = in_flight
    desk.open()
    assert desk.box.deliver(5.0) == 1
    assert receiver.got == ids(1), "with the same id"


def test_those_behind_the_one_on_its_way_are_not_given_up() -> None:
    """A receiver that is slow, in runs that end before it has answered."""
    receiver = Receiver()
    desk = Desk(receiver)
    desk.add(1, 2)
    for _number in range(3):
        for item in desk.kept[receiver.name]["waiting"]:
            item["sending"] = True
        desk.open()
        desk.save()
    assert desk.box.boxes[receiver.name].dropped == 1
    assert desk.box.deliver(5.0) == 1
    assert receiver.got == ids(2)


def test_what_may_have_arrived_is_sent_three_times_at_most() -> None:
    receiver = Receiver(answers=[UNSURE] * 9)
    desk = Desk(receiver)
    desk.add(1, 2)
    for _number in range(9):
        desk.box.deliver(5.0)
        desk.now += 4000
    assert receiver.tries == ids(1, 1, 1, 2, 2, 2)
    assert desk.box.troubles == [
        "given up for webhook 1 (generic), which has not taken them for too long: 2 notices"
    ]
    assert desk.box.boxes[receiver.name].dropped == 2


def test_no_more_wait_than_there_is_room_for() -> None:
    desk = Desk(Receiver(answers=[DOWN]))
    desk.add(*range(module.MOST + 5))
    box = desk.box.boxes["webhook 1 (generic)"]
    assert len(box.waiting) == module.MOST
    assert box.dropped == 5
    assert box.waiting[0].notice["id"] == ids(5)[0], "the oldest have gone"


def test_a_channel_that_is_not_set_up_keeps_its_notices() -> None:
    receiver = Receiver(answers=[DOWN])
    desk = Desk(receiver)
    desk.add(1)
    desk.box.deliver(5.0)
    desk.now += 60
    desk.channels = ()
    desk.open()
    assert desk.box.deliver(5.0) == 0
    assert desk.box.troubles == ["1 notice waits for webhook 1 (generic), which is not set up in this run"]
    desk.channels = (receiver,)
    desk.save()
    desk.open()
    assert desk.box.deliver(5.0) == 1


@pytest.mark.parametrize(
    "kept", [{"x": {}}, {"x": {"waiting": [{}], "dropped": 0, "sent": 0, "error": ""}}, {"x": 1}]
)
def test_what_was_kept_is_damaged(kept: dict[str, Any]) -> None:
    with pytest.raises((TypeError, KeyError, ValueError)):
        Outbox((), kept, lambda: None, time.time)
