# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was looked at, and whether it is fine: what is not the cause is an answer, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..guard.detail import hosts
from ..guard.probes import OPEN, REACHABLE
from .case import Case
from .cause import (
    CERTAIN,
    CONNTRACK,
    DESTINATION,
    FIREWALL,
    LIKELY,
    LISTENER,
    MTU,
    NAME,
    NAT,
    ROUTE,
    SERVICE,
    SOURCE,
    Cause,
)

FINE, BAD, UNKNOWN, SKIPPED = "fine", "bad", "unknown", "not looked at"


@dataclass(frozen=True)
class Check:
    """``state``: fine, bad (a cause tells it), unknown, or not looked at."""

    name: str
    state: str
    detail: str = ""

    def to_dict(self) -> dict[str, str]:
        return {"name": self.name, "state": self.state, "detail": self.detail}


Found = tuple[str, str]
BEHIND = "not proven as a whole, because something cuts a part of it off"


def checks(case: Case, causes: list[Cause]) -> list[Check]:
    """In the order in which a connection meets them."""
    bad = {cause.layer for cause in causes if cause.confidence in (CERTAIN, LIKELY)}
    found = []
    for name, (layers, look) in _LOOKED_AT.items():
        state, detail = (BAD, "") if bad & set(layers) else look(case)
        found.append(Check(name, state, detail))
    return found


def _names(case: Case) -> Found:
    if not case.question.names:
        return SKIPPED, "no name was given (path_diagnose_names)"
    asked = [host for host in case.sources if case.facts.get(host, {}).get("names")]
    if not asked:
        return UNKNOWN, "no source host could be asked"
    return FINE, f"{', '.join(case.question.names)} on {hosts(asked)}"


def _routes(case: Case) -> Found:
    return _of_proof(case, "the hosts' routing tables lead there and back")


def _source(case: Case) -> Found:
    return _of_rules(case, list(case.sources), "the sources' own rules let it out")


def _ways(case: Case) -> Found:
    if not case.hops:
        return _of_proof(case, "there is no router in between")
    return _of_rules(case, case.hops, f"{hosts(case.hops)} let it pass, and the replies")


def _destination(case: Case) -> Found:
    return _of_rules(case, list(case.destinations), "the destination's own rules let it in")


def _translations(case: Case) -> Found:
    translated = [
        host
        for host in case.hops
        if host in case.states
        and any(item.type == "nat" and item.rules for item in case.states[host].rulesets.values())
    ]
    return _of_proof(
        case, f"{hosts(translated)} translate addresses" if translated else "nobody translates addresses"
    )


def _of_rules(case: Case, names: list[str], fine: str) -> Found:
    """The proof is of the whole path: where it is not open as a whole, a part of it is not cleared by it."""
    unread = [host for host in names if not case.rules_known(host)]
    if not names or unread:
        return UNKNOWN, f"the rules of {hosts(unread)} are not known" if unread else "they were not read"
    if case.failed(OPEN) and any(limit.item["host"] in names for limit in case.limits):
        return UNKNOWN, "fine as long as no rate limit is exceeded"
    return _of_proof(case, fine)


def _of_proof(case: Case, fine: str) -> Found:
    if case.proven_open:
        return FINE, fine
    denying = {item["host"] for path in case.paths for item in path["deciding"] if item["verdict"] == "deny"}
    return (UNKNOWN, BEHIND) if denying else (UNKNOWN, "not proven")


def _conntrack(case: Case) -> Found:
    told = []
    for host in case.states:
        count, most = (case.counted.now(host, "conntrack", name) for name in ("count", "max"))
        if count is not None and most:
            told.append((count / most, f"{host} {count} of {most}"))
    if not told:
        return SKIPPED, "no host was asked"
    return FINE, f"at most {max(told)[1]}"


def _listener(case: Case) -> Found:
    if any(row.result == REACHABLE for row in case.rows):
        return FINE, "it takes connections"
    heard = [
        f"{item.process or 'a program'} on {item.address} port {item.port}"
        for host in case.destinations
        if host in case.states
        for item in case.states[host].listeners
        if item.protocol.startswith("tcp") and item.port in _ports(case)
    ]
    return (FINE, ", ".join(dict.fromkeys(heard))) if heard else (UNKNOWN, "what listens there is not known")


def _ports(case: Case) -> set[int]:
    return {row.port for row in case.rows}


def _service(case: Case) -> Found:
    asked = [
        login for facts in case.facts.values() for login in facts["logins"] if login["result"] == "asked"
    ]
    if asked:
        return FINE, f"the server asks {len(asked)} clients for their password"
    good = [row for row in case.rows if row.result == REACHABLE]
    if good and len(good) == len(case.rows):
        return FINE, f"it answers on all {len(good)} ways that were tried"
    servers = [
        server
        for host in case.destinations
        for server in case.facts.get(host, {}).get("servers", {}).values()
    ]
    limits = [
        f"{server['established']} of {server['limit']} connections" for server in servers if server["limit"]
    ]
    return (
        (FINE, "; ".join(limits))
        if good and limits
        else (UNKNOWN, "; ".join(limits) or "it could not be spoken to")
    )


def _large(case: Case) -> Found:
    pings = [ping for facts in case.facts.values() for ping in facts["pings"]]
    if any(ping["large"] for ping in pings):
        return FINE, f"packets of {max(ping['bytes'] for ping in pings if ping['large'])} bytes are answered"
    if any(ping["told"] for ping in pings):
        return FINE, "the sender is told of smaller links"
    return (UNKNOWN, "echo requests are not answered") if pings else (SKIPPED, "no host was asked")


_LOOKED_AT: Mapping[str, tuple[tuple[str, ...], Callable[[Case], Found]]] = {
    "name resolution": ((NAME,), _names),
    "routes": ((ROUTE,), _routes),
    "rules on the sources": ((SOURCE,), _source),
    "rules on the way": ((FIREWALL,), _ways),
    "translation of addresses": ((NAT,), _translations),
    "tables of connections": ((CONNTRACK,), _conntrack),
    "rules on the destination": ((DESTINATION,), _destination),
    "listener": ((LISTENER,), _listener),
    "service": ((SERVICE,), _service),
    "large packets": ((MTU,), _large),
}
