# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved output instead of a login: text that somebody gathered by hand, for hosts that can't be reached."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import GatherError
from ..model.raw import RawOutput
from .channel import decoded
from .device_answers import refusal
from .device_secrets import without_secrets
from .devices import CONFIGURATIONS, DEVICES
from .platforms import Platform
from .terminal import as_seen, pager_left

# What a command prints instead of its output: shells, nft(8), iptables(8), ip(8), ipset(8), sudo(8), pagers.
ERRORS = re.compile(
    r"command not found|No such file or directory|Operation not permitted|Permission denied|you must be root"
    r"|^Error:|^% |^Usage:|netlink: Error|--More--|\bCommand \"\S+\" is unknown",
)
# An error message is short; a ruleset may well have these words in a comment.
ERROR_LINES = 5
DECLARED = "the task says that the host has no such thing"


def read_files(
    platform: Platform, files: Sequence[Mapping[str, Any]], resolve: Callable[[str], str]
) -> dict[str, RawOutput]:
    """``files``: ``{command, path}`` or ``{command, absent: true}`` each; ``resolve`` makes a path absolute.

    Raises GatherError.
    """
    found: dict[str, RawOutput] = {}
    for entry in files:
        name = _name(platform, entry["command"])
        if name in found:
            raise GatherError(f"{name} is given twice", "files", "give one file for each command")
        if bool(entry.get("path")) == bool(entry.get("absent")):
            raise GatherError(
                f"{name} needs either a path, or absent: true",
                "files",
                "name the file; or say that the host has no such thing, if somebody has looked",
            )
        if entry.get("absent"):
            found[name] = RawOutput(name, platform.commands[name], None, "", absent=DECLARED)
        else:
            text = _read(resolve(entry["path"]), name, platform)
            found[name] = RawOutput(name, platform.commands[name], None, text)
    return found


def _name(platform: Platform, command: str) -> str:
    text = " ".join(command.split())
    if text in platform.commands:
        return text
    by_text = {known: name for name, known in platform.commands.items()}
    named = by_text.get(text) or platform.aliases.get(text)
    if named is None or named not in platform.commands:
        raise GatherError(
            f"{text!r} is no command that is gathered on {platform.name}",
            "files",
            f"one of: {', '.join(platform.commands)}",
        )
    return named


def _read(path: str, name: str, platform: Platform) -> str:
    try:
        text = decoded(Path(path).read_bytes())
    except OSError as error:
        raise GatherError(
            f"the file of {name} can't be read: {error.strerror}", path, "check the path"
        ) from None
    if not text.strip():
        raise GatherError(
            f"the file of {name} is empty: that can't be told from output that was lost",
            path,
            "save it again, as root; write absent: true instead of a path if the host has no such thing",
        )
    if platform.name in DEVICES:
        return _of_device(as_seen(text), path, name)
    lines = text.strip().splitlines()
    ends = platform.ends.get(name)
    if ends is not None and re.search(ends, lines[-1].rstrip()):
        return text
    wrong = next((line for line in lines if ERRORS.search(line)), None)
    if wrong is not None and len(lines) <= ERROR_LINES:
        raise GatherError(
            f"the file of {name} holds an error message: {wrong.strip()}",
            path,
            "save the output again, as root",
        )
    if ends is not None:
        raise GatherError(
            f"the file of {name} is cut short: it ends with {lines[-1].strip()[:80]!r}",
            path,
            "save the output again",
        )
    return text


def _of_device(text: str, path: str, name: str) -> str:
    """What a terminal showed, or a configuration that was saved or rendered."""
    said = refusal(text)
    if said:
        raise GatherError(
            f"the file of {name} holds an error message: {said}",
            path,
            "save the output again, by a user who may see it all",
        )
    mark = pager_left(text)
    if mark:
        raise GatherError(
            f"the file of {name} was saved page by page: there is {mark!r} in it",
            path,
            "switch paging off (terminal length 0, terminal pager 0, set cli screen-length 0), and save it again",
        )
    return without_secrets(text) if name in CONFIGURATIONS else text
