# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fortinet FortiOS: interfaces, zones, virtual domains, translation, and what is not modelled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.device_texts import state, verdict

SYSTEM = """\
config system interface
    edit "wan1"
        set ip 203.0.113.2 255.255.255.0
    next
    edit "lan1"
        set ip 10.0.1.1 255.255.255.0
        config ipv6
            set ip6-address 2001:db8:1::1/64
        end
    next
    edit "lan2"
        set ip 10.0.2.1/24
        set status down
    next
end
config system zone
    edit "inside"
        set interface "lan1" "lan2"
    next
end
"""
FLOW = {"src": "198.51.100.7", "protocol": "tcp", "src_port": 40000, "dst_port": 443, "in_interface": "wan1"}


def entry(number: int, *lines: str, by: str = '"wan1"', to: str = '"inside"', act: str = "accept") -> str:
    given = {"srcintf": by, "dstintf": to, "srcaddr": '"all"', "dstaddr": '"all"', "action": act}
    given.update({line.split()[0]: " ".join(line.split()[1:]) for line in lines})
    given = {"schedule": '"always"', "service": '"ALL"', **given}
    said = "\n".join(f"        set {key} {value}" for key, value in given.items())
    return f"    edit {number}\n{said}\n    next\n"


def policies(*entries: str, table: str = "firewall policy") -> str:
    return f"config {table}\n{''.join(entries)}end\n"


def asked(text: str, **flow: Any) -> str:
    return verdict("fortinet", SYSTEM + text, {**FLOW, **flow})


def test_interfaces_and_zones() -> None:
    found = state("fortinet", SYSTEM)
    lan1 = found.interfaces["lan1"]
    assert (lan1.addresses, lan1.zone, lan1.up) == (["10.0.1.1/24", "2001:db8:1::1/64"], "inside", True)
    assert not found.interfaces["lan2"].up
    text = policies(entry(1))
    assert asked(text, dst="10.0.1.5", out_interface="lan1") == "permit"
    assert (
        verdict("fortinet", SYSTEM + text, {"in_interface": "wan1", "out_zone": "inside", "dst": "10.0.1.5"})
        == "permit"
    )
    assert asked(text, dst="10.0.1.5", out_interface="wan1") == "deny"


def test_between_interfaces_of_a_zone() -> None:
    within = {"in_interface": "lan1", "out_interface": "lan2", "src": "10.0.1.5", "dst": "10.0.2.5"}
    allowing = SYSTEM.replace('"lan1" "lan2"', '"lan1" "lan2"\n        set intrazone allow')
    assert verdict("fortinet", SYSTEM + policies(entry(1)), within) == "deny"
    assert verdict("fortinet", allowing + policies(entry(1)), within) == "permit"
    # Whether a policy that denies comes before is not documented.
    closed = policies(entry(1, by='"any"', to='"any"', act="deny"))
    assert verdict("fortinet", allowing + closed, within) == "unknown"


def test_members_of_sdwan_zones() -> None:
    text = """\
config system sdwan
    config zone
        edit "virtual-wan-link"
        next
        edit "branch"
        next
    end
    config members
        edit 1
            set interface "wan1"
        next
        edit 2
            set interface "wan2"
            set zone "branch"
        next
    end
end
"""
    out = text + policies(entry(1, by='"lan1"', to='"virtual-wan-link"'))
    flow = {"src": "10.0.1.5", "dst": "198.51.100.7", "in_interface": "lan1"}
    assert asked(out, **{**flow, "out_interface": "wan1"}) == "permit"
    assert asked(out, **{**flow, "out_interface": "wan2"}) == "deny"


VIP = """\
config firewall vip
    edit "web"
        set extip 203.0.113.10
        set extintf "wan1"
        set mappedip "10.0.1.10"
        set portforward enable
        set extport 443
        set mappedport 8443
    next
    edit "servers"
        set extip 203.0.113.20-203.0.113.22
        set extintf "any"
        set mappedip "10.0.1.20-10.0.1.22"
    next
    edit "balanced"
        set type server-load-balance
        set extip 203.0.113.30
        set extintf "any"
    next
end
config firewall vipgrp
    edit "published"
        set member "web"
    next
end
config firewall address
    edit "web-inside"
        set subnet 10.0.1.10 255.255.255.255
    next
end
"""


