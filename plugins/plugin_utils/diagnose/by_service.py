# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong at the far end, where packets arrive: no listener, a server that refuses or can't take more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..guard.detail import hosts
from ..guard.probes import OPEN, REACHABLE, ProbeRow
from ..render.clean import clean, clipped
from .case import Case, Entry, lost_tries, tries
from .cause import CERTAIN, LIKELY, LISTENER, POSSIBLE, SERVICE, Cause
from .timeline import clock

# PostgreSQL documentation, appendix "PostgreSQL Error Codes": what a server says before it asks for a password.
CODES = {
    "53300": "has no connection left",
    "28000": "does not admit this client (pg_hba.conf)",
    "57P03": "can't take connections now",
    "3D000": "has no such database",
    "28P01": "does not know this user",
}
# How policy/report.py tells the address on which nobody listens.
NOT_ON = ", not on "
MOST_OF_A_MESSAGE = 200
_NO_FIREWALL = "the packets get there: no firewall is the cause of this"


def causes(case: Case) -> list[Cause]:
    return [
        *_listeners(case),
        *_refused(case),
        *_logins(case),
        *_servers(case),
        *_handshakes(case),
    ]


def _listeners(case: Case) -> Iterator[Cause]:
    """A port on which nobody listens; but not where connections to it get through. What differs in its address alone
    is told once."""
    alike: dict[tuple[str, str, str], list[tuple[str, list[ProbeRow]]]] = {}
    for item in case.document["findings"]:
        if item["kind"] != "listener":
            continue
        mine = set(case.destinations.get(item["host"], ()))
        rows = [
            row for row in case.rows if row.address in mine and row.path == item["path"] and _about(item, row)
        ]
        if not any(row.result == REACHABLE for row in rows):
            what, _comma, where = str(item["message"]).removeprefix("open by rules, but ").partition(NOT_ON)
            alike.setdefault((item["host"], item["path"], what), []).append((where, rows))
    for (host, path, what), parts in alike.items():
        places = ", ".join(where for where, _rows in parts if where)
        rows = list(dict.fromkeys(row for _where, some in parts for row in some))
        refused = [row for row in rows if row.result == "refused"]
        evidence = (
            f"probes: {lost_tries(refused)} of {tries(rows)} new connections were refused: {_NO_FIREWALL}"
        )
        found = Cause(
            layer=LISTENER,
            host=host,
            what=f"{host}: {what}{NOT_ON if places else ''}{places}",
            confidence=CERTAIN if refused or not rows else LIKELY,
            evidence=[evidence] if refused else [],
            paths=[path],
            pairs=len(refused),
            hosts=list(dict.fromkeys(row.host for row in refused)),
        )
        _stopped(case, found, {str(row.port) for row in rows})
        yield found


def _stopped(case: Case, cause: Cause, ports: set[str]) -> None:
    """Since when the server is down, by systemd or by the folder of its data, and what to do."""
    servers = case.stopped.get(cause.host, {})
    for told in [server for port, server in servers.items() if port in ports and server]:
        name, unit = clean(told["name"]), told["name"].endswith(".service")
        since = f" since {clock(told['since'])}" if told["since"] is not None else ""
        cause.when.append(f"{name} is {told['state']}{since}{' (systemd)' if unit else ''}")
        cause.evidence += [clean(f"log: {told['said']}")] if told["said"] else []
        if unit:
            how = f"journalctl -u {name} -e tells why; systemctl start {name}"
        else:
            how = f"start the server of {name}, and read its log"
        cause.next.append(f"on {cause.host}: {how}")


def _about(item: Entry, row: ProbeRow) -> bool:
    """A finding about one family is told with its name."""
    other = "ipv4" if ":" in row.address else "ipv6"
    return f"({other})" not in item["message"]


