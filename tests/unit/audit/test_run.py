# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One audit from hosts to document: what it finds, and what it does where hosts, policies or disks fail."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.audit import collect, files
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.collect import AuditSite
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.run import Audit, Order, audit
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import (
    AuditError,
    GatherError,
    PathGuardError,
    PolicyError,
    StateError,
    UnreachableError,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.firewall import Gathered
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import render
from tests.support.audit_scene import BASELINE, NOW, POLICIES, POLICY, SILENT, write_scene
from tests.support.states import GROUPS, app_rule, forward, small_lab


class MemorySite(AuditSite):
    """Hosts in memory. ``silent``: no login to them; ``unknown``: not even one can be made."""

    def __init__(
        self, states: Mapping[str, State], silent: Sequence[str] = (), unknown: Sequence[str] = ()
    ) -> None:
        super().__init__(self._accesses, 4, lambda _doing: lambda *_counts: None)
        self.hosts = dict(states)
        self.silent, self.unknown = set(silent), set(unknown)
        self.files: dict[str, dict[str, Any]] = {}

    def _accesses(self, names: Sequence[str]) -> list[HostAccess]:
        if self.unknown & set(names):
            raise GatherError("the platform 'toaster' can't be gathered yet", names[0], "correct it")
        return [HostAccess(name, name, password=f"hunter2 {name}") for name in names]

    def ask(self, _agent: str, requests: Mapping[str, Mapping[str, Any]]) -> Any:
        return {name: {"files": self.files.get(name, {})} for name in requests}, {}

    def _on(self, names: Sequence[str], function: Any, _doing: str) -> Any:
        class Channel:
            def __init__(self, host: str) -> None:
                self.host = host

        good: dict[str, Any] = {}
        bad: dict[str, PathGuardError] = {}
        for name in names:
            if name in self.silent:
                bad[name] = UnreachableError(
                    "the host does not answer within 10 s", name, "see that it is up"
                )
            else:
                good[name] = function(Channel(name), self.accesses([name])[0])
        return good, bad


@pytest.fixture
def order(tmp_path: Path) -> Order:
    write_scene(tmp_path)
    return Order(
        policies=POLICIES,
        folder=tmp_path,
        hosts=GROUPS["all"],
        groups=GROUPS,
        inventory=GROUPS["all"],
        report_dir=tmp_path / "reports",
        baseline=BASELINE,
        snapshots=tmp_path / NOW,
    )


def run(order: Order, site: AuditSite | None = None, **otherwise: Any) -> Audit:
    found = audit(replace(order, **otherwise), site, lambda _said: None)
    assert problems(found.document, load_schema("audit")) == []
    return found


def live(monkeypatch: pytest.MonkeyPatch, site: MemorySite) -> None:
    def gather(channel: Any, _platform: str, _folder: Any, _run_id: Any, with_boot: bool) -> Gathered:
        assert with_boot
        return Gathered(site.hosts[channel.host], {}, None)

    monkeypatch.setattr(collect, "gather", gather)


def test_all_that_is_found_in_one_document(order: Order) -> None:
    found = run(order)
    summary = found.document["summary"]
    assert (summary["verdict"], summary["hosts"]) == ("fail", {"read": 13, "failed": 1, "missing": 0})
    assert summary["reasons"] == ["1 host could not be read: app10", "policies/shop.yml: 2 violations"]
    [silent] = [host for host in found.document["hosts"] if host["status"] == "failed"]
    assert silent["name"] == SILENT
    assert silent["error"].startswith("there is no snapshot of this host")
    drifted = {entry["host"]: entry for entry in found.document["drift"] if entry["status"] != "same"}
    assert sorted(drifted) == [SILENT, "fw1"]
    assert drifted["fw1"]["lost"][0]["flows"][0]["src"] == ["10.10.1.64/26", "10.10.1.128/25"]
    assert drifted["fw1"]["evidence"][0].startswith("it was otherwise 2026-11-20")
    [policy] = found.document["policies"]
    path = policy["report"]["paths"][0]
    assert (path["status"], path["unknown"]["missing"]) == ("partial", [SILENT])
    assert path["remedy"][0]["host"] == "fw1"
    assert {"host": SILENT, "what": "hygiene", "reason": "it could not be read"} in found.document[
        "not_examined"
    ]
    assert json.loads(found.files["json"].read_text()) == found.document


def test_all_well(order: Order, tmp_path: Path) -> None:
    found = run(order, snapshots=tmp_path / BASELINE, fail_on=["violation", "drift", "hygiene_low"])
    summary = found.document["summary"]
    assert (summary["verdict"], summary["reasons"], summary["drifted"]) == ("pass", [], 0)
    assert summary["satisfied"] == {"yes": 2, "no": 0, "unknown": 0}
    assert found.document["policies"][0]["report"]["baseline"] is True


@pytest.mark.parametrize(
    ("fail_on", "verdict"),
    [
        (["violation"], "pass"),
        (["drift"], "fail"),
        (["hygiene_high"], "pass"),
        (["hygiene_medium"], "pass"),
        (["not_examined"], "fail"),
        (["never"], "pass"),
    ],
)
def test_what_the_verdict_is_about(order: Order, tmp_path: Path, fail_on: list[str], verdict: str) -> None:
    """A rule that is there twice: drift without effect, no violation."""
    site = small_lab(fw1=[forward(app_rule(), app_rule())])
    write_states(tmp_path / "twice", site)
    found = run(order, snapshots=tmp_path / "twice", fail_on=fail_on)
    assert found.document["summary"]["verdict"] == verdict, found.document["summary"]
    assert found.document["summary"]["hygiene_by_severity"] == {"low": 1, "medium": 0, "high": 0}
    assert (
        run(order, snapshots=tmp_path / "twice", fail_on=["hygiene_low"]).document["summary"]["verdict"]
        == "fail"
    )


def test_rules_that_could_not_be_read_are_no_success(order: Order, tmp_path: Path) -> None:
    """Of a host that no path leads over, nothing else would tell."""
    site = small_lab()
    site["app01"].firewall_known = False
    write_states(tmp_path / "blind", site)
    found = run(order, snapshots=tmp_path / "blind", policies=[]).document
    assert found["summary"]["verdict"] == "fail"
    assert found["summary"]["reasons"] == ["the rules of 1 host could not be read: app01"]


def write_states(folder: Path, states: Mapping[str, State]) -> None:
    for name, state in states.items():
        document = collect.snapshot.Snapshot(name, "linux", collect.snapshot.now(), state.to_dict(), [])
        collect.snapshot.write(folder, document)


def test_never_hides_nothing_but_the_verdict(order: Order) -> None:
    found = run(order, fail_on=["never"])
    assert found.document["summary"]["verdict"] == "pass"
    assert found.document["summary"]["violations"] == 2


def test_live_hosts_with_their_errors(order: Order, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    site = MemorySite(small_lab(), silent=["app03"], unknown=["app04"])
    live(monkeypatch, site)
    found = run(order, site, snapshots=None)
    errors = {host["name"]: host["error"] for host in found.document["hosts"] if host["status"] == "failed"}
    assert errors["app03"].startswith("the host does not answer within 10 s")
    assert errors["app04"].startswith("the platform 'toaster'")
    assert found.document["summary"]["hosts"] == {"read": 12, "failed": 2, "missing": 0}
    assert found.document["summary"]["satisfied"] == {"yes": 0, "no": 0, "unknown": 2}
    host = next(host for host in found.document["hosts"] if host["name"] == "fw1")
    assert (found.folder / host["snapshot"]).is_file() if found.folder else False
    assert host["snapshot"] == "snapshots/fw1.json"


def test_every_host_silent_is_no_success(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    site = MemorySite(small_lab(), silent=GROUPS["all"])
    live(monkeypatch, site)
    found = run(order, site, snapshots=None)
    assert found.document["summary"]["verdict"] == "fail"
    assert found.document["policies"][0]["error"].startswith("no host could be read")


def test_who_did_it_and_when(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    states = small_lab(fw1=[forward(app_rule("10.10.1.0/26"))])
    source = {"file": "/etc/nftables.conf", "manager": "nftables", "matches": "same"}
    states["fw1"].boot = {"matches": "same", "reason": "", "sources": [source]}
    site = MemorySite(states)
    site.files["fw1"] = {"/etc/nftables.conf": {"changed": 1_796_000_000.0, "owner": "alice"}}
    live(monkeypatch, site)
    [drift] = [
        entry for entry in run(order, site, snapshots=None).document["drift"] if entry["status"] == "changed"
    ]
    assert (drift["when"], drift["by"]) == ("2026-11-30 00:53:20 UTC", "alice")
    assert "/etc/nftables.conf was written 2026-11-30 00:53:20 UTC (owner alice)" in drift["evidence"]


def test_a_file_that_is_not_what_runs_tells_nothing(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    states = small_lab(fw1=[forward(app_rule("10.10.1.0/26"))])
    source = {"file": "/etc/nftables.conf", "manager": "nftables", "matches": "differs"}
    states["fw1"].boot = {"matches": "differs", "reason": "", "sources": [source]}
    site = MemorySite(states)
    site.files["fw1"] = {"/etc/nftables.conf": {"changed": 1_796_000_000.0, "owner": "alice"}}
    live(monkeypatch, site)
    [drift] = [
        entry for entry in run(order, site, snapshots=None).document["drift"] if entry["status"] == "changed"
    ]
    assert (drift["when"], drift["by"]) == (None, None)


def test_no_secret_gets_into_a_report(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    site = MemorySite(small_lab(fw1=[forward(("accept comment hunter2 fw1", app_rule("10.10.0.0/23")[1]))]))
    live(monkeypatch, site)
    forms = list(files.NAMES)
    found = run(
        order, site, snapshots=None, formats=forms, secrets=lambda hosts: [f"hunter2 {h}" for h in hosts]
    )
    for name, path in found.files.items():
        assert "hunter2 fw1" not in path.read_text(), name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, name
    assert "accept comment ********" in found.files["json"].read_text()


def test_a_disk_without_room_costs_the_files_and_not_the_verdict(
    order: Order, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    site = MemorySite(small_lab(fw1=[forward(app_rule("10.10.1.0/26"))]))
    live(monkeypatch, site)

    def full(_path: Path, _pieces: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(
        "ansible_collections.pathguard.network.plugins.plugin_utils.gather.private_file.write", full
    )
    textfile = tmp_path / "node" / "pathguard.prom"
    found = run(order, site, snapshots=None, formats=["json", "text"], prometheus_file=textfile)
    assert found.document["summary"]["verdict"] == "fail"
    assert found.document["summary"]["hosts"]["read"] == 14
    assert found.files == {}
    told = [str(error) for error in found.trouble]
    assert "14 of 14 hosts could not be kept" in told[0]
    assert [text.splitlines()[0] for text in told[1:]] == [
        *["the report can't be written: No space left on device"] * 2,
        "the textfile can't be written: No such file or directory",
    ]
    assert all(len(text.splitlines()) <= 5 for text in told)


def test_a_folder_that_can_not_be_made_costs_no_verdict_either(order: Order, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = run(order, report_dir=tmp_path / "file" / "reports")
    assert found.document["summary"]["verdict"] == "fail"
    assert (found.folder, found.files) == (None, {})
    [trouble] = found.trouble
    assert "the audit's folder can't be made" in str(trouble)
    assert "path_audit_report_dir" in str(trouble)


def test_what_can_not_be_written_is_told_before_any_host_is_read(
    order: Order, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes").write_text("")
    site = MemorySite(small_lab())
    live(monkeypatch, site)
    told: list[str] = []
    asked: list[int] = []

    def nobody(*_more: Any) -> collect.Collected:
        asked.append(len(told))
        return collect.Collected()

    monkeypatch.setattr(MemorySite, "collect", nobody)
    run(
        order,
        site,
        snapshots=None,
        report_dir=tmp_path / "file" / "reports",
        snapshot_dir=tmp_path / "file" / "snapshots",
        prometheus_file=tmp_path / "nowhere" / "pathguard.prom",
        history_dir=tmp_path / "full",
        early=lambda error: told.append(str(error)),
    )
    assert asked == [4]
    for text, option in zip(
        told, ("report_dir", "prometheus_file", "snapshot_dir", "history_dir"), strict=True
    ):
        assert f"path_audit_{option}" in text
        assert len(text.splitlines()) <= 5
    assert "is no git repository" in told[3]


def test_what_node_exporter_reads(order: Order, tmp_path: Path) -> None:
    textfile = tmp_path / "pathguard.prom"
    found = run(order, formats=[], prometheus_file=textfile)
    assert stat.S_IMODE(textfile.stat().st_mode) == 0o644
    assert set(found.files) == {"json", "textfile"}
    assert 'pathguard_host_drift{host="fw1",status="changed"} 1' in textfile.read_text()
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_policy_that_can_not_be_judged_does_not_hide_the_others(order: Order, tmp_path: Path) -> None:
    other = {
        "requiredPaths": [{**POLICY["requiredPaths"][0], "from": {"prefix": "192.0.2.0/24"}}],
        "boundaries": [{"host": "fw1", "interface": "nowhere0"}],
    }
    (tmp_path / POLICIES / "a.json").write_text(json.dumps(other))
    found = run(order)
    first, second = found.document["policies"]
    assert (first["file"], first["report"]) == ("policies/a.json", None)
    assert "nowhere0" in first["error"]
    assert second["report"]["summary"]["paths"] == 2
    assert found.document["summary"]["violations"] == 3
    assert "policies/a.json could not be judged" in found.document["summary"]["reasons"]


def test_a_host_whose_rules_are_only_worded_otherwise_is_told(order: Order, tmp_path: Path) -> None:
    text, *rest = app_rule()
    now = small_lab(fw1=[forward((f'{text} comment "asked for by shop"', *rest))])["fw1"]
    path = tmp_path / NOW / "fw1.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "state": now.to_dict()}))
    found = run(order).document
    [fw1] = [one for one in found["drift"] if one["host"] == "fw1"]
    assert fw1["status"] == "same"
    assert [change["after"]["text"] for change in fw1["rules"]] == [f'{text} comment "asked for by shop"']
    assert "fw1 is reworded" in render(found, "text")


def test_hosts_that_left_the_inventory_are_gone_and_others_are_not_spoken_of(order: Order) -> None:
    rest = [name for name in GROUPS["all"] if name != "app09"]
    groups = {name: [host for host in hosts if host != "app09"] for name, hosts in GROUPS.items()}
    found = run(order, hosts=["fw1", "fw2"], inventory=rest, groups=groups, partial=True, policies=[])
    assert {entry["host"]: entry["status"] for entry in found.document["drift"]} == {
        "app09": "gone",
        "fw1": "changed",
        "fw2": "same",
    }


def test_no_policy_only_where_that_is_said(order: Order) -> None:
    assert run(order, policies=[]).document["policies"] == []
    for nothing in ("", None):
        with pytest.raises(AuditError, match="it is not said which policies"):
            run(order, policies=nothing)


MISTAKES: list[tuple[dict[str, Any], type[PathGuardError], str]] = [
    ({"hosts": []}, AuditError, "there is no host to audit"),
    ({"fail_on": ["violations"]}, AuditError, "'violations' is nothing to fail on"),
    ({"fail_on": ["never", "drift"]}, AuditError, "never goes with nothing else"),
    ({"fail_on": []}, AuditError, "it is not said what to fail on"),
    ({"formats": ["pdf"]}, AuditError, "there is no format 'pdf'"),
    ({"seconds": 0}, AuditError, "0 s are no time"),
    ({"baseline": "nowhere"}, StateError, "the baseline is no folder of snapshots"),
    ({"policies": "nowhere.yml"}, PolicyError, "the policy can't be read"),
    ({"policies": [3]}, AuditError, "3 is no policy"),
    ({"policies": ["policies/shop.yml", "policies"]}, AuditError, "named twice: policies/shop.yml"),
    ({"policies": BASELINE + "/../reports"}, PolicyError, "the policy can't be read"),
    ({"files": Path("x")}, AuditError, "both saved snapshots and saved outputs"),
    ({"groups": {"all": ["app01"]}}, PolicyError, "unknown group"),
    ({"id": "../x"}, PathGuardError, "is no run id\nwhere: path_audit_id\n"),
]


@pytest.mark.parametrize(("otherwise", "kind", "says"), MISTAKES)
def test_mistakes_are_told_before_any_host_is_read(
    order: Order, otherwise: dict[str, Any], kind: type[PathGuardError], says: str
) -> None:
    site = MemorySite({})
    with pytest.raises(kind, match=says) as caught:
        run(order, site, **otherwise)
    assert len(str(caught.value).splitlines()) <= 5


def test_a_folder_of_policies_without_any_is_a_mistake(order: Order, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(AuditError, match="there is no policy in this folder"):
        run(order, policies="empty")


def test_saved_outputs_instead_of_hosts(order: Order, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    (saved / "h1").mkdir(parents=True)
    (saved / "h1" / "nft_text.txt").write_text(
        "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n"
        "\t\ttcp dport 22 accept\n\t}\n}\n"
    )
    (saved / "r1.cfg").write_text(
        "interface GigabitEthernet0/0\n ip address 10.0.0.1 255.255.255.0\n ip access-group A in\n"
        "ip access-list extended A\n permit ip any any\n"
    )
    platforms: dict[str, str | PathGuardError] = {
        "h1": "linux",
        "r1": "cisco_ios",
        "r2": "cisco_ios",
        "empty": "linux",
        "x": GatherError("no such platform", "x", ""),
    }
    found = run(
        order,
        snapshots=None,
        files=saved,
        platforms=platforms,
        hosts=list(platforms),
        policies=[],
        baseline="",
    )
    hosts = {host["name"]: host for host in found.document["hosts"]}
    assert (hosts["h1"]["status"], hosts["h1"]["rules"]) == ("read", 1)
    assert (hosts["r1"]["status"], hosts["r1"]["platform"]) == ("read", "cisco_ios")
    for name in ("r2", "empty"):
        assert hosts[name]["status"] == "failed"
        assert hosts[name]["error"].startswith("there are no saved outputs of this host")
    assert hosts["x"]["error"].startswith("no such platform")
    assert [one["kind"] for one in found.document["hygiene"] if one["host"] == "r1"] == ["any_any"]
    assert hosts["r1"]["snapshot"] == "snapshots/r1.json"


def test_history_is_kept_of_whole_audits_alone(order: Order, tmp_path: Path) -> None:
    history = tmp_path / "history"
    found = run(order, history_dir=history)
    assert len(found.history) == 40
    assert (history / "snapshots" / "fw1.json").is_file()
    limited = run(order, history_dir=history, partial=True)
    assert (limited.history, limited.trouble) == ("", [])
    assert "--limit" in limited.notes[0]


def test_a_history_that_can_not_be_kept_is_told(order: Order, tmp_path: Path) -> None:
    (tmp_path / "history").write_text("")
    found = run(order, history_dir=tmp_path / "history")
    assert (found.document["summary"]["verdict"], found.history) == ("fail", "")
    assert len(found.trouble) == 1
