# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notices on their way to channels: each is delivered once, later if it must be, and nobody waits for a slow one.

A notice is written down before it is sent, and crossed out when it has arrived. Where a connection broke after all was
sent, or this program was killed while it was sending, nobody can know whether it arrived: it is sent again with the
same id (an ``Idempotency-Key``, a ``Message-ID``), by which the receiver can tell, and that at most UNSURE times.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from ..render.words import counted

Notice = Mapping[str, Any]

# Notices that wait for one channel; of more, the oldest go.
MOST = 200
# Sent one after the other before the next look at the network; and tries that may have arrived.
AT_ONCE, UNSURE = 20, 3
# Seconds until the next try, by the tries before.
BACKOFF = (5.0, 10.0, 20.0, 60.0, 120.0, 300.0)
LONGEST_WAIT = 3600.0


class NotDeliveredError(Exception):
    """``maybe``: it may have arrived all the same. ``wait``: seconds that the receiver asks for."""

    def __init__(self, why: str, maybe: bool = False, wait: float = 0.0) -> None:
        super().__init__(why)
        self.why = why
        self.maybe = maybe
        self.wait = wait


class Channel(Protocol):
    """``name``: for people and for the file; it holds no secret. ``send`` raises NotDeliveredError, and gives what of
    it did not arrive though the rest did, if anything."""

    @property
    def name(self) -> str: ...

    def send(self, notice: Notice) -> str | None: ...


@dataclass
class Waiting:
    """``tries``: failed ones; ``unsure``: those of them that may have arrived. ``sending``: it is on its way."""

    notice: dict[str, Any]
    tries: int = 0
    unsure: int = 0
    not_before: float = 0.0
    sending: bool = False


@dataclass
class Box:
    """Of one channel. ``dropped``: notices that never arrived; ``sent``: those that did; ``error``: the last."""

    waiting: list[Waiting] = field(default_factory=list)
    dropped: int = 0
    sent: int = 0
    error: str = ""

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Box:
        return cls(
            [Waiting(**item) for item in value["waiting"]],
            int(value["dropped"]),
            int(value["sent"]),
            str(value["error"]),
        )


def _waits(count: int) -> str:
    return f"{counted(count, 'notice')} {'waits' if count == 1 else 'wait'}"


