# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routing tables of Juniper Junos.

Source: Junos OS CLI Reference, "show route": a table's name with its numbers of destinations and routes; for each
destination the routes by preference, the active one with ``*`` or ``+``; below it its next hops. Of several next hops
``>`` is the one that is used, unless a policy of the forwarding table balances them: any of them may be.
"""

from __future__ import annotations

import re

from .route_entry import BLACKHOLE, LEAKED, LOCAL, MAIN, Entry, Hop, NotReadError, entry, gateway, prefix

_TABLE = re.compile(
    r"(?P<name>\S+): (?P<count>\d+) destinations, \d+ routes \(\d+ active, \d+ holddown, (?P<hidden>\d+) hidden\)"
)
_UNICAST = re.compile(r"(?:(?P<vrf>.+)\.)?inet6?\.0")
_NO_MATTER = re.compile(
    r"\+ = Active Route, - = Last Active, \* = Both|Restart .*|\{\w+(?::\w+)*\}|[\w.()/@:-]+[#>] ?(?:(?:run )?show .*)?"
    r"|.*AS path: .*|validation-state: .*|Area (?:\d+\.){3}\d+.*"
)
_ROUTE = re.compile(
    r"(?:(?P<net>[0-9A-Fa-f.:]+/\d+)\s*)?(?P<active>[*+-]?)\[(?P<protocol>[\w-]+)/-?\d+(?:/-?\d+)?\].*"
)
_NETWORK = re.compile(r"(?P<net>[0-9A-Fa-f.:]+/\d+)")
_VIA = re.compile(
    r">?\s*(?:to (?P<to>[0-9A-Fa-f.:]+) )?via (?P<interface>[\w./:-]+)(?P<label>, Push .*|, Pop.*|, Swap .*)?"
)
_LOCAL = re.compile(r"Local(?: via (?P<interface>[\w./:-]+))?")
_REFUSED = ("Reject", "Discard", "Receive", "MultiRecv", "Multicast (IPv4)", "Multicast (IPv6)")
_ELSEWHERE = re.compile(
    r">?\s*(?:to table \S+|to lt-.*|to (?P<to>[0-9A-Fa-f.:]+) via .* \(.*\)|Multicast .*|via .*, .*)"
)


class _Reader:
    def __init__(self) -> None:
        self.found: list[Entry] = []
        self.table = ""
        self._network = ""
        self._active = False
        self._ways: list[Entry | Hop] = []
        self._own = False
        self._expected = -1  # destinations that the table says it has; -1 where some of them are hidden
        self._seen = 0

    def line(self, words: str) -> None:
        """ValueError for what is not understood."""
        header, route = _TABLE.fullmatch(words), _ROUTE.fullmatch(words)
        if header is not None:
            self.end()
            self._begin(header)
        elif not self.table:
            if not _NO_MATTER.fullmatch(words):
                raise ValueError("no table")
        elif self.table.startswith("("):
            return  # labels, multicast and the like
        elif route is not None:
            if route["net"]:
                self._destination(route["net"])
            self._whole()
            self._active = route["active"] in ("*", "+")
            if self._active:
                self._own = route["protocol"] in ("Direct", "Local")
        elif _NETWORK.fullmatch(words):
            self._destination(words)
        elif not _NO_MATTER.fullmatch(words):
            self._way(words)

    def _begin(self, header: re.Match[str]) -> None:
        name = header["name"]
        unicast = _UNICAST.fullmatch(name)
        self.table = (unicast["vrf"] or MAIN) if unicast else f"({name})"
        self._expected = int(header["count"]) if unicast and header["hidden"] == "0" else -1

    def _destination(self, network: str) -> None:
        self._finish()
        self._seen += 1
        self._network = prefix(network)
        self._active = False

    def _way(self, words: str) -> None:
        if not self._network:
            raise ValueError("no destination")
        way = self._read(words)
        if self._active:
            self._ways.append(way)

    def _read(self, words: str) -> Entry | Hop:
        to, local = _VIA.fullmatch(words), _LOCAL.fullmatch(words)
        if to is not None and not to["label"]:
            return Hop(to["interface"], gateway(to["to"], self._network) if to["to"] else "")
        if local is not None:
            hops = (Hop(local["interface"]),) if local["interface"] else ()
            return Entry(self.table, self._network, LOCAL, hops, self._own)
        if words in _REFUSED:
            kind = LOCAL if words == "Receive" else "multicast" if words[0] == "M" else BLACKHOLE
            return Entry(self.table, self._network, kind, ())
        if _ELSEWHERE.fullmatch(words):
            return Entry(self.table, self._network, LEAKED, ())
        raise ValueError("no next hop")

    def _whole(self) -> None:
        if self._active and not self._ways:
            raise ValueError(f"{self._network} has no next hop")

    def _finish(self) -> None:
        self._whole()
        whole = [way for way in self._ways if isinstance(way, Entry)]
        hops = [way for way in self._ways if isinstance(way, Hop)]
        if whole:
            self.found.append(whole[0])
        elif hops:
            self.found.append(entry(self.table, self._network, hops, own=self._own))
        self._ways, self._network, self._active = [], "", False

    def end(self) -> None:
        """ValueError where a table is cut short."""
        self._finish()
        if self.table and self._expected not in (-1, self._seen):
            raise ValueError(f"{self._seen} of the {self._expected} destinations of a table were read")
        self._seen = 0


def read(shown: str) -> list[Entry]:
    """The active routes of all unicast tables. NotReadError for a line that is not understood."""
    reader = _Reader()
    for number, line in enumerate(shown.splitlines(), start=1):
        words = " ".join(line.split())
        if not words:
            continue
        try:
            reader.line(words)
        except ValueError as error:
            raise NotReadError(f"line {number} is not understood ({error}): {words[:120]!r}") from None
    try:
        reader.end()
    except ValueError as error:
        raise NotReadError(str(error)) from None
    return reader.found
