# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Cisco-like configuration: lines, some of which begin a block, and what typing a line makes of it.

What a line does: it is new, it takes the place of what can be there only once, or (with ``no``) it takes away what
begins with it. Entries of an access list stand in the order of their sequence numbers; one without a number gets the
next multiple of ten (Cisco IOS Security Command Reference, "ip access-list resequence"; NX-OS and EOS likewise).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# What there can be one of in its block; the groups tell two of a kind apart.
ONCE = (
    r"hostname \S+",
    r"description .*",
    r"(?:ip|ipv6) access-group \S+ (in|out)",
    r"(?:ipv4|ipv6) access-group \S+ (ingress|egress)",
    r"ipv4 address \S+ [\d.]+",
    r"ipv6 traffic-filter \S+ (in|out)",
    r"access-group \S+ (in|out) interface (\S+)",
    r"access-group \S+ (global)",
    r"ip address \S+ [\d.]+",
    r"ip address \S+/\d+",
    r"nameif \S+",
    r"security-level \d+",
)
_LIST = re.compile(r"(?:ip|ipv4|ipv6) access-list (?:standard |extended )?(\S+)$")
_ENTRY = re.compile(r"(?:(\d+) )?((?:permit|deny|remark)\b.*)$")
STEP = 10


class RefusedError(Exception):
    """The device does not take the line; its text is what it says."""


@dataclass
class Block:
    line: str
    children: list[Block] = field(default_factory=list)

    @property
    def is_list(self) -> bool:
        return bool(_LIST.match(self.line))

    def text(self, indent: str = "") -> list[str]:
        own = [f"{indent}{self.line}"] if self.line else []
        deeper = f"{indent} " if self.line else ""
        return own + [line for child in self.children for line in child.text(deeper)]

    def child(self, line: str) -> Block:
        """The block that this line begins, made at the end if there is none."""
        for one in self.children:
            if one.line == line:
                return one
        self.children.append(Block(line))
        return self.children[-1]

    def enter(self, line: str) -> None:
        """Take one line, as typed in this block."""
        if line.startswith("no "):
            self._remove(line[3:])
        elif self.is_list:
            self._entry(line)
        else:
            self._once(line)
            if all(one.line != line for one in self.children):
                self.children.append(Block(line))

    def _once(self, line: str) -> None:
        for pattern in ONCE:
            found = re.fullmatch(pattern, line)
            if found:
                same = [one for one in self.children if _same(re.fullmatch(pattern, one.line), found)]
                self.children = [one for one in self.children if one not in same]

    def _entry(self, line: str) -> None:
        found = _ENTRY.fullmatch(line)
        if found is None:
            raise RefusedError("% Invalid input detected at '^' marker.")
        if found[1] is None and found[2].startswith("remark"):
            self.children.append(Block(found[2]))  # it belongs to the entry that comes next
            return
        numbers = [_number(one) for one in self.children if one.line[0].isdecimal()]
        if found[1] is None:
            if any(one.line.partition(" ")[2] == found[2] for one in self.children):
                return
            number = (max(numbers, default=0) // STEP + 1) * STEP
        else:
            number = int(found[1])
            if number in numbers:
                raise RefusedError("% Duplicate sequence number")
        self.children.append(Block(f"{number} {found[2]}"))
        self._in_order()

    def _in_order(self) -> None:
        """Entries by their numbers, each with the remarks above it."""
        groups: list[list[Block]] = [[]]
        for one in self.children:
            groups[-1].append(one)
            if one.line[0].isdecimal():
                groups.append([])
        *numbered, last = groups
        numbered.sort(key=lambda group: _number(group[-1]))
        self.children = [one for group in [*numbered, last] for one in group]

    def _remove(self, line: str) -> None:
        kept = [one for one in self.children if not self._means(one, line)]
        if len(kept) == len(self.children) and self.is_list:
            raise RefusedError("% Specified access list entry does not exist")
        self.children = kept

    def _means(self, one: Block, line: str) -> bool:
        if self.is_list:
            return line in (one.line, one.line.partition(" ")[0], one.line.partition(" ")[2])
        return one.line == line or one.line.startswith(f"{line} ")


def _same(one: re.Match[str] | None, other: re.Match[str]) -> bool:
    return one is not None and one.groups() == other.groups()


def _number(entry: Block) -> int:
    return int(entry.line.partition(" ")[0])


def read(text: str) -> Block:
    """The configuration that a text shows; separators and the device's remarks about it are left out."""
    root = Block("")
    stack = [(-1, root)]
    for line in text.splitlines():
        bare = line.strip()
        if not bare or bare.startswith(("!", "Building", "Current configuration", ":")) or bare == "end":
            continue
        depth = len(line) - len(line.lstrip())
        while stack[-1][0] >= depth:
            stack.pop()
        parent = stack[-1][1]
        if parent.is_list:
            parent.enter(bare)
        else:
            parent.children.append(Block(bare))
        stack.append((depth, parent.children[-1]))
    return root
