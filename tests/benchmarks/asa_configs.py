# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of a Cisco ASA as large as companies have them: nested groups, and entries that name three of them."""

from __future__ import annotations

import random
from typing import Any

from tests.support.asa_texts import OUTSIDE_AND_INSIDE

LIST = "OUTSIDE"
_HEAD = f"""ASA Version 9.16(4)
!
hostname bench
{OUTSIDE_AND_INSIDE}"""
_SITES, _TEAMS, _REGIONS, _SERVICES = 300, 60, 12, 40
_MEMBERS, _PORTS = 20, 8


def _address(draw: random.Random, site: int) -> str:
    return f"10.{site % 200 + 1}.{site // 200 * 64 + draw.randrange(64)}.{draw.randrange(1, 255)}"


def _groups(draw: random.Random) -> tuple[list[str], dict[str, list[str]], dict[str, list[tuple[str, int]]]]:
    """Sites in teams, teams in regions; the members of each, and the services of each group of these."""
    lines: list[str] = []
    members: dict[str, list[str]] = {}
    services: dict[str, list[tuple[str, int]]] = {}
    for site in range(_SITES):
        hosts = members[f"SITE{site}"] = [_address(draw, site) for _n in range(_MEMBERS)]
        lines += [f"object-group network SITE{site}", *(f" network-object host {host}" for host in hosts)]
    for name, count, inner, of in (("TEAM", _TEAMS, "SITE", _SITES), ("REGION", _REGIONS, "TEAM", _TEAMS)):
        for number in range(count):
            named = [f"{inner}{one}" for one in draw.sample(range(of), 6)]
            lines += [f"object-group network {name}{number}", *(f" group-object {one}" for one in named)]
            members[f"{name}{number}"] = [host for one in named for host in members[one]]
    for number in range(_SERVICES):
        ports = [(draw.choice(("tcp", "udp")), draw.randrange(1024, 60000)) for _port in range(_PORTS)]
        services[f"SVC{number}"] = ports
        lines.append(f"object-group service SVC{number}")
        lines += [f" service-object {kind} destination range {low} {low + 5}" for kind, low in ports]
    return lines, members, services


def asa_configuration(lines: int, seed: int, questions: int) -> tuple[str, list[dict[str, Any]], int]:
    """The text, flows to ask, and the entries that the device itself would make of the groups."""
    draw = random.Random(seed)
    groups, members, services = _groups(draw)
    head, tail = _HEAD.rstrip().splitlines(), [f"access-group {LIST} in interface outside"]
    entries: list[str] = []
    flows: list[dict[str, Any]] = []
    product = 0
    names = sorted(members)
    for _entry in range(lines - len(head) - len(groups) - len(tail)):
        src, dst = draw.choice(names), draw.choice(names)
        hosts = [draw.choice(members[src]), draw.choice(members[dst])]
        protocol, port = draw.choice(("tcp", "udp")), draw.randrange(1024, 60000)
        kind = draw.random()
        if kind < 0.5:
            service = draw.choice(sorted(services))
            protocol, port = draw.choice(services[service])
            said = f"object-group {service} object-group {src} object-group {dst}"
            product += len(members[src]) * len(members[dst]) * _PORTS
        elif kind < 0.75:
            said = f"{protocol} object-group {src} host {hosts[1]} eq {port}"
            product += len(members[src])
        else:
            said = f"{protocol} host {hosts[0]} host {hosts[1]} range {port} {port + 40}"
            product += 1
        entries.append(f"access-list {LIST} extended {'deny' if draw.random() < 0.3 else 'permit'} {said}")
        flows.append({"src": hosts[0], "dst": hosts[1], "protocol": protocol, "dst_port": port})
    asked = draw.sample(flows, questions)
    for flow in asked[: questions // 10]:  # whole networks, of which a list may permit parts
        flow.update(
            src=f"{flow['src'].rpartition('.')[0]}.0/24", dst=f"{flow['dst'].rpartition('.')[0]}.0/24"
        )
    return "\n".join([*head, *groups, *entries, *tail, ""]), asked, product


def asa_changes(text: str) -> dict[str, str]:
    """The configuration with a change as operators make them, by what it is."""
    lines = text.splitlines()
    entries = [at for at, line in enumerate(lines) if line.startswith("access-list")]
    entry = next(at for at in entries[len(entries) // 2 :] if lines[at].count("object-group") == 3)
    turned = {" permit ": " deny ", " deny ": " permit "}
    said = next(word for word in turned if word in lines[entry])
    member, group, port = (
        next(at for at, line in enumerate(lines) if line.startswith(begin))
        for begin in (" network-object host", " group-object TEAM", " service-object")
    )
    changed = {"one entry": lines[:entry] + [lines[entry].replace(said, turned[said])] + lines[entry + 1 :]}
    for name, at in (
        ("a group's member", member),
        ("a group in a group", group),
        ("a service of a group", port),
    ):
        changed[name] = lines[:at] + lines[at + 1 :]
    return {name: "\n".join([*found, ""]) for name, found in changed.items()}
