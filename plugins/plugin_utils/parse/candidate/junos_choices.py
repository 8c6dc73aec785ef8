# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ``set`` of Junos takes the place of.

Source: Juniper, CLI User Guide for Junos OS, "set" (a statement with one value has the one that was set last); Routing
Policies, Firewall Filters, and Traffic Policers User Guide, "Firewall Filter Terminating Actions" (a term has one of
them); Security Policies User Guide, "then"; the same of filters at an interface, of an address of an address book, and
of what an application is told by. Lists grow.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from ..config import braces
from ..config.words import NotUnderstoodError

_ACTIONS = ("accept", "discard", "reject", "next")
_VERDICTS = ("permit", "deny", "reject")
_OF_APPLICATION = (
    "protocol",
    "source-port",
    "destination-port",
    "icmp-type",
    "icmp-code",
    "icmp6-type",
    "icmp6-code",
)
_TAGS = ("replace:", "inactive:", "protect:", "unprotect:", "delete:", "active:", "merge:", "create:")


def told(lines: str) -> list[tuple[int, str]]:
    """The lines with their numbers, and before each ``set`` a ``delete`` of what it takes the place of. A piece in
    braces becomes lines, unless it has a tag that says more than ``set`` can."""
    if "{" in lines and not any(tag in lines.split() for tag in _TAGS):
        try:
            said = [["set", *words] for words in braces.read(lines).root.leaves()]
        except NotUnderstoodError:
            said = []  # the merge itself tells what is wrong
        if said:
            plain = [" ".join(["set", *map(_quoted, words[1:])]) for words in said]
            return [(0, one) for line in plain for one in _with_deletions(line, [])]
    found: list[tuple[int, str]] = []
    edit: list[str] = []
    for number, line in enumerate(lines.split("\n"), 1):
        words = _words(line)
        found += [(number, one) for one in _with_deletions(line, edit)]
        if words[:1] == ["edit"]:
            edit = [*edit, *words[1:]]
        elif words[:1] == ["top"]:
            edit = []
    return found


def _with_deletions(line: str, edit: Sequence[str]) -> Iterator[str]:
    words = _words(line)
    if words[:1] == ["set"]:
        for path in _replaced([*edit, *words[1:]]):
            if len(path) > len(edit):
                yield " ".join(["delete", *map(_quoted, path[len(edit) :])])
    yield line


def _words(line: str) -> list[str]:
    if '"' not in line:
        return line.split()
    try:
        return shlex.split(line)
    except ValueError:
        return []


def _quoted(word: str) -> str:
    return f'"{word}"' if not word or any(mark in word for mark in " ;{}") else word


def _replaced(path: Sequence[str]) -> Iterator[Sequence[str]]:
    """The paths of what goes when this is set."""
    for at, word in enumerate(path[:-1]):
        here, above, value = path[: at + 1], path[:at], path[at + 1]
        choices = _choices(above) if word == "then" else ()
        if value in choices:
            yield from ([*here, other] for other in choices if other != value)
        elif _has_one_value(word, above):
            yield here
        elif word == "address" and "address-book" in above and above[-1] != "address-set":
            if len(path) > at + 2 and path[at + 2] != "description":
                yield path[: at + 2]
            return


def _choices(above: Sequence[str]) -> Sequence[str]:
    return _ACTIONS if "firewall" in above else _VERDICTS if "policies" in above else ()


def _has_one_value(word: str, above: Sequence[str]) -> bool:
    if word in ("input", "output"):
        return above[-1:] == ["filter"] and "family" in above
    if word in _OF_APPLICATION:
        return "applications" in above and above[-2] in ("application", "term")
    return word == "default-policy" and "policies" in above
