# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fortinet FortiOS: firewall policies, and what they name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.device_texts import state, verdict

OBJECTS = """\
config firewall address
    edit "app"
        set subnet 10.0.1.0 255.255.255.0
    next
    edit "db"
        set subnet 10.0.2.10/32
    next
    edit "range"
        set type iprange
        set start-ip 10.0.1.100
        set end-ip 10.0.1.199
    next
    edit "every-tenth"
        set type wildcard
        set wildcard 10.0.0.10 255.255.0.255
    next
    edit "name"
        set type fqdn
        set fqdn "db.example.com"
    next
    edit "everything"
    next
end
config firewall address6
    edit "app6"
        set ip6 2001:db8:1::/64
    next
    edit "everything6"
    next
end
config firewall addrgrp
    edit "inner"
        set member "app"
    next
    edit "outer"
        set member "inner" "db"
    next
    edit "but"
        set member "app"
        set exclude enable
        set exclude-member "range"
    next
    edit "itself"
        set member "itself" "db"
    next
    edit "empty"
        set comment "nobody"
    next
end
config firewall service custom
    edit "postgres"
        set tcp-portrange 5432 6432-6440
    next
    edit "high-only"
        set tcp-portrange 8080:1024-65535
    next
    edit "both"
        set tcp-portrange 53
        set udp-portrange 53
    next
    edit "unreachable"
        set protocol ICMP
        set icmptype 3
        set icmpcode 4
    next
    edit "gre"
        set protocol IP
        set protocol-number 47
    next
    edit "no-ports"
        set comment "cut off"
    next
end
config firewall service group
    edit "data"
        set member "postgres" "MYSQL"
    next
end
"""
POSTGRES = {"src": "10.0.1.5", "dst": "10.0.2.10", "protocol": "tcp", "src_port": 40000, "dst_port": 5432}
BY = {"in_interface": "port1", "out_interface": "port2"}
# What a policy says that is not said otherwise.
PLAIN = {
    "srcintf": '"port1"',
    "dstintf": '"port2"',
    "srcaddr": '"all"',
    "dstaddr": '"all"',
    "service": '"ALL"',
    "schedule": '"always"',
    "action": "accept",
}


def policy(number: int = 1, without: tuple[str, ...] = (), **settings: str) -> str:
    """One entry; settings with ``_`` for ``-``."""
    given = {**PLAIN, **{key.replace("_", "-"): value for key, value in settings.items()}}
    lines = [f"        set {key} {value}" for key, value in given.items() if key not in without]
    return "\n".join([f"    edit {number}", *lines, "    next"])


def policies(*entries: str, table: str = "firewall policy") -> str:
    return "\n".join([f"config {table}", *entries, "end\n"])


def asked(text: str, **flow: Any) -> str:
    return verdict("fortinet", OBJECTS + text, {**POSTGRES, **BY, **flow})


