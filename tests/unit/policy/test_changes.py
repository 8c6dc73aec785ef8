# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The change report: flows that fare otherwise, sorted by what they mean for the policy's paths."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PolicyError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Match, Unknown
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import DROP, Effect, Rule, Verdict
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, State
from ansible_collections.pathguard.network.plugins.plugin_utils.model.text import address_range
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.changes import ChangeReport
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.expected import (
    check_hosts,
    expected_from,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from ansible_collections.pathguard.network.plugins.plugin_utils.render.change_words import not_seen
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import render
from tests.support.states import GROUPS, app_rule, forward, match, rule, ruleset, small_lab, stateful

PATH = "app to primary"
POLICY = {
    "requiredPaths": [
        {"name": PATH, "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
    ],
    "forbiddenPaths": [
        {
            "name": "not yet",
            "from": {"host": "app10"},
            "to": {"group": "db_standby"},
            "service": "postgresql",
        },
    ],
}
WEB = ("web", match(src="192.0.2.0/24", dport=443))


def changes(
    before: Mapping[str, State],
    after: Mapping[str, State],
    expected: list[Any] | None = None,
    policy_of: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    policy = load_policy(policy_of or POLICY)
    wanted = expected_from(expected or [], policy, "expected_changes")
    report = validate(policy, after, GROUPS, before, today=datetime.date(2026, 11, 23), expected=wanted)
    assert problems(report, load_schema("report")) == []
    found: dict[str, Any] = report["changes"]
    return found


def lab(*accepts: tuple[str, Match]) -> dict[str, State]:
    return small_lab(fw1=[forward(*accepts)])


def classes(found: Mapping[str, Any]) -> set[str]:
    return {name for entry in found["entries"] for name in entry["flows"]}


def test_nothing_has_changed() -> None:
    found = changes(lab(app_rule()), lab(app_rule()))
    assert (found["hosts"], found["entries"]) == ([], [])
    assert found["touches_no_required_path"]


@pytest.mark.parametrize(
    "written",
    [{"10.10.1.14", "10.10.1.5"}, {"10.10.1.5"}],
    ids=["in another order", "another member"],
)
def test_a_set_whose_members_stand_in_another_order_is_no_change(written: set[str]) -> None:
    def with_set(members: Sequence[str]) -> dict[str, State]:
        states = lab(app_rule())
        elements: list[Any] = [(address_range(one)[1:],) for one in members]
        states["fw1"].sets["inet/filter/s"] = NamedSet("inet/filter/s", ("address4",), elements)
        return states

    found = changes(with_set(["10.10.1.5", "10.10.1.14"]), with_set(sorted(written)))
    assert found["hosts"] == ([] if len(written) == 2 else ["fw1"])
    assert found["touches_no_required_path"]


def test_rules_that_are_written_otherwise_and_do_the_same_are_told_so() -> None:
    """A ruleset that is loaded anew: other handles, or two rules of which no packet meets both in another order."""
    found = changes(lab(app_rule(), WEB), lab(WEB, app_rule()))
    assert (found["hosts"], found["entries"], found["doubts"]) == (["fw1"], [], [])
    assert found["touches_no_required_path"]
    assert found["statement"].startswith("no flow fares otherwise: this change touches no path; proven")
    assert "fw1" in found["statement"]


def test_a_change_beside_the_paths_is_harmless_and_proven_so() -> None:
    found = changes(lab(app_rule()), lab(app_rule(), WEB))
    assert found["hosts"] == ["fw1"]
    assert classes(found) == {"harmless"}
    [new] = [entry for entry in found["entries"] if entry["connection"] == "new"]
    assert new["flows"]["harmless"]["gained"]["flows"][0]["src"] == ["192.0.2.0/24"]
    assert new["rules"][0]["change"] == "added"
    assert found["touches_no_required_path"]
    assert found["statement"].startswith("this change touches no required path: proven")
    assert found["touches"] == []


def test_what_breaks_a_path_is_a_violation_and_the_rest_is_not() -> None:
    found = changes(lab(app_rule(), WEB), lab(app_rule("10.10.1.0/26")))
    new = next(entry for entry in found["entries"] if entry["connection"] == "new")
    lost = new["flows"]["violations"]["lost"]["flows"]
    assert {address for part in lost for address in part["src"]} == {
        "10.10.1.66",
        "10.10.1.100",
        "10.10.1.200",
    }
    beside = new["flows"]["harmless"]["lost"]["flows"]
    assert any(part["src"] == ["192.0.2.0/24"] for part in beside)
    # Connections come from ports of 1024 up; what is lost of lower ones is no connection of the path.
    mine = [part for part in beside if "10.10.1.66" in part.get("src", ()) and "10.20.1.10" in part["dst"]]
    assert [part["src_port"] for part in mine] == [["0-1023"]]
    assert found["touches"] == [PATH, "not yet"]
    assert not found["touches_no_required_path"]
    assert PATH in found["statement"]


def test_a_forbidden_path_that_opens_is_a_violation() -> None:
    standby = match(src="10.10.1.200", dst="10.20.1.11", proto="tcp", dport=5432)
    primary = ("primary", match(src="10.10.1.0/24", dst="10.20.1.10", proto="tcp", dport=5432))
    found = changes(lab(primary), lab(primary, ("standby", standby)))
    new = next(entry for entry in found["entries"] if entry["connection"] == "new")
    assert set(new["flows"]) == {"violations"}
    assert new["flows"]["violations"]["gained"]["flows"][0]["dst"] == ["10.20.1.11"]
    assert new["paths"] == ["not yet"]
    assert found["touches_no_required_path"]


def test_a_path_that_is_touched_and_fares_no_worse() -> None:
    narrow = app_rule("10.10.1.0/26")
    found = changes(
        lab(narrow), lab(narrow, ("one more", match(src="10.10.1.66", dst="10.20.1.10", dport=5432)))
    )
    assert classes(found) == {"touching", "harmless"}
    assert found["fares_otherwise"] == [PATH]
    assert not found["touches_no_required_path"]


def test_expected_paths_and_flows() -> None:
    before, after = lab(app_rule(), WEB), lab(app_rule("10.10.1.0/26"))
    assert "violations" in classes(changes(before, after))
    assert "violations" not in classes(changes(before, after, [PATH]))
    narrow = {"src": "10.10.1.64/26", "dst": "10.20.1.10", "protocol": "tcp", "dst_port": 5432}
    found = changes(before, after, [narrow])
    assert {"violations", "expected", "harmless"} <= classes(found)
    wide = {**narrow, "src": "10.10.1.0/24"}
    assert "violations" not in classes(changes(before, after, [wide]))
    assert "violations" not in classes(changes(before, after, [{**wide, "host": "fw1"}]))
    assert "violations" in classes(changes(before, after, [{**wide, "host": "db1"}]))
    web = {"src": "192.0.2.0/24", "protocol": "tcp", "dst_port": 443}
    [new] = [
        e
        for e in changes(before, after, [PATH, {**web, "host": "fw1"}])["entries"]
        if e["connection"] == "new"
    ]
    assert any(part["src"] == ["192.0.2.0/24"] for part in new["flows"]["expected"]["lost"]["flows"])
    [new] = [
        e
        for e in changes(before, after, [PATH, {**web, "host": "db1"}])["entries"]
        if e["connection"] == "new"
    ]
    assert any(part["src"] == ["192.0.2.0/24"] for part in new["flows"]["harmless"]["lost"]["flows"])


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ("no list", "list"),
        (["no such path"], "no such path"),
        ([5], "neither"),
        ([{}], "missing"),
        ([{"host": "fw1"}], "missing"),
        ([{"source": "10.0.0.0/8"}], "'source'"),
        ([{"src": "10.0.0.0/8", "in_interface": "eth0"}], "'in_interface'"),
        ([{"src": "10.0.0.0/99"}], "10.0.0.0/99"),
    ],
)
def test_what_is_no_expected_change(given: Any, what: str) -> None:
    with pytest.raises(PolicyError, match=what) as error:
        expected_from(given, load_policy(POLICY), "expected_changes")
    assert error.value.where.startswith("expected_changes")
    assert error.value.todo


def test_a_route_that_changed_keeps_the_statement_from_being_proven() -> None:
    after = lab(app_rule(), WEB)
    after["fw1"].forwarding["ipv6"] = not after["fw1"].forwarding.get("ipv6")
    found = changes(lab(app_rule()), after)
    assert not found["touches_no_required_path"]
    assert "fw1" in found["doubts"][0]
    assert "not proven" in found["statement"]


def without(states: Mapping[str, State], host: str, what: str) -> dict[str, State]:
    states[host].unreadable = [{"what": what, "reason": "not permitted"}]
    return dict(states)


@pytest.mark.parametrize("what", ["routes4", "sysctl", "links", "rules6"])
def test_what_could_not_be_read_may_have_changed(what: str) -> None:
    found = changes(without(lab(app_rule()), "fw1", what), without(lab(app_rule(), WEB), "fw1", what))
    assert not found["touches_no_required_path"]
    assert found["doubts"][0] == f"{what} of fw1 could not be read, and may have changed"


def test_what_could_not_be_read_stays_where_nothing_but_rules_is_planned() -> None:
    before, after = without(lab(app_rule()), "fw1", "sysctl"), without(lab(app_rule(), WEB), "fw1", "sysctl")
    states = {**before, "fw1": after["fw1"]}
    planned = {"fw1": ["files/fw1.nft"]}
    report = validate(load_policy(POLICY), states, GROUPS, before, planned=planned)
    assert report["changes"]["touches_no_required_path"]
    elsewhere = changes(
        without(lab(app_rule()), "fw2", "routes4"), without(lab(app_rule(), WEB), "fw2", "routes4")
    )
    assert elsewhere["touches_no_required_path"]
    nothing = changes(without(lab(app_rule()), "fw1", "listeners"), lab(app_rule(), WEB))
    assert nothing["touches_no_required_path"]


def test_packets_that_nobody_can_follow_may_come_to_what_changed() -> None:
    """Addresses of the router could not be read, so nobody knows that it is the next hop."""
    before, after = lab(app_rule()), lab(app_rule(), WEB)
    for states in (before, after):
        states["fw1"].interfaces.clear()
    report = validate(
        load_policy(POLICY), {**before, "fw1": after["fw1"]}, GROUPS, before, planned={"fw1": ["x"]}
    )
    found = report["changes"]
    assert report["paths"][0]["status"] == "unknown"
    assert found["touches"] == []
    assert not found["touches_no_required_path"]
    assert "where packets of 'app to primary' go is not known" in found["statement"]


def test_rules_of_a_host_that_is_on_no_path_touch_none() -> None:
    """The same packets, on a host that they don't come to."""
    before, after = lab(app_rule()), lab(app_rule())
    key = "inet/filter/input"
    drop = [rule(1, "drop", match(src="10.10.1.0/24", dport=5432), DROP)]
    after["db2"].rulesets[key] = ruleset(key, "input", "permit", drop)
    found = changes(before, after, policy_of={"requiredPaths": POLICY["requiredPaths"]})
    assert found["hosts"] == ["db2"]
    assert found["touches_no_required_path"]
    assert classes(found) == {"harmless"}


def test_a_packet_is_the_paths_also_when_it_is_translated() -> None:
    """The rule asks for addresses that the path's packets get only on the way."""
    nat = ruleset(
        "ip/nat/post", "postrouting", "permit",
        [Rule(1, match(src="10.10.1.0/24"), Verdict("accept"), "snat", (Effect("snat", family=4, address=(0x0A140101, 0x0A140101)),))],
        type="nat", priority=100,
    )  # fmt: skip
    before, after = lab(app_rule()), lab(app_rule())
    for states in (before, after):
        states["fw1"].rulesets["ip/nat/post"] = nat
    key = "inet/filter/input"
    for states, accepts in (
        (before, ()),
        (after, (rule(1, "drop", match(src="10.20.1.1", dport=5432), DROP),)),
    ):
        states["db1"].rulesets[key] = ruleset(key, "input", "permit", accepts)
    found = changes(before, after)
    assert found["hosts"] == ["db1"]
    assert not found["touches_no_required_path"]
    assert found["touches"] == [PATH]
    assert "violations" in classes(found)


def test_a_rule_at_a_hook_that_the_paths_packets_do_not_pass_touches_none() -> None:
    """The answers go to high ports of the app hosts, and pass the firewall; they are not for it."""
    before, after = lab(app_rule()), lab(app_rule())
    key = "inet/filter/input"
    for states, rules in (
        (before, []),
        (after, [rule(1, "tcp dport 9999 accept", match(proto="tcp", dport=9999))]),
    ):
        states["fw1"].rulesets[key] = ruleset(key, "input", "deny", rules)
    found = changes(before, after)
    assert found["touches_no_required_path"], found["statement"]
    assert classes(found) == {"harmless"}


def test_errors_about_a_paths_packets_are_watched_at_every_hook() -> None:
    """The firewall sends them itself where a packet is too big."""
    before, after = lab(app_rule()), lab(app_rule())
    key = "inet/filter/output"
    drop = [rule(1, "icmp type destination-unreachable drop", match(proto="icmp"), DROP)]
    for states, rules in ((before, []), (after, drop)):
        states["fw1"].rulesets[key] = ruleset(key, "output", "permit", rules)
    found = changes(before, after)
    assert found["touches"] == [PATH, "not yet"]


def test_what_takes_too_long_is_told_as_not_compared_and_not_as_harmless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ChangeReport, "_is_late", lambda _self: True)
    found = changes(lab(app_rule()), lab(app_rule(), WEB))
    assert (found["hosts"], found["entries"]) == (["fw1"], [])
    assert not found["touches_no_required_path"]
    assert found["doubts"] == ["fw1 was not compared within 60 s"]
    late = iter([False, True])
    monkeypatch.setattr(ChangeReport, "_is_late", lambda _self: next(late))
    assert changes(lab(app_rule()), lab(app_rule(), WEB))["doubts"] == ["fw1 was not compared within 60 s"]


