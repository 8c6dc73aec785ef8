# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What connections were seen on all hosts together: who uses which service of whom."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ..policy.services import known_services

# Where clients' ports begin (ip_local_port_range of Linux; RFC 6335 says 49152).
CLIENT_PORTS = 32768
LAST_OF_SYSTEM = 1023

Observation = Mapping[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """A service that one address uses of another. ``port``: the destination's."""

    protocol: str
    source: str
    destination: str
    port: int


@dataclass(slots=True)
class Evidence:
    """``connections``: their source ports. ``sockets``, ``tracked``: the hosts that showed it as their own socket, and
    by connection tracking. ``clients``, ``servers``: programs. ``translated``: where it was sent instead."""

    connections: set[int] = field(default_factory=set)
    sockets: set[str] = field(default_factory=set)
    tracked: set[str] = field(default_factory=set)
    clients: set[str] = field(default_factory=set)
    servers: set[str] = field(default_factory=set)
    translated: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Usage:
    """``owners``: address -> host. ``left_out``: why connections are in no proposal -> how many."""

    uses: dict[Use, Evidence] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


Tuple = tuple[str, str, int, str, int]
# Whoever logs in from there, by that port: (protocol, source, port).
Login = tuple[str, str, int]
PROBES = "probes of PathGuard"
# What probe_agent.py calls itself on a host.
PROBE_NAME = "pathguard-probe"


def usage_of(observations: Mapping[str, Observation], known: Mapping[str, str] | None = None) -> Usage:
    """``observations``: host -> what connections_agent.py answers there. ``known``: further addresses of hosts."""
    owners = dict(known or {})
    for host, seen in observations.items():
        owners.update((address, host) for address in seen["addresses"] if is_somebodys(address))
    # Connection tracking still knows of earlier ones, too, minutes after their end; and routers on the way know of
    # those to devices and to hosts that were not looked at.
    logins = {_login(_tuple(row)) for seen in observations.values() for row in seen["own"]}
    probes = {
        _tuple(row)
        for seen in observations.values()
        for row in seen["connections"]
        if row["program"] == PROBE_NAME
    }
    servers = _servers(observations)
    found = Usage(owners=owners)
    counted: set[tuple[str, Tuple]] = set()
    for host, seen in observations.items():
        for row in seen["connections"]:
            key = _tuple(row)
            turned = row["way"] == "conntrack" and _is_answer(key, servers)
            if turned:
                key = _turned(key)
            why = PROBES if key in probes else _reason(key, logins, owners)
            if why and (why, key) not in counted:
                counted.add((why, key))
                found.left_out[why] += 1
            if not why:
                _add(found, key, row, host, "" if turned else row["translated"], servers)
    return found


def _tuple(row: Mapping[str, Any]) -> Tuple:
    return row["protocol"], row["source"], row["source_port"], row["destination"], row["destination_port"]


def _login(key: Tuple) -> Login:
    protocol, source, _source_port, _destination, port = key
    return protocol, source, port


def _turned(key: Tuple) -> Tuple:
    protocol, source, source_port, destination, port = key
    return protocol, destination, port, source, source_port


@cache
def is_somebodys(address: str) -> bool:
    """Whether an address names one host to others."""
    value = ipaddress.ip_address(address)
    return not (value.is_loopback or value.is_link_local or value.is_multicast or value.is_unspecified) and (
        address != "255.255.255.255"
    )


def _servers(observations: Mapping[str, Observation]) -> dict[tuple[str, str, int], str]:
    """(protocol, address, port) that somebody listens on -> the program."""
    found: dict[tuple[str, str, int], str] = {}
    for seen in observations.values():
        for row in seen["listening"]:
            everywhere = ipaddress.ip_address(row["address"]).is_unspecified
            for address in seen["addresses"] if everywhere else (row["address"],):
                found[row["protocol"], address, row["port"]] = row["program"]
    return found


def _is_answer(key: Tuple, servers: Mapping[tuple[str, str, int], str]) -> bool:
    """Connection tracking that met a connection in its middle may have taken an answer for the first packet
    (nf_conntrack_tcp_loose)."""
    protocol, source, source_port, destination, port = key
    if (protocol, destination, port) in servers:
        return False
    if (protocol, source, source_port) in servers:
        return True
    return port >= CLIENT_PORTS and (
        source_port <= LAST_OF_SYSTEM or service_name(protocol, source_port) is not None
    )


def _reason(key: Tuple, logins: set[Login], owners: Mapping[str, str]) -> str:
    protocol, source, _source_port, destination, port = key
    if _login(key) in logins or _login(_turned(key)) in logins:
        return "logins from where this discovery runs"
    if not is_somebodys(source) or not is_somebodys(destination):
        return "loopback, link-local and multicast addresses"
    if source == destination or (source in owners and owners[source] == owners.get(destination)):
        return "connections of a host with itself"
    if port >= CLIENT_PORTS and service_name(protocol, port) is None and destination not in owners:
        return "ports of clients, at hosts that were not looked at"
    return ""


def _add(
    found: Usage,
    key: Tuple,
    row: Mapping[str, Any],
    host: str,
    translated: str,
    servers: Mapping[tuple[str, str, int], str],
) -> None:
    protocol, source, source_port, destination, port = key
    evidence = found.uses.setdefault(Use(protocol, source, destination, port), Evidence())
    evidence.connections.add(source_port)
    (evidence.sockets if row["way"] == "socket" else evidence.tracked).add(host)
    if row["program"] and row["way"] == "socket":
        (evidence.clients if found.owners.get(source) == host else evidence.servers).add(row["program"])
    program = servers.get((protocol, destination, port))
    if program:
        evidence.servers.add(program)
    if translated:
        evidence.translated.add(translated)


@cache
def service_name(protocol: str, port: int) -> str | None:
    """What a policy calls this one port, and nothing else."""
    for name, entry in known_services().items():
        if entry["protocols"] == [protocol] and entry.get("ports") == [port]:
            return name
    return None


def families(uses: Iterable[Use]) -> set[int]:
    return {ipaddress.ip_address(use.destination).version for use in uses}
