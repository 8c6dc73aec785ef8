# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways to log in to the lab's hosts, shared by the tests of gathering."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.integration.lab_fixture import Lab

CLIENT = Path(__file__).with_name("gather_client.py")
FW1 = "10.99.0.2"


def access(lab: Lab, **fields: Any) -> dict[str, Any]:
    """The access of user ops to fw1, with other fields where they are given."""
    known = lab.ssh / "known_hosts"
    base = {
        "name": "fw1",
        "address": FW1,
        "user": "ops",
        "key_file": str(lab.ssh / "ops"),
        "ssh_args": f"-o UserKnownHostsFile={known} -o GlobalKnownHostsFile=/dev/null -o IdentityAgent=none",
        "become": True,
        "connect_timeout": 5,
        "timeout": 20,
    }
    return {**base, **fields}


def by_password(lab: Lab, **fields: Any) -> dict[str, Any]:
    """The access of user opspw, who has no key, and whose sudo asks for the password."""
    password = password_of(lab)
    return access(
        lab, user="opspw", key_file=None, **{"password": password, "become_password": password, **fields}
    )


def password_of(lab: Lab) -> str:
    return (lab.ssh / "opspw.password").read_text().strip()


def ask(
    lab: Lab, *items: dict[str, Any], silent: bool = False, env: dict[str, str] | None = None
) -> dict[str, Any]:
    done = lab.in_controller(
        [sys.executable, str(CLIENT), *(["silent"] if silent else [])],
        stdin=json.dumps(items),
        env=env,
        timeout=120,
    )
    assert done.stderr == "", "nothing but the answer: no log of paramiko's, no traceback"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def run(lab: Lab, login: dict[str, Any], command: str = "id -un", **options: Any) -> dict[str, Any]:
    """Run one command by one login."""
    keywords = {name: options.pop(name) for name in ("stdin", "become", "timeout") if name in options}
    answer = ask(lab, {"access": login, "run": {"command": command, **keywords}}, **options)
    found: dict[str, Any] = answer[login["name"]]
    return found


def error_of(answer: dict[str, Any]) -> str:
    """The one clear error: short, and with what to do."""
    error: str = answer["error"]
    assert "what to do: " in error
    assert len(error.splitlines()) <= 5
    assert "Traceback" not in error
    return error
