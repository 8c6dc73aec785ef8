# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A monitor's run: one round, or one after the other for a while; telling what it finds never holds it up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from ..errors import MonitorError, PathGuardError
from ..notify.outbox import Channel, Outbox
from . import metrics
from .condition import FACTS
from .memory import FILE, OPTION, Memory, Store
from .rounds import Damping, Round, one_round, unread
from .site import MonitorSite
from .watch import Question, Watch

Say = Callable[[str], None]

# Seconds between two looks at whether somebody wants a host to be looked at now.
NAP = 0.25
# Seconds in which a run waits for another that is just ending; and in which one does that is to go on for longer.
HANDOVER, TAKEOVER = 3.0, 20.0
# Seconds between two looks at what has just changed: whoever says so has waited until it was over.
WOKEN_PAUSE = 0.3
# Seconds that a round which is not the last waits for a slow channel.
SHORT = 1.0
# Of a monitor that holds the lock and has not ended a round for so many of its intervals, and so many seconds.
STUCK, STUCK_LEAST = 10, 600.0


class Clock(Protocol):
    def time(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


@dataclass(frozen=True)
class Order:
    """``interval``: seconds from the beginning of a round to that of the next; ``lasting``: seconds for which rounds
    are begun, 0: one round. ``only``: hosts that have changed; None: all. ``patience``: seconds that a round waits for
    slow channels. ``textfile``: of the node exporter, if there is one."""

    question: Question
    name: str
    store: Path
    interval: float = 30.0
    lasting: float = 0.0
    only: Sequence[str] | None = None
    damping: Damping = field(default_factory=Damping)
    channels: Sequence[Channel] = ()
    patience: float = 8.0
    textfile: Path | None = None


@dataclass
class Outcome:
    """``busy``: another monitor has these files, and does the work. ``troubles``: what does not work, for people."""

    busy: bool = False
    rounds: int = 0
    last: Round | None = None
    notices: list[dict[str, Any]] = field(default_factory=list)
    delivered: int = 0
    waiting: dict[str, int] = field(default_factory=dict)
    paths: dict[str, dict[str, Any]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    failed: str = ""


class Monitor:
    def __init__(
        self,
        order: Order,
        site: MonitorSite,
        clock: Clock,
        say: Say,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """``wanted``: whether anybody is still there who has asked for it."""
        self._order = order
        self._site = site
        self._clock = clock
        self._say = say
        self._wanted = wanted
        self._store = Store(order.store)
        self._outcome = Outcome()
        self._said: set[str] = set()

    def run(self) -> Outcome:
        """Raises PathGuardError where the monitor can't begin: a bad policy, no place for its files, or another monitor
        that does not get on."""
        until = self._clock.time() + (TAKEOVER if self._order.lasting else HANDOVER)
        while True:
            with self._store.locked() as mine:
                if mine:
                    self._watch()
                    return self._outcome
                if self._order.only is not None:
                    self._store.wake(self._order.only)
            if self._clock.time() >= until:
                return self._is_busy()
            self._clock.sleep(NAP)

    def _is_busy(self) -> Outcome:
        """Somebody else does the work, or should."""
        memory = self._store.load()
        if self._is_anothers(memory):
            raise MonitorError(
                "a monitor of another policy is at work with these files, and nobody looks at this one",
                str(self._store.folder),
                f"give each policy a folder of its own by {OPTION}",
            )
        last = memory.last_round
        late = self._clock.time() - last
        if last and late > max(STUCK * self._order.interval, STUCK_LEAST):
            raise MonitorError(
                f"another monitor holds {self._store.folder}, and has not ended a round for {late:.0f} s",
                str(self._store.folder),
                "look for it (fuser on the file 'lock' there), and end it",
            )
        self._outcome.busy = True
        return self._outcome

    def _is_anothers(self, memory: Memory) -> bool:
        """Whether the files are about another policy: none of its paths is one of this one."""
        mine, others = {path.name for path in self._order.question.policy.paths}, {*memory.paths} - {FACTS}
        return bool(mine and others) and not mine & others

    # Rounds.

    def _watch(self) -> None:
        memory = self._store.load()
        if self._is_anothers(memory):
            self._tell_once(
                f"the last run with {self._store.folder} was about another policy: all is told anew, and again "
                f"each time that they take turns; give each policy a folder of its own by {OPTION}"
            )
        watch = Watch(self._order.question, self._site, self._store, memory, self._clock.time)
        outbox = self._outbox(memory)
        begun = self._clock.time()
        only: Collection[str] | None = self._order.only
        while True:
            woken = self._store.woken()
            if woken is not None and only is not None:
                only = [*only, *woken]
            started = self._clock.time()
            self._one(watch, outbox, only)
            following = started + self._order.interval
            only = self._pause(following, begun + self._order.lasting, outbox)
            if (only is None and following > begun + self._order.lasting) or not self._wanted():
                break
        self._deliver(outbox, self._order.patience if outbox.due else 0.0)
        self._end(memory, outbox)

    def _pause(self, following: float, end: float, outbox: Outbox) -> Collection[str] | None:
        """Wait for the next round, or for somebody who wants hosts to be looked at: these."""
        while True:
            woken = self._store.woken()
            if woken is not None:
                return woken
            left = following - self._clock.time()
            if following > end or left <= 0 or not self._wanted():
                return None
            self._clock.sleep(min(NAP, left))
            if outbox.due:
                self._deliver(outbox, 0.0)

    def _one(self, watch: Watch, outbox: Outbox, only: Collection[str] | None) -> None:
        order, outcome, memory = self._order, self._outcome, watch.memory
        try:
            damping = order.damping
            if only is not None:
                damping = replace(damping, pause=min(damping.pause, WOKEN_PAUSE))
            found = one_round(watch, order.name, damping, self._clock.sleep, self._clock.time, only)
        except PathGuardError as error:
            if not order.lasting:
                raise
            outcome.failed = str(error)
            self._tell_once(f"this round came to nothing: {error.what}")
            return
        outcome.failed = ""
        outcome.rounds += 1
        outcome.last = found
        outcome.notices += found.notices
        for item in found.notices:
            outbox.add(item)
            self._say(f"PathGuard {order.name}: {item['summary']}")
        memory.outbox = outbox.to_dict()
        # Written down before anybody is told. A run of one round that can't write does not tell: the next one will.
        if not self._store.save(memory) and found.notices and not order.lasting:
            outcome.failed = f"nobody was told, because it can't be remembered: {self._store.troubles[FILE]}"
        patience = min(order.patience, SHORT) if order.lasting else order.patience
        self._deliver(outbox, patience if outbox.due else 0.0)
        self._write_metrics(memory, outbox, found)
        if watch.spared:
            self._tell_once(
                f"no connection is tried to {', '.join(watch.spared)}: it would count as an error there"
            )
        for text in (*self._store.troubles.values(), *outbox.troubles, *unread(found.seen)):
            self._tell_once(text)

    def _end(self, memory: Memory, outbox: Outbox) -> None:
        outcome = self._outcome
        memory.outbox = outbox.to_dict()
        self._store.save(memory)
        outcome.waiting = {name: count for name, count in outbox.waiting.items() if count}
        outcome.paths = {
            name: {
                "status": told.condition.status,
                "satisfied": told.condition.satisfied,
                "connections": told.condition.probes,
                "good": told.condition.good,
            }
            for name, told in memory.paths.items()
            if told.condition is not None
        }
        last = outcome.last
        outcome.troubles = [
            *self._store.troubles.values(),
            *outbox.troubles,
            *(unread(last.seen) if last else []),
        ]
        if last is not None and last.seen.proof is None:
            outcome.failed = outcome.failed or last.seen.why
        outcome.failed = outcome.failed or self._store.troubles.get(FILE, "")

    def _deliver(self, outbox: Outbox, patience: float) -> None:
        """A run of one round that can't remember tells nobody."""
        if self._order.lasting or FILE not in self._store.troubles:
            self._outcome.delivered += outbox.deliver(patience)

    def _outbox(self, memory: Memory) -> Outbox:
        def save() -> None:
            memory.outbox = outbox.to_dict()
            self._store.save(memory)

        try:
            outbox = Outbox(self._order.channels, memory.outbox, save, self._clock.time)
        except (TypeError, KeyError, ValueError, AttributeError):
            self._store.troubles["outbox"] = "the notices that waited were damaged, and are gone"
            outbox = Outbox(self._order.channels, {}, save, self._clock.time)
        return outbox

    def _write_metrics(self, memory: Memory, outbox: Outbox, found: Round) -> None:
        if self._order.textfile is None:
            return
        text = metrics.text(self._order, memory, outbox, found)
        trouble = metrics.write(self._order.textfile, text)
        if trouble:
            self._store.troubles["textfile"] = trouble
        else:
            self._store.troubles.pop("textfile", None)

    def _tell_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(f"PathGuard {self._order.name}: {text}")
