# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab that runs, in which one fault after another is made, diagnosed and undone."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..controller import LAB, Controller
from ..errors import LabError
from ..lab import Lab
from ..state import State
from ..upkeep import Upkeep
from .catalogue import FOLDER, Fault
from .router import emulated_router

# Where the emulated router stands instead of fw1.
ROUTER, ROUTER_NAME = "router", "r1"
DIAGNOSE = "pathguard.network.diagnose"


@dataclass(frozen=True)
class Diagnosis:
    """``document``: by schemas/diagnosis.schema.json, empty where the play failed. ``seconds``: of the whole play.
    ``findings``: those of its proof, by schemas/report.schema.json."""

    code: int
    output: str
    document: dict[str, Any]
    seconds: float
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def causes(self) -> list[dict[str, Any]]:
        return list(self.document.get("causes", ()))


@dataclass(frozen=True)
class Desk:
    """A folder with the fault's policy, which plays run in. ``inventories``: more than the lab's, as arguments."""

    fault: Fault
    folder: Path
    inventories: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)

    def question(self) -> list[str]:
        """What makes the playbook diagnose ask about the fault's policy."""
        given = {"path_diagnose_policy": "policy.yml", **self.variables}
        return [word for name, value in given.items() for word in ("-e", f"{name}={value}")]


class Scene:
    """What is done to the lab whose record is in ``state``. ``folder``: for a folder for each fault."""

    def __init__(self, state: State, folder: Path) -> None:
        self.state = state
        self.folder = folder
        self.controller = Controller(state)

    @contextmanager
    def network(self, fault: Fault, name: str) -> Iterator[Desk]:
        """The network that the fault is for, with what is so before it, as long as the block lasts. ``name``: of the
        folder for it."""
        folder = self.folder / name
        folder.mkdir(mode=0o700)
        shutil.copyfile(fault.policy_file, folder / "policy.yml")
        if fault.network == ROUTER:
            fw1 = self.state.running().inits["fw1"]
            password, secret = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
            with emulated_router(fw1, folder, "audit", password, secret) as inventory:
                given = ("-i", str(LAB / "inventory"), "-i", str(inventory))
                desk = Desk(fault, folder, given, {"path_diagnose_hops": ROUTER_NAME})
                yield self._prepared(desk)
            return
        if fault.network == "both":
            Upkeep(self.state).route(ecmp=True)
        yield self._prepared(Desk(fault, folder))

    def _prepared(self, desk: Desk) -> Desk:
        if desk.fault.before:
            self._apply(desk, "before")
        return desk

    def make(self, desk: Desk) -> None:
        """The fault, by the tasks of an update."""
        self._apply(desk, "change")

    def _apply(self, desk: Desk, stage: str) -> None:
        words = (*desk.inventories, "-e", json.dumps({"fault": desk.fault.id, "stage": stage}))
        done = self.controller.play(FOLDER / "apply.yml", *words)
        # A change that takes the controller's way away is told by its absence.
        if done.code != 0 and not (stage == "change" and "UNREACHABLE" in done.output):
            raise LabError(f"fault {desk.fault.id} could not be made\n{done.output[-600:].strip()}")

    def diagnose(self, desk: Desk) -> Diagnosis:
        """What the role path_diagnose finds out about the fault's policy."""
        began = time.monotonic()
        done = self.controller.play(DIAGNOSE, *desk.inventories, *desk.question(), cwd=desk.folder)
        seconds = time.monotonic() - began
        written = sorted(
            desk.folder.glob("pathguard/diagnosis-*/diagnosis.json"), key=lambda path: path.stat().st_mtime
        )
        if done.code != 0 or not written:
            return Diagnosis(done.code, done.output, {}, seconds)
        document, proof = (
            json.loads(path.read_text(encoding="utf-8"))
            for path in (written[-1], written[-1].with_name("report.json"))
        )
        return Diagnosis(done.code, done.output, document, seconds, proof["findings"])

    def reset(self) -> None:
        """As when the lab came up; a lab that does not get well is made anew."""
        try:
            Upkeep(self.state).reset()
        except LabError:
            lab = Lab(self.state, say=lambda _text: None)
            lab.down()
            lab.up()
