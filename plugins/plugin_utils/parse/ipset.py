# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``ipset save`` (ipset(8)) -> named sets, and how a rule's ``src,dst`` flags read them.

A port in a set belongs to a protocol: ``hash:ip,port`` stores ``10.0.0.1,tcp:80`` and ``bitmap:port`` sees
TCP and UDP (kernel, ``ip_set_get_ip_port``).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import ParseError
from ..model import text
from ..model.match import NEVER, Either, Match, Member, Range, Unknown, both, merge_ranges, protocol
from ..model.state import NamedSet
from . import names

_TODO = "run `ipset save` on the host as root and see what it prints"
# What the parts of a type's elements are: an address, a port with its protocol, an interface, a mark.
_PARTS = {"ip": "address", "net": "address", "port": "port", "iface": "name", "mark": "mark", "mac": "other"}
_SOURCE = {"address": "src", "port": "src_port", "name": "in_interface", "mark": "mark"}
_TARGET = {"address": "dst", "port": "dst_port", "name": "out_interface", "mark": "mark"}
_WORD = re.compile(r'"([^"]*)"|(\S+)')
_WITH_PORTS = (6, 17, 132, 136)
_TCP_UDP = protocol(6, 17)


@dataclass(slots=True)
class IpSet:
    """``parts``: the kinds of one element's parts, as rules' flags count them. ``members``: of a list:set."""

    name: str
    kind: str
    parts: tuple[str, ...]
    named: NamedSet
    members: list[str] = field(default_factory=list)
    mask: int | None = None
    excluded: list[Range] = field(default_factory=list)
    prefixes: list[tuple[Range, bool]] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.named.key


def parse(content: str) -> dict[str, IpSet]:
    """All sets by name. ParseError for a line that is not ipset's, or a member of a set that is not there."""
    found: dict[str, IpSet] = {}
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            words = _words(line)
            if words[0] == "create" and len(words) >= 3 and words[1] not in found:
                found[words[1]] = _create(words)
            elif words[0] == "add" and len(words) >= 3 and words[1] in found:
                _add(found[words[1]], words, found)
            else:
                raise ValueError("neither a set nor a member of one")
        except (ValueError, IndexError, KeyError) as error:
            where = f"ipset save, line {number}"
            raise ParseError(f"a line is not understood ({error}): {line[:200]}", where, _TODO) from error
    for one in found.values():
        _finish(one)
    return found


def _words(line: str) -> list[str]:
    """Words; ipset allows no quotes within quotes, and escapes nothing."""
    if '"' not in line:
        return line.split()
    if line.count('"') % 2:
        raise ValueError("quotes that do not end")
    return [quoted or plain for quoted, plain in _WORD.findall(line)]


def _create(words: list[str]) -> IpSet:
    name, kind = words[1], words[2]
    method, _unused, listed = kind.partition(":")
    options, others = _options(words[3:], _SET_OPTIONS)
    width = {"inet": 4, "inet6": 6}[options.get("family", "inet")]
    mask = int(options["netmask"]) if "netmask" in options else None
    if mask is not None and not 0 <= mask <= text.WIDTH[width]:
        raise ValueError(f"the netmask {mask}")
    parts = tuple(_PARTS.get(part, "other") for part in listed.split(","))
    kinds: list[str] = []
    for part in parts:
        if part == "port" and method != "bitmap":
            kinds.append("protocol")
        kinds.append(f"address{width}" if part == "address" else part)
    known = (
        method in ("hash", "bitmap") and listed != "" and all(part in _PARTS for part in listed.split(","))
    )
    named = NamedSet(f"ipset/{name}", tuple(kinds), complete=known and "other" not in parts and not others)
    if method == "list":
        named.fields, named.complete = ("other",), not others
    named.timed = "timeout" in options
    return IpSet(name, kind, parts, named, mask=mask)


