# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where filters of Junos are bound: interfaces, lists of filters, the loopback, routing instances."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.device_texts import state, verdict

PLATFORM = "juniper_junos"
FILTERS = """
firewall {
    family inet {
        filter SSH { term a { from { protocol tcp; destination-port 22; } then accept; } }
        filter NOT_WEB {
            term a { from { protocol tcp; destination-port 80; } then discard; }
            term b { from { protocol tcp; destination-port 443; } then accept; }
        }
        filter ALL { term a { then accept; } }
        filter NONE { term a { then discard; } }
    }
    family inet6 { filter SIX { term a { from { next-header udp; } then accept; } } }
    family any { filter ANY { term a { from { packet-length 1; } then discard; } term b { then accept; } } }
}
"""


def interfaces(
    filters: str, system: str = "system { host-name r1; }", second: str = "", unit: str = ""
) -> str:
    return f"""{system}
interfaces {{
    ge-0/0/0 {{ unit 0 {{ {unit} family inet {{ {filters} address 10.0.1.1/24; }}
        family inet6 {{ filter {{ input SIX; }} address 2001:db8:1::1/64; }} }} }}
    ge-0/0/1 {{ unit 0 {{ family inet {{ {second} address 10.20.1.1/24; }} family inet6; }} }}
}}
{FILTERS}"""


def through(port: int, **more: Any) -> dict[str, Any]:
    return {
        "src": "10.0.1.5",
        "dst": "10.20.1.10",
        "protocol": "tcp",
        "dst_port": port,
        "in_interface": "ge-0/0/0.0",
        "out_interface": "ge-0/0/1.0",
        **more,
    }


BOUND = [
    ("", through(80), "permit"),
    ("filter { input SSH; }", through(22), "permit"),
    ("filter { input SSH; }", through(80), "deny"),
    ("filter { output SSH; }", through(80), "permit"),
    ("filter { output NONE; }", through(80, in_interface="ge-0/0/1.0", out_interface="ge-0/0/0.0"), "deny"),
    ("filter { input-list [ NOT_WEB SSH ]; }", through(22), "permit"),
    ("filter { input-list [ NOT_WEB SSH ]; }", through(443), "permit"),
    ("filter { input-list [ NOT_WEB SSH ]; }", through(80), "deny"),
    ("filter { input-list [ NOT_WEB SSH ]; }", through(25), "deny"),
    ("filter { input MISSING; }", through(22), "unknown"),
    ("filter { input-list [ NONE MISSING ]; }", through(22), "unknown"),
    ("filter { input-chain [ SSH ALL ]; }", through(22), "unknown"),
    ("inactive: filter { input NONE; }", through(22), "permit"),
    ("filter { inactive: input NONE; }", through(22), "permit"),
    ("filter { input; }", through(22), "unknown"),
    ("simple-filter { input X; }", through(22), "unknown"),
    ("policer { input P; }", through(22), "unknown"),
    ("rpf-check;", through(22), "unknown"),
]


@pytest.mark.parametrize(("filters", "flow", "wanted"), BOUND)
def test_filters_at_an_interface(filters: str, flow: dict[str, Any], wanted: str) -> None:
    assert verdict(PLATFORM, interfaces(filters), flow) == wanted


def test_a_policer_of_all_families_may_drop() -> None:
    text = interfaces("") + "interfaces { ge-0/0/0 { unit 0 { layer2-policer { input-policer P; } } } }"
    assert verdict(PLATFORM, text, through(22)) == "unknown"
    six = {"src": "2001:db8:1::5", "dst": "2001:db8:2::5"}
    assert verdict(PLATFORM, text, through(22, **six)) == "unknown"


def test_a_filter_is_for_its_family_and_interface() -> None:
    text = interfaces("filter { input SSH; }")
    six = {"src": "2001:db8:1::5", "dst": "2001:db8:2::5"}
    assert verdict(PLATFORM, text, through(22, **six)) == "deny"
    assert verdict(PLATFORM, text, through(22, **six, protocol="udp")) == "permit"
    back = through(80, in_interface="ge-0/0/1.0", out_interface="ge-0/0/0.0")
    assert verdict(PLATFORM, text, back) == "permit"


