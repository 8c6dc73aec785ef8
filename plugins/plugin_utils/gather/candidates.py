# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Candidates as people give them: for each host a file, a mapping, or a list of these -> texts, and planned states."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import ParseError, PathGuardError
from ..home import expanded
from ..model.state import State
from ..parse import parse_platform
from ..parse.candidate import plan
from ..parse.candidate.given import AUTO, BACKENDS, KINDS, Candidate
from .channel import decoded
from .device_secrets import without_secrets
from .snapshot import Snapshot

OPTION = "candidates"
_FORM = "give the path of a file, or {path or text, kind}"
_KEYS = {"path": str, "text": str, "kind": str, "noflush": bool, "backend": str}
_CHOICES = {"kind": KINDS, "backend": BACKENDS}
# More bytes than these are no rules: reading them would take the controller's memory.
_LARGEST = 64 << 20
_NAMES_TOLD = 40


class CandidateError(PathGuardError):
    """A candidate is malformed, can't be read, can't be followed, or would be refused."""


def candidates_from(value: Any, base: Path, option: str = OPTION) -> dict[str, list[Candidate]]:
    """``value``: host -> a candidate or several, which are loaded one after the other; ``base``: the folder that
    relative paths start from. Raises CandidateError."""
    if not isinstance(value, Mapping) or not value:
        raise CandidateError(
            "candidates must map hosts to their planned rules", option, "write {fw1: files/fw1.nft}"
        )
    found: dict[str, list[Candidate]] = {}
    for host, given in value.items():
        items = given if isinstance(given, list) else [given]
        if not items:
            raise CandidateError("this host has no candidate", f"{option}.{host}", _FORM)
        found[str(host)] = [
            _candidate(item, base, f"{option}.{host}" + (f"[{index}]" if len(items) > 1 else ""))
            for index, item in enumerate(items)
        ]
    return found


def _candidate(item: Any, base: Path, where: str) -> Candidate:
    if isinstance(item, str):
        item = {"path": item}
    if not isinstance(item, Mapping):
        raise CandidateError(
            f"a candidate is a path or a mapping, and not {type(item).__name__}", where, _FORM
        )
    for key, part in item.items():
        if key not in _KEYS:
            raise CandidateError(f"there is no key {str(key)[:60]!r}", where, f"one of: {', '.join(_KEYS)}")
        if not isinstance(part, _KEYS[key]) or (key in _CHOICES and part not in _CHOICES[key]):
            known = ", ".join(_CHOICES.get(key, (_KEYS[key].__name__,)))
            raise CandidateError(f"{key} is {str(part)[:60]!r}", where, f"one of: {known}")
    path, text = item.get("path"), item.get("text")
    if (path is None) == (text is None):
        raise CandidateError("a candidate has either a path or a text", where, _FORM)
    rest = {key: item[key] for key in ("noflush", "backend") if key in item}
    kind = item.get("kind", AUTO)
    if text is not None:
        return Candidate(where, text, kind, **rest)
    file = Path(base, expanded(str(path)))
    return Candidate(str(file), _read(file, where), kind, include=_included(file.parent), **rest)


def _read(file: Path, where: str) -> str:
    try:
        if file.exists() and not file.is_dir() and not file.is_file():  # a pipe or a device may never end
            raise CandidateError("the candidate is no file", f"{where}: {file}", "check the path")
        with file.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise CandidateError(
                f"the candidate has more than {_LARGEST >> 20} MiB", str(file), "check the path"
            )
        return decoded(content)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CandidateError(
            f"the candidate can't be read: {why}", f"{where}: {file}", "check the path"
        ) from None


def _included(folder: Path) -> Callable[[str], list[tuple[str, str]]]:
    """The files that a script includes: as nft(8) has it, an absolute path or one that is relative to its folder, and a
    pattern for none, one or several, in the order of their names."""

    def find(name: str) -> list[tuple[str, str]]:
        path = Path(name)
        files = [folder / path]
        if any(sign in name for sign in "*?["):
            start = Path(path.anchor) if path.is_absolute() else folder
            pattern = str(path.relative_to(path.anchor)) if path.is_absolute() else name
            files = sorted(start.glob(pattern))
        return [(str(file), _read(file, name)) for file in files]

    return find


def planned_states(
    snapshots: Mapping[str, Snapshot], candidates: Mapping[str, list[Candidate]], known: Iterable[str]
) -> dict[str, State]:
    """The states of the hosts that have candidates, once these are loaded upon what their snapshots have. ``known``:
    all hosts that have a snapshot, for errors. Raises CandidateError."""
    found: dict[str, State] = {}
    for host, given in candidates.items():
        snapshot = snapshots.get(host)
        if snapshot is None:
            raise CandidateError(
                f"there is no snapshot of {host}",
                f"{OPTION}.{host}",
                f"gather it with firewall_info, or correct the name; {_nearest(host, sorted(known))}",
            )
        outputs = {output.name: output for output in snapshot.raw}
        if snapshot.platform != "linux":  # secrets are starred in the snapshot, and must not get into errors
            given = [replace(candidate, text=without_secrets(candidate.text)) for candidate in given]
        try:
            found[host] = plan.planned(snapshot.platform, host, outputs, given)
        except ParseError as error:
            raise CandidateError(f"the candidate of {host}: {error.what}", error.where, error.todo) from None
    return found


def _nearest(host: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(host, known, 3, 0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    more = len(known) - _NAMES_TOLD
    shown = ", ".join(known[:_NAMES_TOLD]) or "none"
    return f"there are: {shown}{f', and {more} more' if more > 0 else ''}"


def reread(snapshots: Mapping[str, Snapshot]) -> dict[str, State]:
    """The states that the snapshots' raw text has for this version of the collection: planned states are made of it,
    and must differ from these by what is planned alone."""
    return {
        host: parse_platform(snapshot.platform, host, {output.name: output for output in snapshot.raw})
        for host, snapshot in snapshots.items()
    }


def told(candidates: Mapping[str, list[Candidate]]) -> dict[str, list[str]]:
    """Host -> what its candidates are, for a report."""
    return {host: [candidate.source for candidate in given] for host, given in candidates.items()}
