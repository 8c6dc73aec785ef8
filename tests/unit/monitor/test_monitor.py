# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the monitor on hosts in memory: what is read, proven and tried, and that each transition is told once."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MonitorError, PolicyError
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor import memory, watch
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.memory import Store
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.rounds import Damping
from ansible_collections.pathguard.network.plugins.plugin_utils.monitor.run import Monitor
from ansible_collections.pathguard.network.plugins.plugin_utils.notify.outbox import NotDeliveredError
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from tests.support.guard_scene import NARROW, PATH, POLICY
from tests.support.monitor_scene import MonitorScene, Ticking
from tests.support.states import APPS, app_rule, forward

OPEN = forward(app_rule())
# What is cut off when the mask is /26: the last three of ten.
CUT = APPS[7:]


@pytest.fixture
def proofs(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each proof was one that explains, in order."""
    made: list[bool] = []
    real = watch.prove

    def prove(*arguments: Any, **more: Any) -> Any:
        made.append(more["explain"])
        return real(*arguments, **more)

    monkeypatch.setattr(watch, "prove", prove)
    return made


def cut_off(scene: MonitorScene) -> None:
    scene.change(NARROW)
    scene.site.results = dict.fromkeys(CUT, "timeout")


def mended(scene: MonitorScene) -> None:
    scene.change(OPEN)
    scene.site.results = {}


def test_a_fault_and_its_end_are_told_once(scene: MonitorScene) -> None:
    assert scene.run().notices == []
    cut_off(scene)
    assert [item["event"] for item in scene.run().notices] == ["problem"]
    assert scene.run().notices == []
    mended(scene)
    assert [item["event"] for item in scene.run().notices] == ["recovered"]
    assert scene.run().notices == []
    assert scene.receiver.events() == [("problem", PATH), ("recovered", PATH)]
    assert len({item["id"] for item in scene.receiver.got}) == 2


def test_a_notice_says_what_somebody_on_call_needs(scene: MonitorScene) -> None:
    scene.run()
    last_good = scene.clock.epoch()
    cut_off(scene)
    scene.run()
    [notice] = scene.receiver.got
    assert not list(problems(notice, load_schema("notice")))
    assert notice["cut_off"] == ["10.10.1.66, 10.10.1.100, 10.10.1.200 -> 10.20.1.10, tcp 5432"]
    assert notice["hosts"] == list(CUT)
    [rule] = notice["rules"]
    assert (rule["host"], rule["note"]) == ("fw1", "the rule was changed")
    assert "10.10.1.0/26" in rule["text"]
    assert "10.10.1.0/24" in rule["before"]
    assert notice["before"]["status"] == "open"
    assert notice["now"]["status"] == "partial"
    assert notice["last_good"] == watch.datetime.fromtimestamp(last_good, watch.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )
    assert notice["diagnose"].startswith("ansible-playbook pathguard.network.diagnose -e '{")
    asked = json.loads(notice["diagnose"].partition("'")[2].rstrip("'"))
    assert asked == {"path_diagnose_policy": "policy.yml", "path_diagnose_paths": [PATH]}
    assert "app08-app10" in notice["summary"]


def test_what_is_the_same_is_neither_parsed_nor_proven_again(scene: MonitorScene, proofs: list[bool]) -> None:
    scene.run()
    assert proofs == [False]
    scene.run()
    assert scene.site.looked[-1] == []
    assert proofs == [False], "the last proof stands"
    scene.site.hosts["app03"].state.routes.pop()
    scene.run()
    assert "app03" in scene.site.looked[-2], "what differs is parsed"
    assert proofs[1:] == [False, True], "proven once, and explained once"


def test_one_that_goes_on_proves_only_what_changes(scene: MonitorScene, proofs: list[bool]) -> None:
    scene.clock.at(100.0, lambda: cut_off(scene))
    found = scene.run(interval=30.0, lasting=300.0)
    assert found.rounds == 11
    assert proofs == [False, False, True]
    assert scene.receiver.events() == [("problem", PATH)]


def test_what_is_seen_once_is_not_told(scene: MonitorScene) -> None:
    """A reload, or a restart of the database: over before the second look."""
    scene.run()
    cut_off(scene)
    scene.clock.at(scene.clock.now + 31.0, lambda: mended(scene))
    found = scene.run()
    assert found.notices == []
    assert found.last is not None
    assert found.last.doubtful == [PATH]
    assert scene.run().notices == []
    assert scene.receiver.got == []


def test_what_never_stays_the_same_is_told_all_the_same(scene: MonitorScene) -> None:
    scene.run()
    for _number in range(3):
        scene.site.results = {"app01": "timeout"}
        scene.clock.at(scene.clock.now + 31.0, lambda: setattr(scene.site, "results", {}))
        scene.run()
    assert scene.receiver.events() == [("problem", PATH)]
    [notice] = scene.receiver.got
    assert notice["now"]["connections"] == "failing"


def test_connections_against_the_proof_are_told(scene: MonitorScene) -> None:
    scene.run()
    scene.site.results = dict.fromkeys(APPS, "refused")
    scene.run()
    scene.site.results = {}
    scene.run()
    assert scene.receiver.events() == [("problem", PATH), ("recovered", PATH)]
    first = scene.receiver.got[0]
    assert (first["now"]["status"], first["now"]["satisfied"]) == ("open", "yes")
    assert "refused" in first["connections"][0]


def test_connections_through_what_is_cut_off_are_told(scene: MonitorScene) -> None:
    scene.run()
    scene.change(NARROW)
    scene.run()
    assert scene.receiver.got[0]["now"]["connections"] == "passing"


def test_another_part_is_another_transition(scene: MonitorScene) -> None:
    scene.run()
    cut_off(scene)
    scene.run()
    scene.change(forward(app_rule("10.10.1.0/27")))
    scene.site.results = dict.fromkeys(APPS[3:], "timeout")
    scene.run()
    assert [item["event"] for item in scene.receiver.got] == ["problem", "changed"]


def test_a_first_run_tells_what_is_not_in_order(scene: MonitorScene) -> None:
    cut_off(scene)
    scene.run()
    [notice] = scene.receiver.got
    assert (notice["event"], notice["before"], notice["last_good"]) == ("problem", None, "")
    assert "10.10.1.0/26" in json.dumps(notice["rules"]), "nothing to compare with: who decides is told"


def test_a_waived_violation_is_in_order(scene: MonitorScene) -> None:
    path = {**POLICY["requiredPaths"][0], "waiver": {"reason": "migration", "expires": "2999-01-01"}}
    scene.policy = {"requiredPaths": [path]}
    scene.run()
    cut_off(scene)
    [notice] = scene.run().notices
    assert notice["event"] == "recovered"
    assert notice["now"]["text"] == "partial (waived)"


def test_a_host_that_is_silent_makes_paths_unknown(scene: MonitorScene) -> None:
    scene.run()
    scene.site.hosts["fw1"].silent_reads = 2
    found = scene.run()
    assert scene.receiver.events() == [("unknown", PATH)]
    assert scene.receiver.got[0]["reasons"][0].startswith("fw1 can't be read: a command has not ended")
    assert any(text.startswith("fw1 can't be read") for text in found.troubles)
    scene.run()
    assert scene.receiver.events()[1:] == [("recovered", PATH)]


def test_a_router_that_is_down_when_the_monitor_starts_is_found_later(scene: MonitorScene) -> None:
    scene.site.hosts["fw1"].silent_reads = 99
    scene.run()
    assert scene.receiver.events() == [("unknown", PATH)]
    assert scene.run().notices == []
    scene.site.hosts["fw1"].silent_reads = 0
    assert [item["event"] for item in scene.run().notices] == ["recovered"]
    assert "fw1" in scene.state()["hosts"]
    assert scene.state()["candidates"] == []


def test_nobody_answers(scene: MonitorScene) -> None:
    scene.run()
    for host in scene.site.hosts.values():
        host.silent_reads = 2
    found = scene.run()
    assert found.failed.startswith("no host could be read")
    assert scene.receiver.events() == [("unknown", PATH)]


def test_a_policy_that_names_nobody_ends_the_first_run(scene: MonitorScene) -> None:
    scene.policy = {"requiredPaths": [{**POLICY["requiredPaths"][0], "to": {"group": "db_primry"}}]}
    with pytest.raises(PolicyError, match="db_primry"):
        scene.run()


def test_a_notice_waits_for_a_channel_that_is_down(scene: MonitorScene) -> None:
    scene.run()
    scene.receiver.refuses = NotDeliveredError("there is no connection to it: Connection refused")
    cut_off(scene)
    found = scene.run()
    assert found.waiting == {"memory": 1}
    assert any("Connection refused" in text for text in found.troubles)
    assert not found.failed
    mended(scene)
    scene.run()
    scene.receiver.refuses = None
    scene.clock.now += 600
    scene.run()
    assert scene.receiver.events() == [("problem", PATH), ("recovered", PATH)]
    assert scene.run().waiting == {}
    assert len(scene.receiver.got) == 2


def test_a_run_that_is_killed_loses_and_repeats_nothing(
    scene: MonitorScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before it is written down, and after: at every file that it writes."""
    scene.run()
    cut_off(scene)
    real = memory.private_file.write

    class KilledError(BaseException):
        pass

    killed = 0
    for number in range(1, 9):
        written = 0

        def write(path: Path, pieces: Any, last: int = number) -> None:
            nonlocal written
            written += 1
            if written == last:
                raise KilledError
            real(path, pieces)

        monkeypatch.setattr(memory.private_file, "write", write)
        try:
            scene.run()
        except KilledError:
            killed += 1
        monkeypatch.setattr(memory.private_file, "write", real)
    assert killed >= 3
    scene.run()
    assert set(scene.receiver.events()) == {("problem", PATH)}
    # Killed between the notice's arrival and the note of it: what comes again has the same id.
    assert len({item["id"] for item in scene.receiver.got}) == 1
    assert len(scene.receiver.got) <= 2
    assert scene.run().notices == []


def test_who_cannot_remember_does_not_tell(scene: MonitorScene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.run()
    cut_off(scene)

    def full(_path: Path, _pieces: Any) -> None:
        raise OSError(28, "No space left on device")

    real = memory.private_file.write
    monkeypatch.setattr(memory.private_file, "write", full)
    found = scene.run()
    assert "No space left on device" in found.failed
    assert scene.receiver.got == []
    monkeypatch.setattr(memory.private_file, "write", real)
    scene.run()
    assert scene.receiver.events() == [("problem", PATH)]


def test_who_goes_on_tells_and_remembers_by_itself(
    scene: MonitorScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path, _pieces: Any) -> None:
        raise OSError(28, "No space left on device")

    scene.run()
    monkeypatch.setattr(memory.private_file, "write", full)
    scene.clock.at(scene.clock.now + 70, lambda: cut_off(scene))
    found = scene.run(interval=30.0, lasting=200.0)
    assert scene.receiver.events() == [("problem", PATH)]
    assert "No space left on device" in found.failed


def test_a_folder_that_is_none(scene: MonitorScene) -> None:
    scene.store.write_text("a file")
    with pytest.raises(MonitorError, match="can't be written here"):
        scene.run()


def test_a_damaged_state_is_put_aside(scene: MonitorScene) -> None:
    scene.run()
    cut_off(scene)
    scene.run()
    text = (scene.store / "state.json").read_text()
    (scene.store / "state.json").write_text(text[: len(text) // 2])
    found = scene.run()
    assert any("is put aside as state.json.damaged" in line for line in found.troubles)
    assert (scene.store / "state.json.damaged").exists()
    assert [item["event"] for item in found.notices] == ["problem"], "what is not in order is told again"
    assert scene.run().notices == []


def test_a_damaged_report_is_made_anew(scene: MonitorScene, proofs: list[bool]) -> None:
    scene.run()
    (scene.store / "report.json").write_text('{"report": {}}')
    scene.run()
    assert proofs == [False, False]


def test_two_at_once(scene: MonitorScene) -> None:
    scene.run()
    with Store(scene.store).locked() as mine:
        assert mine
        assert scene.run().busy
    assert not scene.run().busy


def test_a_monitor_of_another_policy_is_no_excuse(scene: MonitorScene) -> None:
    """It holds the lock, and does not look at this policy."""
    scene.run()
    policy = copy.deepcopy(POLICY)
    for path in policy["requiredPaths"]:
        path["name"] = f"another {path['name']}"
    other = MonitorScene(scene.folder, policy=policy, clock=scene.clock)
    with Store(scene.store).locked(), pytest.raises(MonitorError, match="nobody looks at this one"):
        other.run()


def test_who_is_named_while_the_word_is_read_is_not_forgotten(
    scene: MonitorScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(scene.folder)
    store.wake(["fw1"])
    read = Path.read_text

    def while_reading(path: Path, *arguments: Any, **more: Any) -> str:
        monkeypatch.setattr(Path, "read_text", read)
        found = read(path, *arguments, **more)
        store.wake(["fw2"])
        return found

    monkeypatch.setattr(Path, "read_text", while_reading)
    assert [store.woken(), store.woken(), store.woken()] == [["fw1"], ["fw2"], None]


def test_one_that_is_stuck_is_an_error(scene: MonitorScene) -> None:
    scene.run()
    scene.clock.now += 3600
    with Store(scene.store).locked(), pytest.raises(MonitorError, match="has not ended a round for 36"):
        scene.run()


def test_one_that_nobody_waits_for_any_more_ends(scene: MonitorScene) -> None:
    """ansible-playbook was killed, and left this process behind."""
    order = scene.order(interval=30.0, lasting=3600.0)
    begun = scene.clock.now
    found = Monitor(
        order, scene.site, Ticking(scene.clock), scene.said.append, lambda: scene.clock.now < 70
    ).run()
    assert found.rounds == 3
    assert scene.clock.now - begun < 71


def test_an_event_wakes_the_one_that_runs(scene: MonitorScene) -> None:
    """The other's run leaves word, and the one that holds the lock looks at once, at that host alone."""
    scene.run()

    def event() -> None:
        cut_off(scene)
        other = MonitorScene(scene.folder, clock=scene.clock, receiver=scene.receiver)
        other.site = scene.site
        assert other.run(only=["fw1"]).busy

    began = scene.clock.now + 30.0
    scene.clock.at(began + 100.0, event)
    scene.run(interval=60.0, lasting=200.0)
    assert ["fw1"] in scene.site.asked
    assert scene.receiver.events() == [("problem", PATH)]
    told_at = watch.datetime.fromisoformat(scene.receiver.got[0]["at"].replace("Z", "+00:00")).timestamp()
    # The other has waited for the lock, and nobody for the next round.
    assert told_at - scene.clock.epoch() + scene.clock.now - (began + 100.0 + 30.0) < 8.0


def test_an_event_looks_at_its_host_alone(scene: MonitorScene) -> None:
    scene.run()
    tried = list(scene.site.tried)
    scene.change(NARROW)
    found = scene.run(only=["fw1"], damping=Damping(confirm=1))
    assert scene.site.asked[-1] == ["fw1"]
    assert scene.site.tried == tried, "no connection is tried"
    assert [item["event"] for item in found.notices] == ["problem"]
    scene.site.results = dict.fromkeys(CUT, "timeout")
    assert scene.run().notices == [], "the next whole round has nothing to add"


def test_an_event_of_a_name_that_nobody_knows_is_about_all(scene: MonitorScene) -> None:
    """A device that calls itself otherwise than the inventory does."""
    scene.run()
    scene.change(NARROW)
    found = scene.run(only=["fw1.example.com"], damping=Damping(confirm=1))
    assert [item["event"] for item in found.notices] == ["problem"]
    assert "fw1" in scene.site.asked[-1]


def test_an_event_takes_back_nothing_that_connections_said(scene: MonitorScene) -> None:
    scene.run()
    scene.site.results = dict.fromkeys(APPS, "refused")
    scene.run()
    scene.site.hosts["fw1"].state.boot_id = "another"
    assert scene.run(only=["fw1"]).notices == []


def test_a_path_that_flaps_is_told_so_once(scene: MonitorScene) -> None:
    damping = Damping(confirm=1, flaps=4)
    scene.run()
    for _number in range(5):
        cut_off(scene)
        scene.run(damping=damping)
        mended(scene)
        scene.run(damping=damping)
    events = [event for event, _path in scene.receiver.events()]
    assert events == ["problem", "recovered", "problem", "recovered", "flapping"]
    scene.clock.now += 400
    scene.run(damping=damping)
    last = scene.receiver.got[-1]
    assert (last["event"], last["now"]["status"], last["held"]) == ("settled", "open", 5)
    cut_off(scene)
    assert [item["event"] for item in scene.run(damping=damping).notices] == ["problem"]


def test_another_policy_begins_anew(scene: MonitorScene, proofs: list[bool]) -> None:
    scene.run()
    scene.policy = {"requiredPaths": [{**POLICY["requiredPaths"][0], "name": "the same under another name"}]}
    assert scene.run().notices == []
    assert set(scene.state()["paths"]) == {"the same under another name", "configuration facts"}
    assert proofs == [False, False]
    assert [said for said in scene.said if "was about another policy" in said], (
        "two that take turns tell again"
    )


def test_what_was_proven_in_another_run_is_explained(scene: MonitorScene) -> None:
    """The first run has seen it once; the second tells it, with the change that did it."""
    scene.run()
    cut_off(scene)
    scene.run(damping=Damping(confirm=1), channels=[])
    scene.store.joinpath("state.json").write_text(json.dumps({**scene.state(), "paths": {}}))
    [notice] = scene.run().notices
    assert notice["rules"][0]["note"] == "the rule was changed"


def test_mysql_is_proven_and_not_tried(scene: MonitorScene) -> None:
    service = {"protocol": "tcp", "ports": [3306]}
    scene.policy = {"requiredPaths": [{**POLICY["requiredPaths"][0], "service": service}]}
    scene.change(forward(app_rule(port=3306)))
    found = scene.run()
    assert scene.site.tried == []
    assert found.paths[PATH]["status"] in ("open", "partial", "blocked")
    assert any("no connection is tried to 10.20.1.10 port 3306" in line for line in scene.said)


def test_configuration_facts_are_watched(scene: MonitorScene) -> None:
    ruleset = {"required": ["inet/filter/forward"]}
    wanted = {"required": ["rulesets"], "properties": {"rulesets": ruleset}}
    scene.policy = {**POLICY, "properties": {"hosts": {"required": ["fw1"], "properties": {"fw1": wanted}}}}
    scene.run()
    held = scene.site.hosts["fw1"].state.rulesets.pop("inet/filter/forward")
    scene.run()
    assert ("problem", "configuration facts") in scene.receiver.events() or (
        "unknown",
        "configuration facts",
    ) in scene.receiver.events()
    scene.site.hosts["fw1"].state.rulesets["inet/filter/forward"] = held
    scene.run()
    assert ("recovered", "configuration facts") in scene.receiver.events()
    for notice in scene.receiver.got:
        assert not list(problems(notice, load_schema("notice")))


def test_the_files_are_for_their_owner_alone(scene: MonitorScene) -> None:
    scene.run()
    assert scene.store.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in scene.store.rglob("*.json")}
    assert set(modes.values()) == {0o600}
    assert {"state.json", "report.json", "fw1.json"} <= set(modes)


def test_metrics_of_what_is_told(scene: MonitorScene) -> None:
    file = scene.folder / "pathguard.prom"
    cut_off(scene)
    scene.run(textfile=file)
    text = file.read_text()
    labels = f'monitor="test",path="{PATH}"'
    assert f'pathguard_monitor_path_good{{{labels},kind="required",severity="high",owner=""}} 0\n' in text
    assert f'pathguard_monitor_path_status{{{labels},kind="required",status="partial"}} 1\n' in text
    assert 'pathguard_monitor_notices_total{monitor="test",event="problem"} 1\n' in text
    assert file.stat().st_mode & 0o777 == 0o644
    names = {line.split("{")[0] for line in text.splitlines() if not line.startswith("#")}
    assert {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")} == names
    found = scene.run(textfile=scene.folder / "nowhere" / "x.prom")
    assert any("can't be written" in line for line in found.troubles)
    assert not found.failed