def test_an_output_filter_sees_packets_of_the_device_itself() -> None:
    own = {
        "src": "10.20.1.1",
        "dst": "10.20.1.10",
        "protocol": "tcp",
        "dst_port": 80,
        "out_interface": "ge-0/0/1.0",
    }
    assert verdict(PLATFORM, interfaces("", second="filter { output SSH; }"), own) == "deny"
    assert (
        verdict(PLATFORM, interfaces("", second="filter { output SSH; }"), {**own, "dst_port": 22})
        == "permit"
    )


class TestLoopback:
    """lo0: all packets to the device itself."""

    LO0 = "interfaces { lo0 { unit 0 { family inet { filter { input SSH; } address 192.0.2.1/32; } } } }"
    TO_IT = through(22, dst="192.0.2.1", out_interface=None)

    def to(self, text: str, **more: Any) -> str:
        flow = {name: value for name, value in {**self.TO_IT, **more}.items() if value is not None}
        return verdict(PLATFORM, text, flow)

    def test_its_filter_sees_packets_to_any_address_of_the_device(self) -> None:
        text = interfaces("") + self.LO0
        assert self.to(text) == "permit"
        assert self.to(text, dst_port=80) == "deny"
        assert self.to(text, dst="10.0.1.1", dst_port=80) == "deny"

    def test_what_passes_through_it_does_not_see(self) -> None:
        assert verdict(PLATFORM, interfaces("") + self.LO0, through(80)) == "permit"

    def test_without_one_the_device_lets_all_in(self) -> None:
        assert self.to(interfaces(""), dst="10.0.1.1") == "permit"

    def test_of_a_part_of_a_configuration_it_is_not_known(self) -> None:
        assert self.to(interfaces("", system=""), dst="10.0.1.1") == "unknown"

    def test_an_instance_with_a_loopback_of_its_own(self) -> None:
        instance = """routing-instances { V { instance-type virtual-router; interface ge-0/0/0.0; interface lo0.1; } }
            interfaces { lo0 { unit 1 { family inet { address 192.0.2.2/32; } } } }"""
        text = interfaces("") + self.LO0
        assert self.to(text + instance, dst="10.0.1.1", dst_port=80) == "permit"
        assert self.to(text + instance, dst="10.20.1.1", dst_port=80, in_interface="ge-0/0/1.0") == "deny"
        without = "routing-instances { V { instance-type virtual-router; interface ge-0/0/0.0; } }"
        assert self.to(text + without, dst="10.0.1.1", dst_port=80) == "deny"


def test_a_filter_of_the_forwarding_table_sees_all_that_comes_in() -> None:
    table = "forwarding-options { family inet { filter { input SSH; } } }"
    assert verdict(PLATFORM, interfaces("") + table, through(80)) == "deny"
    assert verdict(PLATFORM, interfaces("") + table, through(22)) == "permit"


def test_a_filter_of_any_family() -> None:
    text = interfaces("", unit="filter { input ANY; }")
    assert verdict(PLATFORM, text, through(22)) == "unknown"


def test_management_ports_forward_nothing() -> None:
    port = "interfaces { fxp0 { unit 0 { family inet { address 192.0.2.5/24; } } } }"
    assert verdict(PLATFORM, interfaces("") + port, through(22, in_interface="fxp0.0")) == "deny"
    assert verdict(PLATFORM, interfaces("") + port, through(22)) == "permit"


def test_a_range_of_interfaces() -> None:
    ranges = """interfaces { interface-range UP { member-range ge-0/0/2 to ge-0/0/4; member xe-0/0/9;
        unit 0 { family inet { filter { input NONE; } } } }
        ge-0/0/5 { unit 0; } }"""
    for name in ("ge-0/0/2.0", "ge-0/0/3.0", "xe-0/0/9.0"):
        assert verdict(PLATFORM, interfaces("") + ranges, through(22, in_interface=name)) == "deny"
    assert verdict(PLATFORM, interfaces("") + ranges, through(22, in_interface="ge-0/0/5.0")) == "permit"


