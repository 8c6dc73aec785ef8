# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One security policy of SRX.

Source: Juniper, "Security Policies User Guide": "Configuring Security Policies", "match (Security Policies)", "then
(Security Policies)", "source-address-excluded", "Understanding Security Policy Schedulers", "Unified Security
Policies". ``source-address``, ``destination-address`` and ``application`` are mandatory ("Missing mandatory
statement"): without one of them no device takes a policy, and it is read as ``any`` with a word about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from ...model.match import Match, Named, Not, Unknown, both
from ...model.rules import ACCEPT, DROP, REJECT, Rule, Verdict
from . import asks
from .braces import Node
from .device import unknown_rule
from .srx_addresses import AddressBooks
from .srx_applications import Applications
from .words import NotUnderstoodError, Words

_MANDATORY = ("source-address", "destination-address", "application")
_EXCLUDED = {
    "source-address-excluded": "source-address",
    "destination-address-excluded": "destination-address",
}
_ZONES = {"from-zone": "in_zone", "to-zone": "out_zone"}
# What a flow does not tell; ``any`` asks for nothing.
_UNTOLD = frozenset(
    (
        "destination-l3vpn-vrf-group",
        "dynamic-application",
        "source-end-user-profile",
        "source-identity",
        "source-l3vpn-vrf-group",
        "url-category",
    )
)
_ACTIONS: dict[str, Verdict] = {"permit": ACCEPT, "deny": DROP, "reject": REJECT}
# Below permit: what looks at the contents of a connection that has been opened.
_OF_CONTENTS = frozenset(
    (
        "advanced-anti-malware-policy",
        "application-traffic-control",
        "gprs-gtp-profile",
        "icap-redirect",
        "idp",
        "idp-policy",
        "packet-capture",
        "security-intelligence",
        "security-intelligence-policy",
        "ssl-proxy",
        "utm-policy",
        "web-filter",
    )
)
_NO_MATTER = frozenset(("services-offload", "no-services-offload", "tcp-options", "tunnel"))
_ANSWERS = ("profile", "ssl-proxy")


@dataclass
class Book:
    """What policies name. ``note``: says what is not understood of a policy, as (text, reason)."""

    addresses: AddressBooks
    applications: Applications
    note: Callable[[str, str], None]


@dataclass
class _Match:
    """The values of each condition; ``asked``: those of the rest."""

    values: dict[str, list[str]] = field(default_factory=dict)
    excluded: set[str] = field(default_factory=set)
    asked: list[Match] = field(default_factory=list)
    why: list[str] = field(default_factory=list)


def policy(node: Node, position: int, zones: tuple[str, str], book: Book, of_zones: bool) -> Rule:
    """The rule of a policy. ``zones``: whose address books count, for source and destination. ``of_zones``: whether its
    own conditions on zones, as a global policy has them, are asked for."""
    text, line = f"policy {node.text()}", node.line
    why = next(node.doubts(), "")
    odd = [name for name in node.names() if name not in ("match", "then", "description", "scheduler-name")]
    if why or odd:
        return unknown_rule(position, text, why or f"{odd[0]!r} of a policy is not understood", line)
    found = _conditions(node, book, of_zones)
    scheduler = node.value("scheduler-name")
    if scheduler:
        said = f"scheduler {scheduler}"
        found.asked.append(Unknown(said, f"{said}: whether the policy is in effect now is not known"))
    asked = [*_ends(found, zones, book), *found.asked]
    try:
        verdict = _action(node, book)
    except NotUnderstoodError as error:
        found.why.append(str(error))
        verdict = Verdict("unknown", detail=str(error))
    return Rule(position, both(*asked), verdict, text, line=line, not_understood=tuple(found.why))


def _conditions(node: Node, book: Book, of_zones: bool) -> _Match:
    found = _Match()
    match = node.find("match")
    for leaf in match.leaves() if match is not None else ():
        words = Words(leaf)
        try:
            while words.more():
                _condition(words, found)
        except NotUnderstoodError as error:
            found.why.append(str(error))
            found.asked.append(Unknown(f"policy {node.word}: {' '.join(leaf)}", str(error)))
    for word in _UNTOLD.intersection(found.values):
        said = f"{word} {' '.join(sorted(found.values[word]))}"
        if found.values[word] != ["any"]:
            found.asked.append(Unknown(said, f"{said}: a flow does not tell it"))
    for word, name in _ZONES.items() if of_zones else ():
        zones = found.values.get(word, ["any"])
        if "any" not in zones:
            found.asked.append(Named(name, tuple(zones)))
    for word in _MANDATORY:
        if word not in found.values:
            book.note(f"policy {node.word}", f"{word} is missing, which no device takes: read as any")
    return found


def _condition(words: Words, found: _Match) -> None:
    word = words.next()
    if word in _EXCLUDED:
        found.excluded.add(_EXCLUDED[word])
    elif word in _MANDATORY or word in _ZONES or word in _UNTOLD:
        found.values.setdefault(word, []).append(words.next(f"the value of {word}"))
    else:
        raise NotUnderstoodError(f"the condition {word!r} is not understood")


def zones_of(node: Node) -> tuple[frozenset[str], frozenset[str]]:
    """Between which zones a global policy is asked: from and to, each empty for any."""
    wanted: dict[str, set[str]] = {"from-zone": set(), "to-zone": set()}
    match = node.find("match")
    for leaf in match.leaves() if match is not None else ():
        for word, value in pairwise(leaf):
            if word in wanted:
                wanted[word].add(value)
    came, to = (frozenset() if "any" in zones else frozenset(zones) for zones in wanted.values())
    return came, to


def _ends(found: _Match, zones: tuple[str, str], book: Book) -> list[Match]:
    asked = []
    for word, zone, name in zip(_MANDATORY, zones, ("src", "dst")):
        if word in found.values:
            either = asks.either(book.addresses.match(zone, value, name) for value in found.values[word])
            asked.append(Not(either) if word in found.excluded else either)
        elif word in found.excluded:
            why = f"{word} is missing, and excluded"
            asked.append(Unknown(f"{word} excluded", why))
    named = found.values.get("application")
    if named is not None:
        asked.append(asks.either(book.applications.match(value) for value in named))
    return asked


def _action(node: Node, book: Book) -> Verdict:
    """What a policy does. NotUnderstoodError where that is not known."""
    found: set[str] = set()
    then = node.find("then")
    for leaf in then.leaves() if then is not None else ():
        words = Words(leaf)
        word = words.next()
        if word in _ACTIONS:
            found.add(word)
            if word == "permit":
                _permitted(node, words, book)
            elif word == "reject" and words.take(*_ANSWERS):
                words.next("a name")
        elif word in ("log", "count"):
            continue
        else:
            raise NotUnderstoodError(f"the action {word!r} is not understood")
        words.end()
    if len(found) != 1:
        what = " and ".join(sorted(found))
        raise NotUnderstoodError(
            f"{what} can't be together" if found else "a policy without permit, deny or reject"
        )
    return _ACTIONS[found.pop()]


def _permitted(node: Node, words: Words, book: Book) -> None:
    """What stands below permit."""
    word = words.peek()
    if word in _NO_MATTER:
        pass
    elif word == "application-services" and words.peek(1) in _OF_CONTENTS:
        book.note(f"policy {node.word}", f"what {words.rest()} refuses of the contents is not modelled")
    elif word:
        raise NotUnderstoodError(f"permit {words.rest()!r} is not understood")
    while words.more():
        words.next()
