# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routing tables as Cisco IOS, IOS XR, ASA, Arista EOS, FortiOS and VyOS print them: a code, a network, next hops.

Sources: Cisco IOS IP Routing Command Reference, "show ip route", "show ipv6 route"; IOS XR Routing Command
Reference, "show route"; ASA Command Reference, "show route"; Arista EOS User Manual, "show ip route"; FortiOS CLI
Reference, "get router info routing-table"; FRRouting, "zebra", "show ip route".

A route may go on in the next lines, so lines are joined first. Every word of it has to be understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .route_entry import (
    BLACKHOLE,
    LEAKED,
    MAIN,
    Entry,
    Hop,
    NotReadError,
    entry,
    gateway,
    prefix,
)

_IPV4 = r"\d+\.\d+\.\d+\.\d+"
_IPV6 = r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]*"
_CODE = r"(?P<code>[A-Za-z][\w *>+%!&~]{0,9}?)"
_BEGINS = re.compile(
    rf"^ ?(?!via |is ){_CODE}\s+(?P<net>{_IPV4}|{_IPV6})(?:/(?P<length>\d+)| (?P<mask>{_IPV4}))?(?=[\s,]|$)"
)
_DISTANCE = re.compile(r"\[\d+/\d+\],?\s*(?:tag \d+\s*)?")
_STAR = re.compile(r"\*\s*")
_VIA = re.compile(r"via\s+(?P<to>[^\s,]+)")
_ADDRESS = re.compile(rf"(?:{_IPV4}|{_IPV6})(?P<of>%\S+)?")
_VXLAN = re.compile(r"via VTEP \S+ VNI \d+ router-mac \S+(?: local-interface \S+)?")
# Phrases that stand where others have a gateway.
_PHRASES = {
    "is directly connected": "",
    "connected by VPN (advertised)": "",
    "is a summary": "",
    "unreachable (blackhole)": "null",
    "unreachable (ICMP unreachable)": "null",
    "unreachable (ICMP admin-prohibited)": "null",
    "blackhole": "null",
}
_ATTRIBUTE = re.compile(r",\s*(?P<said>[^,()]+?)\s*(?=,|\(|\s\[|\s\*|\svia\s|\sis\s|$)")
_IN_BRACKETS = re.compile(r"\s*\((?P<said>[^()]+)\)")
_TAIL = re.compile(rf"\s+(?:tunnel (?:{_IPV4}|{_IPV6})|inactive|onlink)(?=[\s,]|$)")
# What says nothing about where packets go: an age, a weight, what the route was learned by.
_NO_MATTER = re.compile(
    r"(?:\d+[ywdhms])+(?:\d+:\d+:\d+)?|\d+(?::\d+){1,2}|never|\[\d+/\d+\]|(?:weight|tag|metric|distance) \d+|receive"
    r"|(?:in)?directly connected|src \S+|label \S+"
)
_INTERFACE = re.compile(r"[A-Za-z][\w./:@-]*")
_BESIDE = re.compile(
    r"\d+/\d+|\[\d+/\d+\]|recursive|recursive (?:is directly connected|via \S+)(?:, [\w./@-]+)?"
)
_OTHER_VRF = re.compile(r"(?:next ?hop in vrf |(?:source )?(?:vrf|VRF) )?(?P<vrf>[\w.:-]+)")

_LEGEND = re.compile(
    r"(?!.*\d/\d)(?:Codes:.*|\s+\S.* - \S.*|\s*[>*~+%!&] - .*|Gateway of last resort.*|Timers: .*)"
    r"|\s*Displaying \d+ of \d+ IPv6 routing table entries"
    r"|Load for .*|Time source is .*|[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ [\d:.]+ \w+|IPv[46] Routing Table"
    r"|[\w.()/@:-]+[#>$] ?(?:(?:sho?w?|get|run) .*)?"
)
_SUBNETTED = re.compile(
    rf"\s+{_IPV4}/(?P<length>\d+) is (?P<variably>variably )?subnetted, \d+ subnets?(?:, \d+ masks?)?"
)
_NONE = re.compile(
    r"% No matching routes found|% IPv6 routing table.* is empty|! IP(?:v6)? routing not enabled"
)


