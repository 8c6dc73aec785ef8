# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of FortiOS (``config``, ``edit``, ``set``, ``next``, ``end``), merged into a configuration.

Its reader takes a configuration for the commands that it is (FortiOS CLI Reference, "Command syntax", "Subcommands"),
so what is entered is done to what was read. What the device would refuse is an error: a word that is no subcommand, an
entry that is not there, a table that nobody knows.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from ...errors import ParseError
from ..config import fortios_tree
from ..config.fortios_tree import Block
from ..config.words import NotUnderstoodError

_TODO = "mend the line, or give the device's whole planned configuration with kind: configuration"
_PLAIN = re.compile(r"[\w./:*-]+")
# Tables that a change of packets' ways is about, beside those that the device has already.
_TABLES = (
    "firewall policy", "firewall policy6", "firewall address", "firewall address6", "firewall addrgrp",
    "firewall addrgrp6", "firewall service custom", "firewall service group", "firewall vip", "firewall vipgrp",
    "firewall ippool", "firewall schedule onetime", "firewall schedule recurring", "firewall schedule group",
    "firewall central-snat-map", "firewall local-in-policy", "firewall acl", "system interface", "system zone",
    "system settings", "system global", "router static", "router policy", "global", "vdom",
)  # fmt: skip


def merged(running: str, lines: str, source: str) -> str:
    """The configuration with what is entered. ParseError for a line that the device would refuse."""
    head = [line for line in running.splitlines() if line.startswith("#")]
    try:
        root = fortios_tree.tree(running)
        known = [name for block in _all(root) for name in block.blocks]
        for start, part in _parts(lines):
            _check(root, part, start, source, known)
            before = sum(len(block.unread) for block in _all(root))
            fortios_tree.tree("\n".join(part), root)
            strange = [line for block in _all(root) for line in block.unread]
            if len(strange) > before:
                _refuse(
                    strange[-1],
                    _line_of(strange[-1], part, start),
                    source,
                    "is not understood, or not possible here",
                )
    except NotUnderstoodError as error:
        raise ParseError(str(error), source, _TODO) from None
    return "\n".join([*head, *_written(root, 0)]) + "\n"


def _refuse(line: str, number: int, source: str, why: str) -> None:
    raise ParseError(f"{line.strip()[:120]!r} {why}", f"{source}, line {number}", _TODO)


def _line_of(text: str, part: list[str], start: int) -> int:
    return start + next((at for at, line in enumerate(part) if line.strip() == text), 0)


def _parts(lines: str) -> Iterator[tuple[int, list[str]]]:
    """Each ``config ... end`` at the top with the number of its first line; other lines alone."""
    held: list[str] = []
    depth = start = 0
    for number, line in enumerate(lines.splitlines(), 1):
        words = line.split()
        start = start if held else number
        held.append(line)
        depth += {"config": 1, "end": -1}.get(words[0], 0) if words else 0
        if depth <= 0:
            yield start, held
            held, depth = [], 0
    if held:
        yield start, held


def _check(root: Block, part: list[str], start: int, source: str, known: list[str]) -> None:
    """What the reader passes over, because no saved configuration has it."""
    above: list[tuple[Block | None, set[str]]] = [(root, set())]  # the tables, and the entries made in them
    in_entry = False
    for number, line in enumerate(part, start):
        words = line.replace('"', "").split()
        table, made = above[-1]
        if words[:1] == ["config"]:
            name = " ".join(words[1:])
            near = difflib.get_close_matches(name, [*known, *_TABLES], 1, 0.8)
            if len(above) == 1 and name not in known and name not in _TABLES:
                hint = f" (did you mean {near[0]!r}?)" if near else ""
                _refuse(line, number, source, f"names a table that the device does not have{hint}")
            inner = table.blocks.get(name) if table is not None and not in_entry else None
            above.append((inner, set()))
            in_entry = False
        elif words[:1] == ["end"]:
            above = above[:-1] or [(root, set())]
            in_entry = False
        elif words[:1] == ["edit"]:
            made.update(words[1:2])
            in_entry = True
        elif words[:1] == ["next"]:
            in_entry = False
        elif words[:1] == ["delete"] and len(above) == 2:
            there = {*made, *(table.entries if table is not None else ())}
            missing = [name for name in words[1:] if name not in there]
            if missing:
                _refuse(line, number, source, "deletes an entry that is not there")


def _all(block: Block) -> Iterator[Block]:
    yield block
    for inner in (*block.blocks.values(), *block.entries.values()):
        yield from _all(inner)


def _written(block: Block, depth: int) -> Iterator[str]:
    """A block's settings in the words that they were given in, so that a rule that nobody changed reads as before."""
    pad = " " * 4 * depth
    yield from (f"{pad}{line}" for line in block.unread)
    for key, values in block.settings.items():
        yield f"{pad}{_setting(block, key, values)}"
    for name, inner in block.blocks.items():
        yield f"{pad}config {name}"
        yield from _written(inner, depth + 1)
        yield f"{pad}end"
    for name, inner in block.entries.items():
        yield f"{pad}{inner.text[0] if inner.text else f'edit {_quoted(name)}'}"
        yield from _written(inner, depth + 1)
        yield f"{pad}next"


def _setting(block: Block, key: str, values: list[str]) -> str:
    given = [line for line in block.text if line.split()[:2] == ["set", key]]
    if given and list(fortios_tree.words_of(given[-1])) == ["set", key, *values]:
        return given[-1]
    return " ".join(["set", key, *map(_quoted, values)])


def _quoted(word: str) -> str:
    if word.isdecimal() or (_PLAIN.fullmatch(word) and word in ("enable", "disable", "accept", "deny")):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
