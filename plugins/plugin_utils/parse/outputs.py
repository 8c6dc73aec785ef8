# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command's output is worth: text to read, certainly nothing, or a reason why it is not known."""

from __future__ import annotations

from collections.abc import Mapping

from ..model.raw import RawOutput

# What tools print instead of an answer, where no exit status tells (a saved file, a terminal).
_COMPLAINTS = (
    "Operation not permitted",
    "Permission denied",
    "command not found",
    "you must be root",
    "No such file or directory",
)


def problem(outputs: Mapping[str, RawOutput], name: str, *, may_be_empty: bool = False) -> str:
    """Why the output ``name`` can't be used; empty if it can, or if it is certainly absent."""
    output = outputs.get(name)
    if output is None:
        return "not gathered"
    if output.absent:
        return ""
    said = " ".join(output.stderr.split())[:300]
    if output.rc not in (0, None):
        return f"exit status {output.rc}: {said or ' '.join(output.stdout.split())[:300] or 'no message'}"
    if not output.stdout.strip():
        if may_be_empty and output.rc == 0 and not _complaint(said):
            return ""
        return f"no output{f': {said}' if said else ''}"
    first = output.stdout.lstrip().split("\n", 1)[0][:300]
    if output.rc is None and _complaint(first):
        return first
    return ""


def _complaint(text: str) -> bool:
    return any(words in text for words in _COMPLAINTS)


def text(outputs: Mapping[str, RawOutput], name: str) -> str:
    """The output's text; empty for one that is absent or was not gathered."""
    output = outputs.get(name)
    return "" if output is None or output.absent else output.stdout
