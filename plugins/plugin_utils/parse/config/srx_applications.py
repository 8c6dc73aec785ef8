# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications of SRX: what policies name instead of protocols and ports.

Source: Juniper, "Security Policies User Guide": "application (Applications)", "application-set", "Security Policy
Applications": an application with terms is any of them; applications of the same name as a predefined one replace it.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...model.fields import PROTOCOLS_WITH_PORTS
from ...model.match import ALWAYS, In, Match, Unknown, both, protocol
from . import asks, junos_names, srx_names
from .braces import Node
from .words import NotUnderstoodError, Words

_NUMBERS = {"tcp": 6, "udp": 17, "icmp": 1, "icmp6": 58}
# Statements of an application by how many words follow; they say nothing about which packets it is.
_NO_MATTER = {"alg": 1, "application-protocol": 1, "description": 1, "inactivity-timeout": 1}
_UNTOLD = ("ether-type", "rpc-program-number", "uuid")
_VALUES = (
    "protocol",
    "source-port",
    "destination-port",
    "icmp-type",
    "icmp-code",
    "icmp6-type",
    "icmp6-code",
)
_DEEPEST = 50


class Applications:
    """The applications of a configuration. ``not_understood``: why what is named is not known, by name."""

    def __init__(self, root: Node) -> None:
        self._own = root.find("applications") or Node("")
        self._found: dict[str, Match] = {}
        self.not_understood: dict[str, str] = {}

    def match(self, name: str, depth: int = 0) -> Match:
        """What an application, or a set of them, asks for."""
        if name == "any":
            return ALWAYS
        if name not in self._found:
            try:
                if depth > _DEEPEST:
                    raise NotUnderstoodError(f"application set {name} contains itself")
                self._found[name] = self._read(name, depth)
            except NotUnderstoodError as error:
                self.not_understood[name] = str(error)
                self._found[name] = Unknown(f"application {name}", str(error))
        return self._found[name]

    def _read(self, name: str, depth: int) -> Match:
        own = self._own.find("application", name)
        if own is not None:
            return _application(own)
        own = self._own.find("application-set", name)
        if own is not None:
            return self._set(own, depth)
        if name in srx_names.APPLICATIONS:
            return services(srx_names.APPLICATIONS[name])
        if name in srx_names.APPLICATION_SETS:
            return asks.either(self.match(member) for member in srx_names.APPLICATION_SETS[name])
        raise NotUnderstoodError(f"application {name} is not defined, and none of Junos' own that is known")

    def _set(self, node: Node, depth: int) -> Match:
        _without_doubt(node)
        found = []
        for words in node.leaves():
            if words[0] == "description":
                continue
            if len(words) != 2 or words[0] not in ("application", "application-set"):
                raise NotUnderstoodError(
                    f"application set {node.word}: {' '.join(words)!r} is not understood"
                )
            found.append(self.match(words[1], depth + 1))
        return asks.either(found)


def services(listed: Iterable[str]) -> Match:
    """What services in the words of ``srx_names`` ask for, any of them."""
    found: list[Match] = []
    for service in listed:
        kind, _space, value = service.partition(" ")
        if kind == "protocol":
            found.append(protocol(int(value)))
        elif kind.startswith("icmp"):
            number, slash, code = value.partition("/")
            found.append(asks.icmp(int(number), int(code) if slash else None, 4 if kind == "icmp" else 6))
        else:
            ports = asks.ports("dst_port", junos_names.numbers(value, {}, 0xFFFF))
            found.append(both(protocol(_NUMBERS[kind]), ports))
    return asks.either(found)


def _without_doubt(node: Node) -> None:
    doubt = next(node.doubts(), "")
    if doubt:
        raise NotUnderstoodError(doubt)


def _application(node: Node) -> Match:
    _without_doubt(node)
    terms = node.each("term")
    if not terms:
        return _term(node.word, list(node.leaves()))
    others = [name for name in node.names() if name not in ("term", *_NO_MATTER)]
    if others:
        raise NotUnderstoodError(f"application {node.word}: {others[0]!r} beside its terms is not understood")
    return asks.either(_term(f"{node.word} term {term.word}", list(term.leaves())) for term in terms)


def _term(name: str, leaves: list[list[str]]) -> Match:
    values: dict[str, str] = {}
    asked: list[Match] = []
    for leaf in leaves:
        words = Words(leaf)
        while words.more():
            word = words.next()
            if word in _VALUES:
                value = words.next(f"the value of {word}")
                if values.setdefault(word, value) != value:
                    raise NotUnderstoodError(f"application {name}: {word} has two values")
            elif word in _UNTOLD:
                said = f"application {name}: {word} {words.next(f'the value of {word}')}"
                asked.append(Unknown(said, f"{said}: a flow does not tell it"))
            elif word in _NO_MATTER:
                words.next(f"the value of {word}")
            else:
                raise NotUnderstoodError(f"application {name}: {word!r} is not understood")
    try:
        return both(_packets(values), *asked)
    except (ValueError, KeyError) as error:
        raise NotUnderstoodError(
            f"application {name}: {str(error).strip(chr(39))!r} is not understood"
        ) from None


def _packets(values: dict[str, str]) -> Match:
    if "protocol" not in values:
        raise ValueError("protocol is missing")
    low, high = junos_names.numbers(values["protocol"], junos_names.PROTOCOLS, 255)
    if low != high:
        raise ValueError(values["protocol"])
    asked: list[Match] = [protocol(low)]
    for word, field in (("source-port", "src_port"), ("destination-port", "dst_port")):
        if word in values:
            if low not in PROTOCOLS_WITH_PORTS:
                raise ValueError(f"{word} of a protocol without ports")
            asked.append(asks.ports(field, junos_names.numbers(values[word], junos_names.PORTS, 0xFFFF)))
    types, codes = (
        (junos_names.ICMP, junos_names.ICMP_CODES)
        if low == 1
        else (junos_names.ICMPV6, junos_names.ICMPV6_CODES)
    )
    for word, field, names in (("type", "icmp_type", types), ("code", "icmp_code", codes)):
        said = values.get(f"icmp6-{word}" if low == 58 else f"icmp-{word}", values.get(f"icmp-{word}"))
        if said is not None:
            if low not in (1, 58):
                raise ValueError(f"icmp-{word} of another protocol")
            asked.append(In(field, (junos_names.numbers(said, names, 255),)))
    return both(*asked)
