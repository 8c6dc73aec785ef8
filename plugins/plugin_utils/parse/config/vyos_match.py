# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule of VyOS asks for: one reader for each word that may stand under a rule.

Sources: VyOS documentation, "Firewall" (1.3: "Matching criteria"; 1.4 and later: "IPv4 Firewall Configuration",
"Firewall - Rules"), "NAT44"; iptables-extensions(8) and nft(8) for what is made of it. All words of a rule must hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...model.assumptions import RATE_LIMITS_NOT_EXCEEDED
from ...model.fields import CONNECTION_STATES, PROTOCOLS_WITH_PORTS, TCP_FLAGS
from ...model.match import ALWAYS, BEYOND, In, Masked, Match, Named, Not, Range, both, protocol
from .. import names
from . import asks
from .vyos_groups import Groups, address_range, negated, port_range, unknown
from .vyos_tree import Node
from .words import NotUnderstoodError

_FLAG = {name: 1 << at for at, name in enumerate(TCP_FLAGS)}
_ALL_FLAGS = 0x3F
_NOT_TOLD = "a flow does not tell it"
_MEMORY = "it depends on packets before"
_ANY = ("all", "any")
_TRANSLATED = {"destination": ("dnat", "both"), "source": ("snat", "both")}


@dataclass(frozen=True)
class Reading:
    """``old``: a configuration of VyOS 1.3 or before, None where that is not known. ``where``: which rule, for what
    differs from rule to rule."""

    family: int
    groups: Groups
    old: bool | None
    where: str
    rule: Node


Reader = Callable[[Node, str, Reading], Match]


def protocols(reading: Reading) -> tuple[int, ...] | None:
    """The numbers that the rule names; None for all, or for all but one."""
    said = reading.rule.value("protocol") if reading.rule.has("protocol") else "all"
    if said.startswith("!") or said in _ANY:
        return None
    return (6, 17) if said == "tcp_udp" else (_number(said),)


def _number(said: str) -> int:
    try:
        # In /etc/protocols, which VyOS takes names from, ipip is 94, and IP in IP proper is ipencap.
        return names.protocol_number(said)
    except ValueError:
        raise NotUnderstoodError(f"{said!r} is no protocol that is known") from None


def _protocol(node: Node, name: str, _reading: Reading) -> Match:
    said = node.value(name)
    if said in _ANY:
        return ALWAYS
    word = said.removeprefix("!")
    asked = protocol(6, 17) if word == "tcp_udp" else protocol(_number(word))
    return negated(asked, said)


def _state(node: Node, name: str, _reading: Reading) -> Match:
    """``state established enable`` (1.3, 1.4) or ``state established`` (1.5)."""
    wanted = []
    for state, below in node.items(name).items():
        switch = list(below.children)
        if state not in CONNECTION_STATES or switch not in (["enable"], ["disable"], []):
            raise NotUnderstoodError(f"state {state} {' '.join(switch)} is not understood")
        if switch != ["disable"]:
            wanted.append(state)
    if not wanted:
        raise NotUnderstoodError("no state is enabled, and what that means is not documented")
    return Named("connection", tuple(wanted))


def _end(node: Node, name: str, reading: Reading) -> Match:
    """``source`` or ``destination``."""
    field = "src" if name == "source" else "dst"
    asked: list[Match] = []
    end = node.at(name)
    for word in end.children:
        reader = _END.get(word)
        if reader is None:
            raise NotUnderstoodError(f"{name} {word} is not understood")
        asked.append(reader(end, word, field, reading))
    return both(*asked)


def _address(end: Node, word: str, field: str, reading: Reading) -> Match:
    said = end.value(word)
    low, high = address_range(said.removeprefix("!"), reading.family)
    if not end.has("address-mask"):
        return negated(In(field, ((low, high),), reading.family), said)
    mask, _high = address_range(end.value("address-mask"), reading.family)
    if low != high or low & ~mask:
        raise NotUnderstoodError(f"address {said} with address-mask is not understood")
    return negated(Masked(field, low, mask, reading.family), said)


