# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshot files: private, whole or not at all, and never taken for what they are not."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GatherError, StateError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import snapshot
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State


def made(host: str = "fw1", **fields: object) -> snapshot.Snapshot:
    raw = [
        RawOutput("nft_json", "nft -j list ruleset", 0, '{"a": "ü\\n"}'),
        RawOutput("x", "y", 1, "", "no", "absent"),
    ]
    state = State(host).to_dict()
    return snapshot.Snapshot(host, "linux", "2026-11-22T14:00:00+00:00", state, raw, **fields)  # type: ignore[arg-type]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = snapshot.write(tmp_path / "a" / "b", made(run_id="r1"))
    assert path == tmp_path / "a" / "b" / "fw1.json"
    assert snapshot.read(path, "fw1") == made(run_id="r1")
    assert json.loads(path.read_text())["format"] == 1


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    path = snapshot.write(tmp_path / "new", made())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_older_one_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    snapshot.write(tmp_path, made())
    snapshot.write(tmp_path, made(run_id="r2"))
    assert [path.name for path in tmp_path.iterdir()] == ["fw1.json"]
    assert snapshot.read(tmp_path / "fw1.json").run_id == "r2"


def test_a_file_system_that_keeps_no_folders_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def no_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        real(handle)

    monkeypatch.setattr(os, "fsync", no_folders)
    assert snapshot.read(snapshot.write(tmp_path, made())) == made()


def test_a_full_disk_leaves_the_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot.write(tmp_path, made(run_id="old"))

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(GatherError, match="No space left on device"):
        snapshot.write(tmp_path, made(run_id="new"))
    assert [path.name for path in tmp_path.iterdir()] == ["fw1.json"]
    assert snapshot.read(tmp_path / "fw1.json").run_id == "old"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GatherError, match="can't be written") as caught:
        snapshot.write(tmp_path / "file" / "folder", made())
    assert "snapshot_dir" in str(caught.value)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", ".hidden", "a/b", "fw1:22", "fd00::1", "häuschen", "%2F"]
)
def test_any_host_name_is_one_file_in_the_folder(tmp_path: Path, name: str) -> None:
    path = snapshot.write(tmp_path, made(name))
    assert path.parent == tmp_path
    assert snapshot.files_in(tmp_path) == {name: path}
    assert snapshot.read(path).host == name


def test_cut_anywhere_it_is_an_error(tmp_path: Path) -> None:
    path = snapshot.write(tmp_path, made())
    whole = path.read_bytes().rstrip()
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        with pytest.raises(StateError, match="cut short or is no JSON") as caught:
            snapshot.read(path)
        assert str(path) in str(caught.value)
        assert "gather the host again" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[]", "no snapshot"),
        ('{"host": "fw1"}', "no snapshot"),
        ('{"format": 99}', "format 99"),
        ('{"format": 1, "host": "fw1"}', "lacks platform, gathered_at, state, raw"),
        (
            '{"format": 1, "host": "fw1", "platform": "l", "gathered_at": "", "state": {}, "raw": [{"a": 1}]}',
            "malformed",
        ),
        ("\xff", "no JSON"),
        ("[" * 100000, "no JSON"),
    ],
    ids=["list", "no format", "other format", "incomplete", "raw", "binary", "deep"],
)
def test_what_is_no_snapshot(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "fw1.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(StateError, match=what):
        snapshot.read(tmp_path / "fw1.json")


def test_another_hosts_snapshot(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="is of 'fw2', not of 'fw1'"):
        snapshot.read(snapshot.write(tmp_path, made("fw2")), "fw1")


def test_a_folder_without_snapshots(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(StateError):
            snapshot.files_in(folder)


def test_states_of_folders_and_files(tmp_path: Path) -> None:
    snapshot.write(tmp_path / "a", made("fw1"))
    snapshot.write(tmp_path / "a", made("fw2"))
    single = snapshot.write(tmp_path / "b", made("db1"))
    found = snapshot.states(["a", str(single)], lambda name: str(tmp_path / name))
    assert {name: state.host for name, state in found.items()} == {"fw1": "fw1", "fw2": "fw2", "db1": "db1"}
    again = snapshot.write(tmp_path / "c", made("fw1"))
    with pytest.raises(StateError, match="two snapshots of fw1"):
        snapshot.states(["a", str(again)], lambda name: str(tmp_path / name))


def test_a_folder_is_made_ready_and_nothing_stays_in_it(tmp_path: Path) -> None:
    snapshot.prepare(tmp_path / "a" / "b", 3)
    assert list((tmp_path / "a" / "b").iterdir()) == []
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_noticed_before_anything_is_gathered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    asked: list[int] = []

    def full(_handle: int, _offset: int, size: int) -> None:
        asked.append(size)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(GatherError) as caught:
        snapshot.prepare(tmp_path, 8)
    assert asked == [8 * snapshot.USUAL]
    assert (
        caught.value.what == f"snapshots can't be written here: {os.strerror(code)} (about 2 MiB are needed)"
    )
    assert (caught.value.where, "snapshot_dir" in caught.value.todo) == (str(tmp_path), True)


def test_room_for_more_is_asked_by_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(os, "posix_fallocate", lambda _handle, _offset, size: asked.append(size))
    written = tmp_path / "pre"
    written.mkdir()
    snapshot.prepare_more(tmp_path, written, 4, "path_guard_snapshot_dir")
    for name in ("fw1.json", "fw2.json"):
        (written / name).write_bytes(b"x" * 300_000)
    snapshot.prepare_more(tmp_path, written, 4, "path_guard_snapshot_dir")
    assert asked == [4 * snapshot.USUAL, 4 * 600_000]


def test_a_file_system_that_cant_tell_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cant_tell(_handle: int, _offset: int, _size: int) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "posix_fallocate", cant_tell)
    snapshot.prepare(tmp_path / "there", 8)
    assert (tmp_path / "there").is_dir()


def test_a_folder_that_cant_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GatherError, match="can't be written here: Not a directory"):
        snapshot.prepare(tmp_path / "file" / "x", 1)
