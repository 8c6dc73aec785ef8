# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the history takes for a change of a host, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.audit.lasting import (
    configurations,
    digest,
    lasting,
    pretty,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.rules_text import rules_text
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.snapshot import Snapshot
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from tests.support.states import app_rule, forward, host


def kept(state: State, platform: str = "linux", when: str = "", **outputs: str) -> dict[str, Any]:
    raw = [RawOutput(name, name, 0, text) for name, text in outputs.items()]
    return lasting(Snapshot("fw1", platform, when, state.to_dict(), raw))


def firewall(source: str = "10.10.1.0/24", **changes: Any) -> State:
    state = host("fw1", {"app0": ["10.10.1.1/24"]}, {}, [forward(app_rule(source))], forwarding=True)
    state.sets["inet/filter/apps"] = NamedSet(
        "inet/filter/apps", ("address4",), [((1, 1),), ((2, 2),), ((3, 3),)], expiring=[2]
    )
    for name, value in changes.items():
        setattr(state, name, value)
    return state


def in_the_rules(state: State, **changes: Any) -> State:
    """The first rule with other fields."""
    document = state.to_dict()
    for ruleset in document["rulesets"].values():
        ruleset["rules"][0].update(changes)
    return State.from_dict(document)


SAME = {
    "another boot": firewall(boot_id="2"),
    "another handle": in_the_rules(firewall(), handle=4711),
    "a counter": in_the_rules(
        firewall(), text="ct state established,related counter packets 7 bytes 99 accept"
    ),
    "connections that are tracked": firewall(settings={"net.netfilter.nf_conntrack_count": 815}),
    "a hash in another order, and a member that times out": firewall(
        sets={
            "inet/filter/apps": NamedSet(
                "inet/filter/apps", ("address4",), [((2, 2),), ((4, 4),), ((1, 1),)], expiring=[1]
            )
        }
    ),
}
CHANGED = {
    "a rule": firewall("10.10.1.0/26"),
    "a rule's comment": in_the_rules(firewall(), comment="ours"),
    "a setting": firewall(settings={"net.ipv4.conf.all.rp_filter": 1}),
    "forwarding": firewall(forwarding={"ipv4": False, "ipv6": False}),
    "a member": firewall(sets={"inet/filter/apps": NamedSet("inet/filter/apps", ("address4",), [((1, 1),)])}),
    "what could not be read": firewall(unreadable=[{"what": "ipset", "reason": "Permission denied"}]),
}


@pytest.mark.parametrize("what", SAME)
def test_what_changes_by_itself_is_no_change(what: str) -> None:
    plain = in_the_rules(firewall(), text="ct state established,related counter accept")
    before = plain if what == "a counter" else firewall()
    assert digest(kept(SAME[what], when="later")) == digest(kept(before, when="earlier")), what


@pytest.mark.parametrize("what", CHANGED)
def test_what_somebody_changed_is_one(what: str) -> None:
    assert digest(kept(CHANGED[what])) != digest(kept(firewall())), what


@pytest.mark.parametrize(
    ("platform", "before", "after"),
    [
        (
            "cisco_nxos",
            "!Time: Mon Nov 23 07:00:00 2026\nhostname r1\n",
            "!Time: Tue Nov 24 07:00:00 2026\nhostname r1\n",
        ),
        (
            "cisco_xr",
            "Mon Nov 23 07:00:00.123 UTC\nhostname r1\n",
            "Tue Nov 24 07:01:00.456 UTC\nhostname r1\n",
        ),
        ("cisco_ios", "hostname r1\nntp clock-period 17180024\n", "hostname r1\nntp clock-period 17180031\n"),
        ("fortinet", "set password ENC AAAA\n", "set password ENC BBBB\n"),
    ],
)
def test_a_configuration_that_was_only_shown_again(platform: str, before: str, after: str) -> None:
    first, second = (
        kept(firewall(), platform, running_config=before),
        kept(firewall(), platform, running_config=after),
    )
    assert digest(first) == digest(second)
    assert configurations(first) == configurations(second)
    other = kept(firewall(), platform, running_config=before + "ip route 0.0.0.0/0 192.0.2.1\n")
    assert digest(first) != digest(other), "what the state knows nothing of is a change, too"


def test_a_snapshot_in_the_history_has_no_counters_and_is_read_as_before() -> None:
    said = "*filter\n:FORWARD DROP [7:99]\n[3:42] -A FORWARD -j ACCEPT\nCOMMIT\n"
    document = kept(firewall(), iptables_nft=said)
    [output] = document["raw"]
    assert output["stdout"] == "*filter\n:FORWARD DROP [0:0]\n[0:0] -A FORWARD -j ACCEPT\nCOMMIT\n"
    again = parse_platform(
        "linux", "fw1", {"iptables_nft": RawOutput("iptables_nft", "", 0, output["stdout"])}
    )
    assert [rule.text for rule in again.rulesets["iptables/filter/FORWARD"].rules] == ["-A FORWARD -j ACCEPT"]


def test_rules_as_lines() -> None:
    lines = rules_text(firewall()).splitlines()
    assert lines[0] == "ruleset inet/filter/forward (filter, forward, priority 0)"
    assert lines[-4:] == ["set inet/filter/apps (address4)", "    0.0.0.1", "    0.0.0.2", ""]
    unknown = rules_text(
        State("fw1", firewall_known=False, unreadable=[{"what": "nft", "reason": "\x1b[31mno"}])
    )
    assert unknown == "the rules could not be read\nunreadable: nft: [31mno\n"


@pytest.mark.parametrize(
    ("platform", "where"), [("linux", "inet/filter/forward"), ("vyos", "firewall ipv4 name WAN rule 20")]
)
def test_a_rule_that_is_put_in_before_leaves_the_line_of_one_not_understood(
    platform: str, where: str
) -> None:
    counted = " rule 8" if platform == "linux" else ""
    item = {"where": where + counted, "text": "limit rate 5/second", "reason": "limit"}
    state = State("fw1", platform=platform, not_understood=[item])
    assert rules_text(state) == f"not understood: {where}: limit rate 5/second (limit)\n"


def test_json_that_a_diff_can_tell_apart() -> None:
    text = "".join(pretty({"b": [], "a": {"rules": [{"y": 1, "x": 2}, {"z": 3}]}}))
    assert (
        text
        == '{\n "a": {\n  "rules": [\n   {\n    "x": 2,\n    "y": 1\n   },\n   {\n    "z": 3\n   }\n  ]\n },\n "b": []\n}\n'
    )
