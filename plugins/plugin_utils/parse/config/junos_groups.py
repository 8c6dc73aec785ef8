# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration groups of Junos, expanded: what ``apply-groups`` brings into a configuration.

Source: Juniper, "CLI User Guide for Junos OS", "Use Configuration Groups": groups are inherited in the order in which
they are named, what stands nearer or in the configuration itself has precedence, ``apply-groups-except`` leaves a group
out from there on, ``<*>`` in a group stands for all that is there ("Use Wildcards with Configuration Groups"), and what
is inherited comes after what is there. Of a statement with one value the configuration's own counts; where it is not
known whether values of both are added or one counts, the statement is in doubt.
"""

from __future__ import annotations

from collections.abc import Iterator

from .braces import Node
from .junos_address import fits
from .words import NotUnderstoodError

_APPLY, _EXCEPT = "apply-groups", "apply-groups-except"
_RANGE = "interface-range"
# Statements with one value: the configuration's own counts.
_SINGLE = frozenset(
    (
        "description",
        "host-name",
        "icmp-code",
        "icmp-type",
        "inactivity-timeout",
        "input",
        "instance-type",
        "output",
        "version",
    )
)
# Statements whose values are added to one another: entries of a list, and what only holds statements.
_ADDED = frozenset(
    (
        "address",
        "address-set",
        "application-set",
        "destination-address",
        "destination-prefix-list",
        "filter",
        "from",
        "interface",
        "interface-set",
        "interfaces",
        "match",
        "policy",
        "prefix-list",
        "source-address",
        "source-prefix-list",
        "system-services",
        "protocols",
        "term",
        "then",
        "unit",
        "zone",
    )
)
# Statements of which a device heeds one: the configuration's own, if it has any of them.
_CHOICES = (
    frozenset(("accept", "discard", "reject", "next")),
    frozenset(("permit", "deny", "reject")),
    frozenset(("permit-all", "deny-all")),
)
# Groups that one Routing Engine, or one node of a cluster, applies.
_OF_ONE = ("node0", "node1", "re0", "re1")
# What a group of one node of a cluster may hold without a matter for packets that pass.
_OF_NODES = ("system", "snmp", "event-options", "chassis")
_MANAGEMENT = ("fxp0", "fxp1", "em0", "em1", "me0")
_DEEPEST = 60


def expand(root: Node) -> None:
    """Bring the groups into the tree, and take them and what names them out of it. NotUnderstoodError where a group
    that is applied is not there."""
    groups = {node.word: node for node in root.each("groups")}
    _Expansion(groups).into(root, [], frozenset(), ())
    root.children.pop("groups", None)


def forget(root: Node) -> None:
    """Take the groups, and what names them, out of a tree into which the device has brought them already."""
    root.children.pop("groups", None)
    waiting = [root]
    while waiting:
        node = waiting.pop()
        for word in (_APPLY, _EXCEPT):
            node.children.pop(word, None)
        waiting += node.children.values()


class _Expansion:
    def __init__(self, groups: dict[str, Node]) -> None:
        self._groups = groups

    def into(
        self, node: Node, inherited: list[tuple[str, Node]], without: frozenset[str], path: tuple[str, ...]
    ) -> None:
        """``inherited``: what groups applied further out have for this node, nearest first. A nearer group, and one
        that is named earlier, is merged first, so that it counts. ``path``: the words that lead to the node, which
        lead to its part of a group too."""
        if len(path) > _DEEPEST:
            node.doubt = "groups are not followed to such a depth"
            return
        without = without | frozenset(node.names(_EXCEPT))
        here = [(name, group) for name in node.names(_APPLY) for group in self._named(name, path)]
        parts = [part for part in (*here, *inherited) if part[0] not in without]
        for word in (_APPLY, _EXCEPT):
            node.children.pop(word, None)
        self._below(node, parts, without, path)

    def _below(
        self, node: Node, parts: list[tuple[str, Node]], without: frozenset[str], path: tuple[str, ...]
    ) -> None:
        for name, part in parts:
            for child in part.each():
                if child.word in (_APPLY, _EXCEPT):
                    node.doubt = f"group {name} applies groups itself"
                elif not _is_wild(child.word):
                    _bring(node, child)
        for child in list(node.children.values()):
            if child.word == "groups" and not path:
                continue
            if child.word == _RANGE and path == ("interfaces",):
                _doubt_members(child, parts)
            below = [
                (name, found)
                for name, part in parts
                for found in part.each()
                if fits(found.word, child.word) and found.word not in (_APPLY, _EXCEPT)
            ]
            if below and _differ(child, [found for _name, found in below]):
                if child.word not in _SINGLE:
                    names = ", ".join(dict.fromkeys(name for name, _found in below))
                    child.doubt = f"{child.word!r} is in group {names} too, with other values"
                continue
            self.into(child, below, without, (*path, child.word))

    def _named(self, name: str, path: tuple[str, ...]) -> Iterator[Node]:
        if name in self._groups:
            group = self._groups[name]
            if (name in _OF_ONE and _matters(group)) or group.find("when") is not None:
                raise NotUnderstoodError(f"group {name}: whether it is in effect on this device is not known")
            found = [group]
            for word in path:
                found = [child for one in found for child in one.each() if fits(child.word, word)]
            yield from found
        elif name == "${node}":
            for node in ("node0", "node1"):
                if node in self._groups:
                    yield from self._named(node, path)
        elif name != "junos-defaults":
            raise NotUnderstoodError(f"group {name} is applied and not defined")


def _doubt_members(ranges: Node, parts: list[tuple[str, Node]]) -> None:
    """A range makes the interfaces that it names, and a pattern of a group is for interfaces that are there: which of
    the two comes first is not documented ("Interface Ranges")."""
    names = [name for name, part in parts if any(_is_wild(word) for word in part.names())]
    for unit in (unit for one in ranges.each() for unit in one.each("unit") if names):
        unit.doubt = f"whether group {names[0]} is for interfaces that a range makes is not known"


def _is_wild(word: str) -> bool:
    return "<" in word


def _bring(node: Node, child: Node) -> None:
    """A statement that the group has and the configuration has not: as an empty node, filled from there on."""
    if child.word in node.children:
        return
    if any(child.word in choice and choice & node.children.keys() for choice in _CHOICES):
        return
    made = node.children[child.word] = Node(child.word, child.line, touched=child.touched)
    made.emptied = bool(child.children)


def _differ(own: Node, found: list[Node]) -> bool:
    """Whether a statement has values both here and in groups, of which it is not clear that all count."""
    if own.word in _ADDED or not own.children:
        return False
    mine = own.children
    theirs = [child for one in found for child in one.each()]
    if any(child.children for child in (*mine.values(), *theirs)):
        return False
    return any(child.word not in mine and not _is_choice(child.word, own) for child in theirs)


def _is_choice(word: str, own: Node) -> bool:
    return any(word in choice and choice & own.children.keys() for choice in _CHOICES)


def _matters(group: Node) -> bool:
    for child in group.each():
        if child.word == "interfaces":
            if any(name not in _MANAGEMENT for name in child.names()):
                return True
        elif child.word not in _OF_NODES:
            return True
    return False
