# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagnosis as files: JSON by schemas/diagnosis.schema.json, text, and one archive for the ticket."""

from __future__ import annotations

import io
import json
import re
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import GuardError
from ..gather import names_file
from ..gather.access import LEAST_OF_A_SECRET, scrub
from ..gather.device_secrets import without_secrets
from ..guard.record import now, write_private
from . import screen
from .run import NOW, Diagnosis

FORMAT = 1
TEXT, REPORT, FACTS = "diagnosis.txt", "report.json", "facts.json"
SUFFIX = ".tar.gz"
# What people note in comments of rules and descriptions, whatever else stands there.
_NOTED = re.compile(
    r"(?i)\b(pass(?:word|wd|phrase)?|pw|pwd|secret|token|api[_-]?key)(\s*[:=]\s*)([^\s\"'\\,;<>{}\[\]*]+)"
)


def document(found: Diagnosis) -> dict[str, Any]:
    case = found.case
    return {
        "format": FORMAT,
        "id": found.id,
        "generated_at": now(),
        "started": found.started,
        "seconds": dict(found.seconds),
        "question": {
            "label": case.question.label,
            "policy": case.question.policy.name,
            "paths": [path["name"] for path in case.document["paths"]],
            "names": list(case.question.names),
        },
        "verdict": found.verdict.to_dict(),
        "symptom": {"lines": screen.symptom(case), "paths": screen.short_paths(case.document)},
        "causes": [cause.to_dict() for cause in found.causes],
        "contradictions": screen.contradictions(case, found.causes),
        "checks": [check.to_dict() for check in found.checks],
        "probes": [row.to_dict() for row in case.rows],
        "counters": [moved.to_dict() for host in case.counted.before for moved in case.counted.moved(host)],
        "earlier": case.earlier.to_dict() if case.earlier is not None else None,
        "hosts": {"read": sorted(case.states), "not_read": _said(case.silent), "not_asked": _said(case.deaf)},
        "notes": list(case.notes),
    }


def _said(errors: Mapping[str, Exception]) -> dict[str, str]:
    return {name: str(error) for name, error in errors.items()}


def files_of(found: Diagnosis) -> dict[str, Path]:
    return {
        "json": found.folder / screen.DOCUMENT,
        "text": found.folder / TEXT,
        "bundle": found.folder / f"{found.id}{SUFFIX}",
    }


def write(found: Diagnosis, secrets: Iterable[str], bundle: bool) -> dict[str, Path]:
    """The files, and with ``bundle`` the archive, all for their owner alone. ``secrets``: what must be in none of them.

    Raises GuardError where one can't be written.
    """
    files, hidden = files_of(found), _spelled(secrets)
    write_private(files["json"], scrub(_json(document(found)), hidden))
    write_private(files["text"], scrub(screen.text(found), hidden))
    write_private(found.folder / REPORT, scrub(_json(found.case.document), hidden))
    facts = {
        "facts": found.case.facts,
        "stopped": found.case.stopped,
        "before": found.case.counted.before,
        "after": found.case.counted.after,
    }
    write_private(found.folder / FACTS, scrub(_json(facts), hidden))
    if bundle:
        _pack(found, files["bundle"], hidden)
    else:
        del files["bundle"]
    return files


def _pack(found: Diagnosis, path: Path, secrets: Iterable[str]) -> None:
    """One archive with everything, below a folder of the diagnosis' name. tempfile makes it mode 0600."""
    hidden = list(secrets)
    try:
        with tempfile.NamedTemporaryFile(dir=found.folder, prefix=".", suffix=SUFFIX, delete=False) as file:
            unfinished = Path(file.name)
            try:
                with tarfile.open(fileobj=file, mode="w:gz") as archive:
                    for name, text in _members(found):
                        _add(archive, f"{found.id}/{name}", without_noted(scrub(text, hidden)))
            except OSError:
                unfinished.unlink(missing_ok=True)
                raise
        unfinished.replace(path)
    except OSError as error:
        raise GuardError(
            f"the archive can't be written: {error.strerror}",
            str(path),
            "make room, or set path_diagnose_bundle: false",
        ) from None


def _members(found: Diagnosis) -> Iterator[tuple[str, str]]:
    for name in (TEXT, screen.DOCUMENT, REPORT, FACTS):
        yield name, (found.folder / name).read_text(encoding="utf-8")
    for path in sorted((found.folder / NOW).glob("*.json")):
        yield f"{NOW}/{path.name}", _without_secrets(path.read_text(encoding="utf-8"))
    names = found.folder / NOW / names_file.FILE
    if names.exists():
        yield f"{NOW}/{names_file.FILE}", names.read_text(encoding="utf-8")


def _without_secrets(text: str) -> str:
    """A snapshot whose raw texts have lost what gathering should have left out already: it leaves the house now."""
    snapshot = json.loads(text)
    for output in snapshot["raw"]:
        output["stdout"] = without_secrets(output["stdout"])
    return json.dumps(snapshot, ensure_ascii=False)


def without_noted(text: str) -> str:
    """The words behind ``password:`` and the like masked: rules go into a ticket, a password in their comments not. No
    quote is touched, so that JSON stays what it is."""
    return _NOTED.sub(r"\1\2***", text)


def _add(archive: tarfile.TarFile, name: str, text: str) -> None:
    content = text.encode()
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    archive.addfile(member, io.BytesIO(content))


def _spelled(secrets: Iterable[str]) -> list[str]:
    """As they are, and as JSON writes them."""
    long = [secret for secret in secrets if len(secret) >= LEAST_OF_A_SECRET]
    return list(dict.fromkeys([*long, *(json.dumps(secret, ensure_ascii=False)[1:-1] for secret in long)]))


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
