# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts whose firewalls must decide alike: the exact difference, with the rule that makes it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PolicyError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Unknown, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import DROP, Rule
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.inventory import hosts_needed
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.siblings import siblings_entry
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support import device_shops
from tests.support.device_texts import state
from tests.support.states import GROUPS, app_rule, forward, match, rule, ruleset, small_lab, stateful

PAIR = {"siblings": [{"name": "the pair", "hosts": ["fw1", "fw2"]}]}


def found(states: dict[str, State], policy: dict[str, Any] | None = None) -> dict[str, Any]:
    report = validate(load_policy(policy or PAIR), states, GROUPS)
    assert problems(report, load_schema("report")) == []
    [entry] = report["siblings"]
    told = [item for item in report["findings"] if item["kind"] == "configuration"]
    assert [item["message"].partition(": ")[2] for item in told] == entry["messages"]
    assert report["summary"]["verdict"] == ("pass" if entry["satisfied"] == "yes" else "fail")
    result: dict[str, Any] = entry
    return result


def test_equal_firewalls_are_alike() -> None:
    entry = found(small_lab())
    assert (entry["satisfied"], entry["differences"]) == ("yes", [])


def test_the_same_flows_by_other_rules_are_alike() -> None:
    halves = [app_rule("10.10.1.0/25"), app_rule("10.10.1.128/25")]
    assert found(small_lab(fw2=[forward(*halves)]))["satisfied"] == "yes"


def test_what_each_accepts_for_itself_is_its_own() -> None:
    own = ruleset(
        "inet/filter/input", "input", "deny", stateful(("ssh", match(dst="10.99.0.11", proto="tcp")))
    )
    assert found(small_lab(fw1=[own, forward(app_rule())]))["satisfied"] == "yes"


def test_fault_25_a_narrower_rule_on_one_is_a_difference_with_its_flows_and_rule() -> None:
    entry = found(small_lab(fw2=[forward(app_rule("10.10.1.0/26"))]))
    assert entry["satisfied"] == "no"
    [new, *_rest] = entry["differences"]
    assert (new["first"], new["host"], new["hook"], new["connection"]) == ("fw1", "fw2", "forward", "new")
    sources = {source for flow in new["lost"]["flows"] for source in flow["src"]}
    assert sources == {"10.10.1.64/26", "10.10.1.128/25"}
    assert entry["messages"][0].startswith(
        "fw2 denies, and fw1 permits, at forward, new connections: src 10.10.1."
    )
    assert "ip saddr 10.10.1.0/26" in entry["messages"][0]


def test_a_flow_that_one_permits_is_told_with_the_rule_that_permits_it() -> None:
    """And not with what it lacks for other flows, which are told to be there as well."""
    more = forward(("ping me", match(proto="icmp")))
    entry = found(small_lab(fw2=[more]))
    [message] = [one for one in entry["messages"] if "at forward, new connections" in one]
    assert message.startswith("fw2 permits, and fw1 denies, at forward, new connections: ")
    assert "(by inet/filter/forward: " in message
    assert message.index("ping me") < message.index("; it denies, and fw1 permits, others")


def test_an_undecidable_rule_on_one_alone_is_not_known() -> None:
    strange = Rule(9, both(match(proto="tcp"), Unknown("strange", "is not modelled")), DROP, "strange drop")
    rules = [*stateful(), strange, rule(10, "rest", app_rule()[1])]
    entry = found(small_lab(fw2=[ruleset("inet/filter/forward", "forward", "deny", rules)]))
    assert entry["satisfied"] == "unknown"
    assert "whether fw2 decides as fw1 does is not known" in entry["messages"][0]


def test_the_same_undecidable_rule_on_both_cancels_out() -> None:
    strange = Rule(9, both(match(proto="tcp"), Unknown("strange", "is not modelled")), DROP, "strange drop")

    def own() -> list[Any]:
        return [
            ruleset(
                "inet/filter/forward",
                "forward",
                "deny",
                [*stateful(), strange, rule(10, "rest", app_rule()[1])],
            )
        ]

    assert found(small_lab(fw1=own(), fw2=own()))["satisfied"] == "yes"