class Outbox:
    """``save``: writes down what ``to_dict`` gives. ``clock``: seconds since 1970."""

    def __init__(
        self,
        channels: Sequence[Channel],
        kept: Mapping[str, Any],
        save: Callable[[], object],
        clock: Callable[[], float],
    ) -> None:
        """Raises TypeError, KeyError, ValueError where ``kept`` is not what ``to_dict`` gave."""
        self.channels = {channel.name: channel for channel in channels}
        self.boxes = {name: Box.from_dict(value) for name, value in kept.items()}
        for name in self.channels:
            self.boxes.setdefault(name, Box())
        for box in self.boxes.values():
            # Whoever was sending them was killed, at the first: those behind it have used up no try.
            for number, item in enumerate([item for item in box.waiting if item.sending]):
                item.sending, item.unsure = False, item.unsure + (number == 0)
            kept_items = [item for item in box.waiting if item.unsure < UNSURE]
            box.dropped += len(box.waiting) - len(kept_items)
            box.waiting = kept_items
        self._given_up: dict[str, int] = {}
        self._in_part: dict[str, str] = {}
        self._save = save
        self._clock = clock
        self._done: SimpleQueue[tuple[str, Waiting, NotDeliveredError | str | None]] = SimpleQueue()
        self._busy: dict[str, int] = {}

    def to_dict(self) -> dict[str, Any]:
        return {name: asdict(box) for name, box in self.boxes.items()}

    def add(self, notice: Mapping[str, Any]) -> None:
        for name in self.channels:
            box = self.boxes[name]
            box.waiting.append(Waiting(dict(notice)))
            while len(box.waiting) > MOST:
                oldest = next((item for item in box.waiting if not item.sending), None)
                if oldest is None:
                    break
                self._give_up(name, oldest)

    @property
    def waiting(self) -> dict[str, int]:
        """Channel -> notices that it has not got yet; one that is not set up any more keeps its own."""
        return {name: len(box.waiting) for name, box in self.boxes.items()}

    @property
    def due(self) -> bool:
        """Whether something can be sent, or is on its way."""
        now = self._clock()
        return any(self._busy.values()) or any(
            bool(box.waiting) and box.waiting[0].not_before <= now
            for name, box in self.boxes.items()
            if name in self.channels
        )

    @property
    def troubles(self) -> list[str]:
        """Why notices wait, for people."""
        found = []
        for name, box in self.boxes.items():
            if box.waiting and name not in self.channels:
                found.append(f"{_waits(len(box.waiting))} for {name}, which is not set up in this run")
            elif box.waiting and box.error:
                found.append(f"{_waits(len(box.waiting))} for {name}: {box.error}; to be delivered later")
        found += [
            f"{name} has a notice in part: {missed}" for name, missed in self._in_part.items() if missed
        ]
        for name, count in self._given_up.items():
            found.append(
                f"given up for {name}, which has not taken them for too long: {counted(count, 'notice')}"
            )
        return found

    def _give_up(self, name: str, item: Waiting) -> None:
        self.boxes[name].waiting.remove(item)
        self.boxes[name].dropped += 1
        self._given_up[name] = self._given_up.get(name, 0) + 1

    def deliver(self, patience: float) -> int:
        """Send what is due, all channels at the same time; the number that arrived. After ``patience`` seconds those
        that are slow go on by themselves, and are asked for the next time."""
        self._collect(0.0)
        now = self._clock()
        for name, channel in self.channels.items():
            box = self.boxes[name]
            if self._busy.get(name) or not box.waiting or box.waiting[0].not_before > now:
                continue
            batch = box.waiting[:AT_ONCE]
            for item in batch:
                item.sending = True
            self._busy[name] = len(batch)
            self._save()
            threading.Thread(target=self._send, args=(channel, batch), daemon=True).start()
        return self._collect(patience)

    def _send(self, channel: Channel, batch: Sequence[Waiting]) -> None:
        """In order; behind one that failed, the others wait as well."""
        left = list(batch)
        try:
            while left:
                missed = channel.send(left[0].notice)
                self._done.put((channel.name, left.pop(0), missed))
        except NotDeliveredError as error:
            self._done.put((channel.name, left.pop(0), error))
        except BaseException as fault:
            unsure = NotDeliveredError(f"a fault of this program ({type(fault).__name__})", maybe=True)
            self._done.put((channel.name, left.pop(0), unsure))
            raise
        finally:
            for item in left:
                self._done.put((channel.name, item, NotDeliveredError("")))

    def _collect(self, patience: float) -> int:
        end = time.monotonic() + patience
        arrived = 0
        while any(self._busy.values()):
            try:
                name, item, answer = self._done.get(timeout=max(0.0, end - time.monotonic()))
            except Empty:
                break
            self._busy[name] -= 1
            arrived += self._ended(name, item, answer)
            self._save()
        return arrived

    def _ended(self, name: str, item: Waiting, error: NotDeliveredError | str | None) -> bool:
        box = self.boxes[name]
        item.sending = False
        if not isinstance(error, NotDeliveredError):
            self._in_part[name] = error or ""
            box.waiting.remove(item)
            box.sent += 1
            box.error = ""
            return True
        if not error.why:  # it was behind one that failed
            return False
        box.error = error.why
        item.unsure += error.maybe
        wait = min(max(error.wait, BACKOFF[min(item.tries, len(BACKOFF) - 1)]), LONGEST_WAIT)
        item.tries += 1
        item.not_before = self._clock() + wait
        if item.unsure >= UNSURE:
            self._give_up(name, item)
        return False
