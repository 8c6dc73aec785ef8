# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Palo Alto Networks PAN-OS: security rules, and what they name."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import HostFirewall
from ansible_collections.pathguard.network.plugins.plugin_utils.model.assumptions import (
    APPLICATIONS_IDENTIFIED,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from tests.support.device_texts import state, verdict

OBJECTS = """\
set zone trust network layer3
set zone untrust network layer3
set address app ip-netmask 10.0.1.0/24
set address db ip-netmask 10.0.2.10
set address host-bits ip-netmask 10.0.1.77/24
set address range ip-range 10.0.1.100-10.0.1.199
set address odd ip-wildcard 10.0.0.1/0.0.255.254
set address name fqdn db.example.com
set address "two words" ip-netmask 10.0.3.0/24
set address six ip-netmask 2001:db8:1::/64
set address-group inner static [ app six ]
set address-group outer static [ inner "two words" ]
set address-group tagged dynamic filter "'web' and 'prod'"
set address-group itself static [ itself db ]
set region office address [ 10.0.1.0/24 10.0.9.0/24 ]
set external-list bad type ip url https://lists.example.com/bad
set service postgres protocol tcp port 5432,6432-6440
set service from-high protocol tcp port 8080
set service from-high protocol tcp source-port 1024-65535
set service timed protocol udp port 53
set service timed protocol udp override yes timeout 10
set service-group data members [ postgres service-http ]
set application backup category general-internet
set application backup default port [ tcp/9999 ]
set application backup signature s1 scope protocol-data-unit
set application mtu-probe default ident-by-icmp-type type 3
set application mtu-probe default ident-by-icmp-type code 4
set application mtu-probe risk 1
set application tunnel default ident-by-ip-protocol 99
set application-group pings members [ ping mtu-probe ]
"""
POSTGRES = {"src": "10.0.1.5", "dst": "10.0.2.10", "protocol": "tcp", "src_port": 40000, "dst_port": 5432}
ZONES = {"in_zone": "trust", "out_zone": "untrust"}
PLAIN = {
    "from": "trust",
    "to": "untrust",
    "source": "any",
    "destination": "any",
    "service": "any",
    "application": "any",
    "action": "allow",
}


def rule(name: str = "r1", without: tuple[str, ...] = (), base: str = "rulebase", **settings: str) -> str:
    """One rule in set commands; settings with ``_`` for ``-``, ``came`` for from."""
    given = {
        **PLAIN,
        **{key.replace("_", "-").replace("came", "from"): said for key, said in settings.items()},
    }
    return "".join(
        f"set {base} security rules {name} {key} {said}\n"
        for key, said in given.items()
        if key not in without
    )


def asked(text: str, **flow: Any) -> str:
    return verdict("paloalto_panos", OBJECTS + text, {**POSTGRES, **ZONES, **flow})


@pytest.mark.parametrize(
    ("settings", "flow", "right"),
    [
        ({}, {}, "permit"),
        ({}, {"src": "2001:db8::1", "dst": "2001:db8::2"}, "permit"),
        ({}, {"in_zone": "untrust", "out_zone": "trust"}, "deny"),
        ({"came": "[ dmz trust ]", "to": "any"}, {}, "permit"),
        ({"came": "dmz", "to": "any"}, {}, "deny"),
        ({"source": "app"}, {"src": "10.0.0.0/23"}, "mixed"),
        ({"source": "[ db host-bits ]"}, {}, "permit"),
        ({"source": "range"}, {"src": "10.0.1.199"}, "permit"),
        ({"source": "range"}, {"src": "10.0.1.200"}, "deny"),
        ({"source": "odd"}, {"src": "10.0.77.3"}, "permit"),
        ({"source": "odd"}, {"src": "10.0.77.2"}, "deny"),
        ({"source": "name"}, {}, "unknown"),
        ({"source": "outer"}, {"src": "10.0.3.7"}, "permit"),
        ({"source": "outer"}, {"src": "2001:db8:1::7", "dst": "2001:db8::2"}, "permit"),
        ({"source": "outer"}, {"src": "10.0.4.7"}, "deny"),
        ({"source": "tagged"}, {}, "unknown"),
        ({"source": "office"}, {"src": "10.0.9.1"}, "permit"),
        ({"source": "office"}, {"src": "10.0.8.1"}, "deny"),
        ({"source": "US"}, {}, "unknown"),
        ({"source": "bad"}, {}, "unknown"),
        ({"source": "panw-known-ip-list"}, {}, "unknown"),
        ({"source": "10.0.1.5"}, {}, "permit"),
        ({"source": "10.0.1.1/24"}, {}, "permit"),
        ({"source": "10.0.1.0-10.0.1.4"}, {}, "deny"),
        ({"service": "postgres"}, {"dst_port": 6440}, "permit"),
        ({"service": "postgres"}, {"dst_port": 6441}, "deny"),
        ({"service": "postgres"}, {"protocol": "udp"}, "deny"),
        ({"service": "from-high"}, {"dst_port": 8080, "src_port": 1023}, "deny"),
        ({"service": "from-high"}, {"dst_port": 8080}, "permit"),
        ({"service": "timed"}, {"dst_port": 53, "protocol": "udp"}, "permit"),
        ({"service": "data"}, {"dst_port": 8080}, "permit"),
        ({"service": "[ service-https data ]"}, {"dst_port": 443}, "permit"),
        ({"service": "nothing"}, {}, "unknown"),
        ({"source-user": "any", "category": "any", "hip-profiles": "any", "log-end": "yes"}, {}, "permit"),
        ({"source-user": '"corp\\dba"'}, {}, "unknown"),
        ({"category": "streaming"}, {}, "unknown"),
        ({"schedule": "nights"}, {}, "unknown"),
        ({"source-hip": "managed"}, {}, "unknown"),
        ({"action": "reset-both"}, {}, "deny"),
        ({"action": "drop"}, {}, "deny"),
        ({"profile-setting": "group strict", "tag": "[ a b ]"}, {}, "permit"),
    ],
)
def test_what_a_rule_asks_for(settings: dict[str, str], flow: dict[str, Any], right: str) -> None:
    assert asked(rule(**settings), **flow) == right


@pytest.mark.parametrize(
    ("application", "service", "flow", "right"),
    [
        # A connection may open although the application is denied, or is not the one that is allowed.
        ("ssh", "any", {}, "unknown"),
        ("ssh", "application-default", {"dst_port": 22}, "unknown"),
        ("ssh", "application-default", {}, "deny"),
        ("ssh", "postgres", {}, "unknown"),
        ("ssh", "postgres", {"dst_port": 22}, "deny"),
        ("backup", "application-default", {"dst_port": 9999}, "unknown"),
        ("backup", "application-default", {}, "deny"),
        ("not-in-any-table", "application-default", {}, "unknown"),
        ("any", "application-default", {}, "unknown"),
        ("any", "application-default", {"protocol": "gre", "src_port": None, "dst_port": None}, "permit"),
        ("unknown-udp", "any", {}, "deny"),
    ],
)
def test_applications_that_data_identifies(
    application: str, service: str, flow: dict[str, Any], right: str
) -> None:
    given = {key: value for key, value in {**POSTGRES, **ZONES, **flow}.items() if value is not None}
    assert verdict("paloalto_panos", OBJECTS + rule(application=application, service=service), given) == right


@pytest.mark.parametrize(
    ("application", "flow", "right"),
    [
        ("ping", {"icmp_type": 8}, "permit"),
        ("ping", {"icmp_type": 13}, "deny"),
        ("icmp", {"icmp_type": 13}, "permit"),
        (
            "ping6",
            {"protocol": "icmpv6", "icmp_type": 128, "src": "2001:db8::1", "dst": "2001:db8::2"},
            "permit",
        ),
        ("mtu-probe", {"icmp_type": 3, "icmp_code": 4}, "permit"),
        ("mtu-probe", {"icmp_type": 3, "icmp_code": 1}, "deny"),
        ("pings", {"icmp_type": 8}, "permit"),
        ("gre", {"protocol": "gre"}, "permit"),
        ("ipsec-esp", {"protocol": "esp"}, "permit"),
        ("tunnel", {"protocol": 99}, "permit"),
        ("[ ssh ping ]", {"icmp_type": 8}, "permit"),
        ("ssh", {"icmp_type": 8}, "deny"),
        ("bittorrent", {"icmp_type": 8}, "deny"),
    ],
)
def test_applications_that_a_protocol_identifies(application: str, flow: dict[str, Any], right: str) -> None:
    given = {"src": "10.0.1.5", "dst": "10.0.2.10", "protocol": "icmp", **ZONES, **flow}
    text = OBJECTS + rule(application=application, service="application-default")
    assert verdict("paloalto_panos", text, given) == right


@pytest.mark.parametrize(
    ("rules", "port", "right"),
    [
        ([{"application": "postgres", "service": "application-default"}], 5432, "permit"),
        ([{"application": "postgres", "service": "any"}], 5432, "permit"),
        ([{"application": "backup", "service": "application-default"}], 9999, "permit"),
        ([{"application": "any", "service": "application-default"}], 5432, "permit"),
        ([{"application": "ssh", "service": "any", "action": "deny"}, {}], 5432, "permit"),
        ([{"application": "ssh", "service": "any", "action": "deny"}, {}], 22, "deny"),
        ([{"application": "unknown-tcp", "service": "any", "action": "deny"}, {}], 5432, "permit"),
        # What a port that is nobody's says is nothing, and the ports of an application may not be known.
        ([{"application": "ssh", "service": "any", "action": "deny"}, {}], 9998, "unknown"),
        ([{"application": "any", "service": "application-default"}], 9998, "unknown"),
        ([{"application": "not-in-any-table", "service": "application-default"}], 5432, "unknown"),
    ],
)
def test_applications_are_what_the_port_says_where_that_is_assumed(
    rules: list[dict[str, str]], port: int, right: str
) -> None:
    text = OBJECTS + "".join(rule(f"r{number}", **settings) for number, settings in enumerate(rules))
    firewall = HostFirewall(state("paloalto_panos", text), Space())
    flows = flows_from(firewall.space, {**POSTGRES, **ZONES, "dst_port": port})
    outcome = firewall.under(frozenset([APPLICATIONS_IDENTIFIED])).hooks(["forward"], flows)
    found = {"permit": outcome.permit, "deny": outcome.deny, "unknown": outcome.unknown}
    assert [name for name, part in found.items() if part] == [right]
    assert asked(text[len(OBJECTS) :], dst_port=port) == "unknown"  # for a path that does not assume it


def test_a_denied_application_leaves_the_connections_to_its_ports_unknown() -> None:
    text = rule("no-ssh", application="ssh", service="application-default", action="deny") + rule("rest")
    assert asked(text, dst_port=22) == "unknown"
    assert asked(text) == "permit"


def test_trap_27_rules_are_asked_in_their_order() -> None:
    assert asked(rule("a", action="deny") + rule("b")) == "deny"
    assert asked(rule("a") + rule("b", action="deny")) == "permit"
    moved = rule("a") + rule("b", action="deny") + "move rulebase security rules b before a\n"
    assert asked(moved) == "deny"
    assert asked(rule("a") + rule("b", action="deny") + "move rulebase security rules b top\n") == "deny"
    assert asked(rule("a") + "delete rulebase security rules a\n") == "deny"


def test_trap_27_negated_ends() -> None:
    text = rule(source="app", negate_source="yes", destination="db", negate_destination="yes")
    assert asked(text) == "deny"
    assert asked(text, src="10.0.5.1") == "deny"
    assert asked(text, src="10.0.5.1", dst="10.0.2.11") == "permit"
    assert asked(rule(source="[ app name ]", negate_source="yes")) == "deny"
    assert asked(rule(source="[ app name ]", negate_source="yes"), src="10.0.5.1") == "unknown"


def test_trap_27_disabled_rules_are_not_asked() -> None:
    assert asked(rule("a", action="deny", disabled="yes") + rule("b", disabled="no")) == "permit"


def test_trap_27_within_a_zone_the_default_allows_and_between_zones_it_denies() -> None:
    text = rule(service="postgres")
    assert asked(text, out_zone="trust", dst_port=22) == "permit"
    assert asked(text, dst_port=22) == "deny"
    closed = text + "set rulebase default-security-rules rules intrazone-default action deny\n"
    assert asked(closed, out_zone="trust", dst_port=22) == "deny"
    opened = text + "set rulebase default-security-rules rules interzone-default action allow\n"
    assert asked(opened, dst_port=22) == "permit"


@pytest.mark.parametrize(
    ("kind", "zones", "flow", "right"),
    [
        ("universal", ("any", "any"), {"out_zone": "trust"}, "deny"),
        ("interzone", ("any", "any"), {"out_zone": "trust"}, "permit"),
        ("interzone", ("any", "any"), {}, "deny"),
        ("interzone", ("[ trust dmz ]", "[ trust untrust ]"), {"out_zone": "trust"}, "permit"),
        ("interzone", ("[ trust dmz ]", "[ trust untrust ]"), {}, "deny"),
        ("intrazone", ("trust", "trust"), {"out_zone": "trust"}, "deny"),
        ("intrazone", ("dmz", "dmz"), {"out_zone": "trust"}, "permit"),
        ("intrazone", ("any", "any"), {"out_zone": "trust"}, "deny"),
    ],
)
def test_types_of_rules(kind: str, zones: tuple[str, str], flow: dict[str, Any], right: str) -> None:
    """A rule that denies, before one that allows between zones."""
    text = rule("a", came=zones[0], to=zones[1], rule_type=kind, action="deny")
    text += rule("b", came="[ trust dmz ]", to="untrust")
    assert asked(text, **flow) == right


@pytest.mark.parametrize("name", ["itself", "nobody-knows"])
def test_trap_28_a_missing_and_a_self_containing_group(name: str) -> None:
    assert asked(rule(source=name)) == "unknown"
    assert asked(rule(source=name), in_zone="untrust", out_zone="trust") == "deny"


def test_trap_28_an_empty_group() -> None:
    assert asked("set address-group empty tag x\n" + rule(source="empty")) == "unknown"


@pytest.mark.parametrize("key", ["from", "to", "source", "destination", "service", "application", "action"])
def test_trap_29_a_rule_that_lacks_what_each_has_is_unknown(key: str) -> None:
    assert asked(rule(without=(key,))) == "unknown"


@pytest.mark.parametrize(
    "more",
    [
        "set rulebase security rules r1 disabled maybe\n",
        "set rulebase security rules r1 what-is-this yes\n",
        "set rulebase security rules r1 negate-source maybe\n",
        "set rulebase security rules r1 rule-type sideways\n",
        "set rulebase security rules r1 target devices 0123456789\n",
        "set rulebase security rules r1 service application-default\n",
    ],
)
def test_trap_29_what_is_not_understood_makes_the_rule_unknown(more: str) -> None:
    assert asked(rule(service="postgres") + more) == "unknown"


@pytest.mark.parametrize(
    "line",
    [
        "sexx rulebase security rules r1 source app",
        "copy rulebase security rules r1 to r2",
        "move rulebase security rules nobody top",
    ],
)
def test_trap_29_a_line_that_may_have_been_a_rule_leaves_nothing_certain(line: str) -> None:
    found = state("paloalto_panos", OBJECTS + rule() + f"{line}\n")
    assert not found.firewall_known
    assert "is not understood" in found.unreadable[0]["reason"]


def test_prompts_banners_and_comments_are_no_configuration() -> None:
    noise = "admin@fw1> set cli config-output-format set\nadmin@fw1> configure\n[edit]\n# comment\nWelcome!\n"
    assert asked(f"{noise}{rule()}\nadmin@fw1# exit\n") == "permit"
    recorded = "".join(f"admin@fw1(active)# {line}\n" for line in rule().splitlines())
    assert asked(recorded) == "permit"


def test_strings_of_several_lines_and_several_settings_in_one() -> None:
    text = rule(description='"first\nset rulebase security rules r1 action deny\nlast"')
    assert asked(text) == "permit"
    one = "set service x protocol udp port 5,6 source-port 9,10\n" + rule(service="x")
    flow = {"protocol": "udp", "src_port": 10, "dst_port": 5}
    assert asked(one, **flow) == "permit"
    assert asked(one, **{**flow, "src_port": 11}) == "deny"
    line = "set rulebase security rules q from trust to untrust source app destination any service any application any"
    assert asked(f"{line} action allow\n") == "permit"
    assert asked(f"{line} action allow\n", src="10.0.5.5") == "deny"


def test_packets_of_open_sessions_pass() -> None:
    assert asked(rule(action="deny"), connection="established") == "permit"


def test_the_nearest_object_stands_and_the_device_s_own_before_the_predefined() -> None:
    text = "set shared address app ip-netmask 172.16.0.0/12\nset shared address far ip-netmask 10.0.1.5\n"
    assert asked(text + rule(source="app")) == "permit"
    assert asked(text + rule(source="far")) == "permit"
    own = "set service service-http protocol tcp port 1\n" + rule(service="service-http")
    assert (asked(own, dst_port=1), asked(own, dst_port=80)) == ("permit", "deny")


def test_an_object_may_be_called_like_an_address() -> None:
    text = "set address 11.11.11.11 ip-netmask 10.0.1.5\n" + rule(source="11.11.11.11")
    assert (asked(text), asked(text, src="11.11.11.11")) == ("permit", "deny")


def test_a_rule_tells_where_it_stands() -> None:
    found = state("paloalto_panos", rule("first") + rule('"the second"')).rulesets["security"].rules[2]
    assert found.text.startswith('rulebase security rules "the second" from trust to untrust')
    assert found.line == 8
