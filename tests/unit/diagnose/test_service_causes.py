# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes behind the firewall: the server, whom it admits, and what it says itself."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose import report, screen
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import Listener
from tests.support.diagnose_scene import Ailing
from tests.support.states import APPS, app_rule, forward

CUT = ("app08", "app09", "app10")
NARROW = forward(app_rule("10.10.1.0/26"))
SERVER = {
    "established": 30,
    "waiting": 0,
    "queue": 244,
    "process": "postgres",
    "limit": 100,
    "kept": 3,
    "clients": {},
}


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (
            {"servers": {"5432": {**SERVER, "established": 97}}},
            "PostgreSQL has no connection left: 97 are open",
        ),
        ({"servers": {"5432": {**SERVER, "waiting": 245}}}, "the listen queue of port 5432 is full"),
    ],
)
def test_what_the_servers_host_knows(ailing: Ailing, facts: dict[str, object], says: str) -> None:
    """A full queue is no certain cause while all new connections get through."""
    ailing.site.facts = {"db1": facts}
    found = ailing.ask()
    assert found.verdict.text.startswith("It is not the firewall: db1: ")
    assert says in found.verdict.text
    assert found.verdict.certain == ("no connection left" in says)
    ailing.fail("timeout", "app01")
    assert ailing.ask(run_id="failing").verdict.certain


def admits(*clients: str, line: int | None = None) -> dict[str, dict[str, dict[str, object]]]:
    told = {client: {"admitted": "no", "line": line} for client in clients}
    return {"servers": {"5432": {**SERVER, "clients": told}}}


@pytest.mark.parametrize(
    ("line", "login", "says"),
    [
        (None, None, "no line of pg_hba.conf is about their addresses"),
        (7, None, "line 7 of pg_hba.conf rejects them"),
        (
            None,
            {"user": "shop", "database": "orders"},
            "no line of pg_hba.conf is about shop from there to database orders",
        ),
    ],
)
def test_whom_pg_hba_does_not_admit(
    ailing: Ailing, line: int | None, login: dict[str, str] | None, says: str
) -> None:
    """Without a login that was refused it is no more than possible."""
    ailing.site.facts = {"db1": admits("10.10.1.5", line=line)}
    found = ailing.ask(login=login)
    assert found.causes[0].what == f"db1: PostgreSQL does not admit 10.10.1.5: {says}"
    assert (found.causes[0].confidence, found.causes[0].hosts) == ("possible", ["app01"])
    assert (found.verdict.kind, found.verdict.certain, found.verdict.cleared) == ("nothing", False, True)


def test_who_holds_connections_was_admitted(ailing: Ailing) -> None:
    """Unless connections fail, which may be newer than those."""
    ailing.site.facts = {"db1": admits("10.10.1.5", "10.10.1.66")}
    ailing.site.pooled = {"app01": 3}
    assert "not admit 10.10.1.66: no line" in ailing.ask().causes[0].what
    ailing.site.pooled = {"app01": 3, **dict.fromkeys(APPS, 3)}
    assert ailing.ask(run_id="pools").causes == []
    ailing.fail("timeout", "app01")
    assert any("10.10.1.5" in cause.what for cause in ailing.ask(run_id="failing").causes)


def test_a_service_is_asked_of_its_own_paths_alone(ailing: Ailing) -> None:
    """Sources of one path are no clients of another's destination."""
    ends = {"orders": ("app", "db_primary"), "reports": ("db_primary", "db_standby")}
    paths = [
        {"name": name, "from": {"group": start}, "to": {"group": end}, "service": "postgresql"}
        for name, (start, end) in ends.items()
    ]
    told = admits("10.10.1.5", "10.20.1.10", "10.20.1.11")["servers"]["5432"]
    ailing.site.facts = {
        "db1": {"servers": {"5432": {**told, "established": 97}}},
        "db2": {"servers": {"5432": {**told, "waiting": 245}}},
    }
    found = ailing.ask(policy={"requiredPaths": paths})
    assert {(cause.host, cause.what.split(": ")[1][:31], *cause.paths) for cause in found.causes} == {
        ("db1", "PostgreSQL has no connection le", "orders"),
        ("db1", "PostgreSQL does not admit 10.10", "orders"),
        ("db2", "the listen queue of port 5432 i", "reports"),
        ("db2", "PostgreSQL does not admit 10.20", "reports"),
    }
    asked = {
        host: request["servers"][0]["clients"]
        for host, request in ailing.site.asked[-1][1].items()
        if "servers" in request
    }
    assert "10.20.1.10" not in asked["db1"]
    assert all(client.startswith(("10.20.1.10", "fd00:20:1::10")) for client in asked["db2"])


@pytest.mark.parametrize(
    "changed", [{}, {"established": 96}, {"waiting": 244}, {"limit": None, "kept": None}]
)
def test_a_server_that_has_room(ailing: Ailing, changed: dict[str, object]) -> None:
    ailing.site.facts = {"db1": {"servers": {"5432": {**SERVER, **changed}}}}
    assert ailing.ask().causes == []


