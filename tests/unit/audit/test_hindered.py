# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder that one may not even look into is told as one that can't be written, and is no fault of the program."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.audit.files import hindered
from ansible_collections.pathguard.network.plugins.plugin_utils.document import files
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import DocumentError


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a user other than root meets in a folder of mode 0700 that is another's; tests may run as root."""
    folder = tmp_path / "closed"
    (folder / "below").mkdir(parents=True)
    real_stat, real_access = os.stat, os.access

    def stat(path: Any, *more: Any, **named: Any) -> os.stat_result:
        if folder in Path(os.fspath(path) if not isinstance(path, int) else "").parents:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))
        return real_stat(path, *more, **named)

    def access(path: Any, mode: int, **named: Any) -> bool:
        there = Path(os.fspath(path))
        return folder not in (there, *there.parents) and real_access(path, mode, **named)

    monkeypatch.setattr(os, "stat", stat)
    monkeypatch.setattr(os, "access", access)
    return folder


@pytest.mark.parametrize("name", ["below", "below/deeper/still"])
def test_what_an_audit_leaves(closed: Path, name: str) -> None:
    textfile, snapshots = hindered(closed / name / "pathguard.prom", closed / name)
    assert str(textfile).splitlines()[0] == "the textfile can't be written: Permission denied"
    assert str(snapshots).splitlines()[0] == "a snapshot can't be written: Permission denied"


def test_pages(closed: Path, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="the page can't be written: Permission denied"):
        files.check(closed / "below" / "pages")
    files.check(tmp_path / "new" / "pages")