def test_trap_27_a_virtual_ip_is_a_destination_by_its_outer_address() -> None:
    text = VIP + policies(entry(1, 'dstaddr "web"'))
    assert asked(text, dst="203.0.113.10", out_interface="lan1") == "permit"
    assert asked(text, dst="203.0.113.10", out_interface="lan1", dst_port=80) == "deny"
    assert asked(text, dst="10.0.1.10", dst_port=8443, out_interface="lan1") == "deny"
    assert (
        asked(VIP + policies(entry(1, 'dstaddr "published"')), dst="203.0.113.10", out_interface="lan1")
        == "permit"
    )


def test_a_virtual_ip_that_no_policy_names_does_nothing() -> None:
    text = VIP + policies(entry(1, 'dstaddr "web-inside"'))
    assert asked(text, dst="203.0.113.10", out_interface="lan1") == "deny"
    off = VIP + policies(entry(1, 'dstaddr "web"', "status disable"), entry(2, 'dstaddr "web-inside"'))
    assert asked(off, dst="203.0.113.10", out_interface="lan1") == "deny"


def test_a_range_is_mapped_one_to_one() -> None:
    text = VIP + policies(entry(1, 'dstaddr "servers"'))
    found = state("fortinet", SYSTEM + text).rulesets["virtual IPs"].rules
    assert [rule.effects[0].address for rule in found] == [(0x0A000114 + n, 0x0A000114 + n) for n in range(3)]
    assert asked(text, dst="203.0.113.22", out_interface="lan1") == "permit"
    assert asked(text, dst="203.0.113.23", out_interface="lan1") == "deny"


def test_a_virtual_ip_of_another_type_is_not_modelled() -> None:
    text = VIP + policies(entry(1, 'dstaddr "balanced"'))
    assert asked(text, dst="203.0.113.30", out_interface="lan1") == "unknown"
    assert asked(text, dst="203.0.113.31", out_interface="lan1") == "deny"


@pytest.mark.parametrize(
    ("first", "right"),
    [
        (entry(1, "match-vip disable", act="deny"), "permit"),
        (entry(1, "match-vip enable", act="deny"), "deny"),
        (entry(1, act="deny"), "unknown"),
    ],
)
def test_whether_a_policy_that_denies_holds_for_virtual_ips(first: str, right: str) -> None:
    text = VIP + policies(first, entry(2, 'dstaddr "web"'))
    assert asked(text, dst="203.0.113.10", out_interface="lan1") == right
    assert asked(text, dst="10.0.1.10", out_interface="lan1") == "deny"


def test_overlapping_virtual_ips_are_unknown() -> None:
    double = VIP.replace(
        '    edit "servers"',
        '    edit "double"\n        set extip 203.0.113.10\n        '
        'set extintf "any"\n        set mappedip "10.0.1.99"\n    next\n    edit "servers"',
    )
    text = double + policies(entry(1, 'dstaddr "web"'), entry(2, 'dstaddr "double"'))
    assert asked(text, dst="203.0.113.10", out_interface="lan1") == "unknown"


def test_with_central_nat_policies_name_the_mapped_address() -> None:
    central = "config system settings\n    set central-nat enable\nend\n"
    text = central + VIP + policies(entry(1, 'dstaddr "web-inside"'))
    assert asked(text, dst="203.0.113.10", out_interface="lan1") == "permit"
    table = """\
config firewall central-snat-map
    edit 1
        set srcintf "lan1"
        set dstintf "wan1"
        set orig-addr "web-inside"
        set dst-addr "all"
        set nat disable
    next
    edit 2
        set srcintf "lan1"
        set dstintf "wan1"
        set orig-addr "all"
        set dst-addr "all"
    next
end
"""
    rules = state("fortinet", SYSTEM + text + table).rulesets["sources"].rules
    assert [[effect.kind for effect in rule.effects] for rule in rules] == [[], ["masquerade"]]


def test_sources_are_translated_by_the_policy_that_lets_them_through() -> None:
    pool = 'config firewall ippool\n    edit "pool"\n        set startip 203.0.113.50\n        set endip 203.0.113.50\n    next\nend\n'
    out = {"by": '"lan1"', "to": '"wan1"'}
    text = pool + policies(
        entry(1, 'service "HTTP"', "nat enable", "ippool enable", 'poolname "pool"', **out),
        entry(2, "nat enable", **out),
    )
    rules = state("fortinet", SYSTEM + text).rulesets["sources"].rules
    kinds = [effect.kind for rule in rules for effect in rule.effects]
    assert kinds == ["snat", "masquerade"]
    assert rules[0].effects[0].address == (0xCB007132, 0xCB007132)


