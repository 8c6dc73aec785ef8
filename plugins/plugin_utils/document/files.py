# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages on disk: what differs is written, what is the same is left alone, and pages of hosts that are gone are
removed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..audit.files import nearest, unwritable
from ..errors import DocumentError
from .pages import HOSTS, MARK

# Documentation is read by others than who made it; the umask takes away what it must not give.
_MODE = 0o666


@dataclass(frozen=True)
class Change:
    """A page that is otherwise than its text. ``before``, ``after``: empty where there is none."""

    name: str
    before: str
    after: str

    @property
    def gone(self) -> bool:
        return not self.after


def changes(folder: Path, wanted: Mapping[str, str]) -> list[Change]:
    """Raises DocumentError where a page can't be read, or is somebody else's."""
    found = []
    for name, text in wanted.items():
        before = _text(folder / name)
        if before and MARK not in before:
            raise DocumentError(
                "this page is there already, and was not made by path_document",
                str(folder / name),
                "move it away, or name another folder by path_document_dir",
            )
        if before != text:
            found.append(Change(name, before, text))
    if any(name.startswith(f"{HOSTS}/") for name in wanted):
        for name in _made_before(folder):
            if name not in wanted:
                found.append(Change(name, _text(folder / name), ""))
    return sorted(found, key=lambda change: change.name)


def _made_before(folder: Path) -> Iterable[str]:
    """Pages of hosts that we have made; a page that somebody else wrote there is left alone."""
    for path in sorted((folder / HOSTS).glob("*.md")):
        if MARK in _text(path):
            yield f"{HOSTS}/{path.name}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(
            f"the page can't be read: {error}", str(path), "mend its permissions, or move it away"
        ) from None


def check(folder: Path) -> None:
    """DocumentError where no page could be written, as far as that shows before there is one."""
    error = unwritable(nearest(folder))
    if error is not None:
        raise _unwritable(folder, error.strerror)


def _unwritable(path: Path, why: str | None) -> DocumentError:
    return DocumentError(
        f"the page can't be written: {why}",
        str(path),
        "make room, mend the folder's permissions, or name another by path_document_dir",
    )


def write(folder: Path, changed: Iterable[Change]) -> None:
    """Each page is there as a whole, or as it was before. Raises DocumentError."""
    for change in changed:
        path = folder / change.name
        try:
            if change.gone:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                _replace(path, change.after)
        except OSError as error:
            raise _unwritable(path, error.strerror) from None


def _replace(path: Path, text: str) -> None:
    umask = os.umask(0)
    os.umask(umask)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        unfinished.chmod(_MODE & ~umask)
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
