# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run's record and its files."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.guard import record


def a_run(run_id: str) -> record.Run:
    return record.Run(
        run_id,
        record.now(),
        {"title": "x"},
        "policy.yml",
        {"app": ["a"]},
        ["a"],
        ["a"],
        300,
        True,
        False,
        True,
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    folder = record.new_folder(tmp_path / "runs")
    run = a_run(folder.name)
    run.write(folder)
    assert record.read(tmp_path / "runs", run.id) == run
    assert stat.S_IMODE((folder / "run.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_each_batch_gets_an_id_of_its_own(tmp_path: Path) -> None:
    assert [record.new_folder(tmp_path, "job-7").name for _unused in range(3)] == [
        "job-7",
        "job-7-2",
        "job-7-3",
    ]


@pytest.mark.parametrize("run_id", ["", "../x", "a/b", ".hidden", "a b", "x" * 64])
def test_an_id_is_a_plain_name(run_id: str) -> None:
    with pytest.raises(GuardError, match="is no run id"):
        record.checked_id(run_id)


def test_a_run_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(GuardError, match="there is no run r1") as error:
        record.read(tmp_path, "r1")
    assert "run 'pre' first" in error.value.todo


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1, "id": "r1"}', '{"format": 9}'])
def test_a_damaged_record_is_one_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "r1").mkdir()
    (tmp_path / "r1" / "run.json").write_text(text)
    with pytest.raises(GuardError):
        record.read(tmp_path, "r1")


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(GuardError, match="can't be made"):
        record.new_folder(tmp_path / "runs", "r1")