VDOMS = """\
#config-version=FGT60F-7.2.5:user=admin
config vdom
edit root
next
edit shop
next
end
config global
config system global
    set hostname "edge"
end
config system interface
    edit "p1"
        set vdom "root"
    next
    edit "p2"
        set vdom "root"
    next
    edit "p3"
        set vdom "shop"
    next
    edit "p4"
        set vdom "shop"
    next
end
end
config vdom
edit root
config firewall policy
    edit 1
        set srcintf "any"
        set dstintf "any"
        set srcaddr "all"
        set dstaddr "all"
        set action accept
        set schedule "always"
        set service "ALL"
    next
end
end
config vdom
edit shop
config firewall policy
end
end
"""


@pytest.mark.parametrize(
    ("by", "to", "right"),
    [("p1", "p2", "permit"), ("p3", "p4", "deny"), ("p1", "p3", "unknown"), ("p3", "p1", "unknown")],
)
def test_each_virtual_domain_has_its_own_policies(by: str, to: str, right: str) -> None:
    flow = {**FLOW, "dst": "10.9.9.9", "in_interface": by, "out_interface": to}
    assert verdict("fortinet", VDOMS, flow) == right
    assert state("fortinet", VDOMS).hostname == "edge"


def test_packets_that_leave_by_the_interface_they_came_in_by() -> None:
    back = {"in_interface": "wan1", "out_interface": "wan1", "dst": "203.0.113.77"}
    whole = "#config-version=FGT60F-7.2.5:user=admin\n"
    assert verdict("fortinet", whole + SYSTEM, {**FLOW, **back}) == "unknown"
    strict = "config system global\n    set allow-traffic-redirect disable\nend\n"
    assert verdict("fortinet", whole + strict + SYSTEM, {**FLOW, **back}) == "deny"


def test_what_is_for_the_device_itself() -> None:
    text = policies(
        '    edit 1\n        set intf "wan1"\n        set srcaddr "all"\n        set dstaddr "all"\n'
        '        set service "HTTPS"\n        set schedule "always"\n    next\n',
        table="firewall local-in-policy",
    )
    assert asked(text, dst="203.0.113.2") == "deny"
    assert asked(text, dst="203.0.113.2", dst_port=22) == "unknown"


def test_an_access_list_drops_before_the_policies() -> None:
    acl = policies(
        '    edit 1\n        set interface "wan1"\n        set srcaddr "all"\n        set dstaddr "all"\n'
        '        set service "HTTPS"\n    next\n',
        table="firewall acl",
    )
    text = acl + policies(entry(1))
    assert asked(text, dst="10.0.1.5", out_interface="lan1") == "deny"
    assert asked(text, dst="10.0.1.5", out_interface="lan1", dst_port=22) == "permit"


@pytest.mark.parametrize(
    ("text", "flow", "right"),
    [
        ("config system settings\n    set opmode transparent\nend\n", {}, "unknown"),
        ("config system settings\n    set ngfw-mode policy-based\nend\n", {}, "unknown"),
        ("config firewall security-policy\n    edit 1\n    next\nend\n", {}, "unknown"),
        ("config firewall multicast-policy\n    edit 1\n    next\nend\n", {}, "permit"),
        ("config firewall multicast-policy\n    edit 1\n    next\nend\n", {"dst": "239.1.1.1"}, "unknown"),
        (
            'config system virtual-wire-pair\n    edit "w"\n        set member "wan1" "x"\n    next\nend\n',
            {},
            "unknown",
        ),
        ("config firewall DoS-policy\n    edit 1\n    next\nend\n", {}, "permit"),
    ],
)
def test_what_is_not_modelled_is_named_and_unknown_where_it_matters(
    text: str, flow: dict[str, Any], right: str
) -> None:
    full = text + policies(entry(1))
    assert asked(full, **{"dst": "10.0.1.5", "out_interface": "lan1", **flow}) == right
    assert state("fortinet", SYSTEM + full).not_understood


def test_an_address_of_an_interface() -> None:
    subnet = """\
config firewall address
    edit "lan"
        set type interface-subnet
        set subnet {subnet} 255.255.255.0
        set interface "lan1"
    next
end
"""
    text = policies(entry(1, 'dstaddr "lan"'))
    assert asked(subnet.format(subnet="10.0.1.1") + text, dst="10.0.1.5", out_interface="lan1") == "permit"
    assert asked(subnet.format(subnet="10.0.9.1") + text, dst="10.0.1.5", out_interface="lan1") == "unknown"