@pytest.mark.parametrize(
    ("settings", "flow", "right"),
    [
        ({}, {}, "permit"),
        ({}, {"in_interface": "port3"}, "deny"),
        ({}, {"src": "2001:db8::1", "dst": "2001:db8::2"}, "deny"),
        ({"srcintf": '"any"', "dstintf": '"any"'}, {"in_interface": "port9"}, "permit"),
        ({"srcintf": '"port3" "port1"'}, {}, "permit"),
        ({"srcaddr": '"app"'}, {"src": "10.0.0.0/23"}, "mixed"),
        ({"srcaddr": '"range"'}, {"src": "10.0.1.199"}, "permit"),
        ({"srcaddr": '"range"'}, {"src": "10.0.1.200"}, "deny"),
        ({"srcaddr": '"every-tenth"'}, {"src": "10.0.77.10"}, "permit"),
        ({"srcaddr": '"every-tenth"'}, {"src": "10.0.77.11"}, "deny"),
        ({"srcaddr": '"everything"', "dstaddr": '"none"'}, {}, "deny"),
        ({"srcaddr": '"outer"'}, {}, "permit"),
        ({"srcaddr": '"but"'}, {"src": "10.0.1.150"}, "deny"),
        ({"srcaddr": '"but"'}, {"src": "10.0.1.99"}, "permit"),
        ({"dstaddr": '"name"'}, {}, "unknown"),
        ({"service": '"postgres"'}, {"dst_port": 6440}, "permit"),
        ({"service": '"postgres"'}, {"dst_port": 6441}, "deny"),
        ({"service": '"data"'}, {"dst_port": 3306}, "permit"),
        ({"service": '"high-only"'}, {"dst_port": 8080, "src_port": 1023}, "deny"),
        ({"service": '"high-only"'}, {"dst_port": 8080, "src_port": 1024}, "permit"),
        ({"service": '"both"'}, {"dst_port": 53, "protocol": "udp"}, "permit"),
        ({"service": '"no-ports"'}, {}, "unknown"),
        ({"service": '"HTTPS" "MS-SQL"'}, {"dst_port": 1434}, "permit"),
        ({"service": '"ALL_TCP"'}, {"dst_port": 0}, "deny"),
        ({"service": '"Web Access"'}, {"dst_port": 443}, "permit"),
        ({"service": '"Web Access"'}, {}, "deny"),
        ({"service": '"postgres"', "service_negate": "enable"}, {}, "deny"),
        ({"service": '"postgres"', "service_negate": "enable"}, {"dst_port": 22}, "permit"),
        ({"srcaddr": '"app"', "srcaddr_negate": "enable"}, {}, "deny"),
        ({"srcaddr": '"app"', "srcaddr_negate": "enable"}, {"src": "10.0.3.1"}, "permit"),
        ({"schedule": '"nights"'}, {}, "unknown"),
        ({"groups": '"staff"'}, {}, "unknown"),
        ({"groups": '"staff"'}, {"in_interface": "port3"}, "deny"),
        ({"action": "ipsec"}, {}, "unknown"),
        ({"utm-status": "enable", "av-profile": '"default"', "logtraffic": "all"}, {}, "permit"),
    ],
)
def test_what_a_policy_asks_for(settings: dict[str, str], flow: dict[str, Any], right: str) -> None:
    assert asked(policies(policy(**settings)), **flow) == right


@pytest.mark.parametrize(
    ("service", "flow", "right"),
    [
        ("unreachable", {"icmp_type": 3, "icmp_code": 4}, "permit"),
        ("unreachable", {"icmp_type": 3, "icmp_code": 1}, "deny"),
        ("PING", {"icmp_type": 8}, "permit"),
        ("PING", {"icmp_type": 13}, "deny"),
        ("ALL_ICMP", {"icmp_type": 13}, "permit"),
        ("gre", {"protocol": "gre"}, "permit"),
        ("gre", {"protocol": "esp"}, "deny"),
    ],
)
def test_services_without_ports(service: str, flow: dict[str, Any], right: str) -> None:
    text = OBJECTS + policies(policy(service=f'"{service}"'))
    assert (
        verdict("fortinet", text, {"src": "10.0.1.5", "dst": "10.0.2.10", "protocol": "icmp", **BY, **flow})
        == right
    )


def test_trap_27_a_policy_with_status_disable_is_not_asked() -> None:
    closed = policy(1, action="deny", status="disable")
    assert asked(policies(closed, policy(2))) == "permit"
    assert asked(policies(policy(1, status="disable"))) == "deny"


def test_trap_27_an_absent_action_means_deny() -> None:
    assert asked(policies(policy(1, without=("action",)), policy(2))) == "deny"


def test_trap_27_an_internet_service_stands_instead_of_addresses_and_services() -> None:
    cloud = policy(1, ("dstaddr", "service"), internet_service="enable", internet_service_name='"Amazon-AWS"')
    assert asked(policies(cloud)) == "unknown"
    assert asked(policies(cloud, policy(2))) == "permit"
    assert asked(policies(cloud), in_interface="port3") == "deny"


def test_trap_27_a_negated_destination() -> None:
    others = policy(1, dstaddr='"db"', dstaddr_negate="enable")
    assert asked(policies(others)) == "deny"
    assert asked(policies(others), dst="10.0.2.11") == "permit"
    unknown = policy(1, dstaddr='"db" "name"', dstaddr_negate="enable")
    assert asked(policies(unknown)) == "deny"
    assert asked(policies(unknown), dst="10.0.2.11") == "unknown"