def _port(end: Node, word: str, field: str, reading: Reading) -> Match:
    """A list of ports. With ``!`` before the whole list, 1.3 asks for none of it; later releases ask for none of those
    ports that have a ``!`` of their own, and one of the others, though their documentation says as before."""
    with_ports(reading)
    said = end.value(word)
    parts = said.split(",")
    several = len(parts) > 1
    if said.startswith("!") and several and not all(part.startswith("!") for part in parts[1:]):
        if not reading.old:
            raise NotUnderstoodError(
                f"port {said}: whether ! is meant for all of the list differs by release"
            )
        parts = [f"!{part.removeprefix('!')}" for part in parts]
    inside = [port_range(part) for part in parts if not part.startswith("!")]
    outside = [port_range(part[1:]) for part in parts if part.startswith("!")]
    name = f"{field}_port"
    asked = [asks.ports(name, *inside)] if inside else []
    return both(*asked, *([asks.other_ports(name, *outside)] if outside else []))


def with_ports(reading: Reading) -> None:
    """NotUnderstoodError for a rule that asks for ports of what may have none."""
    found = protocols(reading)
    if found is None or not set(found) <= set(PROTOCOLS_WITH_PORTS):
        raise NotUnderstoodError("a port of a protocol that may have none")


def _group(end: Node, word: str, field: str, reading: Reading) -> Match:
    asked: list[Match] = []
    for kind in end.items(word):
        said = end.at(word).value(kind)
        if kind == "port-group":
            with_ports(reading)
        asked.append(
            reading.groups.match(
                kind, said, f"{field}_port" if kind == "port-group" else field, reading.family
            )
        )
    return both(*asked)


def _of_end(why: str) -> Callable[[Node, str, str, Reading], Match]:
    def read(end: Node, word: str, field: str, reading: Reading) -> Match:
        said = " ".join(end.at(word).leaves())
        return unknown(reading.where, f"{field} {word} {said}", why)

    return read


_END: dict[str, Callable[[Node, str, str, Reading], Match]] = {
    "address": _address,
    "prefix": _address,
    "address-mask": lambda _end, _word, _field, _reading: ALWAYS,
    "port": _port,
    "group": _group,
    "mac-address": _of_end(_NOT_TOLD),
    "fqdn": _of_end("which addresses a name has is not known"),
    "geoip": _of_end("which addresses are of a country is not known"),
}


def _interface(node: Node, name: str, reading: Reading) -> Match:
    """``inbound-interface name eth0``, ``group LAN``, ``eth0`` (1.3's NAT), ``any``; with ``!`` before, any other."""
    field = "in_interface" if name == "inbound-interface" else "out_interface"
    below = node.at(name)
    if below.has("group") and len(below.children) == 1:
        return reading.groups.interfaces(below.value("group"), field)
    for word in ("name", "interface-name"):
        if below.has(word) and len(below.children) == 1 and below.at(word).children:
            return _named(field, below.value(word))
    return _named(field, node.value(name))


def _named(field: str, said: str) -> Match:
    name = said.removeprefix("!")
    if name == "any":
        return ALWAYS
    # 1.3 writes + for any rest of a name, as iptables does.
    return negated(Named(field, (f"{name[:-1]}*" if name.endswith("+") else name,)), said)


def _tcp(node: Node, name: str, reading: Reading) -> Match:
    if protocols(reading) != (6,):
        raise NotUnderstoodError("tcp of a rule that is not for TCP alone")
    below = node.at(name)
    if list(below.children) != ["flags"]:
        raise NotUnderstoodError(f"tcp {' '.join(below.leaves())} is not understood")
    return _flags(below, "flags", reading)


def _flags(node: Node, name: str, _reading: Reading) -> Match:
    """``SYN,!ACK`` (1.3), ``syn`` and ``not ack`` (1.4)."""
    wanted: dict[str, bool] = {}
    for word, below in node.items(name).items():
        if word == "not":
            wanted.update(dict.fromkeys(below.children, False))
        elif not below.children:
            for part in word.split(","):
                wanted[part.removeprefix("!").lower()] = not part.startswith("!")
        else:
            raise NotUnderstoodError(f"tcp flags {word} is not understood")
    strange = [flag for flag in wanted if flag not in (*_FLAG, "all")]
    if strange or not wanted:
        raise NotUnderstoodError(f"{(strange or ['nothing'])[0]!r} is no TCP flag")
    bits = {flag: _ALL_FLAGS if flag == "all" else _FLAG[flag] for flag in wanted}
    mask = value = 0
    for flag, is_set in wanted.items():
        mask |= bits[flag]
        value |= bits[flag] if is_set else 0
    return asks.flags(mask, value)


