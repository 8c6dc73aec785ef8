# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routing tables of Cisco NX-OS.

Source: Cisco Nexus 9000 Series NX-OS Unicast Routing Configuration Guide and command reference, "show ip route",
"show ipv6 route": a line for the network, below it one for each next hop; those with a star are used.
"""

from __future__ import annotations

import re

from .route_entry import LEAKED, MAIN, Entry, Hop, NotReadError, entry, gateway, prefix

_TABLE = re.compile(r'IP(?:v6)? Rout(?:e|ing) Table for VRF "(?P<vrf>\S+)"')
_NETWORK = re.compile(
    r"(?P<net>[0-9A-Fa-f.:]+/\d+), ubest/mbest: \d+/\d+(?:, (?P<attached>attached))?(?:, all-best \(\S+\))?"
)
_HOP = re.compile(
    r"(?P<star>\*{0,2})via (?P<to>[^\s,]+)(?:, (?P<interface>[A-Za-z][\w./-]*))?, \[\d+/\d+\], (?P<age>[\w:.]+)"
    r", (?P<protocol>[\w-]+)(?P<more>(?:, (?:[\w-]+|tag \S+(?: \(\w+\))?|\(\w+\)))*)"
    r"(?P<tunnel> ?(?:\(evpn\) )?segid: \d+ tunnelid: \S+ encap: \w+)?"
)
_ADDRESS = re.compile(r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*(?P<of>%\S+)?")
_NO_MATTER = re.compile(
    r"|'.*' denotes .*|'%<string>' in via output denotes VRF <string>|[\w.()/@:-]+[#>] ?(?:sho?w? .*)?"
    r"|Route not found|% No .*"
)
_LOCAL = ("local", "hsrp", "vrrp", "vrrp_engine", "glbp")


def read(shown: str) -> list[Entry]:
    """The routes that are used. NotReadError for a line that is not understood."""
    found: list[Entry] = []
    table = MAIN
    hops: list[tuple[str, Hop, bool]] = []
    network = ""
    for number, line in enumerate(shown.splitlines(), start=1):
        words = " ".join(line.split())
        header, begins, hop = _TABLE.fullmatch(words), _NETWORK.fullmatch(words), _HOP.fullmatch(words)
        try:
            if header is not None or begins is not None:
                found += _route(table, network, hops)
                network, hops = "", []
            if header is not None:
                table = MAIN if header["vrf"] == "default" else header["vrf"]
            elif begins is not None:
                network = prefix(begins["net"])
            elif hop is not None and network:
                if hop["star"]:
                    hops.append(_hop(hop, network))
            elif not _NO_MATTER.fullmatch(words):
                raise ValueError("no route")
        except ValueError as error:
            raise NotReadError(f"line {number} is not understood ({error}): {words[:120]!r}") from None
    try:
        return found + _route(table, network, hops)
    except ValueError as error:
        raise NotReadError(f"the last route is not understood: {error}") from None


def _hop(said: re.Match[str], network: str) -> tuple[str, Hop, bool]:
    """``(protocol, next hop, whether it is of another table)``."""
    address = _ADDRESS.fullmatch(said["to"])
    if address is None:
        return said["protocol"], Hop(said["to"]), False
    elsewhere = address["of"] not in (None, "%default") or bool(said["tunnel"])
    on_link = said["protocol"] in ("direct", *_LOCAL)
    via = "" if on_link else gateway(said["to"], network)
    return said["protocol"], Hop(said["interface"] or "", via), elsewhere


def _route(table: str, network: str, hops: list[tuple[str, Hop, bool]]) -> list[Entry]:
    if not network:
        return []
    if any(elsewhere for _protocol, _hop, elsewhere in hops):
        return [Entry(table, network, LEAKED, ())]
    protocols = {protocol for protocol, _hop, _elsewhere in hops}
    local = bool(protocols) and protocols <= set(_LOCAL)
    own = bool(protocols) and protocols <= {"direct", *_LOCAL}
    return [entry(table, network, (hop for _protocol, hop, _elsewhere in hops), local=local, own=own)]
