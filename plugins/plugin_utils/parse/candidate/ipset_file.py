# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file of ``ipset restore`` (ipset(8)) upon the sets of a host."""

from __future__ import annotations

from typing import NoReturn

from ...errors import ParseError
from .given import Candidate

_TODO = "mend the file; ipset restore stops at the first line that it refuses"
_SHORT = {"-N": "create", "-n": "create", "-A": "add", "-D": "del", "-F": "flush", "-X": "destroy", "-E": "rename",
          "-W": "swap", "x": "destroy", "n": "create"}  # fmt: skip
# A set's lines: how it was created, and its members in order, each with the words behind it.
Sets = dict[str, tuple[str, dict[str, str]]]


def load(saved: str, candidate: Candidate) -> str:
    """What ``ipset save`` would print once ``saved`` has been changed as the file says. ParseError for what can't be
    followed, or what ipset would refuse."""
    sets: Sets = {}
    for line in saved.split("\n"):
        words = line.split(" ", 3)
        if words[0] == "create":
            sets[words[1]] = (line, {})
        elif words[0] == "add":
            sets[words[1]][1][words[2]] = line
    for number, line in enumerate(candidate.text.split("\n"), 1):
        words = line.split()
        if not words or words[0].startswith("#") or words == ["COMMIT"]:
            continue
        _Line(sets, candidate.source, number).run(line.strip(), words)
    lists = [name for name, (head, _members) in sets.items() if " list:" in head]
    order = [name for name in sets if name not in lists] + lists
    found = [line for name in order for line in (sets[name][0], *sets[name][1].values())]
    return "".join(f"{line}\n" for line in found)


class _Line:
    def __init__(self, sets: Sets, source: str, number: int) -> None:
        self.sets = sets
        self._where = f"{source}, line {number}"

    def fail(self, what: str) -> NoReturn:
        raise ParseError(what, self._where, _TODO)

    def run(self, line: str, words: list[str]) -> None:
        lenient = not {"-exist", "-!"}.isdisjoint(words)
        words = [word for word in words if word not in ("-exist", "-!")]
        command = _SHORT.get(words[0], words[0])
        names = words[1:]
        if command not in ("flush", "destroy") and len(names) < 2:
            self.fail(f"a line that is not understood: {line[:120]!r}")
        if command == "create":
            self._create(" ".join(["create", *names]), names[0], lenient)
        elif command in ("add", "del"):
            self._member(command, names, lenient)
        elif command in ("flush", "destroy"):
            self._empty(command, names)
        elif command in ("swap", "rename"):
            self._renamed(command, names)
        else:
            self.fail(f"a line that is not understood: {line[:120]!r}")

    def _create(self, line: str, name: str, lenient: bool) -> None:
        if name not in self.sets:
            self.sets[name] = (line, {})
        elif not lenient:
            self.fail(
                f"the set {name} is there already (ipset restore -exist, or `create -exist`, leaves it)"
            )

    def _known(self, name: str) -> tuple[str, dict[str, str]]:
        if name not in self.sets:
            self.fail(f"there is no set {name}")
        return self.sets[name]

    def _member(self, command: str, names: list[str], lenient: bool) -> None:
        members = self._known(names[0])[1]
        member = names[1]
        if command == "add":
            if member in members and not lenient:
                self.fail(f"{member} is in the set {names[0]} already (`add -exist` leaves it)")
            members[member] = " ".join(["add", *names])
        elif member in members:
            del members[member]
        elif not lenient:
            self.fail(f"{member} is not in the set {names[0]}, as ipset save writes it")

    def _empty(self, command: str, names: list[str]) -> None:
        for name in names[:1] or list(self.sets):
            members = self._known(name)[1]
            if command == "flush":
                members.clear()
            else:
                del self.sets[name]

    def _renamed(self, command: str, names: list[str]) -> None:
        old, new = names[:2]
        there = self._known(old)
        if command == "swap":
            other = self._known(new)
            kinds = [(head.split()[2], " inet6" in head) for head in (there[0], other[0])]
            if kinds[0] != kinds[1]:
                self.fail(f"the sets {old} and {new} are of different types, so they can't be swapped")
            self.sets[old], self.sets[new] = _named(other, old), _named(there, new)
        elif new in self.sets:
            self.fail(f"the set {new} is there already")
        else:
            del self.sets[old]
            self.sets[new] = _named(there, new)


def _named(one: tuple[str, dict[str, str]], name: str) -> tuple[str, dict[str, str]]:
    def renamed(line: str) -> str:
        command, _old, rest = line.split(" ", 2)
        return f"{command} {name} {rest}"

    return renamed(one[0]), {member: renamed(line) for member, line in one[1].items()}
