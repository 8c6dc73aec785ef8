# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written, what is left alone, and what is removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.document.files import changes, write
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import DocumentError
from tests.support.documented import lab, written


def test_a_second_time_nothing_differs(tmp_path: Path) -> None:
    pages = written(lab())
    first = changes(tmp_path, pages)
    write(tmp_path, first)
    assert sorted(change.name for change in first) == sorted(pages)
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} == set(
        pages
    )
    assert changes(tmp_path, pages) == []


def test_the_page_of_a_host_that_is_gone_is_removed_and_somebody_elses_is_not(tmp_path: Path) -> None:
    write(tmp_path, changes(tmp_path, written(lab())))
    (tmp_path / "hosts" / "notes.md").write_text("mine")
    states = lab()
    del states["fw2"]
    gone = [change for change in changes(tmp_path, written(states)) if change.gone]
    assert [change.name for change in gone] == ["hosts/fw2.md"]
    write(tmp_path, gone)
    assert not (tmp_path / "hosts" / "fw2.md").exists()
    assert (tmp_path / "hosts" / "notes.md").read_text() == "mine"


def test_a_page_that_somebody_else_wrote_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Ours\n")
    with pytest.raises(DocumentError, match="not made by path_document"):
        changes(tmp_path, written(lab()))


def test_a_folder_that_cant_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DocumentError) as caught:
        write(tmp_path / "file", changes(tmp_path / "new", {"README.md": "x"}))
    assert "path_document_dir" in caught.value.todo