# What follows the type of a set and a member (ipset(8)): how many words belong to it. What is not here, such
# as a mask for marks or members that stand in an order, leaves the members unknown.
_SET_OPTIONS = {
    **dict.fromkeys(
        ("family", "hashsize", "maxelem", "timeout", "bucketsize", "initval", "netmask", "range", "size"), 1
    ),
    **dict.fromkeys(("counters", "comment", "skbinfo", "forceadd"), 0),
}
_MEMBER_OPTIONS = {
    **dict.fromkeys(("timeout", "comment", "packets", "bytes", "skbmark", "skbprio", "skbqueue"), 1),
    "nomatch": 0,
}


def _options(words: Sequence[str], known: Mapping[str, int]) -> tuple[dict[str, str], list[str]]:
    """Options with their values, and words that are none. IndexError where a value is missing."""
    found: dict[str, str] = {}
    others: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        count = known.get(word)
        if count is None:
            others.append(word)
        else:
            found[word] = words[at + 1] if count else ""
        at += 1 + (count or 0)
    return found, others


def _add(one: IpSet, words: list[str], sets: Mapping[str, IpSet]) -> None:
    options, others = _options(words[3:], _MEMBER_OPTIONS)
    # `timeout 0` stays for good in a set whose other members time out.
    timeout = options.get("timeout", "0")
    if one.kind.startswith("list:"):
        listed = sets.get(words[2])
        if listed is not None and listed.kind.startswith("list:"):
            others.append(words[2])  # lists within lists may lead back to themselves
        one.members.append(words[2])
        element: tuple[Range | str, ...] | None = (words[2],)
    else:
        element = _element(one, words[2])
    if element is None or others:
        one.named.complete = False
        return
    if len(one.parts) == 1 and one.kind.startswith("hash:net"):
        one.prefixes.append((element[0], "nomatch" in options))  # type: ignore[arg-type]
    elif "nomatch" in options:
        one.named.complete = False
        return
    if timeout != "0" or _other_protocol(one, element):
        one.named.expiring.append(len(one.named.elements))
    if "nomatch" not in options:
        one.named.elements.append(element)


def _element(one: IpSet, written: str) -> tuple[Range | str, ...] | None:
    """The parts of ``10.0.0.1,tcp:80``; None for one that a flow's fields can't say."""
    # IPv6 addresses hold colons, so the parts are told by their place.
    given = written.split(",")
    if len(given) != len(one.parts):
        return None
    found: list[Range | str] = []
    try:
        for kind, value in zip(one.parts, given):
            if kind == "address":
                found.append(_address(value, one))
            elif kind == "port":
                found.extend(_port(value, "protocol" in one.named.fields))
            elif kind == "mark":
                found.append(_ordered(int(value, 0), int(value, 0), 0xFFFFFFFF))
            elif kind == "name" and not value.startswith("physdev:"):
                found.append(value)
            else:
                return None
    except (ValueError, OSError):
        return None
    return tuple(found)


def _address(value: str, one: IpSet) -> Range:
    family, low, high = text.address_range(value)
    if f"address{family}" not in one.named.fields:
        raise ValueError(f"{value!r} is of another family")
    if one.mask is not None and low == high:
        host = (1 << (text.WIDTH[family] - one.mask)) - 1
        low, high = low & ~host, low | host
    return low, high


def _port(value: str, with_protocol: bool) -> list[Range]:
    word, colon, port = value.rpartition(":")
    if not with_protocol:
        return [_numbers(value)]
    number = names.protocol_number(word) if colon else 6
    if number not in _WITH_PORTS:
        return [(number, number), (0, 0xFFFF)]  # an ICMP type and code, or nothing
    return [(number, number), _numbers(port)]


def _other_protocol(one: IpSet, element: tuple[Range | str, ...]) -> bool:
    """A member of a protocol without ports: which of its packets fit, no flow tells."""
    return any(
        kind == "protocol" and not isinstance(part, str) and part[0] not in _WITH_PORTS
        for kind, part in zip(one.named.fields, element)
    )