def _icmp(node: Node, name: str, reading: Reading) -> Match:
    """``type-name echo-request``, ``type 8``, ``code 0``; for ICMPv6 ``type`` may be a name too, or type and code."""
    number, table = (1, names.ICMP) if name == "icmp" else (58, names.ICMPV6)
    if protocols(reading) != (number,):
        raise NotUnderstoodError(f"{name} of a rule that is not for {name} alone")
    asked: list[Match] = []
    below = node.at(name)
    for word in below.children:
        said = below.value(word)
        try:
            if word == "code":
                asked.append(In("icmp_code", (_byte(said),)))
            elif word not in ("type", "type-name"):
                raise ValueError(word)
            elif said != "any":
                kind, code = names.icmp_type_code(table, said)
                asked.append(In("icmp_type", (kind,)))
                asked += [] if code is None else [In("icmp_code", (code,))]
        except ValueError:
            raise NotUnderstoodError(f"{name} {word} {said!r} is not understood") from None
    return both(*asked)


def _byte(said: str) -> Range:
    if not 0 <= int(said) <= 255:
        raise ValueError(said)
    return int(said), int(said)


def _fragment(node: Node, name: str, _reading: Reading) -> Match:
    """No packet that opens a connection is a fragment."""
    ((word, _below),) = node.items(name).items() if len(node.items(name)) == 1 else (("", Node()),)
    if word not in ("match-frag", "match-non-frag"):
        raise NotUnderstoodError(f"fragment {word!r} is not understood")
    return BEYOND if word == "match-frag" else Not(BEYOND)


def _status(node: Node, name: str, _reading: Reading) -> Match:
    said = node.at(name).value("nat")
    if said not in _TRANSLATED or len(node.items(name)) != 1:
        raise NotUnderstoodError(f"{name} {said!r} is not understood")
    return Named("ct_status", _TRANSLATED[said])


def _unknown(why: str, assumption: str = "") -> Reader:
    def read(node: Node, name: str, reading: Reading) -> Match:
        return unknown(reading.where, f"{name} {' '.join(node.at(name).leaves())}".strip(), why, assumption)

    return read


def _nothing(_node: Node, _name: str, _reading: Reading) -> Match:
    return ALWAYS


# What says nothing about which packets a rule is for; "disable" is asked for before a rule is read.
_NO_MATTER = (
    "action",
    "description",
    "disable",
    "log",
    "log-level",
    "log-options",
    "jump-target",
    "offload-target",
    "queue",
    "queue-options",
    "add-address-to-group",
    "set",
    "translation",
    "exclude",
    "synproxy",
)
READERS: dict[str, Reader] = {
    **dict.fromkeys(_NO_MATTER, _nothing),
    "protocol": _protocol,
    "state": _state,
    "source": _end,
    "destination": _end,
    "inbound-interface": _interface,
    "outbound-interface": _interface,
    "tcp": _tcp,
    "icmp": _icmp,
    "icmpv6": _icmp,
    "fragment": _fragment,
    "connection-status": _status,
    "limit": _unknown(_MEMORY, RATE_LIMITS_NOT_EXCEEDED),
    "recent": _unknown(_MEMORY),
    "load-balance": _unknown("which of several addresses a connection gets is not known"),
    **dict.fromkeys(
        (
            "time",
            "ipsec",
            "p2p",
            "mark",
            "connection-mark",
            "conntrack-helper",
            "dscp",
            "dscp-exclude",
            "ttl",
            "hop-limit",
            "packet-length",
            "packet-length-exclude",
            "packet-type",
            "gre",
            "vlan",
            "ethernet-type",
        ),
        _unknown(_NOT_TOLD),
    ),
}


def asked_by(reading: Reading) -> tuple[Match, list[str]]:
    """What the rule asks for, and what of it was not understood; that may narrow it in any way."""
    asked: list[Match] = []
    reasons: list[str] = []
    for name in reading.rule.children:
        reader = READERS.get(name)
        try:
            if reader is None:
                raise NotUnderstoodError(f"{name} is not understood")
            asked.append(reader(reading.rule, name, reading))
        except NotUnderstoodError as error:
            said = f"{name} {' '.join(reading.rule.at(name).leaves())}".strip()
            reasons.append(f"{said}: {error}")
            asked.append(unknown(reading.where, said, str(error)))
    return both(*asked), reasons
