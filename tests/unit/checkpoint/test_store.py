# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The slot, the claim and the files of a checkpoint."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.module_utils.checkpoint.host import AgentError, Moment
from ansible_collections.pathguard.network.plugins.module_utils.checkpoint.saved import (
    put_saved,
    read_saved,
    saved_changed,
    saved_digest,
)
from ansible_collections.pathguard.network.plugins.module_utils.checkpoint.store import KEPT, Folder, Slot

NOW = Moment(1_000_000.0, 500.0, "first")


def _claim(folder: str, verb: str, start: object, results: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    winner = Folder(folder).make_claim(verb, verb, NOW)
    results.put((verb, winner is None))  # type: ignore[attr-defined]


def test_of_all_who_claim_at_once_one_wins(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for attempt in range(10):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        start, results = context.Barrier(4), context.SimpleQueue()
        verbs = ["confirm", "fire", "restore", "absent"]
        workers = [context.Process(target=_claim, args=(str(folder), verb, start, results)) for verb in verbs]
        for worker in workers:
            worker.start()
        told = dict(results.get() for _unused in workers)
        for worker in workers:
            worker.join()
        winners = [verb for verb, won in told.items() if won]
        claim = Folder(str(folder)).claim
        assert claim is not None
        assert winners == [claim["verb"]]
        assert [path.name for path in folder.iterdir()] == ["claim.json"], "no draft is left"


def test_a_slot_is_taken_and_given_back(tmp_path: Path) -> None:
    slot = Slot(str(tmp_path / "root"))
    slot.prepare()
    assert slot.held() is None
    first = slot.take(slot.draft(), "run")
    second = slot.take(slot.draft(), "run")
    assert first.folder != second.folder, "a name is never used again"
    held = slot.held()
    assert held is not None
    assert held.folder == second.folder
    assert stat.S_IMODE(Path(second.folder).stat().st_mode) == 0o700
    slot.drop(second)
    assert slot.held() is None
    assert not os.path.lexists(slot.path("restore-now"))


def test_ended_checkpoints_are_kept_for_a_while(tmp_path: Path) -> None:
    slot = Slot(str(tmp_path))
    slot.prepare()
    for number in range(KEPT + 4):
        slot.take(slot.draft(), f"run-{number}")
    folders = list(tmp_path.glob("run-*"))
    assert len(folders) == KEPT + 1


def test_a_lock_that_is_held_is_told(tmp_path: Path) -> None:
    slot = Slot(str(tmp_path))
    slot.prepare()
    assert not slot.busy()
    with slot.lock("work"):
        assert slot.busy()
        with pytest.raises(AgentError, match="another checkpoint agent is at work"), slot.lock("work", 0.05):
            pytest.fail("two have the lock")
    assert not slot.busy()


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text("{")
    with pytest.raises(AgentError, match="is damaged"):
        assert Folder(str(tmp_path)).meta
    with pytest.raises(AgentError, match="is missing"):
        Folder(str(tmp_path)).read("record.json")


def test_files_are_put_back_with_mode_and_link(tmp_path: Path) -> None:
    root = tmp_path / "etc"
    root.mkdir()
    (root / "rules").write_bytes(b"\xff\x00rules")
    (root / "rules").chmod(0o640)
    (root / "link").symlink_to("rules")
    recorded = read_saved([str(root)])
    digest = saved_digest(recorded)
    (root / "rules").write_text("changed")
    (root / "rules").chmod(0o777)
    (root / "link").unlink()
    (root / "link").write_text("a file now")
    (root / "new").write_text("added")
    live = read_saved([str(root)], also=recorded)
    changed = saved_changed(recorded, live)
    assert changed == [str(root / name) for name in ("link", "new", "rules")]
    assert put_saved(recorded, changed, str(tmp_path / "attic")) == []
    assert saved_digest(read_saved([str(root)])) == digest
    assert (root / "rules").read_bytes() == b"\xff\x00rules"
    assert (root / "link").readlink() == Path("rules")
    kept = list((tmp_path / "attic").iterdir())
    assert [path.read_text() for path in kept] == ["added"], "what was added is moved away, not lost"


def test_a_file_that_cannot_be_put_back_is_told_and_the_others_are(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    recorded = read_saved([str(tmp_path / "a"), str(tmp_path / "b")])
    (tmp_path / "a").unlink()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "inside").write_text("x")
    (tmp_path / "b").write_text("changed")
    (complaint,) = put_saved(recorded, [str(tmp_path / "a"), str(tmp_path / "b")], str(tmp_path / "attic"))
    assert "could not be put back" in complaint
    assert (tmp_path / "b").read_text() == "b"
