# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slices of an audit, and their join: the report of the whole, and nothing passed over where a part is missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.audit import slices
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.document import Slice
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.join import Source
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.run import Audit, Order, audit
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import AuditError
from tests.support.audit_scene import BASELINE, NOW, POLICIES, SILENT, without_times, write_scene
from tests.support.states import GROUPS

COUNT = 4


class Jobs:
    """Audits of the same hosts: whole, in slices, and joined."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reports = folder / "reports"
        self.order = Order(
            policies=POLICIES,
            folder=folder,
            hosts=GROUPS["all"],
            groups=GROUPS,
            inventory=GROUPS["all"],
            report_dir=self.reports,
            baseline=BASELINE,
            snapshots=folder / NOW,
            fail_on=["violation", "drift"],
        )

    def run(self, **otherwise: Any) -> Audit:
        return audit(replace(self.order, **otherwise), None, lambda _said: None)

    def part(self, number: int, **otherwise: Any) -> Audit:
        part = Slice(number, COUNT)
        given = {"id": "nightly", "slice": part, "hosts": slices.cut(self.order.hosts, part), **otherwise}
        return self.run(**given)

    def parts(self, *numbers: int) -> None:
        for number in numbers:
            self.part(number)

    def join(self, **otherwise: Any) -> Audit:
        return self.run(**{"id": "nightly", "slices": Source(self.reports, COUNT), **otherwise})


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    write_scene(folder)
    return folder


@pytest.fixture
def jobs(scene: Path, tmp_path: Path) -> Jobs:
    for path in scene.iterdir():
        (tmp_path / path.name).symlink_to(path)
    return Jobs(tmp_path)


def told(done: Audit) -> Any:
    """The report as it was written, without what two audits never have in common."""
    return without_times(json.loads(done.files["json"].read_bytes()))


def refused(jobs: Jobs, **otherwise: Any) -> str:
    with pytest.raises(AuditError) as caught:
        jobs.join(**otherwise)
    assert len(str(caught.value).splitlines()) <= 5
    return caught.value.what


def test_slices_are_cut_as_awx_cuts_them() -> None:
    hosts = ["b2", "a10", "a9", "B1", "a1"]
    assert [slices.cut(hosts, Slice(number, 2)) for number in (1, 2)] == [["B1", "a10", "b2"], ["a1", "a9"]]
    with pytest.raises(AuditError, match=r"slice 4 of 4 has no host: there are only 3"):
        slices.cut(hosts[:3], Slice(4, 4))


def test_joined_slices_give_the_report_of_the_whole(jobs: Jobs) -> None:
    whole = jobs.run(id="whole")
    jobs.parts(*range(1, COUNT + 1))
    joined = jobs.join()
    assert told(joined) == told(whole)
    # It is about something: a path is cut for some, a host has drifted, another could not be read.
    assert joined.document["summary"]["violations"] == 2
    assert [one["host"] for one in joined.document["drift"] if one["status"] == "changed"] == ["fw1"]
    assert {one["name"] for one in joined.document["hosts"] if one["status"] == "failed"} == {SILENT}
    for host in joined.document["hosts"]:
        assert not host["snapshot"] or Path(host["snapshot"]).is_file()


def test_a_slice_proves_no_path_and_is_no_whole(jobs: Jobs) -> None:
    part = jobs.part(2)
    assert part.document["slice"] == {"number": 2, "count": COUNT}
    assert part.document["policies"] == [{"file": "policies/shop.yml", "report": None, "error": ""}]
    assert [host["name"] for host in part.document["hosts"]] == slices.cut(GROUPS["all"], Slice(2, COUNT))
    assert {one["host"] for one in part.document["drift"]} == {
        host["name"] for host in part.document["hosts"]
    }


@pytest.mark.parametrize("broken", ["absent", "cut short", "of another slice"])
def test_a_missing_slice_is_told_and_its_hosts_are_missing(jobs: Jobs, broken: str) -> None:
    jobs.parts(*range(1, COUNT + 1))
    report = jobs.reports / "nightly-slice3" / "audit.json"
    if broken == "absent":
        report.unlink()
    elif broken == "cut short":
        report.write_text(report.read_text()[:1000])
    else:
        shutil.copy(jobs.reports / "nightly-slice2" / "audit.json", report)
    found = jobs.join().document
    gone = slices.cut(GROUPS["all"], Slice(3, COUNT))
    assert found["missing_slices"] == [3]
    assert [host["name"] for host in found["hosts"] if host["status"] == "missing"] == gone
    assert found["summary"]["verdict"] == "fail"
    assert "no report of slice 3" in found["summary"]["reasons"]
    assert {one["host"]: one["status"] for one in found["drift"] if one["host"] in gone} == dict.fromkeys(
        gone, "unknown"
    )
    [policy] = found["policies"]
    assert {path["satisfied"] for path in policy["report"]["paths"]} <= {"no", "unknown"}


def test_a_path_over_a_missing_firewall_is_unknown(jobs: Jobs) -> None:
    there = [
        number
        for number in range(1, COUNT + 1)
        if "fw1" not in slices.cut(GROUPS["all"], Slice(number, COUNT))
    ]
    jobs.parts(*there)
    found = jobs.join(fail_on=["drift"]).document
    [policy] = found["policies"]
    assert {path["status"] for path in policy["report"]["paths"]} == {"unknown"}
    assert found["summary"]["verdict"] == "fail"


def test_a_slice_that_ran_again_is_believed(jobs: Jobs) -> None:
    jobs.parts(1, 2, 4)
    jobs.part(3, snapshots=jobs.folder / BASELINE)
    jobs.part(3)
    whole = jobs.run(id="whole")
    assert told(jobs.join()) == told(whole)


def test_the_slice_of_another_night_is_missing(jobs: Jobs) -> None:
    """The same id each night, and tonight a slice has died: what it found last night says nothing."""
    jobs.parts(*range(1, COUNT + 1))
    report = jobs.reports / "nightly-slice3" / "audit.json"
    last_night = {**json.loads(report.read_text()), "generated_at": "2026-11-20T00:00:00Z"}
    report.write_text(json.dumps(last_night))
    found = jobs.join().document
    assert found["missing_slices"] == [3]
    assert found["summary"]["verdict"] == "fail"
    assert "no report of slice 3" in found["summary"]["reasons"]


def _date(jobs: Jobs, name: str, when: str) -> None:
    report = jobs.reports / name / "audit.json"
    report.write_text(json.dumps({**json.loads(report.read_text()), "generated_at": when}))


def test_what_was_joined_is_not_joined_again_with_later_slices(jobs: Jobs) -> None:
    """The same id again after an hour, and this time a slice has died: what it found before has been told then."""
    jobs.parts(*range(1, COUNT + 1))
    for number in range(1, COUNT + 1):
        _date(jobs, f"nightly-slice{number}", "2026-11-23T01:00:00Z")
    assert jobs.join().document["missing_slices"] == []
    _date(jobs, "nightly", "2026-11-23T01:10:00Z")
    assert jobs.join().document["missing_slices"] == [], "the join alone may run again"
    _date(jobs, "nightly-2", "2026-11-23T01:20:00Z")
    for number in (1, 2, 4):
        jobs.part(number)
        _date(jobs, f"nightly-slice{number}-2", "2026-11-23T02:00:00Z")
    found = jobs.join()
    assert found.document["missing_slices"] == [3]
    assert "no report of slice 3" in found.document["summary"]["reasons"]
    _date(jobs, "nightly-3", "2026-11-23T02:10:00Z")
    jobs.part(3)
    _date(jobs, "nightly-slice3-2", "2026-11-23T02:20:00Z")
    assert jobs.join().document["missing_slices"] == [], "a slice that is launched again completes its audit"


def test_a_host_that_is_pinned_to_every_slice_is_one_host(jobs: Jobs) -> None:
    for number in range(1, COUNT + 1):
        own = slices.cut(GROUPS["all"], Slice(number, COUNT))
        jobs.part(number, hosts=sorted({*own, "fw1"}), snapshots=jobs.folder / NOW)
    whole = jobs.run(id="whole")
    assert told(jobs.join()) == told(whole)


def _claimed_part(jobs: Jobs, hosts: Sequence[str]) -> int:
    """What a job does that AWX has given these hosts alone."""
    part = slices.claimed(jobs.reports, "nightly", COUNT, hosts)
    jobs.run(id="nightly", slice=part, hosts=hosts)
    return part.number


def test_slices_that_awx_has_cut_and_told_no_number(jobs: Jobs) -> None:
    cut = [slices.cut(GROUPS["all"], Slice(number, COUNT)) for number in range(1, COUNT + 1)]
    numbers = [_claimed_part(jobs, cut[index]) for index in (2, 0, 2, 3)]
    assert numbers == [1, 2, 1, 3], "a job that is launched again is the same slice"
    found = jobs.join().document
    assert found["missing_slices"] == [2], "by its hosts, not by the number that is left"
    assert [host["name"] for host in found["hosts"] if host["status"] == "missing"] == cut[1]
    _claimed_part(jobs, cut[1])
    assert told(jobs.join()) == told(jobs.run(id="whole"))
    with pytest.raises(AuditError, match="all 4 slices of the audit nightly have begun"):
        _claimed_part(jobs, ["fw1"])


def test_the_last_slices_that_were_not_joined_yet_are_joined(jobs: Jobs) -> None:
    jobs.parts(*range(1, COUNT + 1))
    assert jobs.join(id="").document["id"] == "nightly"
    assert refused(jobs, id="") == "there are no slices here that have not been joined yet"


def test_what_are_no_parts_of_one_audit(jobs: Jobs) -> None:
    assert refused(jobs, slices=Source(jobs.folder / "nowhere")).startswith(
        "the slices' reports can't be listed"
    )
    jobs.reports.mkdir(exist_ok=True)
    assert refused(jobs) == "no slice of the audit nightly has left a report"
    jobs.parts(1)
    assert (
        refused(jobs, slices=Source(jobs.reports, 3))
        == "the slices are not of one audit: it has 3 or 4 of them"
    )
    assert refused(jobs, baseline="") == "a slice has a baseline, and the join has none"
    hosts = [name for name in GROUPS["all"] if name != "app01"]
    assert refused(jobs, hosts=hosts) == "a slice is about app01, and the join is not"


def test_no_history_of_a_slice_and_one_of_the_join(jobs: Jobs, tmp_path: Path) -> None:
    history = tmp_path / "history"
    with pytest.raises(AuditError, match="the audit of a slice keeps no history"):
        jobs.part(1, history_dir=history)
    jobs.parts(*range(1, COUNT + 1))
    joined = jobs.join(history_dir=history)
    assert joined.history
    assert joined.trouble == []
    assert json.loads((history / "report.json").read_text())["summary"] == joined.document["summary"]
