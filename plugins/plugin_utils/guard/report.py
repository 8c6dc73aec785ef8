# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard's report as files: JSON by schemas/report.schema.json, and text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import GuardError
from . import record, text
from .after import After
from .before import Before
from .record import write_private

BEFORE, PLANNED, AFTER = "before", "planned", "report"


def write_before(found: Before) -> dict[str, Path]:
    """Raises GuardError if a file can't be written. The paths of the files, by ``json`` and ``text``."""
    guard = {
        **_head(found.run, "pre", "stopped" if found.stopped else "ready"),
        "reasons": [found.stopped] if found.stopped else [],
        "notes": found.notes,
        "checkpoints": found.checkpoints,
        "probes": {"before": [row.to_dict() for row in found.rows], "after": [], "disagreements": []},
    }
    if found.planned is not None:
        plan = {**guard, "paths": [change.to_dict() for change in found.planned.changes]}
        write_private(
            _files(found.folder, PLANNED)["json"], _json({**found.planned.proof.document, "guard": plan})
        )
    files = _files(found.folder, BEFORE)
    write_private(files["text"], text.before(found))
    write_private(files["json"], _json({**found.proof.document, "guard": guard}))
    return files


def write_after(found: After, diff: bool = False) -> None:
    """Where the paths could not be proven after the change, the report has those from before it."""
    guard = {
        **_head(found.run, "post", found.decision),
        "failures": [failure.to_dict() for failure in found.failures],
        "reasons": found.reasons,
        "notes": list(dict.fromkeys(found.notes)),
        "paths": [change.to_dict() for change in found.changes],
        "checkpoints": found.checkpoints,
        "probes": {
            "before": [row.to_dict() for row in found.rows_before],
            "after": [row.to_dict() for row in found.rows],
            "disagreements": [item.to_dict() for item in found.odd],
        },
        "revert": found.revert.to_dict() if found.revert else None,
    }
    files = files_after(found.folder)
    document = found.proof.document if found.proof else _document_before(found.folder)
    write_private(files["text"], text.after(found, files, diff))
    write_private(files["json"], _json({**document, "guard": guard}))


def files_after(folder: Path) -> dict[str, Path]:
    return _files(folder, AFTER)


def _head(run: record.Run, step: str, decision: str) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "step": step,
        "decision": decision,
        "started": run.started,
        "ended": record.now(),
        "hosts": list(run.batch),
        "hops": list(run.hops),
        "protected": list(run.protected),
        "unprotected": dict(run.unprotected),
        "timeout": run.timeout,
        "check_mode": run.check_mode,
    }


def _document_before(folder: Path) -> dict[str, Any]:
    path = _files(folder, BEFORE)["json"]
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GuardError(
            f"the report of the first step can't be read: {error}",
            str(path),
            "keep the run's folder as it is",
        ) from None
    return document


def _files(folder: Path, name: str) -> dict[str, Path]:
    return {"json": folder / f"{name}.json", "text": folder / f"{name}.txt"}


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
