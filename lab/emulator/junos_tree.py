# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Junos configuration as a tree: statements with braces, and what set, delete, activate and deactivate make of it.

Source: Junos CLI User Guide, "Configuration Statement Hierarchy", "set", "delete", "deactivate". Which statements take
names is Junos' schema; here is as much of it as firewall filters, interfaces and zones need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

# Statements that hold others: how many words beside the first belong to their own line.
HOLDS: dict[str, int] = {
    "system": 0, "services": 0, "ssh": 0, "interfaces": 0, "firewall": 0, "security": 0, "policies": 0, "zones": 0,
    "routing-options": 0, "static": 0, "from": 0, "then": 0, "match": 0, "source-address": 0, "destination-address": 0,
    "login": 0, "policy-options": 0, "host-inbound-traffic": 0, "applications": 0, "address-book": 1, "unit": 1,
    "family": 1, "filter": 1, "term": 1, "user": 1, "prefix-list": 1, "policy": 1, "security-zone": 1, "from-zone": 3,
    "application": 1,
}  # fmt: skip
# Statements whose children are interfaces, whatever their names are.
NAMES = ("interfaces",)
# Statements that can be there once only, whatever their value is; and those of which one rules the others out.
ONCE = ("host-name", "next-hop", "input", "output", "version")
ENDINGS = ("accept", "discard", "reject", "permit", "deny")


class RefusedError(Exception):
    """The statement can't be taken; its text is what the device says."""


@dataclass
class Statement:
    """``children``: None where it ends with a semicolon."""

    line: str
    children: list[Statement] | None = None
    inactive: bool = False

    def text(self, indent: str = "") -> list[str]:
        head = f"{indent}{'inactive: ' if self.inactive else ''}{self.line}"
        if self.children is None:
            return [f"{head};"]
        return [
            f"{head} {{",
            *(line for child in self.children for line in child.text(f"{indent}    ")),
            f"{indent}}}",
        ]

    def sets(self, path: str) -> list[str]:
        """As ``display set`` shows it."""
        own = f"{path} {self.line}".strip()
        lines = [f"deactivate {own}"] if self.inactive else []
        if not self.children:
            return [f"set {own}", *lines]
        return [line for child in self.children for line in child.sets(own)] + lines


@dataclass
class Tree:
    statements: list[Statement] = field(default_factory=list)

    def text(self) -> str:
        return "\n".join(line for one in self.statements for line in one.text()) + "\n"

    def sets(self) -> str:
        return "\n".join(line for one in self.statements for line in one.sets("")) + "\n"

    def set(self, words: Sequence[str]) -> None:
        if not words or (words[0] not in HOLDS and words[0] != "version"):
            raise RefusedError("syntax error.")
        level = self.statements
        rest = list(words)
        within = ""
        while rest:
            line, rest, holds = _split(rest, within)
            found = next((one for one in level if one.line == line), None)
            if found is None:
                _make_room(level, line)
                found = Statement(line, [] if holds else None)
                level.append(found)
            if found.children is None:
                return
            within, level = line.split()[0], found.children

    def _find(self, words: Sequence[str]) -> tuple[list[Statement], Statement]:
        level: list[Statement] = self.statements
        rest = list(words)
        while True:
            found = next((one for one in level if rest[: len(one.line.split())] == one.line.split()), None)
            if found is None:
                raise RefusedError("warning: statement not found")
            rest = rest[len(found.line.split()) :]
            if not rest:
                return level, found
            level = found.children or []

    def delete(self, words: Sequence[str]) -> None:
        if not words:
            self.statements.clear()
            return
        level, found = self._find(words)
        level.remove(found)

    def activate(self, words: Sequence[str], active: bool) -> None:
        self._find(words)[1].inactive = not active

    def insert(self, words: Sequence[str], before: bool, other: Sequence[str]) -> None:
        """``other``: the statement's own words, such as ``term a``."""
        level, found = self._find(words)
        place = next((one for one in level if one.line == " ".join(other)), None)
        if place is None:
            raise RefusedError("error: statement not found")
        level.remove(found)
        level.insert(level.index(place) + (not before), found)


def _split(words: list[str], within: str) -> tuple[str, list[str], bool]:
    """The next statement's line, what is left, and whether it holds others."""
    if within in NAMES:
        return words[0], words[1:], True
    arity = HOLDS.get(words[0])
    if arity is None or (within == "from" and words[0] == "prefix-list") or within in ("input", "output"):
        return " ".join(words), [], False
    if len(words) <= arity:
        raise RefusedError("missing argument.")
    return " ".join(words[: arity + 1]), words[arity + 1 :], True


def _make_room(level: list[Statement], line: str) -> None:
    first = line.split()[0]
    if first in ONCE:
        level[:] = [one for one in level if one.line.split()[0] != first]
    if line in ENDINGS:
        level[:] = [one for one in level if one.line not in ENDINGS]


def read(text: str) -> Tree:
    """A configuration with braces."""
    tree = Tree()
    stack: list[list[Statement]] = [tree.statements]
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith(("#", "/*")):
            continue
        if line == "}":
            stack.pop()
            continue
        inactive = line.startswith("inactive: ")
        line = line.removeprefix("inactive: ")
        one = Statement(line.rstrip("{; "), [] if line.endswith("{") else None, inactive)
        stack[-1].append(one)
        if one.children is not None:
            stack.append(one.children)
    return tree