@dataclass(frozen=True)
class Format:
    """``table``: what begins the table of a VRF; its group ``count``, if there is one, is the number of routes that
    it has. ``main``: what the table of no VRF is called. ``local``: codes of the device's own addresses, ``leaked``:
    of routes into another VRF, ``own``: of its own networks. ``starred``: only routes with ``>`` are chosen, and
    only next hops with ``*`` are used."""

    table: re.Pattern[str] = re.compile(r"(?!)")
    main: tuple[str, ...] = ("default", "")
    local: tuple[str, ...] = ("L", "LC")
    leaked: tuple[str, ...] = ()
    own: tuple[str, ...] = ("C", "L", "LC")
    starred: bool = False


_IOS_TABLE = re.compile(
    r"Routing Table: (?P<vrf>\S+)|IPv6 Routing Table(?: - (?P<vrf6>\S+))? - (?P<count>\d+) entr(?:y|ies)"
)
FORMATS = {
    "cisco_ios": Format(_IOS_TABLE),
    "cisco_asa": Format(_IOS_TABLE),
    "cisco_xr": Format(re.compile(r"VRF: (?P<vrf>\S+)")),
    "arista_eos": Format(re.compile(r"VRF(?: name)?: (?P<vrf>\S+)"), local=(), leaked=("L",), own=("C",)),
    "fortinet": Format(re.compile(r"Routing table for VRF=(?P<vrf>\d+)"), main=("0",), local=(), own=("C",)),
    "vyos": Format(re.compile(r"(?:IPv[46] unicast )?VRF (?P<vrf>\S+?):"), starred=True),
}


@dataclass
class _Table:
    name: str = MAIN
    length: str = ""  # of the networks that follow without one
    count: int | None = None
    found: int = 0

    def check(self) -> None:
        if self.count is not None and self.count != self.found:
            raise NotReadError(
                f"{self.found} of the {self.count} routes that the table says it has were read"
            )


def read(form: Format, shown: str) -> list[Entry]:
    """The routes that are used. NotReadError for a line that is not understood, or a table that is cut short."""
    found: list[Entry] = []
    table = _Table()
    for number, line in _joined(form, shown):
        header = form.table.fullmatch(line.strip())
        if header is not None:
            table.check()
            table = _begun(form, header)
            continue
        subnetted = _SUBNETTED.fullmatch(line)
        if subnetted is not None:
            table.length = "" if subnetted["variably"] else subnetted["length"]
            continue
        begins = _BEGINS.match(line)
        if begins is None:
            raise NotReadError(f"line {number} is not understood: {line.strip()[:120]!r}")
        table.found += 1
        try:
            found += _routes(form, table, begins, line[begins.end() :])
        except ValueError as error:
            raise NotReadError(f"line {number} is not understood ({error}): {line.strip()[:120]!r}") from None
    table.check()
    return found


def _begun(form: Format, header: re.Match[str]) -> _Table:
    said = header.groupdict()
    name = said.get("vrf") or said.get("vrf6") or ""
    count = said.get("count")
    return _Table(MAIN if name in form.main else name, count=int(count) if count else None)


def _joined(form: Format, shown: str) -> Iterator[tuple[int, str]]:
    """Lines with those that go on with them; without legends and blank lines."""
    held: tuple[int, str] | None = None
    for number, line in enumerate(shown.expandtabs().splitlines(), start=1):
        plain = line.rstrip()
        if not plain or _LEGEND.fullmatch(plain) or _NONE.fullmatch(plain.strip()):
            continue
        alone = form.table.fullmatch(plain.strip()) or _SUBNETTED.fullmatch(plain) or _BEGINS.match(plain)
        if held is not None and plain[0] == " " and not alone:
            held = (held[0], f"{held[1]} {plain.strip()}")
            continue
        if held is not None:
            yield held
        held = (number, plain)
    if held is not None:
        yield held


