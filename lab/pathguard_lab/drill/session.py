# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One drill: what the trainee is told, what was answered, and how long it took."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Sequence
from typing import Any

from .. import topology
from .answer import judge
from .catalogue import Fault
from .scene import ROUTER, ROUTER_NAME, Diagnosis
from .unattended import words_of

OPEN, SOLVED, GAVE_UP, LEFT = "open", "solved", "gave up", "left"
COMMANDS = {
    "symptom": "what users see",
    "answer": "answer HOST 'RULE OR CAUSE' (or answer alone, which asks)",
    "hint": "the next hint; it is counted",
    "giveup": "the solution; the drill is over",
}


def cause_of(fault: Fault, told: Diagnosis | None) -> dict[str, Any] | None:
    """The cause in a diagnosis that is the fault, None where it names another or none."""
    piece = fault.diagnosed or fault.cause
    causes = told.causes if told else []
    return next((one for one in causes if one["host"] in fault.hosts and piece in words_of(one)), None)


class Session:
    """``symptom``: its lines. ``told``: the diagnosis that the solution quotes. Time counts from ``begin`` on."""

    def __init__(
        self,
        fault: Fault,
        symptom: Sequence[str],
        told: Diagnosis | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fault = fault
        self.outcome = OPEN
        self.wrong = 0
        self.hints = 0
        self._symptom = list(symptom)
        self._cause = cause_of(fault, told)
        self._clock = clock
        self._began = clock()
        self._ended: float | None = None

    def begin(self) -> None:
        self._began = self._clock()

    @property
    def seconds(self) -> float:
        return (self._ended if self._ended is not None else self._clock()) - self._began

    @property
    def hosts(self) -> tuple[str, ...]:
        """Whom an answer may name."""
        known = tuple(topology.HOSTS)
        return (
            (*(name for name in known if name != "fw1"), ROUTER_NAME)
            if self.fault.network == ROUTER
            else known
        )

    def do(self, words: Sequence[str]) -> str:
        """One of the trainee's commands; what it says."""
        command, *rest = words or [""]
        if command == "answer":
            return self.answer(rest[0] if rest else "", " ".join(rest[1:]))
        ways = {"symptom": self.symptom, "hint": self.hint, "giveup": self.give_up}
        if command not in ways:
            return "commands: " + "; ".join(f"{name}: {what}" for name, what in COMMANDS.items())
        return ways[command]()

    def symptom(self) -> str:
        return "\n".join([*self._symptom, f"({self.seconds:.0f} s so far)"])

    def answer(self, host: str, text: str) -> str:
        if self.outcome != OPEN:
            return "The drill is over; exit ends it."
        host = host.lower().rstrip(":,")
        if not host or not text.strip():
            return "An answer names the host and the rule or cause: answer fw1 'tcp dport 5432 drop'"
        if host not in self.hosts:
            close = difflib.get_close_matches(host, self.hosts, n=1, cutoff=0.4)
            meant = f"did you mean {close[0]}? " if close else ""
            return f"There is no host {host!r}: {meant}The hosts are {', '.join(self.hosts)}."
        found = judge(self.fault, self._cause, host, text)
        if found.right:
            self._end(SOLVED)
            done = "Put it back if you like; exit ends the drill."
            return f"RIGHT, after {minutes(self.seconds)}.\n{self.solution()}\n{done}"
        self.wrong += 1
        if found.host:
            return f"No: {host} is the right place, but that is not what does it. The clock goes on."
        if found.cause:
            return f"No: you are right about what it is, but it is not on {host}. The clock goes on."
        return f"No, that is not it, and not on {host}. The clock goes on{'; hint helps' if self.wrong > 1 else ''}."

    def hint(self) -> str:
        if self.outcome != OPEN:
            return "The drill is over; exit ends it."
        hints = self._hints()
        if self.hints == len(hints):
            return "There are no more hints. giveup tells the solution."
        self.hints += 1
        return f"hint {self.hints} of {len(hints)}: {hints[self.hints - 1]}"

    def _hints(self) -> list[str]:
        hops = f" -e path_diagnose_hops={ROUTER_NAME}" if self.fault.network == ROUTER else ""
        kind = "It is a firewall." if self.fault.cure == "R" else "It is not a firewall rule."
        where = (
            ", ".join(self.fault.hosts[:1]) if len(self.fault.hosts) == 1 else f"all {self.fault.host} hosts"
        )
        return [
            f"users tell: {self.fault.symptom}",
            f"ask: ansible-playbook pathguard.network.diagnose -e path_diagnose_policy=policy.yml{hops}",
            f"{kind} It shows on the path '{self.fault.path}'.",
            f"look at {where}.",
        ]

    def give_up(self) -> str:
        if self.outcome == OPEN:
            self._end(GAVE_UP)
        return f"{self.solution()}\nexit ends the drill."

    def left(self) -> None:
        """The terminal was closed, or the shell ended, before there was an answer."""
        if self.outcome == OPEN:
            self._end(LEFT)

    def _end(self, outcome: str) -> None:
        self.outcome, self._ended = outcome, self._clock()

    def solution(self) -> str:
        """What it was, with the evidence: by the diagnosis, else by the catalogue alone."""
        fault, cause = self.fault, self._cause
        lines = [f"The solution: {fault.name} (fault {fault.id})"]
        if cause is None:
            lines.append(f"  where     {fault.host}: {fault.cause}")
        else:
            host = "" if cause["host"] in cause["what"] else f"{cause['host']}: "
            lines.append(f"  where     {host}{cause['what']}")
            lines += [f"  {name:8}  {cause[name]}" for name in ("now", "before") if cause[name]]
            lines += [f"  evidence  {line}" for line in (*cause["evidence"], *cause["when"])]
            lines += [f"  next      {line}" for line in cause.get("next", ())]
            lines += [f"  put it back: on {cause['host']}: {command}" for command in cause["commands"]]
        if fault.cure == "N":
            lines.append("  No firewall rule does this: putting rules back would not have helped.")
        lines.append(f"  users told: {fault.symptom}")
        return "\n".join(lines)


def minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"
