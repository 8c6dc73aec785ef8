# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of a FortiGate as a tree: ``config … edit … set … next end``.

Source: Fortinet, "FortiOS Administration Guide", "CLI basics" (subcommands, quotation marks, backslashes; a value may
go over several lines within its quotes) and "Command syntax". ``end`` in a table closes its entry as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .numbers import is_number
from .words import NotUnderstoodError

# "FGT-1 # ", "FGT-1 (root) $ " before a command, as a recorded session shows it.
_PROMPT = re.compile(r"^[\w.-]+ (?:\([^()]*\) )?[#$](?: |$)")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|((?:[^\s"\\]|\\.)+)|(\s+)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PAGED = "--More--"


@dataclass(slots=True)
class Block:
    """A table (``config``) or one of its entries (``edit``). ``settings``: the words after each key, the key that was
    set last at the end. ``text``: the lines as they are. ``unread``: lines in it that are none of the language."""

    name: str
    line: int
    settings: dict[str, list[str]] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    entries: dict[str, Block] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def table(self, name: str) -> dict[str, Block]:
        """The entries of the table ``name`` in here; none if there is no such table."""
        found = self.blocks.get(name)
        return found.entries if found is not None else {}

    def enabled(self, key: str, default: bool) -> bool:
        """A setting that is enable or disable. NotUnderstoodError for anything else."""
        said = self.value(key, "enable" if default else "disable")
        if said not in ("enable", "disable"):
            raise NotUnderstoodError(f"set {key} {said}: neither enable nor disable")
        return said == "enable"

    def value(self, key: str, default: str = "") -> str:
        """The one word of a setting. NotUnderstoodError where it has none or several."""
        words = self.settings.get(key)
        if words is None:
            return default
        if len(words) != 1:
            raise NotUnderstoodError(f"set {key} has {len(words)} values")
        return words[0]

    def shown(self) -> str:
        return "; ".join(self.text)


def tree(text: str, root: Block | None = None) -> Block:
    """``root``: what is there already, to which the text is done. NotUnderstoodError for a text that breaks off or was
    paged: its blocks don't end."""
    root = root if root is not None else Block("", 0)
    stack: list[Block] = [root]
    in_entry: list[bool] = [False]
    for number, line, words in _statements(text):
        top, verb = stack[-1], words[0]
        if verb == "config" and len(words) > 1:
            name = " ".join(words[1:])
            stack.append(top.blocks.setdefault(name, Block(name, number)))
            in_entry.append(False)
        elif verb == "edit" and len(words) == 2 and len(stack) > 1 and not in_entry[-1]:
            stack.append(_entry(top, words[1], number))
            stack[-1].text.append(line)
            in_entry.append(True)
        elif verb == "next" and in_entry[-1]:
            stack.pop()
            in_entry.pop()
        elif verb == "end" and len(stack) > 1:
            closed = 2 if in_entry[-1] else 1
            del stack[-closed:], in_entry[-closed:]
        elif verb in _SETTINGS and len(words) > 1 and len(stack) > 1:
            top.text.append(line)
            _SETTINGS[verb](top, words[1], words[2:])
        elif verb in _ENTRIES and len(stack) > 1 and not in_entry[-1]:
            _ENTRIES[verb](top, words[1:])
        elif verb in ("next", "end"):
            raise NotUnderstoodError(f"line {number}: {verb!r} closes nothing")
        elif len(stack) > 1 or verb not in ("show", "get", "diagnose", "execute", "exit"):
            top.unread.append(line)
    if len(stack) > 1:
        raise NotUnderstoodError(f"it breaks off within 'config {stack[1].name}', line {stack[1].line}")
    return root


def _statements(text: str) -> Iterator[tuple[int, str, list[str]]]:
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        number, line = at + 1, lines[at].strip()
        at += 1
        if _PAGED in line:
            raise NotUnderstoodError(f"line {number}: the output was paged ({_PAGED})")
        if '"' not in line and "\\" not in line and "'" not in line:
            if line.startswith("#"):
                continue
            words = _PROMPT.sub("", line).split()
            if words:
                yield number, line, words
            continue
        if line.startswith("#"):
            continue
        plain = _PROMPT.sub("", line)
        if _open(plain):
            parts = [plain]
            while at < len(lines):
                parts.append(lines[at])
                at += 1
                if _closes(parts[-1]):
                    break
            plain = "\n".join(parts)
        yield number, plain, _words(plain, number)


def _open(line: str) -> bool:
    return len(_ESCAPED.sub("", line).replace("'", "").split('"')) % 2 == 0


def _closes(line: str) -> bool:
    return '"' in _ESCAPED.sub("", line)


def words_of(line: str) -> list[str]:
    """Of a line of a ``Block.text``."""
    return _words(line, 0) if '"' in line or "\\" in line or "'" in line else line.split()


def _words(line: str, number: int) -> list[str]:
    """Parts without a space between them are one word: ``"new"_group`` is ``new_group``."""
    words: list[str] = []
    at, apart = 0, True
    while at < len(line):
        found = _WORD.match(line, at)
        if found is None:
            raise NotUnderstoodError(f"line {number}: a quotation mark that is not closed")
        at = found.end()
        if found[4]:
            apart = True
            continue
        part = _ESCAPED.sub(r"\1", next(group for group in found.groups()[:3] if group is not None))
        if apart:
            words.append(part)
        else:
            words[-1] += part
        apart = False
    return words


def _entry(table: Block, name: str, number: int) -> Block:
    """``edit 0`` makes an entry with the next free number ("Command syntax", "edit")."""
    if name == "0" and all(is_number(key) for key in table.entries):
        name = str(max(map(int, table.entries), default=0) + 1) if table.entries else "0"
    found = table.entries.get(name)
    if found is None:
        found = table.entries[name] = Block(name, number)
    return found


def _set(block: Block, key: str, values: list[str]) -> None:
    block.settings.pop(key, None)
    block.settings[key] = values


def _append(block: Block, key: str, values: list[str]) -> None:
    block.settings.setdefault(key, []).extend(values)


def _unselect(block: Block, key: str, values: list[str]) -> None:
    if key in block.settings:
        block.settings[key] = [value for value in block.settings[key] if value not in values]


def _unset(block: Block, key: str, values: list[str]) -> None:
    if values:
        block.unread.append(f"unset {key} {' '.join(values)}")
    block.settings.pop(key, None)


def _delete(table: Block, words: list[str]) -> None:
    for name in words:
        table.entries.pop(name, None)


def _purge(table: Block, words: list[str]) -> None:
    if words:
        table.unread.append(f"purge {' '.join(words)}")
    table.entries.clear()


def _rename(table: Block, words: list[str]) -> None:
    if len(words) != 3 or words[1] != "to" or words[0] not in table.entries or words[2] in table.entries:
        table.unread.append(f"rename {' '.join(words)}")
        return
    table.entries = {(words[2] if key == words[0] else key): one for key, one in table.entries.items()}


def _clone(table: Block, words: list[str]) -> None:
    if len(words) != 3 or words[1] != "to" or words[0] not in table.entries or words[2] in table.entries:
        table.unread.append(f"clone {' '.join(words)}")
        return
    old = table.entries[words[0]]
    settings = {key: list(values) for key, values in old.settings.items()}
    text = [f"edit {words[2]}", *old.text[1:]]
    table.entries[words[2]] = Block(
        words[2], old.line, settings, old.blocks, old.entries, text, list(old.unread)
    )


def _move(table: Block, words: list[str]) -> None:
    known = len(words) == 3 and words[0] in table.entries and words[2] in table.entries
    if not known or words[1] not in ("before", "after") or words[0] == words[2]:
        table.unread.append(f"move {' '.join(words)}")
        return
    order = [key for key in table.entries if key != words[0]]
    order.insert(order.index(words[2]) + (words[1] == "after"), words[0])
    table.entries = {key: table.entries[key] for key in order}


_SETTINGS: dict[str, Callable[[Block, str, list[str]], None]] = {
    "set": _set,
    "append": _append,
    "unselect": _unselect,
    "unset": _unset,
}
_ENTRIES: dict[str, Callable[[Block, list[str]], None]] = {
    "delete": _delete,
    "purge": _purge,
    "rename": _rename,
    "clone": _clone,
    "move": _move,
}