def _routes(form: Format, table: _Table, begins: re.Match[str], rest: str) -> list[Entry]:
    """ValueError for what is not understood of the route."""
    length = begins["length"] or begins["mask"] or table.length
    if not length:
        raise ValueError("the length of the network is missing")
    destination = prefix(begins["net"], length)
    code = begins["code"]
    kind = re.sub(r"[ *>+%!&~]", "", code)
    chosen = ">" in code or not form.starred
    hops, leaked = _hops(destination, rest.strip(), form.starred, "*" in code)
    if not chosen:
        return []
    if leaked or kind in form.leaked:
        return [Entry(table.name, destination, LEAKED, ())]
    if form.starred and not hops:
        return []  # chosen, but not among those by which packets are sent
    if kind == "M" and form.leaked:
        return [Entry(table.name, destination, BLACKHOLE, ())]
    local = kind in form.local
    return [entry(table.name, destination, hops, local=local, own=kind in form.own)]


def _hops(destination: str, rest: str, starred: bool, first_used: bool) -> tuple[list[Hop], bool]:
    """The next hops that are used, and whether one of them is of another table."""
    found: list[Hop] = []
    leaked, used, at = False, first_used, 0
    while at < len(rest):
        for skipped in (_DISTANCE, _STAR, _DISTANCE):
            matched = skipped.match(rest, at)
            if matched is not None:
                used = used or skipped is _STAR
                at = matched.end()
        hop, elsewhere, at = _target(destination, rest, at)
        hop, other, recursive, at = _attributes(hop, rest, at)
        if not starred or (used and not recursive):
            found.append(hop)
            leaked = leaked or other or elsewhere
        used = False
    return found, leaked


def _target(destination: str, rest: str, at: int) -> tuple[Hop, bool, int]:
    """``(next hop, whether another table goes on from there, end)``."""
    tunnel = _VXLAN.match(rest, at)
    if tunnel is not None:
        return Hop(), True, tunnel.end()
    via = _VIA.match(rest, at)
    if via is not None:
        address = _ADDRESS.fullmatch(via["to"])
        if address is None:
            return Hop(via["to"]), False, via.end()
        elsewhere = address["of"] not in (None, "%default")
        return Hop("", gateway(via["to"], destination)), elsewhere, via.end()
    for phrase, interface in _PHRASES.items():
        if rest.startswith(phrase, at):
            return Hop(interface), False, at + len(phrase)
    raise ValueError(f"{rest[at : at + 60]!r}")


def _attributes(hop: Hop, rest: str, at: int) -> tuple[Hop, bool, bool, int]:
    """What follows a next hop: ``(hop with its interface, in another VRF, resolved elsewhere, end)``."""
    other = recursive = False
    while at < len(rest):
        beside, attribute = _IN_BRACKETS.match(rest, at), _ATTRIBUTE.match(rest, at)
        tail = _TAIL.match(rest, at)
        if beside is not None:
            at = beside.end()
            if _BESIDE.fullmatch(beside["said"]):
                recursive = recursive or beside["said"].startswith("recursive")
            elif _OTHER_VRF.fullmatch(beside["said"]):
                other = True
            else:
                raise ValueError(f"{beside['said']!r}")
        elif attribute is not None:
            at = attribute.end()
            said = attribute["said"]
            if _NO_MATTER.fullmatch(said):
                continue
            if hop.interface or not _INTERFACE.fullmatch(said):
                raise ValueError(f"{said!r}")
            hop = Hop(said, hop.via)
        elif tail is not None:
            at = tail.end()
        else:
            break
    while at < len(rest) and rest[at] == " ":
        at += 1
    return hop, other, recursive, at
