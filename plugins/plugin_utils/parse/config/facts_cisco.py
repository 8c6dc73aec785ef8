# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of access lists, their bindings and object groups, as lines of the platform's configuration.

Sources: the documentation of cisco.ios.ios_acls and ios_acl_interfaces, cisco.nxos.nxos_acls and
nxos_acl_interfaces, cisco.iosxr.iosxr_acls and iosxr_acl_interfaces, cisco.asa.asa_acls and asa_ogs,
arista.eos.eos_acls and eos_acl_interfaces. A key that has no words of the platform's language becomes a word of none,
which makes the rule unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .facts_reader import Facts, malformed

# What a line gets that the facts say too little for.
NO_ACTION, NOT_IN_FACTS = "no-action-in-the-facts", "not-in-the-facts"
_FAMILIES = ("ipv4", "ipv6")
_OPERATORS = ("eq", "neq", "lt", "gt")


@dataclass(frozen=True)
class Style:
    """``list_``: the line that begins a list, by family; ``binding``: what binds one at an interface;
    ``directions``: words for in and out."""

    list_: Mapping[str, str]
    binding: Mapping[str, str] = field(default_factory=dict)
    directions: tuple[str, str] = ("in", "out")


_IP = {"ipv4": "ip access-list {kind}{name}", "ipv6": "ipv6 access-list {name}"}
_FILTER = {"ipv4": "ip access-group {name} {way}", "ipv6": "ipv6 traffic-filter {name} {way}"}
_GROUP = {"ipv4": "ip access-group {name} {way}", "ipv6": "ipv6 access-group {name} {way}"}
STYLES = {
    "cisco_ios": Style(_IP, _FILTER),
    "cisco_nxos": Style(_IP, {**_FILTER, "port": "ip port access-group {name} {way}"}),
    "cisco_xr": Style(
        {"ipv4": "ipv4 access-list {name}", "ipv6": "ipv6 access-list {name}"},
        {"ipv4": "ipv4 access-group {name} {way}", "ipv6": "ipv6 access-group {name} {way}"},
        ("ingress", "egress"),
    ),
    "arista_eos": Style({"ipv4": _IP["ipv4"], "ipv6": "ipv6 access-list {kind}{name}"}, _GROUP),
}


class Lists:
    """Lists and bindings of IOS, NX-OS, IOS XR and EOS."""

    def __init__(self, platform: str) -> None:
        self._platform = platform
        self._style = STYLES[platform]
        self._known: set[tuple[str, str]] = set()
        self._bound: dict[tuple[str, str], None] = {}

    def acls(self, families: Iterator[Facts]) -> Iterator[str]:
        for family in families:
            afi = afi_of(family)
            for acl in family.each("acls"):
                yield from self._acl(acl, afi)
            nothing_left(family)

    def _acl(self, acl: Facts, afi: str) -> Iterator[str]:
        name = named(acl)
        kind = acl.word("acl_type") or ("standard" if acl.flag("standard") else "")
        standard = kind == "standard"
        self._known.add((afi, name))
        entries = [
            ace for ace in acl.each("aces") if ace.has("grant") or ace.has("evaluate") or not remark(ace)
        ]
        shown = {"cisco_ios": f"{kind or 'extended'} ", "arista_eos": "standard " if standard else ""}
        yield self._style.list_[afi].format(kind=shown.get(self._platform, ""), name=name)
        for word in acl.left() or ([] if entries else ["aces"]):
            yield f" permit {NOT_IN_FACTS} {word}"
        for ace in entries:
            yield from self._ace(ace, standard)

    def _ace(self, ace: Facts, standard: bool) -> Iterator[str]:
        number = ace.word("sequence")
        begin = [number] if number else []
        whole = ace.words("line")
        if whole:  # XR and EOS: the entry as the device has it, where the module does not know all of it
            yield _line(whole if whole[0].isdecimal() else [*begin, *whole])
            return
        evaluate = ace.word("evaluate")
        if evaluate:
            yield _line([*begin, "evaluate", evaluate, *ace.left()])
            return
        begin.append(ace.word("grant") or NO_ACTION)
        if not standard:
            begin += _protocol(ace)
        ends = [word for side in ("source", "destination") for word in end(ace, side)]
        yield _line([*begin, *ends, *options(ace), *ace.left()])

    def bindings(self, interfaces: Iterator[Facts]) -> Iterator[str]:
        for interface in interfaces:
            yield f"interface {named(interface)}"
            for group in interface.each("access_groups"):
                afi = afi_of(group)
                for acl in group.each("acls"):
                    yield f" {self._binding(acl, afi)}"
                nothing_left(group)
            nothing_left(interface)

    def _binding(self, acl: Facts, afi: str) -> str:
        name, way = named(acl), direction_of(acl)
        self._bound[afi, name] = None
        port = acl.flag("port") and "port" in self._style.binding
        words = self._style.binding["port" if port else afi]
        nothing_left(acl)
        return words.format(name=name, way=self._style.directions[way == "out"])

    def missing(self) -> Iterator[str]:
        """Lists that are bound and not among the facts: what they say is not known."""
        for afi, name in self._bound:
            if (afi, name) not in self._known:
                kind = "extended " if self._platform == "cisco_ios" else ""
                yield self._style.list_[afi].format(kind=kind, name=name)
                yield f" permit {NOT_IN_FACTS}"