@pytest.mark.parametrize("how", ["gone", "unread"])
def test_a_sibling_that_was_not_read_is_not_known(how: str) -> None:
    states = small_lab()
    if how == "gone":
        del states["fw2"]
    else:
        states["fw2"].firewall_known = False
    policy = {"siblings": [{"group": "fw"}]}
    report = validate(load_policy(policy), states, {**GROUPS, "fw": ["fw1", "fw2"]})
    [entry] = report["siblings"]
    assert (entry["satisfied"], entry["name"]) == ("unknown", "group fw")


def test_siblings_are_gathered() -> None:
    assert hosts_needed(load_policy(PAIR), GROUPS, ["fw1", "fw2"]) == ["fw1", "fw2"]


@pytest.mark.parametrize(
    ("siblings", "where", "what"),
    [
        ({}, "$.siblings", "must be a list"),
        ([], "$.siblings", "must be a list"),
        ([{"hosts": ["fw1"]}], "$.siblings[0].hosts", "no sibling"),
        ([{"hosts": ["fw1", "fw1"]}], "$.siblings[0].hosts", "stands twice"),
        ([{"hosts": ["fw1", "fw3"]}], "$.siblings[0].hosts[1]", "unknown host 'fw3'"),
        ([{"group": "db_primary"}], "$.siblings[0]", "one host alone"),
        ([{"grup": "db"}], "$.siblings[0].grup", "unknown key"),
        ([{"name": "x"}], "$.siblings[0]", "has none"),
        ([{"group": "db", "hosts": ["fw1", "fw2"]}], "$.siblings[0]", "has both"),
        (["fw1"], "$.siblings[0]", "must be a mapping"),
    ],
)
def test_mistakes(siblings: Any, where: str, what: str) -> None:
    with pytest.raises(PolicyError) as error:
        validate(load_policy({"siblings": siblings}), small_lab(), GROUPS)
    assert what in error.value.what
    assert error.value.where.partition(" in ")[0] == where


def of_devices(platform: str, one: str, other: str) -> dict[str, Any]:
    states = {"fw1": state(platform, one), "fw2": state(platform, other)}
    return siblings_entry(load_policy(PAIR).siblings[0], states, {})


# Platform, a configuration with a place for what differs, two definitions behind the same name.
DEFINED: dict[str, tuple[str, str, str]] = {
    "cisco_ios": (
        """
        time-range T
         periodic {} 0:00 to 23:00
        ip access-list extended A
         permit tcp any any eq 22 time-range T
        interface GigabitEthernet1
         ip address 10.0.0.1 255.255.255.0
         ip access-group A in
        """,
        "weekend",
        "weekdays",
    ),
    "cisco_asa": (
        """
        time-range T
         periodic {} 0:00 to 23:00
        access-list A extended permit tcp any any eq 22 time-range T
        interface GigabitEthernet0/0
         nameif inside
         security-level 100
         ip address 10.0.0.1 255.255.255.0
        access-group A in interface inside
        """,
        "weekend",
        "weekdays",
    ),
    "juniper_junos": (
        """
        set interfaces ge-0/0/0 unit 0 family inet address 10.0.0.1/24
        set interfaces ge-0/0/1 unit 0 family inet address 10.0.1.1/24
        set security zones security-zone t interfaces ge-0/0/0.0
        set security zones security-zone u interfaces ge-0/0/1.0
        set schedulers scheduler S start-date {}
        set security policies from-zone t to-zone u policy p match source-address any
        set security policies from-zone t to-zone u policy p match destination-address any
        set security policies from-zone t to-zone u policy p match application any
        set security policies from-zone t to-zone u policy p then permit
        set security policies from-zone t to-zone u policy p scheduler-name S
        """,
        "2027-01-01.00:00",
        "2029-01-01.00:00",
    ),
    "vyos": (
        """
        set interfaces ethernet eth0 address 10.0.0.1/24
        set interfaces ethernet eth1 address 10.0.1.1/24
        set firewall ipv4 forward filter default-action drop
        set firewall ipv4 forward filter rule 10 action accept
        set firewall ipv4 forward filter rule 10 source group domain-group D
        set firewall group domain-group D address {}
        """,
        "a.example",
        "b.example",
    ),
    "fortinet": (
        device_shops.FORTIOS.replace('set schedule "always"', 'set schedule "office"')
        + """
config firewall schedule recurring
    edit "office"
        set day {}
    next
end
""",
        "monday",
        "sunday",
    ),
    "paloalto_panos": (
        device_shops.PANOS
        + """
set rulebase security rules "app to db" schedule office
set schedule office schedule-type recurring daily {}
""",
        "08:00-18:00",
        "08:00-12:00",
    ),
}


