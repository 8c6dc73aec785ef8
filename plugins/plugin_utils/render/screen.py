# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report on one screen: at most 40 lines of 100 columns, however many paths there are."""

from __future__ import annotations

import textwrap
from typing import Any

from . import change_words, words
from .clean import clipped

LINES, WIDTH = 40, 100
_MOST_FINDINGS = 5
_MOST_FLOWS = 6
_MOST_WRAPPED = 3
Entry = dict[str, Any]


def screen(report: Entry, blocks: dict[str, list[str]], lines: int = LINES, width: int = WIDTH) -> list[str]:
    """``blocks``: the long form of each path that is not as wanted. Violations get room first."""
    head = [words.headline(report), words.totals(report), *change_words.head(report)]
    found = [part for line in head for part in wrapped(line, width)]
    flows = [wrapped(line, width) for line in change_words.flows(report)]
    bad = [path for path in words.worst_first(report["paths"]) if path["satisfied"] != "yes"]
    good = [path for path in report["paths"] if path["satisfied"] == "yes"]
    findings = _findings(report, width)
    told = sum(len(block) for block in findings[:_MOST_FINDINGS]) + (len(findings) > _MOST_FINDINGS)
    room = lines - len(found) - (1 if good else 0) - min(told, _MOST_FINDINGS + 1)
    room -= min(len(flows), _MOST_FLOWS)
    found += _bad(bad, blocks, room)
    found += _flows(flows, lines - len(found) - (1 if good else 0), min(told, _MOST_FINDINGS + 1))
    left = lines - len(found)
    notes = _blocks(findings, left - min(len(good), 1), "finding")
    left -= len(notes)
    found += _cut([_line(path) for path in good], left, "paths as wanted") + notes
    return [line if _is_command(line) else clipped(line, width) for line in found[:lines]]


def _is_command(line: str) -> bool:
    return line.lstrip().startswith((words.COMMAND, words.COMMAND_ON))


def wrapped(line: str, width: int) -> list[str]:
    """A long line (a rule, verbatim) on several; what is left after the last of them is cut. A command stays one line,
    however long it is: cut in two it would not work."""
    if len(line) <= width or _is_command(line):
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    found = textwrap.wrap(line, width, initial_indent="", subsequent_indent=indent, break_on_hyphens=False)
    return (
        [*found[: _MOST_WRAPPED - 1], clipped(" ".join([found[_MOST_WRAPPED - 1], "..."]), width)]
        if len(found) > _MOST_WRAPPED
        else found
    )


def _bad(paths: list[Entry], blocks: dict[str, list[str]], room: int) -> list[str]:
    """The worst in full, each other on one line, and as many more in full as there is room for."""
    first = len(blocks[paths[0]["name"]]) - 1 if paths else 0
    shown = paths if len(paths) + first <= room else paths[: max(room - 1 - first, 1)]
    spare = room - len(shown) - (len(paths) > len(shown))
    found: list[str] = []
    for path in shown:
        block = blocks[path["name"]]
        if len(block) - 1 <= spare:
            spare -= len(block) - 1
            found += block
        else:
            found.append(_line(path))
    if len(paths) > len(shown):
        left = len(paths) - len(shown)
        found.append(f"... and {left} more {'path that is' if left == 1 else 'paths that are'} not as wanted")
    return found


def _line(path: Entry) -> str:
    detail = f"{words.mark(path):<7} {path['name']}: {path['status']}, {words.share(path)}"
    old = words.before(path)
    return f"{detail} ({old})" if old else detail


def _findings(report: Entry, width: int) -> list[list[str]]:
    """The lines of each."""
    found = []
    for item in report["findings"]:
        if item["severity"] != "info":
            where = words.about(item)
            found.append(wrapped(f"note    {where + ': ' if where else ''}{item['message']}", width))
    return found


def _flows(blocks: list[list[str]], room: int, for_others: int) -> list[str]:
    """``for_others``: how much of the room others want; each flow has one line in any case, as far as there are some,
    and more of them if nobody wants these."""
    shown = blocks[: max(min(_MOST_FLOWS - (len(blocks) > _MOST_FLOWS), room - (len(blocks) > room)), 0)]
    left = len(blocks) - len(shown)
    spare = room - len(shown) - (left > 0) - for_others
    found: list[str] = []
    for block in shown:
        lines = block if len(block) - 1 <= spare else [" ".join([block[0], "..."] if block[1:] else block)]
        spare -= len(lines) - 1
        found += lines
    if left and room > 0:
        found.append(f"... and {left} more flows that fare otherwise")
    return found


def _blocks(blocks: list[list[str]], room: int, what: str) -> list[str]:
    """The first few in as many lines as there are for them; where there is room for its first line alone,
    that ends in dots."""
    shown = blocks[:_MOST_FINDINGS]
    while shown and len(shown) + (len(blocks) > len(shown)) > room:
        shown = shown[:-1]
    left = len(blocks) - len(shown)
    spare = room - len(shown) - (left > 0)
    found: list[str] = []
    for block in shown:
        if len(block) - 1 <= spare:
            spare -= len(block) - 1
            found += block
        else:
            found.append(f"{block[0]} ...")
    if left and room > 0:
        found.append(f"... and {left} more {what}{'' if left == 1 else 's'}")
    return found


def _cut(lines: list[str], room: int, what: str) -> list[str]:
    if len(lines) <= room:
        return lines
    if room < 1:
        return []
    return [*lines[: room - 1], f"... and {len(lines) - room + 1} more {what}"]