def _line(words: list[str]) -> str:
    return f" {' '.join(words)}"


def remark(ace: Facts) -> bool:
    """Whether it is a remark, which is not needed."""
    found = ace.has("remark") or ace.has("remarks")
    ace.ignore("remark", "remarks")
    return found


def afi_of(facts: Facts) -> str:
    afi = facts.word("afi")
    if afi not in _FAMILIES:
        raise malformed(f"afi is ipv4 or ipv6, and this is {afi!r}", facts.where)
    return afi


def direction_of(facts: Facts, known: tuple[str, ...] = ("in", "out")) -> str:
    way = facts.word("direction")
    if way not in known:
        raise malformed(f"direction is {' or '.join(known)}, and this is {way!r}", facts.where)
    return way


def named(facts: Facts) -> str:
    name = facts.word("name")
    if not name:
        raise malformed("a name is missing", facts.where)
    return name


def nothing_left(facts: Facts) -> None:
    """ParseError for keys that say what is not known where."""
    left = facts.left()
    if left:
        raise malformed(f"these keys are not known: {', '.join(left)[:200]}", facts.where)


def _protocol(ace: Facts) -> list[str]:
    """IOS has the number of a protocol without a name among its options."""
    protocol = ace.word("protocol")
    options_of = ace.peek("protocol_options") or {}
    if not protocol and "protocol_number" in options_of:
        protocol = ace.sub("protocol_options").word("protocol_number")
    return [protocol] if protocol else []


def end(ace: Facts, side: str) -> list[str]:
    """The words of a source or destination; none where there is none."""
    facts = ace.sub(side)
    found: list[str] = []
    for key, words in (
        ("object_group", ["object-group"]),
        ("object", ["object"]),
        ("net_group", ["net-group"]),
        ("interface", ["interface"]),
        ("host", ["host"]),
        ("prefix", []),
        ("subnet_address", []),
        ("address", []),
        ("port_group", ["port-group"]),
    ):
        value = facts.word(key)
        if value:
            found += [*words, value]
        if key == "address" and value:
            mask = facts.word("wildcard_bits") or facts.word("netmask")
            found += [mask] if mask else []
    # IOS takes the group of services in front of "any" for a group of addresses; so it is put in front of it again.
    found += [word for word in ("any", "any4", "any6") if facts.flag(word)]
    found += _ports(facts)
    services = facts.word("service_object_group")
    return [*found, "object-group", services] if services else found


def _ports(facts_of_end: Facts) -> list[str]:
    facts = facts_of_end.sub("port_protocol")
    return [*port_range(facts), *(word for name in _OPERATORS for word in _operator(facts, name))]


def port_range(facts: Facts) -> list[str]:
    """EOS gives both ends as one text."""
    if facts.has("range") and facts.peek("range") is None:
        return ["range", *facts.words("range")]
    between = facts.sub("range")
    words = [between.word("start"), between.word("end")]
    return ["range", *words] if any(words) else []


def _operator(facts: Facts, name: str) -> list[str]:
    values = facts.words(name)
    return [name, *values] if values else []


def options(ace: Facts) -> list[str]:
    found: list[str] = []
    protocols = ace.sub("protocol_options")
    for name in protocols.names():
        if protocols.peek(name) is not None:
            found += _of_protocol(name, protocols.sub(name))
    if ace.has("fragments") or ace.has("enable_fragments"):
        ace.ignore("fragments", "enable_fragments")
        found.append("fragments")
    time_range = [word for word in ace.words("time_range") if word != "time-range"]
    found += ["time-range", *time_range] if time_range else []
    ace.ignore("log", "log_input")
    return found


def _of_protocol(name: str, facts: Facts) -> list[str]:
    found = []
    if name.startswith("icmp"):
        found = [number for number in (facts.word("message_type"), facts.word("message_code")) if number]
    return found + _set(facts) + (_set(facts.sub("flags")) if facts.peek("flags") is not None else [])


def _set(facts: Facts) -> list[str]:
    return [key.replace("_", "-") for key in facts.names() if facts.flag(key)]