def test_people_read_it_in_every_form() -> None:
    policy = load_policy(POLICY)
    after = lab(app_rule("10.10.1.0/26"))
    day = datetime.date(2026, 11, 23)
    planned = {"fw1": ["files/fw1.nft"]}
    report = validate(policy, after, GROUPS, lab(app_rule(), WEB), today=day, planned=planned)
    shown = render(report, "text")
    assert "planned fw1 as by fw1.nft: judged as they would be, nothing was changed" in shown
    assert "change  this change touches 1 required path: app to primary" in shown
    assert (
        "lost    VIOLATION: fw1 forward, new connections: 10.10.1.66,10.10.1.100,10.10.1.200 -> 10.20.1.10"
        in shown
    )
    assert len(shown.splitlines()) <= 40
    assert "## The change" in render(report, "markdown")
    html = render(report, "html")
    assert "<p>The change: this change touches 1 required path: app to primary</p>" in html
    assert "lost    harmless: fw1 forward, new connections: 192.0.2.0/24 -&gt; any" in html


def test_what_becomes_known_and_is_denied_is_a_violation() -> None:
    doubt = Rule(3, Unknown("limit", "a rate limit"), Verdict("accept"), "limit rate 5/second accept")
    before = small_lab(fw1=[ruleset("inet/filter/forward", "forward", "deny", [*stateful(), doubt])])
    found = changes(before, lab())
    new = next(entry for entry in found["entries"] if entry["connection"] == "new")
    assert set(new["flows"]["violations"]) == {"known"}


