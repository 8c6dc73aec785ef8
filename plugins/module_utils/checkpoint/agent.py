# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checkpoint agent's command line.

``agent REQUEST``: one request of a controller, JSON in base64; one JSON document on stdout, ``{checkpoint}``
or ``{checkpoint, error: {what, todo}}``. ``agent guard FOLDER`` is the timer, ``agent console FOLDER`` what
``restore-now`` runs, ``agent resume`` what a host's init runs at boot.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import sys
from typing import Any, Callable, Dict, List

from .fire import console, guard, resume
from .host import AgentError, now
from .lifecycle import absent, arm, confirm, release, renew, restore
from .report import document
from .store import Folder, Slot

Verb = Callable[[Slot, Dict[str, Any]], List[str]]

VERBS: dict[str, Verb] = {
    "arm": lambda slot, request: arm(slot, request, own_text()),
    "renew": renew,
    "hold": lambda slot, request: renew(slot, request, least=True),
    "confirm": confirm,
    "release": release,
    "restore": restore,
    "absent": absent,
    "status": lambda slot, request: [],
    "resume": lambda slot, request: resume(slot),
}
# These answer fast, because a deadline is near; they do not read the whole firewall.
_QUICK = ("renew", "hold", "release", "absent")


def own_text() -> str:
    """This program's text: given by whoever fed it to the interpreter, else its file."""
    given = globals().get("PROGRAM")
    if given:
        return str(given)
    with open(__file__, encoding="utf-8") as file:
        return file.read()


def answer(slot: Slot, request: dict[str, Any]) -> dict[str, Any]:
    """Do what a request asks and say how things are then."""
    try:
        if os.geteuid() != 0:
            raise AgentError(
                "only root may read and restore a firewall", "let the login become root (`become: true`)"
            )
        verb = VERBS.get(str(request.get("do", "")))
        if verb is None:
            raise AgentError(
                f"{request.get('do')!r} is nothing that this agent does", f"use one of {', '.join(VERBS)}"
            )
        messages = verb(slot, request)
        told = document(slot, now(), look=request["do"] not in _QUICK)
        told["messages"] = [*messages, *told["messages"]]
        told["newly_armed"] = bool(request.get("newly_armed"))
        return {"checkpoint": told}
    except AgentError as error:
        return {
            "checkpoint": {"state": "none"},
            "error": {"what": error.what, "todo": error.todo, "held": error.held},
        }
    except OSError as error:
        what = f"{error.strerror}: {error.filename or slot.root}"
        return {
            "checkpoint": {"state": "none"},
            "error": {"what": what, "todo": "look at the host's disk and its rights"},
        }


def main(argv: list[str]) -> int:
    """Raises nothing that a request can cause."""
    os.umask(0o077)  # what is written here tells about a network
    if argv[:1] == ["guard"] and len(argv) == 2:
        guard(Slot(os.path.dirname(argv[1])), Folder(argv[1]))
        return 0
    if argv[:1] == ["console"] and len(argv) == 2:
        return console(Slot(os.path.dirname(argv[1])), Folder(argv[1]))
    if argv == ["resume"]:
        request: dict[str, Any] = {"do": "resume"}
    else:
        try:
            request = dict(json.loads(base64.b64decode(argv[0])))
        except (IndexError, ValueError, binascii.Error, TypeError):
            sys.stderr.write("usage: agent REQUEST | resume | guard FOLDER | console FOLDER\n")
            return 2
    told = answer(Slot(), request)
    sys.stdout.write(json.dumps(told) + "\n")
    return 1 if "error" in told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))  # pylint: disable=ansible-bad-function  # a program, no module
