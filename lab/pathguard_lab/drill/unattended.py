# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault is made, diagnosed as the person on call would, and undone: is every one of them found, and in time?"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import LabError
from .catalogue import Fault
from .scene import Diagnosis, Scene

# From the symptom to the named rule.
LIMIT_SECONDS = 60.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """``how``: by what it was found (cause, note, finding), or why it was not. ``seconds``: of the diagnosis, or 0."""

    fault: Fault
    found: bool
    how: str
    host: str
    seconds: float
    verdict: str

    @property
    def good(self) -> bool:
        return self.found and self.seconds < LIMIT_SECONDS


def judged(fault: Fault, told: Diagnosis) -> Result:
    """Whether a diagnosis names what the catalogue does, on its host."""
    if told.code != 0 or not told.document:
        last = [line for line in told.output.strip().splitlines() if line.strip()][-3:]
        return Result(fault, False, "the play failed: " + " ".join(last), "", told.seconds, "")
    verdict = told.document["verdict"]["text"]
    piece = fault.diagnosed or fault.cause
    for cause in told.causes:
        if cause["host"] in fault.hosts and piece in words_of(cause):
            kind = "firewall" if cause["firewall"] else "not the firewall"
            right = cause["firewall"] == (fault.cure == "R")
            how = f"cause, {cause['confidence']}" if right else f"the right cause, but told as {kind}"
            return Result(fault, right, how, cause["host"], told.seconds, verdict)
    for note in told.document["notes"]:
        if piece in note and any(host in note for host in fault.hosts):
            return Result(fault, True, "note", fault.host, told.seconds, verdict)
    # Where nothing is cut off now, its proof is what tells; beside another cause nobody would look there.
    for finding in told.findings if told.document["verdict"]["kind"] == "nothing" else ():
        if piece in finding["message"] and finding.get("host") in fault.hosts:
            how = f"finding of its proof ({finding['message']})"
            return Result(fault, True, how, fault.host, told.seconds, verdict)
    first = told.causes[0] if told.causes else {}
    return Result(fault, False, f"{piece!r} is not named", first.get("host", ""), told.seconds, verdict)


def words_of(cause: dict[str, Any]) -> str:
    """All that a cause says, with its rule as it was and is, and what puts it back."""
    texts = (
        cause["what"],
        cause["place"],
        cause["now"],
        cause["before"],
        *cause["evidence"],
        *cause["commands"],
    )
    return "\n".join(texts)


def solve(scene: Scene, fault: Fault, history: bool = True) -> Result:
    """One fault from the symptom to the named rule; the lab is as it was afterwards. ``history``: with a diagnosis of
    the day before, when all was well."""
    try:
        with scene.network(fault, fault.id) as desk:
            if history:
                scene.diagnose(desk)
            scene.make(desk)
            return judged(fault, scene.diagnose(desk))
    except LabError as error:
        return Result(fault, False, str(error).replace("\n", "; "), "", 0.0, "")
    finally:
        scene.reset()


def run(scene: Scene, wanted: Sequence[Fault], say: Say) -> list[Result]:
    """All of them, each told when it is done."""
    results = []
    for fault in wanted:
        began = time.monotonic()
        result = solve(scene, fault)
        results.append(result)
        say(f"{row(result)}   ({time.monotonic() - began:.0f} s with its preparation)")
    return results


def row(result: Result) -> str:
    """A line of the table: id, whether it was found in time, seconds, host, how, the verdict."""
    state = "found" if result.good else "LATE" if result.found else "NOT FOUND"
    return (
        f"{result.fault.id:4} {state:9} {result.seconds:5.1f} s  {result.host or '-':6} {result.how}: "
        f"{result.verdict or result.fault.name}"
    )


def summary(results: Sequence[Result]) -> str:
    missed = [result.fault.id for result in results if not result.good]
    slowest = max((result.seconds for result in results), default=0.0)
    text = f"{len(results) - len(missed)} of {len(results)} faults found, each in less than {LIMIT_SECONDS:.0f} s"
    return f"{text} (the slowest took {slowest:.0f} s)" + (f"; not: {', '.join(missed)}" if missed else "")