def test_what_was_expected_and_did_not_happen_is_told() -> None:
    """A change that did not do what it was made for: its file was never loaded, or it went to another host."""
    web = {"src": "192.0.2.0/24", "protocol": "tcp", "dst_port": 443}
    other = {**web, "dst": "10.20.1.10", "dst_port": 80, "host": "fw1"}
    found = changes(lab(app_rule()), lab(app_rule(), WEB), [PATH, web, {**web, "host": "db1"}, other])
    assert found["not_seen"] == [
        f"path '{PATH}'",
        "src 192.0.2.0/24 protocol tcp dst_port 443 on db1",
        "src 192.0.2.0/24 protocol tcp dst_port 80 dst 10.20.1.10 on fw1",
    ]
    assert all(path in (PATH, "not yet") for entry in found["entries"] for path in entry["paths"])
    assert changes(lab(app_rule()), lab(app_rule("10.10.1.0/26")), [PATH])["not_seen"] == []
    nothing = changes(lab(app_rule()), lab(app_rule()), [PATH])
    assert nothing["not_seen"] == [f"path '{PATH}'"]
    assert not_seen(nothing) == [f"change  expected, and not seen: path '{PATH}'"]


def test_nothing_is_said_to_be_missing_while_there_are_doubts() -> None:
    after = lab(app_rule())
    after["fw1"].routes.pop()
    found = changes(lab(app_rule()), after, [PATH])
    assert found["doubts"]
    assert found["not_seen"] == []


def test_a_flow_that_is_expected_on_an_unknown_host_is_an_error() -> None:
    wanted = expected_from([{"dst_port": 443, "host": "fw11"}], load_policy(POLICY), "expected_changes")
    with pytest.raises(PolicyError) as caught:
        check_hosts(wanted, ["fw1", "db1"], "expected_changes")
    assert ("fw11" in caught.value.what, "did you mean 'fw1'?" in caught.value.todo) == (True, True)