def test_a_pattern_of_a_group_and_a_range_of_interfaces() -> None:
    ranges = """groups { G { interfaces { <ge-*> { unit <*> { family inet { filter { input NONE; } } } } } } }
        apply-groups G; interfaces { interface-range UP { member ge-0/0/7; unit 0 { family inet; } } }"""
    assert verdict(PLATFORM, interfaces("") + ranges, through(22)) == "deny"
    assert verdict(PLATFORM, interfaces("") + ranges, through(22, in_interface="ge-0/0/7.0")) == "unknown"


def test_the_port_of_a_switch_leaves_the_interfaces_of_its_vlans_open_to_doubt() -> None:
    port = """interfaces { ge-0/0/8 { unit 0 { family ethernet-switching { filter { input ES; } } } }
            irb { unit 10 { family inet { address 10.10.0.1/24; } } } }
        firewall { family ethernet-switching { filter ES { term a { from { ip-protocol udp; } then accept; } } } }"""
    assert verdict(PLATFORM, interfaces("") + port, through(22, in_interface="irb.10")) == "unknown"
    assert verdict(PLATFORM, interfaces("") + port, through(22)) == "permit"


def test_interfaces_of_the_state() -> None:
    text = (
        interfaces("")
        + """
        interfaces { ge-0/0/1 { disable; } ge-0/0/7 { unit 3 { disable; } } }
        routing-instances { V { instance-type vrf; interface ge-0/0/0.0; } }"""
    )
    found = state(PLATFORM, text).interfaces
    assert found["ge-0/0/0.0"].addresses == ["10.0.1.1/24", "2001:db8:1::1/64"]
    assert found["ge-0/0/0.0"].master == "V"
    assert [found[name].up for name in ("ge-0/0/0.0", "ge-0/0/1.0", "ge-0/0/7.3")] == [True, False, False]


@pytest.mark.parametrize("damaged", ["adress 10.0.1.1/24;", "10.0.1.1/24;", "address 10.0.1.999/24;"])
def test_an_address_that_can_not_be_read_is_named(damaged: str) -> None:
    found = state(PLATFORM, interfaces("").replace("address 10.0.1.1/24;", damaged))
    assert [note["where"] for note in found.not_understood] == ["interfaces ge-0/0/0.0"]
    assert "10.0.1.1/24" not in found.interfaces["ge-0/0/0.0"].addresses


def test_an_address_that_is_learnt_is_named() -> None:
    found = state(PLATFORM, interfaces("dhcp;"))
    assert [note["text"] for note in found.not_understood] == ["family inet dhcp"]


def test_trap_28_a_filter_that_is_bound_nowhere_decides_nothing() -> None:
    found = state(PLATFORM, interfaces(""))
    assert "NONE" in found.rulesets
    assert verdict(PLATFORM, interfaces(""), through(22)) == "permit"
    assert verdict(PLATFORM, interfaces(""), through(22), "NONE") == "deny"


def test_routers_within_the_router_are_unknown() -> None:
    inner = "logical-systems { L { interfaces { ge-0/0/0 { unit 5 { family inet; } } } } }"
    assert verdict(PLATFORM, interfaces("") + inner, through(22, in_interface="ge-0/0/0.5")) == "unknown"
    assert verdict(PLATFORM, interfaces("") + inner, through(22)) == "permit"


@pytest.mark.parametrize(
    ("routes", "wanted"),
    [
        (
            "routing-options { flow { route R { match { destination 10.20.1.0/24; } then discard; } } }",
            "unknown",
        ),
        (
            "routing-options { flow { route R { match { destination 10.77.1.0/24; } then discard; } } }",
            "permit",
        ),
        ("routing-options { flow { route R { match { protocol tcp; } then discard; } } }", "unknown"),
        ("protocols { bgp { group G { family inet { unicast; flow; } neighbor 192.0.2.1; } } }", "unknown"),
        ("protocols { bgp { group G { family inet { unicast; } neighbor 192.0.2.1; } } }", "permit"),
    ],
)
def test_flow_routes_are_filters(routes: str, wanted: str) -> None:
    assert verdict(PLATFORM, interfaces("") + routes, through(80, dst="10.20.1.10")) == wanted
