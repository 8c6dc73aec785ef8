# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of Cisco ASA, as lines of its configuration.

Sources: the documentation of cisco.asa.asa_acls and cisco.asa.asa_ogs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .facts_cisco import NO_ACTION, NOT_IN_FACTS, end, named, options, port_range, remark
from .facts_reader import Facts, listed

_ACLS, _GROUPS = "acls", "object_groups"
_TYPES = {"icmp-type": "icmp-type", "icmp": "icmp-type"}


def lines(facts: Mapping[str, Any]) -> Iterator[str]:
    for kind in listed(facts.get(_GROUPS), _GROUPS):
        word = kind.word("object_type")
        for group in kind.each("object_groups"):
            yield from _group(group, _TYPES.get(word, word))
    for acl in _acls(facts.get(_ACLS)):
        name, form = named(acl), acl.word("acl_type") or "extended"
        entries = [ace for ace in acl.each("aces") if ace.has("grant") or not remark(ace)]
        for left in acl.left() or ([] if entries else ["aces"]):
            yield f"access-list {name} {form} permit {NOT_IN_FACTS} {left}"
        for ace in entries:
            yield from _entry(ace, name, form)


def _acls(value: Any) -> Iterator[Facts]:
    """The module gives a mapping with the lists in it."""
    return Facts(value, _ACLS).each(_ACLS) if isinstance(value, Mapping) else listed(value, _ACLS)


def _entry(ace: Facts, name: str, form: str) -> Iterator[str]:
    ace.ignore("line")
    words = [f"access-list {name} {form}", ace.word("grant") or NO_ACTION]
    if form != "standard":
        words += _protocol(ace)
    words += [word for one in ("source", "destination") for word in end(ace, one)]
    words += options(ace)
    words += ["inactive"] if ace.flag("inactive") else []
    yield " ".join((*words, *ace.left()))


def _protocol(ace: Facts) -> list[str]:
    """The module has it as a name, as the key of its options, or as a number among them."""
    words = ace.words("protocol")
    found = ace.peek("protocol_options")
    if found is None or len(found) != 1:
        return words
    (name,) = found
    if name == "protocol_number":
        return [ace.sub("protocol_options").word(name)]
    if found[name] is True:
        ace.ignore("protocol_options")
    return words or [str(name).replace("_", "-")]


def _group(group: Facts, kind: str) -> Iterator[str]:
    name = named(group)
    group.ignore("description")
    protocol = group.word("protocol") if kind == "service" else ""
    yield f"object-group {kind} {name}{f' {protocol}' if protocol else ''}"
    for key, read in _MEMBERS.items():
        if group.has(key):
            yield from (f" {line}" for line in read(group, key))
    for left in group.left():
        yield f" {NOT_IN_FACTS} {left}"


def _networks(group: Facts, key: str) -> Iterator[str]:
    found = group.sub(key)
    for inner, word in (("host", "host "), ("object", "object ")):
        for value in found.words(inner):
            yield f"network-object {word}{value}"
    for value in found.texts("address"):
        yield f"network-object {value}"
    for value in found.words("ipv6_address"):
        yield f"network-object {value}"


def _groups(group: Facts, key: str) -> Iterator[str]:
    for value in group.words(key):
        yield f"group-object {value}"


def _protocols(group: Facts, key: str) -> Iterator[str]:
    found = group.sub(key)
    for value in found.words("protocol"):
        yield f"protocol-object {value}"


def _icmp(group: Facts, key: str) -> Iterator[str]:
    found = group.sub(key)
    for value in found.words("icmp_object"):
        yield f"icmp-object {value}"


def _services(group: Facts, key: str) -> Iterator[str]:
    for found in group.each(key):
        words = ["service-object"]
        for inner, word in (("object", "object "), ("protocol", "")):
            value = found.word(inner)
            words += [f"{word}{value}"] if value else []
        for side, word in (("source_port", "source"), ("destination_port", "destination")):
            ports = _ports(found.sub(side))
            words += [word, *ports] if ports else []
        yield " ".join((*words, *found.left()))


def _port_objects(group: Facts, key: str) -> Iterator[str]:
    for found in group.each(key):
        yield " ".join(("port-object", *_ports(found), *found.left()))


def _ports(facts: Facts) -> list[str]:
    found = port_range(facts)
    for operator in ("eq", "gt", "lt", "neq"):
        value = facts.word(operator)
        found += [operator, value] if value else []
    return found


_MEMBERS = {
    "network_object": _networks,
    "group_object": _groups,
    "protocol_object": _protocols,
    "icmp_type": _icmp,
    "services_object": _services,
    "port_object": _port_objects,
}
