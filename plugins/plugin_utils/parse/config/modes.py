# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts as a terminal takes them: without indentation, and with the answers of a device that refused.

What is entered in a mode of the command line belongs to the line that opened the mode. A saved configuration says so
by its indentation, a list of commands does not.
"""

from __future__ import annotations

from collections.abc import Callable

from .blocks import Line
from .entries import beneath, is_number

Belongs = Callable[[list[str]], bool]


def gathered(lines: list[Line], mode: Callable[[list[str]], Belongs | None]) -> list[Line]:
    """The lines at the top, those without indentation put under the one that opened their mode. ``mode``: of a line
    that opens one, what belongs to it."""
    found: list[Line] = []
    opened: Line | None = None
    belongs: Belongs | None = None
    for line in lines:
        if opened is not None and belongs is not None and belongs(line.words):
            # One line that lost its indentation has got those that follow it.
            opened.children += [line, *line.children]
            line.children = []
            continue
        opened, belongs = line, mode(line.words)
        found.append(line)
    return found


def refusal(lines: list[Line]) -> str:
    """The line by which a device refused, in place of its configuration; empty if there is none. Cisco's begin with
    a percent sign, as no line of a configuration does."""
    return next((line.text for line in lines if line.text.startswith("%")), "")


def first(words: list[str]) -> str:
    """The first word beyond ``no`` and a number; empty where there is none."""
    rest = words[1:] if words[0] == "no" else words
    rest = rest[1:] if is_number(rest) else rest
    return rest[0] if rest else ""


# Lists that decide about no IP packets: about frames, ARP, routes; and templates for sessions of subscribers.
_OTHER_LISTS = (
    "mac",
    "MAC",
    "arp",
    "ethernet-services",
    "prefix-list",
    "as-path",
    "community-list",
    "dynamic-template",
)


def has_entries(line: Line) -> bool:
    """Whether a line at the top, which opens no list, has entries of one under it: it does not tell of which."""
    if any(word in _OTHER_LISTS for word in line.words[:2]):
        return False
    return any(_is_entry(one.words) for one in (line, *beneath(line)))


def has_binding(line: Line, binds: Callable[[list[str]], bool]) -> bool:
    """Whether a line at the top, which opens no interface, binds a list under it: it does not tell where."""
    return not any(word in _OTHER_LISTS for word in line.words[:2]) and any(
        binds(one.words) for one in (line, *beneath(line))
    )


def _is_entry(words: list[str]) -> bool:
    rest = words[1:] if is_number(words) else words
    return rest[:1] in (["permit"], ["deny"]) and len(rest) > 2
