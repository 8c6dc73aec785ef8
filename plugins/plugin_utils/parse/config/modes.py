# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts as a terminal takes them: without indentation, and with the answers of a device that refused.

What is entered in a mode of the command line belongs to the line that opened the mode. A saved configuration says so
by its indentation, a list of commands does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from ...model.match import Unknown
from ...model.rules import Rule, Verdict
from ...model.state import State
from .blocks import Line
from .entries import beneath, is_number

# Ethernet1/2.100, Bundle-Ether10, mgmt0, MgmtEth0/RP0/CPU0/0, tunnel-ip5, 100GigE0/0/0/1; "null 0" and "Ethernet 1/1".
_PORT = re.compile(r"^(?:\d+G)?[A-Za-z][A-Za-z-]* ?\d[\w/.:-]*$", re.ASCII)
_PAGED = re.compile(r"^[\s\x08]*--More--", re.MULTILINE)
Belongs = Callable[[list[str]], bool]


def gathered(
    lines: list[Line], mode: Callable[[list[str]], Belongs | None], *, strays: bool = False
) -> list[Line]:
    """The lines at the top, those without indentation put under the one that opened their mode. ``mode``: of a line
    that opens one, what belongs to it. ``strays``: whether a line that opens nothing, and has entries of a list below
    it, is put there too with them, so that the list before it does not seem to end."""
    found: list[Line] = []
    opened: Line | None = None
    belongs: Belongs | None = None
    for line in lines:
        if opened is not None and belongs is not None and belongs(line.words):
            # One line that lost its indentation has got those that follow it.
            opened.children += [line, *line.children]
            line.children = []
            continue
        if strays and opened is not None and belongs is not None and _lost(line, mode):
            opened.children += [line, *line.children]
            line.children = []
            continue
        opened, belongs = line, mode(line.words)
        found.append(line)
    return found


def _lost(line: Line, mode: Callable[[list[str]], Belongs | None]) -> bool:
    """Whether a line that opens nothing known has entries of a list below it: they may be of the list before it."""
    return (
        bool(line.children)
        and mode(line.words) is None
        and not any(word in _OTHER_LISTS for word in line.words[:2])
        and any(_is_entry(below.words) for below in line.children)
    )


def paged(text: str) -> str:
    """Why a text that was shown page by page can't be read; empty if it was not."""
    return "the output was paged: --More-- stands in it" if _PAGED.search(text) else ""


def is_port(name: str) -> bool:
    """Whether a name may be one of an interface: those of Cisco and Arista are a kind and a number."""
    return bool(_PORT.match(name))


def refusal(lines: list[Line]) -> str:
    """The line by which a device refused, in place of its configuration; empty if there is none. Cisco's begin with
    a percent sign, as no line of a configuration does."""
    return next((line.text for line in lines if line.text.startswith("%")), "")


def first(words: list[str]) -> str:
    """The first word beyond ``no`` and a number; empty where there is none."""
    rest = words[1:] if words[0] == "no" else words
    rest = rest[1:] if is_number(rest) else rest
    return rest[0] if rest else ""


# What does not belong under a line that opens a mode.
_STRANGERS = {
    "list": ("opener", "binding"),
    "group": ("opener", "binding", "entry"),
    "interface": ("opener", "entry"),
}
# Lists that decide about no IP packets: about frames, ARP, routes, commands; templates for sessions of
# subscribers.
_OTHER_LISTS = (
    "mac",
    "MAC",
    "arp",
    "ethernet-services",
    "prefix-list",
    "as-path",
    "community-list",
    "dynamic-template",
    "role",
)


@dataclass(frozen=True)
class Shape:
    """What the lines of a platform look like, by their words. ``opens``: whether one opens a list or an interface;
    ``binds``: whether one binds a list; ``heads``: with which words these begin."""

    opens: Callable[[list[str]], bool]
    binds: Callable[[list[str]], bool]
    heads: frozenset[str]

    def misplaced(self, line: Line, kind: str) -> bool:
        """Whether something under a line at the top, or itself, stands where nothing tells what it belongs to.
        ``kind``: the mode that the line opens: ``list``, ``group``, ``interface``, or another one."""
        if kind in _STRANGERS:
            kinds, lines = _STRANGERS[kind], beneath(line)
        elif any(word in _OTHER_LISTS for word in line.words[:2]):
            return False
        else:
            kinds, lines = ("entry", "binding"), chain((line,), beneath(line))
        looks = {"opener": self.opens, "binding": self.binds}
        asked = [looks[one] for one in kinds if one in looks]
        entries = "entry" in kinds
        return any(
            (entries and _is_entry(one.words))
            or (one.words[0] in self.heads and any(look(one.words) for look in asked))
            for one in lines
        )


def unread(state: State) -> bool:
    """Whether a list has a line that is no entry of one, as where the first line of the next list was lost."""
    rules = (rule for ruleset in state.rulesets.values() for rule in ruleset.rules)
    return any(
        rule.line is not None and isinstance(rule.match, Unknown) and _is_unknown(rule) for rule in rules
    )


def _is_unknown(rule: Rule) -> bool:
    return isinstance(rule.verdict, Verdict) and rule.verdict.kind == "unknown"


def _is_entry(words: list[str]) -> bool:
    rest = words[1:] if is_number(words) else words
    return rest[:1] in (["permit"], ["deny"]) and len(rest) > 2
