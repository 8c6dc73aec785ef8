# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routing tables of Palo Alto PAN-OS.

Source: PAN-OS CLI Quick Start, "show routing route"; the legend of its output: ``A`` an active route, ``C`` connect,
``H`` host (an address of the firewall itself), ``M`` multicast. Each virtual router has a table; interfaces belong to
one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .route_entry import BLACKHOLE, LEAKED, MAIN, Entry, Hop, NotReadError, entry, gateway, prefix

_ROUTER = re.compile(r"VIRTUAL ROUTER: (?P<name>.+?) \(id \d+\)")
_TOTAL = re.compile(r"total routes shown: (?P<count>\d+)")
_FLAG = r"(?:A|\?B?|C|H|S|~|R|Oi|Oo|O1|O2|O|B|E|M)"
_ROUTE = re.compile(
    rf"(?P<net>[0-9A-Fa-f.:]+/\d+)\s+(?P<to>vr \S+|\S+)(?:\s+(?P<metric>\d+))?\s+(?P<flags>{_FLAG}(?:\s+{_FLAG})*)"
    r"(?:\s+(?P<age>\d+))?(?:\s+(?P<interface>[a-z][\w./-]*))?(?:\s+(?P<next_as>\d+))?"
)
_NO_MATTER = re.compile(
    r"flags: A:active, .*|Oi:ospf intra-area, .*|=+|destination\s+nexthop\s+metric\s+flags.*"
    r"|[\w.()/@:-]+[#>] ?(?:show .*)?"
)


def read(shown: str) -> list[Entry]:
    """The active routes. NotReadError for a line that is not understood, or fewer routes than the end says."""
    found: list[tuple[str, Entry]] = []
    router, count, total = "default", 0, None
    for number, line in enumerate(shown.splitlines(), start=1):
        words = line.strip()
        begins, end, route = _ROUTER.fullmatch(words), _TOTAL.fullmatch(words), _ROUTE.fullmatch(words)
        if begins is not None:
            router = begins["name"]
        elif end is not None:
            total = int(end["count"]) + (total or 0)
        elif route is not None:
            count += 1
            try:
                found += ((router, one) for one in _routes(route))
            except ValueError as error:
                raise NotReadError(f"line {number} is not understood ({error}): {words[:120]!r}") from None
        elif words and not _NO_MATTER.fullmatch(words):
            raise NotReadError(f"line {number} is not understood: {words[:120]!r}")
    if total != count:
        raise NotReadError(f"{count} routes were read, and the output's end says {total}")
    return list(_tables(found))


def _routes(said: re.Match[str]) -> Iterator[Entry]:
    flags = said["flags"].split()
    if "A" not in flags or "M" in flags:
        return
    network, to, interface = prefix(said["net"]), said["to"], said["interface"] or ""
    if to == "discard" or interface == "discard":
        yield Entry("", network, BLACKHOLE, ())
    elif not re.fullmatch(r"[0-9A-Fa-f.:]+", to):  # "vr" and a name: another virtual router's table
        yield Entry("", network, LEAKED, ())
    elif "H" in flags:
        yield entry("", network, [Hop(interface)], local=True)
    elif "C" in flags:  # the next hop is the firewall's own address
        yield entry("", network, [Hop(interface)], own=True)
        yield entry("", prefix(to), [Hop(interface)], local=True, own=True)
    else:
        yield entry("", network, [Hop(interface, gateway(to, network))])


def _tables(found: list[tuple[str, Entry]]) -> Iterator[Entry]:
    """One virtual router is the table of all; of several, the one called "default" is."""
    routers = {router for router, _one in found}
    for router, one in found:
        one.table = MAIN if len(routers) == 1 or router == "default" else router
        yield one
