# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations whose structure is their indentation: Cisco IOS, NX-OS, IOS XR, ASA, Arista EOS.

Sources: Cisco, "Configuration Fundamentals", on banners: the text between two equal delimiters is no
configuration, nor are messages between two ``^C``; "Smartports Configuration Guide", "macro name" and "macro auto
execute": the lines of a macro end by ``@`` or ``}``. A line that begins with ``!`` is a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# "banner motd ^C" and the like; the delimiter is any character, ^C stands for ETX. EOS ends its banners by EOF.
_BANNER = re.compile(r"^banner (?:\S+ )?(?P<end>\^C|\S)(?P<rest>.*)$")
_EOS_BANNER = re.compile(r"^banner (login|motd)$")
_MACRO = re.compile(r"^macro (?:name \S+|auto execute .*(?P<open>\{))$")
_MESSAGE = re.compile(r"(?:banner|message|title|prompt|text) (?:\S+ )?(?P<end>\^C|\x03)(?!.*(?P=end))")
# Words of the operator's own up to the end of the line.
_REMARK = re.compile(r"^\s*(?:description|(?:access-list \S+ |\d+ )?remark) ")
# How a text ends: by a line that is one of these, else by one that contains it.
_WHOLE_LINES = ("EOF", "@ ", "} ")


@dataclass(slots=True)
class Line:
    """One line and those that belong to it. ``number`` counts from 1 in the whole text; ``text`` is verbatim but
    for spaces around it."""

    number: int
    text: str
    children: list[Line] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def starting(self, *words: str) -> Iterator[Line]:
        """The lines that belong to this one and begin with these words."""
        return starting(self.children, *words)


def starting(lines: list[Line], *words: str) -> Iterator[Line]:
    """Those that begin with these words."""
    count = len(words)
    return (line for line in lines if tuple(line.words[:count]) == words)


def tree(text: str, *, banners: bool = True) -> list[Line]:
    """The lines without indentation, each with what is indented under it. Comments, banners and blank lines are left
    out; a line that is indented more than the one before belongs to it. ``banners``: whether these go over several
    lines; ASA writes ``banner motd`` before each of them."""
    top: list[Line] = []
    stack: list[tuple[int, list[Line]]] = [(-1, top)]
    for number, plain in _lines(text, banners):
        line = Line(number, plain.strip(), [], plain.split())
        depth = len(plain) - len(plain.lstrip())
        while stack[-1][0] >= depth:
            stack.pop()
        stack[-1][1].append(line)
        stack.append((depth, line.children))
    return top


def _lines(text: str, banners: bool) -> Iterator[tuple[int, str]]:
    until: str | None = None
    within: list[tuple[int, str]] = []
    for number, whole in enumerate(text.splitlines(), start=1):
        plain = whole.rstrip().expandtabs()
        if until is not None:
            within.append((number, plain))
            if until in plain if until not in _WHOLE_LINES else plain == until.strip():
                until, within = None, []
            continue
        if not plain or plain.lstrip().startswith("!"):
            continue
        if banners:
            until = _text_after(plain)
        if not banners or not _BANNER.match(plain):
            yield number, plain
    # What ends nowhere is no such text: lists and bindings must not be lost in it.
    yield from ((number, plain) for number, plain in within if plain and not plain.lstrip().startswith("!"))


def _text_after(plain: str) -> str | None:
    """By what the text ends that begins in this line; None where there is none."""
    if _EOS_BANNER.match(plain):
        return "EOF"
    begins = _BANNER.match(plain)
    if begins is not None:
        return begins["end"] if begins["end"] not in begins["rest"] else None
    macro = _MACRO.match(plain)
    if macro is not None:
        return "} " if macro["open"] else "@ "
    message = _MESSAGE.search(plain)
    return message["end"] if message is not None and not _REMARK.match(plain) else None