def _numbers(value: str) -> Range:
    low, _unused, high = value.partition("-")
    ends = [int(end) if end.isdigit() else socket.getservbyname(end) for end in (low, high or low)]
    return _ordered(ends[0], ends[1], 0xFFFF)


def _ordered(low: int, high: int, maximum: int) -> Range:
    if not 0 <= low <= high <= maximum:
        raise ValueError(f"{low}-{high} is not an ascending range up to {maximum}")
    return low, high


def _finish(one: IpSet) -> None:
    """Apply ``nomatch``: the longest prefix that holds an address decides."""
    if one.kind == "hash:net,iface":
        _nearest(one.named)
    if not any(excluded for _prefix, excluded in one.prefixes):
        return
    if one.named.expiring:
        one.named.complete = False
        return
    ranges: tuple[Range, ...] = ()
    for (low, high), excluded in sorted(one.prefixes, key=lambda item: item[0][0] - item[0][1]):
        rest = [
            part
            for first, last in ranges
            for part in ((first, min(last, low - 1)), (max(first, high + 1), last))
        ]
        kept = [part for part in rest if part[0] <= part[1]]
        ranges = merge_ranges(kept if excluded else [*kept, (low, high)])
    one.named.elements = [(part,) for part in ranges]


def _nearest(named: NamedSet) -> None:
    """Of ``hash:net,iface``, the longest prefix that holds an address decides, whichever interfaces it is listed
    with (ip_set_hash_gen.h, mtype_test_cidrs): from each prefix, the longer ones within it are taken away."""
    nets = sorted(
        {element[0] for element in named.elements if not isinstance(element[0], str)}, key=_widest_first
    )
    within: dict[Range, list[Range]] = {net: [] for net in nets}
    around: list[Range] = []
    for net in nets:
        while around and around[-1][1] < net[0]:
            around.pop()
        if around:
            within[around[-1]].append(net)
        around.append(net)
    if not any(within.values()):
        return
    if named.expiring:
        named.complete = False
        return
    found: list[tuple[Range | str, ...]] = []
    for prefix, link in named.elements:
        if isinstance(prefix, str):
            continue
        low, high = prefix
        for first, last in within[prefix]:
            if low < first:
                found.append(((low, first - 1), link))
            low = last + 1
        if low <= high:
            found.append(((low, high), link))
    named.elements = found


def _widest_first(net: Range) -> Range:
    return net[0], -net[1]


def member(sets: Mapping[str, IpSet], name: str, flags: Sequence[str]) -> Match:
    """What ``-m set --match-set NAME src,dst`` asks. Unknown for a set that was not read."""
    one = sets.get(name)
    if one is None:
        return Member(
            f"ipset/{name}",
            tuple(_SOURCE["address"] if flag == "src" else _TARGET["address"] for flag in flags),
        )
    if one.kind.startswith("list:"):
        if one.named.dynamic or one.named.expiring or not one.named.complete:
            why = "could not be read in full" if not one.named.complete else "change with the traffic"
            return Unknown(f"ipset {name} {','.join(flags)}", f"the members of set {name} {why}")
        parts = [member(sets, inner, flags[: _dimension(sets, inner)]) for inner in one.members]
        return Either(tuple(parts)) if parts else NEVER
    if len(flags) < len(one.parts):
        return NEVER  # ip_set_test: fewer dimensions than the set has never match
    fields: list[str] = []
    for kind, flag in zip(one.parts, flags):
        table = _SOURCE if flag == "src" else _TARGET
        if kind not in table:
            return Unknown(
                f"ipset {name} {','.join(flags)}", f"set {name} ({one.kind}) holds values that no flow tells"
            )
        if kind == "port" and "protocol" in one.named.fields:
            fields.append("protocol")
        fields.append(table[kind])
    found = Member(one.key, tuple(fields))
    return both(_TCP_UDP, found) if one.kind == "bitmap:port" else found


def _dimension(sets: Mapping[str, IpSet], name: str) -> int:
    return len(sets[name].parts) if name in sets else 1