def test_trap_27_what_no_policy_matches_is_denied() -> None:
    assert asked(policies(policy(1, service='"HTTP"'))) == "deny"
    assert asked("config firewall policy\nend\n") == "deny"


def test_trap_27_a_policy_of_both_families() -> None:
    both = policy(1, srcaddr='"app"', srcaddr6='"app6"', dstaddr6='"all"')
    assert asked(policies(both)) == "permit"
    assert asked(policies(both), src="2001:db8:1::5", dst="2001:db8:2::5") == "permit"
    assert asked(policies(both), src="2001:db8:9::5", dst="2001:db8:2::5") == "deny"
    half = policy(1, without=("srcaddr",), srcaddr6='"app6"', dstaddr6='"everything6"')
    assert asked(policies(half)) == "deny"
    assert asked(policies(half), src="2001:db8:1::5", dst="2001:db8:2::5") == "permit"


def test_old_versions_have_a_table_for_each_family() -> None:
    text = policies(policy(1)) + policies(policy(7, srcaddr='"app6"'), table="firewall policy6")
    assert asked(text) == "permit"
    assert asked(text, src="2001:db8:1::5", dst="2001:db8:2::5") == "permit"
    assert asked(text, src="2001:db8:2::5", dst="2001:db8:2::6") == "deny"


def test_whether_a_negation_holds_for_ipv6_too_differs_between_versions() -> None:
    text = policies(policy(1, srcaddr6='"app6"', dstaddr6='"all"', srcaddr_negate="enable"))
    assert asked(text, src="2001:db8:1::5", dst="2001:db8:2::5") == "unknown"
    sure = policies(policy(1, srcaddr6='"app6"', dstaddr6='"all"', srcaddr6_negate="enable"))
    assert asked(sure, src="2001:db8:1::5", dst="2001:db8:2::5") == "deny"


def test_policies_are_asked_in_their_order_not_by_number() -> None:
    assert asked(policies(policy(9, action="deny"), policy(1))) == "deny"
    first = state("fortinet", OBJECTS + policies(policy(9), policy(1))).rulesets["firewall policy"].rules[1]
    assert first.line == 9
    assert first.text.startswith("edit 9; set srcintf")


@pytest.mark.parametrize("name", ["itself", "nobody-knows", "empty"])
def test_trap_28_a_missing_an_empty_and_a_self_containing_group(name: str) -> None:
    text = policies(policy(1, srcaddr=f'"{name}"'))
    assert asked(text) == "unknown"
    assert asked(text, in_interface="port3") == "deny"


@pytest.mark.parametrize(
    "damaged",
    [
        '        set srcaddr "app" extra\n        set what-is-this "x"',
        "        xet srcaddr-negate enable",
        "        set srcaddr-negate",
        "        set status maybe",
        "        set schedule",
        '        config tags\n            edit "x"\n            next\n        end',
    ],
)
def test_trap_29_what_is_not_understood_makes_the_policy_unknown(damaged: str) -> None:
    entry = policy(1).replace("    next", f"{damaged}\n    next")
    assert asked(policies(entry)) == "unknown"


@pytest.mark.parametrize("key", ["srcintf", "dstintf", "srcaddr", "dstaddr", "service"])
def test_trap_29_a_policy_that_lacks_what_each_has_is_unknown(key: str) -> None:
    assert asked(policies(policy(1, without=(key,)))) == "unknown"


@pytest.mark.parametrize(
    ("object_line", "where"),
    [("set subnet 10.0.1.0 255.0.255.0", "app"), ("set frobnicate yes", "app"), ("set subnet", "app")],
)
def test_trap_29_an_object_that_is_not_understood_makes_its_users_unknown(
    object_line: str, where: str
) -> None:
    text = OBJECTS.replace("        set subnet 10.0.1.0 255.255.255.0", f"        {object_line}")
    full = text + policies(policy(1, srcaddr=f'"{where}"'))
    assert verdict("fortinet", full, {**POSTGRES, **BY}) == "unknown"


