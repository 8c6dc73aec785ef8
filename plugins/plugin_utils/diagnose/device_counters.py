# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What network devices have counted for the entries of their access lists.

Cisco IOS Security Command Reference, "show ip access-lists" (``(5 matches)``, left out where there is none); NX-OS
Security Command Reference, "statistics per-entry" and "show access-lists" (``[match=5]``); Arista EOS User Manual,
"counters per-entry" and "show ip access-lists" (``[match 5, 0:00:10 ago]``); ASA Command Reference, "show access-list"
(``(hitcnt=5)``). A list that does not count is left out. Hardware may forward packets that no entry has counted: only
what was counted is evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Lists = dict[str, dict[str, int]]


@dataclass
class _List:
    counts: bool
    entries: dict[str, int] = field(default_factory=dict)


_IOS_HEAD = re.compile(r"(?:Standard|Extended) IP access list (\S+)|IPv6 access list (\S+)")
_NXOS_HEAD = re.compile(r"(?:IP|IPv4|IPV6|IPv6) access list (\S+)", re.IGNORECASE)
_EOS_HEAD = re.compile(r"(?:Standard )?(?:IP|IPV6|IPv6) Access List (\S+)", re.IGNORECASE)
_NUMBER = re.compile(r"\s*(\d+) (?:permit|deny)\b")
_BEHIND = re.compile(r"\bsequence (\d+)\s*$")
_IOS_HITS = re.compile(r"\((\d+) match(?:es)?\)")
_NXOS_HITS = re.compile(r"\[match=(\d+)\]")
_EOS_HITS = re.compile(r"\[match (\d+)(?: packets)?[,\]]")
_ASA_ENTRY = re.compile(r"access-list (\S+) line (\d+) (?:extended|standard) .*\(hitcnt=(\d+)\)")


def _numbered(head: re.Pattern[str], hits: re.Pattern[str], says: str) -> Callable[[str], Lists]:
    """``says``: the line by which a list says that it counts; empty where all of them do."""

    def read(text: str) -> Lists:
        found: dict[str, _List] = {}
        current: _List | None = None
        for line in text.splitlines():
            named = head.match(line.strip())
            if named:
                name = next(group for group in named.groups() if group)
                current = found.setdefault(name, _List(not says))
                continue
            if current is None:
                continue
            if says and line.strip() == says:
                current.counts = True
            counted, number = hits.search(line), _NUMBER.match(line) or _BEHIND.search(line)
            if number:
                current.entries[f"line:{number[1]}"] = int(counted[1]) if counted else 0
                current.counts = current.counts or counted is not None
        return {name: one.entries for name, one in found.items() if one.counts}

    return read


def _asa(text: str) -> Lists:
    """An entry that names groups is listed with its number, and below it what it stands for: the first counts all."""
    found: Lists = {}
    for line in text.splitlines():
        entry = _ASA_ENTRY.match(line)
        if entry:
            found.setdefault(entry[1], {}).setdefault(f"line:{entry[2]}", int(entry[3]))
    return found


# Platform -> the command, and what reads it.
SHOWN: Mapping[str, tuple[str, Callable[[str], Lists]]] = {
    "cisco_ios": ("show access-lists", _numbered(_IOS_HEAD, _IOS_HITS, "")),
    "cisco_nxos": ("show access-lists", _numbered(_NXOS_HEAD, _NXOS_HITS, "statistics per-entry")),
    "arista_eos": ("show ip access-lists", _numbered(_EOS_HEAD, _EOS_HITS, "counters per-entry")),
    "cisco_asa": ("show access-list", _asa),
}


def counted(platform: str, text: str) -> Lists:
    """List -> ``line:N`` of its entries -> packets."""
    return SHOWN[platform][1](text)
