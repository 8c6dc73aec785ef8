# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``set``, ``delete``, ``move`` and ``rename`` lines of PAN-OS, merged into a configuration.

Source: Palo Alto Networks, PAN-OS CLI Quick Start, "Modify the configuration". Its reader takes such lines behind
others as what they do to them; a configuration in XML or in braces becomes lines first. What the device would refuse is
an error: a first word that no configuration has, and a rule or object that is not there.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from ...errors import ParseError
from ..config import panos_tree
from ..config.panos_tree import Node
from ..config.words import NotUnderstoodError

_TODO = "mend the line, or give the device's whole planned configuration with kind: configuration"
_AROUND = re.compile(r"^(?:configure|commit\b.*|exit|quit|top|#.*|)$")
# What a virtual system has; the device's own parts are the reader's.
_OF_VSYS = (
    "address", "address-group", "application", "application-filter", "application-group", "application-tag",
    "authentication-object", "authentication-profile", "authentication-sequence", "certificate",
    "display-name", "dynamic-user-group", "email-scheduler", "external-list", "global-protect", "group-mapping",
    "import", "local-user-database", "log-settings", "profile-group", "profiles", "region", "reports", "route",
    "rulebase", "schedule", "server-profile", "service", "service-group", "setting", "tag", "threats",
    "url-admin-override", "user-id-collector", "user-id-agent", "zone",
)  # fmt: skip
# A setting with one value -> what it takes the place of. All others of the reader's take lists.
_ALONE: dict[str, tuple[str, ...]] = {
    **{
        name: (name,)
        for name in (
            "action", "description", "disabled", "icmp-unreachable", "log-end", "log-setting", "log-start", "nat-type",
            "negate-destination", "negate-source", "port", "rule-type", "schedule", "source-port", "to-interface",
            "translated-port", "bi-directional",
        )
    },
    **dict.fromkeys(
        ("ip-netmask", "ip-range", "fqdn", "ip-wildcard"), ("ip-netmask", "ip-range", "fqdn", "ip-wildcard")
    ),
}  # fmt: skip
_PLAIN = re.compile(r"^\s*(?:set|delete) ", re.MULTILINE)


def merged(running: str, lines: str, source: str) -> str:
    """The configuration with the lines. ParseError for one that the device would refuse."""
    try:
        root, _strange = panos_tree.tree(running)
    except NotUnderstoodError as error:
        raise ParseError(f"the running configuration: {error}", source, "gather the host again") from None
    base = running if _PLAIN.search(running) else "\n".join(_written(root))
    done = [base]
    for number, line in enumerate(map(str.strip, lines.splitlines()), 1):
        if not _AROUND.match(line):
            done += [*_do(root, line, f"{source}, line {number}"), line]
    return "\n".join(done) + "\n"


def _do(root: Node, line: str, where: str) -> list[str]:
    """Try the line on what there is. What it takes the place of, as lines that delete it."""
    gone: list[str] = []
    verb, _blank, rest = line.partition(" ")
    try:
        words = panos_tree.rooted(panos_tree.words_of(rest)) if rest else []
        if verb == "set" and words:
            _known(root, panos_tree.words_of(rest), words, where)
            gone = [" ".join(("delete", *map(_quoted, path))) for path in _replaced(root, words)]
        elif verb == "delete" and words and not _there(root, words):
            raise ParseError(f"there is nothing to delete: {line[:120]!r}", where, _TODO)
        _done, strange = panos_tree.apply(root, "\n".join([*gone, line]))
    except NotUnderstoodError as error:
        raise ParseError(str(error), where, _TODO) from None
    if strange:
        raise ParseError(f"{line[:120]!r} is not understood, or not possible", where, _TODO)
    return gone


def _replaced(root: Node, words: list[str]) -> Iterator[list[str]]:
    """What a setting with one value, or one of several that exclude each other, takes the place of. Lists grow."""
    at, path = 0, list[str]()
    while at < len(words):
        word = words[at]
        if len(path) < 2 or word not in panos_tree.leaves(path):
            path.append(word)
            at += 1
            continue
        there = root.at(*path)
        yield from ([*path, name] for name in _ALONE.get(word, ()) if there.has(name))
        listed = words[at + 1 : at + 2] == ["["] and "]" in words[at:]
        at = words.index("]", at) + 1 if listed else at + 2


def _there(root: Node, words: list[str]) -> bool:
    node = root
    for word in words:
        if not node.has(word):
            return False
        node = node.at(word)
    return True


def _known(root: Node, words: list[str], path: list[str], where: str) -> None:
    """The first word, which the reader takes for a part of the only virtual system if it knows none of that name."""
    if path == words or path[: -len(words)] == list(panos_tree.DEVICE):
        return
    there = root.at(*path[: -len(words)])
    if words[0] in _OF_VSYS or there.has(words[0]):
        return
    near = difflib.get_close_matches(words[0], _OF_VSYS, 1, 0.7)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ParseError(f"no part of a configuration is called {words[0]!r}{hint}", where, _TODO)


def _written(root: Node) -> Iterator[str]:
    """A line for each word at the end."""

    def walk(node: Node, path: tuple[str, ...]) -> Iterator[str]:
        for name, inner in node.children.items():
            here = (*path, _quoted(name))
            if inner.children:
                yield from walk(inner, here)
            else:
                yield " ".join(("set", *here))

    return walk(root, ())


def _quoted(name: str) -> str:
    if name and not re.search(r'[\s"\\\[\]]', name):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