def test_a_configuration_that_breaks_off_is_not_read() -> None:
    whole = OBJECTS + policies(policy(1), policy(2))
    cut = state("fortinet", whole[: whole.rindex("set dstaddr")])
    assert not cut.firewall_known
    assert "breaks off within 'config firewall policy'" in cut.unreadable[0]["reason"]
    assert verdict("fortinet", whole[: whole.rindex("end")], {**POSTGRES, **BY}) == "unknown"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("config firewall policy\n    edit 1\n--More-- \n    next\nend\n", "paged"),
        ('config firewall policy\n    edit 1\n        set comments "open\n    next\nend\n', "quotation mark"),
        ("next\n", "closes nothing"),
        ("Unknown action 0\n", "no 'config'"),
        ("", "no output"),
    ],
)
def test_what_can_not_be_read_as_a_whole(text: str, reason: str) -> None:
    found = state("fortinet", text)
    assert not found.firewall_known
    assert reason in found.unreadable[0]["reason"]


def test_strings_of_several_lines_and_recorded_prompts() -> None:
    comment = 'edge "quoted" end\n    next\nend\nthe last line'
    escaped = comment.replace('"', '\\"')
    text = policies(policy(1).replace("    next", f'        set comments "{escaped}"\n    next'))
    assert asked("FGT-1 (root) # show\n" + text + "FGT-1 (root) # \n") == "permit"


@pytest.mark.parametrize(
    ("commands", "right"),
    [
        ("delete 1", "deny"),
        ("purge", "deny"),
        ("move 2 before 1", "deny"),
        ("move 1 after 2", "deny"),
        ("rename 1 to 5", "permit"),
        ("move 7 before 1", "unknown"),
        ("edit 1\nunset srcaddr\nappend srcaddr range\nnext", "deny"),
        ("edit 1\nunselect srcaddr db\nnext", "permit"),
    ],
)
def test_a_candidate_changes_what_is_there(commands: str, right: str) -> None:
    text = policies(policy(1, srcaddr='"app" "db"'), policy(2, action="deny"))
    assert asked(f"{text}config firewall policy\n{commands}\nend\n") == right


def test_packets_of_open_sessions_pass() -> None:
    closed = policies(policy(1, action="deny"))
    assert asked(closed, connection="established") == "permit"
    assert asked(closed) == "deny"


FULL = """\
config firewall policy
    edit 1
        set status enable
        set name "app to db"
        set uuid 5c1d6f0e-0000-51ee-8f4e-000000000001
        set srcintf "port1"
        set dstintf "port2"
        set action accept
        set nat64 disable
        set nat46 disable
        set ztna-status disable
        set srcaddr "app"
        set dstaddr "db"
        set internet-service disable
        set internet-service-src disable
        unset reputation-minimum
        set reputation-direction destination
        set src-vendor-mac ''
        set internet-service6 disable
        set rtp-nat disable
        set send-deny-packet disable
        set firewall-session-dirty check-all
        set schedule "always"
        set schedule-timeout disable
        set policy-expiry disable
        set service "postgres"
        set tos-mask 0x00
        set anti-replay enable
        set dynamic-shaping disable
        set passive-wan-health-measurement disable
        set utm-status disable
        set inspection-mode flow
        set http-policy-redirect disable
        set ssh-policy-redirect disable
        set profile-type single
        set profile-protocol-options "default"
        set ssl-ssh-profile "no-inspection"
        set logtraffic utm
        set auto-asic-offload enable
        set nat disable
        set port-preserve enable
        set session-ttl 0
        set vlan-cos-fwd 255
        set vlan-cos-rev 255
        set fec disable
        set wccp disable
        set disclaimer disable
        set email-collect disable
        set natip 0.0.0.0 0.0.0.0
        set diffserv-copy disable
        set diffserv-forward disable
        set tcp-mss-sender 0
        set vlan-filter ''
        set match-vip enable
        set match-vip-only disable
        set block-notification disable
        set custom-log-fields ''
        set tcp-session-without-syn disable
        set geoip-anycast disable
        set sgt-check disable
    next
end
"""


def test_a_full_configuration_prints_what_is_not_set_too() -> None:
    assert asked(FULL) == "permit"
    assert asked(FULL, dst_port=22) == "deny"
