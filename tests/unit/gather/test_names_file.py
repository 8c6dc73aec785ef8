# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What names stood for, kept beside snapshots."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import StateError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import names_file

BY_HOST = {"app01": {"db.example": ["10.20.1.10"]}, "": {"db.example": ["10.20.1.11"]}}


def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    names_file.write(tmp_path, names_file.by_name(BY_HOST))
    assert names_file.read(tmp_path) == {"db.example": {"app01": ["10.20.1.10"], "": ["10.20.1.11"]}}


def test_a_second_task_adds_its_hosts(tmp_path: Path) -> None:
    names_file.write(tmp_path, names_file.by_name(BY_HOST))
    names_file.write(tmp_path, {"db.example": {"app02": []}, "x.example": {"app02": ["fd00::1"]}})
    assert names_file.read(tmp_path) == {
        "db.example": {"app01": ["10.20.1.10"], "": ["10.20.1.11"], "app02": []},
        "x.example": {"app02": ["fd00::1"]},
    }


@pytest.mark.parametrize(
    "text", ["db.example: 10.20.1.10", "db.example: [10.20.1.10]", 'db.example: {"*": 10.20.1.10}']
)
def test_by_hand_a_few_words_are_enough(tmp_path: Path, text: str) -> None:
    (tmp_path / names_file.FILE).write_text(text, encoding="utf-8")
    assert names_file.read(tmp_path) == {"db.example": {"": ["10.20.1.10"]}}


def test_what_several_write_at_once_is_all_kept(tmp_path: Path) -> None:
    hosts = [f"app{at:02}" for at in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda host: names_file.write(tmp_path, {"db.example": {host: ["10.20.1.10"]}}), hosts))
    assert sorted(names_file.read(tmp_path)["db.example"]) == hosts


def test_without_a_file_nothing_was_asked(tmp_path: Path) -> None:
    assert names_file.read(tmp_path) == {}
    assert names_file.read_beside([tmp_path / "app01.json", tmp_path / "fw1.json"]) == {}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[db.example]", "not a mapping"),
        ("db.example: nowhere", "no list of addresses"),
        ("db.example: {app01: [10.20.1.10, 7]}", "no list of addresses"),
        ("db.example: {1: 10.20.1.10}", "is no name"),
        ("db.example: [", "no YAML"),
        ("db.example: {app01: {eth0: 10.20.1.10}}", "no list of addresses"),
    ],
)
def test_a_file_that_is_something_else_is_told(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / names_file.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(StateError) as error:
        names_file.read(tmp_path)
    assert what in error.value.what
    assert str(tmp_path) in error.value.where