def test_a_policy_table_can_be_asked_by_its_name() -> None:
    text = SYSTEM + VIP + policies(entry(1, 'dstaddr "web"'))
    flow = {**FLOW, "dst": "203.0.113.10", "out_interface": "lan1"}
    assert verdict("fortinet", text, flow, "firewall policy") == "permit"
    assert verdict("fortinet", text, {**flow, "dst_port": 80}, "firewall policy") == "deny"


def test_lines_that_may_hold_a_secret_are_not_repeated() -> None:
    text = SYSTEM.replace('    edit "wan1"\n', '    edit "wan1"\n        sxt password ENC verysecret\n')
    found = state("fortinet", text + "sxt psksecret ENC verysecret\n")
    assert "verysecret" not in str(found.to_dict())
    assert len(found.not_understood) == 2


def published(name: str, by: str, outer: str, *lines: str) -> str:
    said = "".join(f"        set {line}\n" for line in lines)
    return (
        f'config firewall vip\n    edit "{name}"\n        set extip {outer}\n        set extintf "{by}"\n'
        f'        set mappedip "10.0.1.10"\n{said}    next\nend\n'
    )


class TestOneServerByTwoWays:
    """A server behind two virtual IPs, as where there are two providers."""

    FORWARDED = ("portforward enable", "extport 443", "mappedport 443")

    def test_by_different_interfaces_they_are_told_apart(self) -> None:
        text = published("one", "wan1", "203.0.113.10", *self.FORWARDED)
        text += published("two", "wan2", "198.51.100.10", *self.FORWARDED)
        text += policies(
            entry(1, 'dstaddr "one"', 'srcintf "wan1"'), entry(2, 'dstaddr "two"', 'srcintf "wan2"')
        )
        assert asked(text, dst="203.0.113.10", in_interface="wan1", out_interface="lan1") == "permit"
        assert asked(text, dst="198.51.100.10", in_interface="wan2", out_interface="lan1") == "permit"
        assert asked(text, dst="198.51.100.10", in_interface="wan1", out_interface="lan1") == "deny"

    @pytest.mark.parametrize(
        ("named", "right"), [('"one" "two"', "permit"), ('"one"', "unknown"), ('"two"', "unknown")]
    )
    def test_by_one_interface_a_policy_with_both_holds(self, named: str, right: str) -> None:
        text = published("one", "wan1", "203.0.113.10", *self.FORWARDED)
        text += published("two", "wan1", "203.0.113.11", *self.FORWARDED)
        other = '"two"' if named == '"one"' else '"one"'
        text += policies(entry(1, f"dstaddr {named}"), entry(2, f"dstaddr {other}", act="deny"))
        assert asked(text, dst="203.0.113.10", out_interface="lan1") == right

    def test_a_deny_of_one_says_nothing_of_the_other(self) -> None:
        text = published("one", "wan1", "203.0.113.10")
        text += published("two", "wan1", "203.0.113.11").replace("10.0.1.10", "10.0.1.11")
        text += policies(entry(1, 'dstaddr "two"', act="deny"), entry(2, 'dstaddr "one"'))
        assert asked(text, dst="203.0.113.10", in_interface="wan1", out_interface="lan1") == "permit"
        assert asked(text, dst="203.0.113.11", in_interface="wan1", out_interface="lan1") == "deny"

    def test_one_outer_address_by_two_interfaces(self) -> None:
        text = published("one", "wan1", "203.0.113.10")
        text += published("two", "wan2", "203.0.113.10").replace("10.0.1.10", "10.0.1.11")
        text += policies(entry(1, 'dstaddr "one"', 'srcintf "wan1"'), entry(2, 'dstaddr "two"', act="deny"))
        assert asked(text, dst="203.0.113.10", in_interface="wan1", out_interface="lan1") == "permit"


@pytest.mark.parametrize(
    ("lines", "port", "right"),
    [
        (('service "HTTPS"',), 443, "permit"),
        (('service "HTTPS"',), 80, "deny"),
        (('service "HTTP" "HTTPS"',), 80, "permit"),
        (('service "gone"',), 80, "unknown"),
        (('service "HTTPS"', "portforward enable", "mappedport 8443"), 443, "unknown"),
    ],
)
def test_services_of_a_virtual_ip(lines: tuple[str, ...], port: int, right: str) -> None:
    text = published("one", "wan1", "203.0.113.10", *lines) + policies(entry(1, 'dstaddr "one"'))
    assert asked(text, dst="203.0.113.10", dst_port=port, out_interface="lan1") == right
