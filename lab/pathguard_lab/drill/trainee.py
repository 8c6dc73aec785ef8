# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill for one trainee: the fault is made, the symptom is seen, a terminal is given, and the clock runs."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from ..controller import LAB
from . import symptom, terminal
from .catalogue import Fault
from .listener import listening
from .scene import ROUTER, ROUTER_NAME, Desk, Diagnosis, Scene
from .session import COMMANDS, Session

RC_FILE, SOCKET = ".drillrc", ".drill"
RC = r"""
PS1='drill \W \$ '
HISTFILE=
_drill() {{ {python} -I -B {ask} {socket} "$@"; }}
{functions}
ssh() {{ command ssh -F {ssh} "$@"; }}
"""
Say = Callable[[str], None]


def drill(scene: Scene, fault: Fault, screen: int, say: Say, started: Callable[[Session], None]) -> None:
    """``screen``: the trainee's terminal. Returns when the trainee has left it; ``started`` gets the session before."""
    with scene.network(fault, "desk") as desk:
        say("  all is well: the diagnosis of the day before is in pathguard/")
        scene.diagnose(desk)
        since = time.time()
        scene.make(desk)
        say("  a routine update was made; watching the shop for some seconds")
        session = _seen(scene, desk, since)
        started(session)
        try:
            _sit_down(scene, desk, session, screen, say)
        finally:
            session.left()


def _seen(scene: Scene, desk: Desk, since: float) -> Session:
    """The symptom, and meanwhile the diagnosis for the solution, of which the trainee's folder shows nothing."""
    inits = scene.state.running().inits
    with ThreadPoolExecutor(1) as aside:
        told = aside.submit(_secretly, scene, desk)
        attempts, pools = symptom.watch(inits, since)
        return Session(desk.fault, symptom.lines(attempts, pools, desk.fault), told.result())


def _secretly(scene: Scene, desk: Desk) -> Diagnosis:
    aside = desk.folder.with_name("solution")
    aside.mkdir(mode=0o700)
    shutil.copytree(desk.folder / "pathguard", aside / "pathguard")
    shutil.copyfile(desk.folder / "policy.yml", aside / "policy.yml")
    try:
        told = scene.diagnose(Desk(desk.fault, aside, desk.inventories, desk.variables))
        own = json.dumps(f"{aside}/").strip('"')
        return replace(told, document=json.loads(json.dumps(told.document).replace(own, "")))
    finally:
        shutil.rmtree(aside)


def _sit_down(scene: Scene, desk: Desk, session: Session, screen: int, say: Say) -> None:
    socket = desk.folder / SOCKET
    (desk.folder / RC_FILE).write_text(_rc(scene, socket), encoding="utf-8")
    say(_welcome(desk))
    with listening(socket, session.do):
        session.begin()
        say(session.symptom())
        bash = ["setsid", "--ctty", "bash", "--noprofile", "--rcfile", str(desk.folder / RC_FILE), "-i"]
        terminal.shell(scene.controller.arguments(bash, desk.folder), _environment(scene, desk), screen)


def _rc(scene: Scene, socket: Path) -> str:
    return RC.format(
        python=shlex.quote(sys.executable),
        ask=shlex.quote(str(Path(__file__).with_name("ask.py"))),
        socket=shlex.quote(str(socket)),
        functions="\n".join(f'{name}() {{ _drill {name} "$@"; }}' for name in COMMANDS),
        ssh=shlex.quote(str(scene.state.ssh / "config")),
    )


def _environment(scene: Scene, desk: Desk) -> dict[str, str]:
    inventories = [word for word in desk.inventories if word != "-i"] or [str(LAB / "inventory")]
    return {
        **scene.controller.environment(),
        "TERM": os.environ.get("TERM", "dumb"),
        "ANSIBLE_INVENTORY": ",".join(inventories),
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }


def _welcome(desk: Desk) -> str:
    hops = f" -e path_diagnose_hops={ROUTER_NAME}" if desk.fault.network == ROUTER else ""
    router = f"; {ROUTER_NAME} is an IOS router where fw1 usually is" if hops else ""
    commands = "\n".join(f"  {name:8}  {what}" for name, what in COMMANDS.items())
    return f"""
You are on call, at the lab's controller{router}. 'ssh fw1' logs in to a host, sudo needs no password.
The shop's policy is policy.yml, and the first step of docs/incident-runbook.md is
  ansible-playbook pathguard.network.diagnose -e path_diagnose_policy=policy.yml{hops}
What you can say here:
{commands}
  exit      leave; the lab is taken down
"""
