# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``set`` and ``delete`` lines, merged into a configuration of Junos or VyOS.

Their parsers read such commands behind a configuration as what they do to it, so merging is to put them there.
"""

from __future__ import annotations

from ...errors import ParseError
from ..config import braces, vyos_tree
from ..config.words import NotUnderstoodError
from . import junos_choices

_TODO = "mend the line, or give the device's whole planned configuration with kind: configuration"


def junos(running: str, lines: str, source: str) -> str:
    """``lines``: commands, or a piece in braces as ``load merge`` takes it. ParseError for what is neither."""
    if running.lstrip().startswith("<"):
        raise ParseError(
            "lines can't be merged into a configuration in XML", source, "gather the host again, as text"
        )
    told = junos_choices.told(lines)
    text = "\n".join(line for _number, line in told)
    try:
        known = len(braces.read(running).notes)
        found = braces.read(f"{running}\n{text}")
    except NotUnderstoodError as error:
        raise ParseError(str(error), source, _TODO) from None
    start = running.count("\n") + 1
    strange = found.notes[known:]
    if strange:
        line, said = strange[0]
        number = told[line - start - 1][0] if 0 < line - start <= len(told) else line - start
        raise ParseError(f"{said[:120]!r} is not understood", f"{source}, line {number}", _TODO)
    return f"{running}\n{text}"


def vyos(running: str, lines: str, source: str) -> str:
    """``lines``: commands. ParseError for any other line, and for one that deletes what is not there."""
    config = vyos_tree.read(running)
    release = [line for line in running.splitlines() if "Release version:" in line]
    for number, text in enumerate(lines.splitlines(), 1):
        if vyos_tree.read(f"set a b\n{text}").strange:
            raise ParseError(f"{text.strip()[:120]!r} is not understood", f"{source}, line {number}", _TODO)
        words = vyos_tree.words_of(text)
        if words[:1] == ["set"]:
            config.root.add(words[1:], number)
        elif words[:1] == ["delete"]:
            if not config.root.has(*words[1:]):
                raise ParseError(
                    f"there is nothing to delete: {text.strip()[:120]!r}", f"{source}, line {number}", _TODO
                )
            config.root.delete(words[1:])
    strange = [line for _number, line in config.strange]
    return "\n".join([*(f"set {leaf}" for leaf in config.root.leaves()), *strange, *release]) + "\n"