def _refused(case: Case) -> Iterator[Cause]:
    """Refused although somebody listens there, by what was read."""
    told = {
        address
        for item in case.document["findings"]
        if item["kind"] == "listener"
        for address in case.destinations.get(item["host"], ())
    }
    rows = [row for row in case.failed(OPEN, result=("refused", "reset")) if row.address not in told]
    for address, same in _by_address(rows).items():
        host = _owner(case, address)
        yield Cause(
            layer=SERVICE,
            host=host,
            what=f"{host or address}: refuses new connections to {address} port {same[0].port}, although rules let "
            "them pass",
            confidence=LIKELY,
            evidence=[f"probes: {lost_tries(same)} of {tries(same)} were refused at once: the host answers"],
            paths=list(dict.fromkeys(row.path for row in same)),
            pairs=len(same),
            hosts=list(dict.fromkeys(row.host for row in same)),
        )


def _logins(case: Case) -> Iterator[Cause]:
    """What the server itself says to a login that ends before any password."""
    said: dict[tuple[str, str, str], list[str]] = {}
    for source, facts in case.facts.items():
        for login in facts["logins"]:
            if login["result"] == "refused":
                said.setdefault((login["address"], login["code"], login["message"]), []).append(source)
    by_code: dict[tuple[str, str], list[tuple[str, list[str]]]] = {}
    for (address, code, message), sources in said.items():
        by_code.setdefault((_owner(case, address) or address, code), []).append((message, sources))
    for (host, code), messages in by_code.items():
        clients = list(dict.fromkeys(source for _message, sources in messages for source in sources))
        yield Cause(
            layer=SERVICE,
            host=host,
            what=f"{host}: PostgreSQL {CODES.get(code, 'refuses the login')}: "
            f"{clipped(messages[0][0], MOST_OF_A_MESSAGE)}",
            confidence=CERTAIN,
            evidence=[f"login: refused from {hosts(clients)} with code {code}: {_NO_FIREWALL}"],
            paths=_paths(row for row in _rows_to(case, host) if row.host in clients)
            or [path["name"] for path in case.paths],
            pairs=len(clients),
            hosts=clients,
        )


def _servers(case: Case) -> Iterator[Cause]:
    """What the destination itself knows of its server."""
    for host in case.destinations:
        for port, server in case.facts.get(host, {}).get("servers", {}).items():
            yield from _full(case, host, port, server)
            yield from _queue(case, host, port, server)
            yield from _not_admitted(case, host, port, server)


def _rows_to(case: Case, host: str, port: str = "") -> list[ProbeRow]:
    """The connections of the paths that lead to this host, or to one port of it. ``host``: or an address."""
    mine = case.destinations.get(host, [host])
    return [row for row in case.rows if row.address in mine and port in ("", str(row.port))]


def _paths(rows: Iterable[ProbeRow]) -> list[str]:
    return list(dict.fromkeys(row.path for row in rows))


def _logins_to(case: Case, host: str) -> list[Entry]:
    return [
        login
        for facts in case.facts.values()
        for login in facts["logins"]
        if login["address"] in case.destinations[host]
    ]


def _full(case: Case, host: str, port: str, server: Entry) -> Iterator[Cause]:
    limit, kept = server["limit"], server["kept"] or 0
    if limit is None or server["established"] < limit - kept:
        return
    if any(login["result"] == "refused" and login["code"] == "53300" for login in _logins_to(case, host)):
        return  # told by the server itself
    rows = _rows_to(case, host, port)
    yield Cause(
        layer=SERVICE,
        host=host,
        what=f"{host}: PostgreSQL has no connection left: {server['established']} are open, and max_connections is "
        f"{limit}, of which {kept} are for superusers",
        confidence=CERTAIN,
        evidence=[f"{host}: {server['established']} connections to port {port} are established there"],
        paths=_paths(rows),
        pairs=len(rows),
    )


