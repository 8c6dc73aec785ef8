# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slices of an audit: which hosts are in which, as AWX cuts them, and where each leaves what it has found.

AWX (``Inventory.get_script_data``) sorts the hosts of an inventory by name and gives each of ``count`` jobs every
``count``-th of them, from another one on. It tells a job neither which slice it is nor how many there are.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import AuditError
from ..guard import record
from .document import Slice

OPTIONS = "path_audit_slice_number, path_audit_slice_count"
# Joined audits of one id that are looked at, the last ones: they may be large.
_JOINS = 5
_SUFFIX = re.compile(r"-slice(\d+)(?:-(\d+))?")


def cut(hosts: Collection[str], part: Slice) -> list[str]:
    """The hosts of a slice. AuditError if it has none."""
    found = sorted(hosts)[part.number - 1 :: part.count]
    if not found:
        raise AuditError(
            f"slice {part.number} of {part.count} has no host: there are only {len(hosts)}",
            OPTIONS,
            "use no more slices than there are hosts",
        )
    return found


def name_of(audit_id: str, number: int) -> str:
    """Of the folder in which a slice leaves what it has found."""
    return f"{audit_id}-slice{number}"


def claimed(folder: Path, audit_id: str, count: int, hosts: Sequence[str]) -> Slice:
    """The number of a slice that AWX has cut, which tells none: the first that no other slice of the audit has.

    The same hosts get the same number again, so that a job can be launched once more. ``folder``: of the reports, which
    all slices see. Raises AuditError if all numbers are taken.
    """
    record.checked_id(audit_id)
    mark = hashlib.sha256("\n".join(sorted(hosts)).encode("utf-8", "surrogatepass")).hexdigest()
    for number in range(1, count + 1):
        if _claims(folder, folder / f".{name_of(audit_id, number)}", mark):
            return Slice(number, count)
    raise AuditError(
        f"all {count} slices of the audit {audit_id} have begun, and this one has other hosts than each of them",
        str(folder),
        "give each audit an id of its own by path_audit_id, and say by path_audit_slice_count how many slices it has",
    )


def _claims(folder: Path, path: Path, mark: str) -> bool:
    """Whether nobody else has it: of several that make the file at the same time, one does (open(2), O_EXCL)."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("x", encoding="ascii") as file:
            file.write(mark)
    except FileExistsError:
        return path.is_file() and path.read_text("ascii", "replace") == mark
    except OSError as error:
        raise AuditError(
            f"a slice can't leave anything here: {error.strerror}",
            str(folder),
            "make room, mend its permissions, or name another by path_audit_report_dir",
        ) from None
    return True


def folders(folder: Path, audit_id: str) -> dict[int, list[Path]]:
    """What the slices of an audit have left, by their numbers; of one that ran more than once, the last comes first."""
    found: dict[int, list[tuple[int, Path]]] = {}
    for name, number, time, path in _listed(folder):
        if name == audit_id:
            found.setdefault(number, []).append((time, path))
    return {number: [path for _time, path in sorted(some, reverse=True)] for number, some in found.items()}


def latest(folder: Path, joined: Path, report: str) -> str:
    """The id of the audit whose slices were the last to leave a report, and have not been joined yet.

    ``joined``: the folder of joined audits. ``report``: the file's name. Raises AuditError if there is none: one that
    was joined before must not be taken for tonight's.
    """
    newest: dict[str, float] = {}
    for name, _number, _time, path in _listed(folder):
        if (path / report).is_file() and not (joined / name / report).exists():
            newest[name] = max(newest.get(name, 0.0), (path / report).stat().st_mtime)
    if not newest:
        raise AuditError(
            "there are no slices here that have not been joined yet",
            str(folder),
            "name the folder that they have left their reports in by path_audit_slices_dir, or look why they have none",
        )
    return max(newest, key=lambda name: (newest[name], name))


def moment(document: Mapping[str, Any]) -> datetime:
    """When an audit or its slice ended. KeyError, AttributeError, ValueError for what does not say it."""
    return datetime.fromisoformat(document["generated_at"].replace("Z", "+00:00"))


def last_joined(folder: Path, audit_id: str, report: str) -> datetime | None:
    """When slices of this id were joined last so that none was missing: what they had found has been told then.

    ``folder``: of joined audits. ``report``: the file's name. One that lacked a slice is as good as none, because that
    slice may have been run again since."""
    own = re.compile(rf"{re.escape(audit_id)}(-\d+)?")
    paths = [path / report for path in folder.glob("*") if own.fullmatch(path.name)]
    reports = [(path.stat().st_mtime, path) for path in paths if path.is_file()]
    for _time, path in sorted(reports, reverse=True)[:_JOINS]:
        try:
            found = json.loads(path.read_bytes())
            if found["slice"] is None and found["id"] == audit_id and not found["missing_slices"]:
                return moment(found)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
    return None


def _listed(folder: Path) -> Iterator[tuple[str, int, int, Path]]:
    """(the audit's id, the slice's number, which time it ran, its folder). Raises AuditError."""
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise AuditError(
            f"the slices' reports can't be listed: {error.strerror}",
            str(folder),
            "name the folder that they have left their reports in by path_audit_slices_dir",
        ) from None
    for path in paths:
        found = re.fullmatch(rf"(.+){_SUFFIX.pattern}", path.name)
        if found and path.is_dir():
            yield found[1], int(found[2]), int(found[3] or 1), path
