# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports of an audit as files: readable by their owner alone, but for the one that node_exporter reads, and there
as a whole or not at all. What can't be written is told, and costs nothing else."""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import AuditError, PathGuardError
from ..gather import private_file
from ..render.formats import render

# Format -> the file's name.
NAMES = {
    "json": "audit.json",
    "text": "audit.txt",
    "markdown": "audit.md",
    "html": "audit.html",
    "junit": "audit.xml",
    "sarif": "audit.sarif",
    "prometheus": "audit.prom",
}
# node_exporter runs as another user (its README, "Textfile Collector").
PUBLIC = 0o644


def checked_formats(given: Iterable[str]) -> list[str]:
    """json is always among them: it is what all others are made from. AuditError for an unknown one."""
    listed = list(dict.fromkeys(["json", *given]))
    wrong = [name for name in listed if name not in NAMES]
    if wrong:
        raise AuditError(
            f"there is no format {wrong[0]!r}", "path_audit_formats", f"use some of {', '.join(NAMES)}"
        )
    return listed


def write(
    folder: Path | None,
    document: Mapping[str, Any],
    formats: Collection[str],
    textfile: Path | None,
) -> tuple[dict[str, Path], list[PathGuardError]]:
    """(format -> its file, what could not be written). ``textfile``: for node_exporter."""
    files: dict[str, Path] = {}
    trouble: list[PathGuardError] = []
    for name, path in [(name, folder / NAMES[name]) for name in formats] if folder is not None else ():
        try:
            private_file.write(path, _text(document, name))
        except OSError as error:
            trouble.append(_error("the report", path, error, "path_audit_report_dir"))
        else:
            files[name] = path
    if textfile is not None:
        try:
            _write_public(textfile, render(document, "prometheus"))
        except OSError as error:
            trouble.append(_error("the textfile", textfile, error, "path_audit_prometheus_file"))
        else:
            files["textfile"] = textfile
    return files, trouble


def _text(document: Mapping[str, Any], name: str) -> Iterable[str]:
    """The document itself is kept as it is; other forms are for people and tools."""
    if name != "json":
        return [render(document, name)]
    return [*json.JSONEncoder(indent=1).iterencode(document), "\n"]


def _error(what: str, path: Path, error: OSError, option: str) -> AuditError:
    return AuditError(
        f"{what} can't be written: {error.strerror}",
        str(path),
        f"make room, mend the folder's permissions, or name another by {option}",
    )


def hindered(textfile: Path | None, snapshot_dir: Path | None) -> list[AuditError]:
    """What can't be written, as far as that shows before there is anything to write."""
    found = []
    error = unwritable(textfile.parent) if textfile is not None else None
    if textfile is not None and error is not None:
        found.append(_error("the textfile", textfile, error, "path_audit_prometheus_file"))
    error = unwritable(nearest(snapshot_dir)) if snapshot_dir is not None else None
    if snapshot_dir is not None and error is not None:
        found.append(_error("a snapshot", snapshot_dir, error, "path_audit_snapshot_dir"))
    return found


def nearest(folder: Path) -> Path:
    """The folder, or the one above it that it would be made in; as far as one may look."""
    return next((one for one in (folder, *folder.parents) if os.path.exists(one)), folder)  # noqa: PTH110 - exists() raises


def unwritable(folder: Path) -> OSError | None:
    """Why nothing can be written there."""
    try:
        code = 0 if stat.S_ISDIR(folder.stat().st_mode) else errno.ENOTDIR
    except OSError as error:
        return error
    if not code and not os.access(folder, os.W_OK | os.X_OK):
        code = errno.EACCES
    return OSError(code, os.strerror(code)) if code else None


def _write_public(path: Path, text: str) -> None:
    """node_exporter reads every *.prom of its folder whenever it is asked, so the file has another name until it is
    whole. Raises OSError."""
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), PUBLIC)
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
