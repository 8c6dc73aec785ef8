# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VyOS configuration: the paths that ``set`` makes and ``delete`` takes away, printed as commands.

Source: VyOS User Guide, "Command Line Interface". Which nodes have one value is VyOS' schema; here is as much of it as
interfaces and firewalls need.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field

Path = tuple[str, ...]
# Nodes with one value, which a new one replaces; other values stand beside each other.
SINGLE = (
    "action", "default-action", "protocol", "port", "host-name", "domain-name", "description", "name",
    "commit-revisions", "vrf", "mtu", "state", "level",
)  # fmt: skip
# Nodes without a value.
BARE = ("disable", "log", "enable-default-log", "any")
# Where the tree begins.
TOP = (
    "firewall",
    "interfaces",
    "nat",
    "policy",
    "protocols",
    "service",
    "system",
    "vrf",
    "zone-policy",
    "pki",
)


class RefusedError(Exception):
    """The configuration does not take it; its text is what the device says."""


@dataclass
class Tree:
    paths: set[Path] = field(default_factory=set)

    def copy(self) -> Tree:
        return Tree(set(self.paths))

    def set(self, words: Iterable[str]) -> None:
        path = tuple(words)
        if len(path) < 2 or path[0] not in TOP:
            raise RefusedError(f"\n  Configuration path: [{' '.join(path)}] is not valid\n  Set failed\n")
        if path[-2] in SINGLE:
            self.paths = {one for one in self.paths if one[:-1] != path[:-1]}
        # A node that is there with values below it needs no line of its own.
        self.paths = {one for one in self.paths if one != path[: len(one)]}
        if not any(one[: len(path)] == path for one in self.paths):
            self.paths.add(path)

    def delete(self, words: Iterable[str]) -> None:
        path = tuple(words)
        kept = {one for one in self.paths if one[: len(path)] != path}
        if len(kept) == len(self.paths):
            raise RefusedError("\n  Nothing to delete (the specified node does not exist)\n")
        self.paths = kept

    def commands(self) -> str:
        """As ``show configuration commands`` prints it."""
        return "".join(f"set {_shown(path)}\n" for path in sorted(self.paths, key=_key))


def _key(path: Path) -> list[tuple[int, int, str]]:
    return [(0, int(word), "") if word.isdecimal() else (1, 0, word) for word in path]


def _shown(path: Path) -> str:
    if path[-1] in BARE:
        return " ".join(path)
    return f"{' '.join(path[:-1])} '{path[-1]}'"


def read(text: str) -> Tree:
    """A configuration that is printed as commands."""
    tree = Tree()
    for line in text.splitlines():
        if line.startswith("set "):
            tree.set(shlex.split(line)[1:])
    return tree
