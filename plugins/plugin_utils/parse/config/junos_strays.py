# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements of Junos from which a word was lost, seen by what stands in its place.

``set firewall family inet filter term T from …`` is of a filter whose name is gone, and takes a condition away from the
term that it was for, which then matches more. Nobody calls a filter "term".
"""

from __future__ import annotations

from collections.abc import Iterator

from .braces import Node

_OF_TERMS = frozenset(("from", "then"))
_OF_FILTERS = frozenset(("term", "interface-specific")) | _OF_TERMS
_OF_POLICIES = frozenset(("match", "then", "policy", "description"))
_OF_APPLICATIONS = frozenset(
    (
        "application",
        "protocol",
        "destination-port",
        "source-port",
        "icmp-type",
        "icmp-code",
        "term",
        "description",
    )
)
# Statements of applications, those of groups before they are expanded among them.
_APPLICATIONS = frozenset(
    ("application", "application-set", "apply-groups", "apply-groups-except", "apply-macro")
)


def lost(root: Node) -> Iterator[str]:
    """Statements that can't be as they stand."""
    firewall = [node for node in (root.find("firewall"),) if node is not None]
    families = [*firewall, *(family for node in firewall for family in node.each("family"))]
    filters = [one for family in families for one in family.each("filter")]
    yield from _called(filters, "filter", _OF_FILTERS)
    for one in filters:
        yield from _called(one.each("term"), f"filter {one.word} term", _OF_TERMS)
    for came in root.each("security", "policies", "from-zone"):
        for to in came.each("to-zone"):
            yield from _called(to.each("policy"), f"to-zone {to.word} policy", _OF_POLICIES)
    yield from _called(root.each("security", "policies", "global", "policy"), "global policy", _OF_POLICIES)
    yield from _called(root.each("applications", "application"), "application", _OF_APPLICATIONS)
    for node in root.each("applications"):
        if node.word not in _APPLICATIONS:
            yield f"line {node.line}: 'applications {node.word}' is not understood"


def _called(nodes: list[Node], kind: str, words: frozenset[str]) -> Iterator[str]:
    for node in nodes:
        if node.word in words:
            yield f"line {node.line}: a word is missing in '{kind} {node.word}'"