def _queue(case: Case, host: str, port: str, server: Entry) -> Iterator[Cause]:
    """Connections that wait for the server to take them (listen(2)); the kernel drops what comes on top."""
    overflows = case.counted.of(host, "listen", "ListenOverflows") or 0
    waiting, queue = server["waiting"], server["queue"]
    full = waiting is not None and queue is not None and waiting > queue
    if not full and not overflows:
        return
    rows = _rows_to(case, host, port)
    failed = [row for row in rows if row.result != REACHABLE]
    yield Cause(
        layer=SERVICE,
        host=host,
        what=f"{host}: the listen queue of port {port} is full: {waiting} connections wait and {queue} may, so that "
        "new ones time out as if a firewall dropped them",
        confidence=CERTAIN if full and failed else LIKELY,
        evidence=[f"{host}: {overflows} connections were dropped for it while new ones were tried"],
        paths=_paths(rows),
        pairs=len(failed),
        accounts=full,
    )


def _not_admitted(case: Case, host: str, port: str, server: Entry) -> Iterator[Cause]:
    """Clients that no line of pg_hba.conf admits, of the paths that lead here. Where a login was tried, the server has
    said so itself; a client whose connections live on while none fails was admitted."""
    if _logins_to(case, host):
        return
    refused = {client for client, told in server["clients"].items() if told["admitted"] == "no"}
    rows = [row for row in _rows_to(case, host, port) if row.source in refused]
    if not case.failed():
        pooled = {row.source for row in rows if row.pooled}
        rows = [row for row in rows if row.source not in pooled]
    out = list(dict.fromkeys(row.source for row in rows))
    if not out:
        return
    line = next((number for client in out if (number := server["clients"][client]["line"])), None)
    login = case.question.login
    if line:
        by = f"line {line} of pg_hba.conf rejects them"
    elif login:
        by = f"no line of pg_hba.conf is about {login['user']} from there to database {login['database']}"
    else:
        by = "no line of pg_hba.conf is about their addresses"
    yield Cause(
        layer=SERVICE,
        host=host,
        what=f"{host}: PostgreSQL does not admit {', '.join(out[:3])}{' and more' if len(out) > 3 else ''}: {by}",
        confidence=POSSIBLE,
        evidence=[
            f"{host}: the file as it is now; the server may still use an older one until it is reloaded",
            "login: none was tried; path_diagnose_login tells what the server itself says",
        ],
        paths=_paths(rows),
        pairs=len(out),
        hosts=list(dict.fromkeys(row.host for row in rows)),
    )


def _handshakes(case: Case) -> Iterator[Cause]:
    """Connected, and no answer: the server hangs, or something else listens there."""
    for address, rows in _by_address(case.failed(result=("handshake_failed",))).items():
        host = _owner(case, address)
        yield Cause(
            layer=SERVICE,
            host=host,
            what=f"{host or address}: port {rows[0].port} of {address} takes connections, and the service behind it "
            f"does not answer: {rows[0].error}",
            confidence=LIKELY,
            evidence=[f"probes: {lost_tries(rows)} of {tries(rows)} new connections: {_NO_FIREWALL}"],
            paths=list(dict.fromkeys(row.path for row in rows)),
            pairs=len(rows),
            hosts=list(dict.fromkeys(row.host for row in rows)),
        )
    flapping = case.failed(OPEN, result=("flapping",))
    if flapping:
        yield Cause(
            layer=SERVICE,
            host="",
            what="some new connections fail and others do not, although rules let all of them pass: overload, a limit "
            "of the server, or a way that was not read",
            confidence=POSSIBLE,
            evidence=[f"probes: {lost_tries(flapping)} of {tries(flapping)} failed"],
            paths=list(dict.fromkeys(row.path for row in flapping)),
            pairs=len(flapping),
            hosts=list(dict.fromkeys(row.host for row in flapping)),
            guess=True,
        )


def _by_address(rows: list[ProbeRow]) -> dict[str, list[ProbeRow]]:
    found: dict[str, list[ProbeRow]] = {}
    for row in rows:
        found.setdefault(row.address, []).append(row)
    return found


def _owner(case: Case, address: str) -> str:
    return next((host for host, mine in case.destinations.items() if address in mine), "")