@pytest.mark.parametrize("platform", DEFINED)
def test_what_stands_behind_equal_names_is_compared(platform: str) -> None:
    text, one, another = DEFINED[platform]
    alike = of_devices(platform, text.format(one), text.format(one))
    assert (alike["satisfied"], alike["messages"]) == ("yes", [])
    differ = of_devices(platform, text.format(one), text.format(another))
    assert differ["satisfied"] == "unknown"
    assert "is not known" in differ["messages"][0]


def test_a_definition_that_is_named_by_another_one() -> None:
    """The group is the same on both, and a schedule in it is not."""
    text = (
        device_shops.FORTIOS.replace('set schedule "always"', 'set schedule "week"')
        + """
config firewall schedule recurring
    edit "office"
        set day {}
    next
end
config firewall schedule group
    edit "week"
        set member "office"
    next
end
"""
    )
    assert of_devices("fortinet", text.format("monday"), text.format("sunday"))["satisfied"] == "unknown"
    assert of_devices("fortinet", text.format("monday"), text.format("monday"))["satisfied"] == "yes"


PORTS = """
ip access-list extended A
 permit tcp 10.10.1.0 0.0.0.{} host 10.20.1.10 eq 5432
interface {}
 ip address 10.10.1.{} 255.255.255.0
 ip access-group A in
interface {}
 ip address 10.20.1.{} 255.255.255.0
"""


def test_interfaces_of_other_names_in_the_same_networks_are_compared() -> None:
    one = PORTS.format(255, "GigabitEthernet1", 2, "GigabitEthernet2", 2)
    entry = of_devices("cisco_ios", one, PORTS.format(255, "GigabitEthernet7", 3, "GigabitEthernet8", 3))
    assert (entry["satisfied"], entry["messages"]) == ("yes", [])
    swapped = PORTS.format(255, "GigabitEthernet2", 3, "GigabitEthernet1", 3)
    assert of_devices("cisco_ios", one, swapped)["satisfied"] == "yes"
    narrow = of_devices("cisco_ios", one, PORTS.format(63, "GigabitEthernet7", 3, "GigabitEthernet8", 3))
    assert narrow["satisfied"] == "no"
    assert narrow["differences"][0]["lost"]["flows"][0]["in_interface"] == ["GigabitEthernet1"]


def test_names_stay_where_a_network_is_that_of_several_interfaces() -> None:
    one = PORTS.format(255, "GigabitEthernet1", 2, "GigabitEthernet2", 2)
    both = "interface GigabitEthernet9\n ip address 10.10.1.9 255.255.255.0\n"
    entry = of_devices(
        "cisco_ios", one, PORTS.format(255, "GigabitEthernet7", 3, "GigabitEthernet2", 3) + both
    )
    assert entry["satisfied"] == "no"


ZONES = """
zone security INSIDE
zone security OUTSIDE
class-map type inspect match-any C
 match protocol tcp
policy-map type inspect P
 class type inspect C
  pass
 class class-default
  drop
zone-pair security IO source INSIDE destination OUTSIDE
 service-policy type inspect P
interface GigabitEthernet1
 ip address 10.0.0.1 255.255.255.0
 zone-member security INSIDE
interface GigabitEthernet2
 ip address 10.0.1.1 255.255.255.0
 zone-member security OUTSIDE
interface GigabitEthernet3
 ip address 10.0.2.1 255.255.255.0
 zone-member security {}
"""


def test_an_interface_in_another_zone_is_named() -> None:
    entry = of_devices("cisco_ios", ZONES.format("INSIDE"), ZONES.format("OUTSIDE"))
    assert entry["satisfied"] == "no"
    assert "(by interface GigabitEthernet3: zone INSIDE / zone OUTSIDE)" in entry["messages"][0]
    [rule] = entry["differences"][0]["rules"]
    assert (rule["change"], rule["before"], rule["after"]) == ("zone", "zone INSIDE", "zone OUTSIDE")
