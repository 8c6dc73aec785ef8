# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of devices' configurations that went astray: what they were for is unknown, never open."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.support.device_texts import state, verdict

FLOW = {"src": "10.0.0.5", "dst": "10.9.0.5", "protocol": "tcp", "dst_port": 80}

EOS = """hostname leaf1
interface Ethernet1
   no switchport
   ip address 10.0.0.1/24
   ip access-group L in
interface Ethernet2
   no switchport
   ip address 10.9.0.1/24
ip access-list L
   10 permit udp any any
{lost}   20 permit tcp any any eq www
   30 deny ip any any
"""
NXOS = """hostname sw1
interface Ethernet1/1
  no switchport
  ip address 10.0.0.1/24
  ip access-group L in
ip access-list L
  10 permit udp any any
{lost}  20 permit tcp any any eq www
  30 deny ip any any
"""
XR = """hostname xr1
interface GigabitEthernet0/0/0/1
 ipv4 address 10.0.0.1 255.255.255.0
 ipv4 access-group L ingress
!
ipv4 access-list L
 10 permit udp any any
{lost} 20 permit tcp any any eq www
 30 deny ipv4 any any
!
"""
LISTS = {"arista_eos": EOS, "cisco_nxos": NXOS, "cisco_xr": XR}


@pytest.mark.parametrize("platform", LISTS)
def test_a_stray_line_does_not_end_a_list(platform: str) -> None:
    text = LISTS[platform]
    assert verdict(platform, text.format(lost=""), FLOW, "L") == "permit"
    assert verdict(platform, text.format(lost="xyz abc\n"), FLOW, "L") == "unknown"


@pytest.mark.parametrize("platform", LISTS)
@pytest.mark.parametrize("mark", [" --More-- ", "--More--", " --More-- \b\b\b\b   40 permit ip any any"])
def test_paged_text_is_unreadable(platform: str, mark: str) -> None:
    found = state(platform, LISTS[platform].format(lost=f"{mark}\n"))
    assert not found.firewall_known
    assert "paged" in found.unreadable[0]["reason"]


@pytest.mark.parametrize("platform", LISTS)
def test_an_entry_whose_number_is_garbled_may_be_the_first(platform: str) -> None:
    lost = " x5 deny tcp any any\n"
    assert verdict(platform, LISTS[platform].format(lost=lost), FLOW, "L") == "unknown"


def test_a_remark_about_permits_is_no_entry_without_its_number() -> None:
    text = EOS.format(lost="   remark deny web\n   remark permit web\n").replace("   20 permit", "   permit")
    assert verdict("arista_eos", text.replace("   30 deny", "   deny"), FLOW, "L") == "permit"


def test_commands_that_roles_permit_are_no_entries_of_lists() -> None:
    role = "role ops\n   10 permit mode exec command show .*\n"
    flow = {**FLOW, "dst_port": 443, "in_interface": "Ethernet1", "out_interface": "Ethernet2"}
    assert verdict("arista_eos", EOS.format(lost="") + role, flow) == "deny"


@pytest.mark.parametrize(
    ("platform", "port", "garbled"),
    [
        ("arista_eos", "Ethernet1", "interface xyz"),
        ("cisco_nxos", "Ethernet1/1", "interface xyz"),
        ("cisco_xr", "GigabitEthernet0/0/0/1", "interface xyz"),
    ],
)
def test_a_list_at_what_is_no_interface_may_be_at_any(platform: str, port: str, garbled: str) -> None:
    whole = LISTS[platform].format(lost="")
    flow = {**FLOW, "dst_port": 443, "in_interface": port, "out_interface": "Ethernet2"}
    assert verdict(platform, whole, flow) == "deny"
    assert verdict(platform, whole.replace(f"interface {port}", garbled), flow) == "unknown"


def test_junos_filters_at_what_is_no_interface_may_be_at_any() -> None:
    text = """
    firewall { family inet { filter F { term a { then discard; } } } }
    interfaces { ge-0/0/0 { unit 0 { family inet { filter { input F; } address 10.0.0.1/24; } } } }
    """
    flow = {**FLOW, "in_interface": "ge-0/0/0.0"}
    assert verdict("juniper_junos", text, flow) == "deny"
    assert verdict("juniper_junos", text.replace("ge-0/0/0", "xyz"), flow) == "unknown"
    assert verdict("juniper_junos", text.replace("interfaces {", "interfaces xyz {"), flow) == "unknown"


def test_vyos_sets_at_what_is_no_interface_may_be_at_any() -> None:
    text = """
    set firewall name F default-action drop
    set interfaces ethernet eth0 address 10.0.0.1/24
    set interfaces ethernet eth0 firewall in name F
    """
    flow = {**FLOW, "in_interface": "eth0", "out_interface": "eth1"}
    assert verdict("vyos", text, flow) == "deny"
    assert verdict("vyos", text.replace("eth0 firewall", "xyz firewall"), flow) == "unknown"


SRX = """
set security zones security-zone trust interfaces ge-0/0/1.0
set security zones security-zone dmz interfaces ge-0/0/2.0
set security policies from-zone trust to-zone dmz policy a match source-address any
set security policies from-zone trust to-zone dmz policy a match destination-address any
set security policies from-zone trust to-zone dmz policy a match application junos-https
set security policies from-zone trust to-zone dmz policy a then permit
"""
ZONES = {"in_zone": "trust", "out_zone": "dmz"}


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("policy a match application", "policy xyz match application"),
        ("to-zone dmz policy a match application", "to-zone xyz policy a match application"),
        ("to-zone dmz policy a match application", "to-zone xyz dmz policy a match application"),
        (
            "policies from-zone trust to-zone dmz policy a match app",
            "policies xyz to-zone dmz policy a match app",
        ),
        ("from-zone trust to-zone dmz policy a match app", "from-zone trust xyz dmz policy a match app"),
        ("policy a then permit", "policy xyz then permit"),
    ],
)
def test_trap_29_a_condition_of_a_policy_that_went_astray_opens_nothing(line: str, wrong: str) -> None:
    assert verdict("juniper_junos", SRX, {**FLOW, **ZONES}) == "deny"
    garbled = SRX.replace(line, wrong)
    assert garbled != SRX
    assert verdict("juniper_junos", garbled, {**FLOW, **ZONES}) == "unknown"
    assert verdict("juniper_junos", garbled, FLOW, "from-zone trust to-zone dmz") == "unknown"


def test_ranges_of_addresses_are_the_same_in_a_snapshot() -> None:
    text = """
    set firewall ipv4 name F rule 1 action accept
    set firewall ipv4 name F rule 1 source address 10.0.0.3-10.0.0.9
    """
    found = state("vyos", text)
    again = State.from_dict(found.to_dict())
    assert again == found
    flow = {"src": "10.0.0.9", "dst": "10.9.0.5", "protocol": "tcp"}
    assert Questions(again).verdict(flow, "F")["verdict"] == "permit"


@pytest.mark.parametrize(("kind", "wanted"), [(8, "permit"), (0, "deny")])
def test_junos_has_ping_by_two_names(kind: int, wanted: str) -> None:
    flow = {
        "src": "10.0.0.5",
        "dst": "10.9.0.5",
        "protocol": "icmp",
        "icmp_type": kind,
        "icmp_code": 0,
        **ZONES,
    }
    assert verdict("juniper_junos", SRX.replace("junos-https", "junos-ping"), flow) == wanted