@pytest.mark.parametrize(
    ("code", "message", "says"),
    [
        ("53300", "sorry, too many clients already", "PostgreSQL has no connection left: sorry"),
        (
            "28000",
            'no pg_hba.conf entry for host "10.10.1.5"',
            "PostgreSQL does not admit this client (pg_hba.conf)",
        ),
        ("57P03", "the database system is starting up", "PostgreSQL can't take connections now"),
        ("XX000", "strange", "PostgreSQL refuses the login: strange"),
    ],
)
def test_what_the_server_says_itself(ailing: Ailing, code: str, message: str, says: str) -> None:
    login = {"source": "10.10.1.5", "address": "10.20.1.10", "port": 5432, "result": "refused"}
    ailing.site.facts = {"app01": {"logins": [{**login, "code": code, "message": message}]}}
    found = ailing.ask(login={"user": "shop", "database": "shop"})
    assert says in found.verdict.text
    assert (found.verdict.kind, found.verdict.certain) == ("not_firewall", True)


def test_what_a_server_says_is_no_line_of_ours(ailing: Ailing) -> None:
    login = {"source": "10.10.1.5", "address": "10.20.1.10", "port": 5432, "result": "refused"}
    message = "no\r\nput it back: reboot\u2028put it back: reboot" + 3000 * "x"
    ailing.site.facts = {"app01": {"logins": [{**login, "code": "XX000", "message": message}]}}
    found = ailing.ask(login={"user": "shop", "database": "shop"})
    told = [screen.text(found), screen.summary(found, report.files_of(found))]
    assert not any(line.strip().startswith("put it back") for text in told for line in text.splitlines())
    assert len(found.verdict.text) < 400


def test_a_server_that_is_full_behind_a_router_that_can_t_be_read(ailing: Ailing) -> None:
    """What is certain at the far end does not clear what nobody could look at."""
    ailing.site.dead = {"fw1"}
    ailing.fail("timeout", "app08", "app09")
    ailing.site.facts = {"db1": {"servers": {"5432": {**SERVER, "established": 97}}}}
    found = ailing.ask(hops=None)
    assert found.verdict.text.startswith(
        "It may be the firewall, too; certain is: db1: PostgreSQL has no connection left"
    )
    assert (found.verdict.kind, found.verdict.certain, found.verdict.cleared) == ("not_firewall", True, False)


def test_a_service_that_hangs(ailing: Ailing) -> None:
    ailing.fail("handshake_failed", *APPS)
    found = ailing.ask()
    assert found.verdict.text.startswith(
        "It is not the firewall: db1: port 5432 of 10.20.1.10 takes connections"
    )


def test_refused_although_somebody_listens(ailing: Ailing) -> None:
    ailing.fail("refused", "app04")
    found = ailing.ask()
    assert found.verdict.text.startswith(
        "It is not the firewall: db1: refuses new connections to 10.20.1.10 port 5432"
    )
    assert (found.verdict.certain, found.causes[0].hosts) == (False, ["app04"])


STOPPED = {
    "name": "postgresql@15-main.service",
    "state": "failed (signal)",
    "since": 1764000000.0,
    "said": "",
}
DATA = {
    "name": "/var/lib/postgresql/main",
    "state": "closed",
    "since": 1764000000.0,
    "said": "/var/log/postgresql/main.log: database system is shut down",
}


@pytest.mark.parametrize(
    ("server", "when", "todo"),
    [
        (
            STOPPED,
            "postgresql@15-main.service is failed (signal) since 2025-11-24 16:00:00 UTC (systemd)",
            "on db1: journalctl -u postgresql@15-main.service -e tells why; systemctl start postgresql@15-main.service",
        ),
        (
            DATA,
            "/var/lib/postgresql/main is closed since 2025-11-24 16:00:00 UTC",
            "on db1: start the server of /var/lib/postgresql/main, and read its log",
        ),
    ],
)
def test_a_server_that_is_stopped(ailing: Ailing, server: dict[str, Any], when: str, todo: str) -> None:
    """Since when, what its log says, and what to do next."""
    ailing.states["db1"].listeners = [Listener("tcp", "0.0.0.0", 22, "sshd")]
    ailing.fail("refused", *APPS)
    ailing.site.facts["db1"] = {"servers": {"5432": {**SERVER, "queue": None, "waiting": None}}}
    ailing.site.stopped["db1"] = {"5432": server}
    found = ailing.ask()
    assert found.verdict.text.startswith("It is not the firewall: db1: nothing listens on tcp 5432")
    assert (found.causes[0].when, found.causes[0].next) == ([when], [todo])
    assert ("log: " + server["said"] in found.causes[0].evidence) is bool(server["said"])
