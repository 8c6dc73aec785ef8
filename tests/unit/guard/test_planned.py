# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change whose rules are known before: it is proven first, and afterwards compared with what came of it.

What a candidate makes of a host's rules is tested against the kernel; here it is given.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.guard import planned, report, text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import Ruleset
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.candidate.given import Candidate
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from tests.support.guard_scene import NARROW, PATH, WIDE, Scene
from tests.support.states import app_rule, forward, match

CANDIDATES = {"fw1": [Candidate("files/fw1.nft", "what it says is given below")]}
WEB = forward(app_rule(), ("web", match(src="192.0.2.0/24", dport=443)))
Plan = Callable[[Ruleset], None]


@pytest.fixture
def plan(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Says what the candidate of fw1 makes of its rules."""

    def planning(rules: Ruleset) -> None:
        def states(snapshots: Any, given: Any, _known: Any) -> dict[str, State]:
            assert given == CANDIDATES
            found = State.from_dict(snapshots["fw1"].state)
            found.rulesets[rules.key] = copy.deepcopy(rules)
            return {"fw1": found}

        monkeypatch.setattr(planned, "planned_states", states)

    return planning


def test_a_plan_that_breaks_a_path_ends_the_run_before_anything_is_changed(scene: Scene, plan: Plan) -> None:
    plan(NARROW)
    found = scene.begin(candidates=CANDIDATES)
    assert "as planned, the change would make worse" in found.stopped
    assert "nothing is armed" in found.stopped
    assert "path_guard_expected_changes" in found.todo
    assert found.run.decision == "stopped"
    assert "arm" not in scene.site.hosts["fw1"].log
    told = text.before(found)
    assert (
        f"path '{PATH}' is open, 10 of 10 app hosts, and as planned it would be partial, 7 of 10 app hosts"
        in told
    )
    assert "cut off" in told
    assert "planned: fw1 as by fw1.nft; this change touches 1 required path" in told
    assert len(told.splitlines()) <= text.LINES
    files = report.write_before(found)
    before, after = (
        json.loads((files["json"].parent / f"{name}.json").read_text()) for name in ("before", "planned")
    )
    for document in (before, after):
        assert problems(document, load_schema("report")) == []
    assert [one["paths"][0]["status"] for one in (before, after)] == ["open", "partial"]
    assert after["hosts"]["fw1"]["candidates"] == ["files/fw1.nft"]
    (cure,) = after["paths"][0]["remedy"]
    assert cure["commands"] == [], "there is nothing to put back on the host"
    assert "mend the candidate" in cure["note"]
    assert after["guard"]["paths"][0]["change"] == "newly violated"
    assert after["changes"]["entries"][0]["flows"]["violations"]["lost"]["flows"]


def test_a_plan_that_touches_nothing_goes_on_and_says_so(scene: Scene, plan: Plan) -> None:
    plan(WEB)
    found = scene.begin(candidates=CANDIDATES)
    assert found.stopped == ""
    assert "arm" in scene.site.hosts["fw1"].log
    assert "this change touches no required path: proven" in text.before(found)
    scene.change(WEB)
    after = scene.end()
    assert after.decision == "confirmed"
    assert not any("as it was planned" in note for note in after.notes)
    assert after.proof is not None
    assert after.proof.document["changes"]["touches_no_required_path"]
    assert "this change touches no required path" in text.after(
        after, report.files_after(after.folder), False
    )


def test_what_came_of_it_otherwise_than_planned_is_told(scene: Scene, plan: Plan) -> None:
    plan(WEB)
    scene.begin(candidates=CANDIDATES)
    scene.change(WIDE)
    after = scene.end()
    assert after.decision == "confirmed"
    [note] = [note for note in after.notes if "as it was planned" in note]
    assert note.startswith("fw1 is not as it was planned: fw1, forward, new connections:")
    assert "192.0.2.0/24" in note


def test_a_plan_that_is_meant_to_break_a_path_goes_on(scene: Scene, plan: Plan) -> None:
    plan(NARROW)
    meant = {"src": "10.10.1.64/26", "dst": "10.20.1.0/24", "protocol": "tcp", "dst_port": 5432}
    rest = {"src": "10.10.1.128/25", "protocol": "tcp", "dst_port": 5432, "host": "fw1"}
    found = scene.begin(candidates=CANDIDATES, expected_changes=[meant, rest])
    assert found.planned is not None
    assert [change.what for change in found.planned.changes] == ["expected"]
    assert found.stopped == ""
    scene.change(NARROW)
    assert scene.end().decision == "confirmed"


def test_flows_that_were_not_meant_are_not_kept(scene: Scene) -> None:
    meant = {"src": "10.10.1.64/26", "dst": "10.20.1.0/24", "protocol": "tcp", "dst_port": 5432}
    scene.begin(expected_changes=[meant])
    scene.change(NARROW)
    assert scene.end().decision == "reverted"


def test_a_candidate_for_nobody_is_told_before_anything_is_read(scene: Scene) -> None:
    with pytest.raises(GuardError, match="no host 'fw9'") as error:
        scene.begin(candidates={"fw9": CANDIDATES["fw1"]})
    assert error.value.where == "path_guard_candidates"
    assert scene.site.reads == []


def test_a_plan_takes_no_firewall_out_of_the_guard(scene: Scene, plan: Plan) -> None:
    plan(WEB)
    assert set(scene.begin(candidates=CANDIDATES, protect=None).run.protected) == {"fw1", "fw2", "db1"}


def test_a_planned_host_that_is_no_router_is_read_as_well(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planned, "planned_states", lambda _snapshots, _given, _known: {})
    found = scene.begin(candidates={"db2": CANDIDATES["fw1"]}, protect=None)
    assert "db2" in found.states
