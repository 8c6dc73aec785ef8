# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists of Arista EOS, and where they are bound: a configuration, a question, and the only right answer."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from tests.support.device_texts import state, verdict

EOS = "arista_eos"


def _entry(entry: str, version: str = "ip") -> str:
    return f"{version} access-list L\n   10 {entry}\n"


def _tcp(src: str = "10.0.0.5", dst: str = "10.9.0.5", port: int = 443, **more: Any) -> dict[str, Any]:
    return {"src": src, "dst": dst, "protocol": "tcp", "dst_port": port, **more}


_OPEN = {"connection": "established", "tcp_flags": ["ack"]}
PINGS: dict[str, Any] = {
    "src": "10.0.0.5",
    "dst": "10.9.0.5",
    "protocol": "icmp",
    "icmp_type": 8,
    "icmp_code": 0,
}
ENTRIES: list[tuple[str, dict[str, Any], str]] = [
    ("permit ip any any", _tcp(), "permit"),
    ("permit ip 10.0.0.0/8 any", _tcp(), "permit"),
    ("permit ip 10.0.0.0/8 any", _tcp("11.0.0.5"), "deny"),
    ("permit ip host 10.0.0.5 host 10.9.0.5", _tcp(), "permit"),
    # Trap 25: a wildcard mask in the destination, contiguous or not.
    ("permit tcp 10.0.0.0 0.0.0.255 10.0.0.5 0.255.255.0 eq 443", _tcp(), "permit"),
    ("permit tcp 10.0.0.0 0.0.0.255 10.0.0.5 0.255.255.0 eq 443", _tcp(dst="10.9.0.6"), "deny"),
    ("permit tcp 10.0.0.0 0.0.254.255 any", _tcp("10.0.2.5"), "permit"),
    ("permit tcp 10.0.0.0 0.0.254.255 any", _tcp("10.0.3.5"), "deny"),
    ("permit tcp any any eq https ssh 8443", _tcp(port=8443), "permit"),
    ("permit tcp any any eq https ssh 8443", _tcp(port=8444), "deny"),
    ("permit tcp any eq 5432 any", _tcp(src_port=5432), "permit"),
    ("permit tcp any any neq 443", _tcp(), "deny"),
    ("permit tcp any any lt 443", _tcp(), "deny"),
    ("permit tcp any any lt 444", _tcp(), "permit"),
    ("permit tcp any any gt 442", _tcp(), "permit"),
    ("permit tcp any any range 440 443", _tcp(), "permit"),
    ("permit tcp any any range 440 443", _tcp(port=444), "deny"),
    ("permit udp any any eq bfd vxlan", {**_tcp(port=4789), "protocol": "udp"}, "permit"),
    ("permit tcp any any established", _tcp(), "deny"),
    ("permit tcp any any established", _tcp(**_OPEN), "permit"),
    ("permit tcp any any syn", _tcp(), "permit"),
    ("permit tcp any any ack", _tcp(), "deny"),
    # Whether two flags must both be set the manual does not say.
    ("permit tcp any any syn ack", _tcp(), "unknown"),
    ("permit ip any any tracked", _tcp(), "deny"),
    ("permit ip any any tracked", _tcp(**_OPEN), "permit"),
    ("permit icmp any any", PINGS, "permit"),
    ("permit icmp any any echo", PINGS, "permit"),
    ("permit icmp any any 3 4", {**PINGS, "icmp_type": 3, "icmp_code": 4}, "permit"),
    ("permit icmp any any 3 4", {**PINGS, "icmp_type": 3, "icmp_code": 1}, "deny"),
    ("permit 47 any any", {"src": "10.0.0.5", "dst": "10.9.0.5", "protocol": 47}, "permit"),
    ("permit egp any any", _tcp(), "deny"),
    ("permit ospf any any", {"src": "10.0.0.5", "dst": "10.9.0.5", "protocol": 89}, "permit"),
    ("deny ip any any fragments", _tcp(), "deny"),
    ("permit ip any any fragments", _tcp(), "deny"),
    ("permit ip any any log", _tcp(), "permit"),
    # A flow does not tell what these ask for.
    ("permit ip any any ttl gt 3", _tcp(), "unknown"),
    ("permit ip any any dscp ef", _tcp(), "unknown"),
    ("permit ip any any nexthop-group NH", _tcp(), "unknown"),
    ("permit vlan 234 0xFFF ip any any", _tcp(), "unknown"),
    ("permit vlan inner 123 0x000 ip any any", _tcp(), "unknown"),
    # What an option narrows stays narrowed by what is known: 11.0.0.0/8 is surely not permitted by it.
    ("permit ip 11.0.0.0/8 any ttl gt 3", _tcp(), "deny"),
    # Trap 29: a word that is not understood.
    ("permit tcp any any establishd", _tcp(), "unknown"),
    ("permit tcp any any eq nosuchport", _tcp(), "unknown"),
    ("permit tcp any 443 any", _tcp(), "unknown"),
    ("permitt tcp any any", _tcp(), "unknown"),
    ("permit ip any", _tcp(), "unknown"),
]


@pytest.mark.parametrize(("entry", "flow", "wanted"), ENTRIES)
def test_an_entry_of_an_ipv4_list(entry: str, flow: dict[str, Any], wanted: str) -> None:
    assert verdict(EOS, _entry(entry), flow, "L") == wanted


@pytest.mark.parametrize(
    ("entry", "flow", "wanted"),
    [
        ("permit tcp any 2001:db8:80::/64 eq www", _tcp("2001:db8::1", "2001:db8:80::9", 80), "permit"),
        ("permit tcp any 2001:db8:80::/64 eq www", _tcp("2001:db8::1", "2001:db8:81::9", 80), "deny"),
        ("permit ipv6 host 2001:db8::1 any", _tcp("2001:db8::1", "2001:db8:81::9"), "permit"),
        (
            "permit icmpv6 any any echo-request",
            {"src": "2001:db8::1", "dst": "2001:db8::2", "protocol": "icmpv6", "icmp_type": 128},
            "permit",
        ),
        ("deny ipv6 any any hop-limit eq 20", _tcp("2001:db8::1", "2001:db8:81::9"), "deny"),
        # What becomes of neighbour discovery at the end of a list is not documented.
        (
            "permit tcp any any",
            {"src": "2001:db8::1", "dst": "2001:db8::2", "protocol": "icmpv6", "icmp_type": 135},
            "unknown",
        ),
        (
            "deny ipv6 any any",
            {"src": "2001:db8::1", "dst": "2001:db8::2", "protocol": "icmpv6", "icmp_type": 135},
            "deny",
        ),
        ("permit ipv6 10.0.0.0/8 any", _tcp("2001:db8::1", "2001:db8:81::9"), "unknown"),
    ],
)
def test_an_entry_of_an_ipv6_list(entry: str, flow: dict[str, Any], wanted: str) -> None:
    assert verdict(EOS, _entry(entry, "ipv6"), flow, "L") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ip access-list standard L\n   10 permit 10.0.0.0/8\n", "permit"),
        ("ip access-list standard L\n   10 permit host 10.0.0.5 log\n", "permit"),
        ("ip access-list standard L\n   10 permit 10.0.0.0 0.0.0.3\n", "deny"),
        ("ip access-list standard L\n   10 permit 10.0.0.0/8 any\n", "unknown"),
        # Sequence numbers out of the order of the text, remarks and counters.
        (
            "ip access-list L\n   counters per-entry\n   20 permit ip any any\n   5 remark no\n   10 deny ip any any\n",
            "deny",
        ),
        # Lines without a number go to the end, by steps of ten.
        ("ip access-list L\n   permit tcp any any\n   5 deny tcp any any eq 443\n", "deny"),
        # A list that is named again goes on, and a candidate may delete.
        ("ip access-list L\n   10 deny ip any any\nip access-list L\n   5 permit ip any any\n", "permit"),
        ("ip access-list L\n   10 deny ip any any\n   20 permit ip any any\n   no 10\n", "permit"),
        (
            "ip access-list L\n   10 deny ip any any\nno ip access-list L\nip access-list L\n   10 permit ip any any\n",
            "permit",
        ),
        ("ip access-list L\n   10 permit ip any any\n   10 deny ip any any\n", "unknown"),
        # As typed, without indentation.
        ("ip access-list L\n10 permit tcp any any\n!\n", "permit"),
        # As "show ip access-lists" prints it.
        ("IP Access List L\n        10 permit tcp any any [match 12 packets, 0:00:01 ago]\n", "permit"),
        ("Standard IP Access List L [readonly]\n        10 permit any\n", "permit"),
        # What a list without a rule does is not documented.
        ("ip access-list L\n", "unknown"),
        ("ip access-list L\n   10 remark nothing else\n", "unknown"),
    ],
)
def test_a_list(text: str, wanted: str) -> None:
    assert verdict(EOS, text, _tcp(), "L") == wanted


@pytest.mark.parametrize(
    ("text", "name", "wanted"),
    [
        ("access-list 10 deny host 10.0.0.5\naccess-list 10 permit any\n", "10", "deny"),
        ("access-list 110 permit tcp any any eq 443\n", "110", "permit"),
        ("access-list 10 deny any\nno access-list 10\naccess-list 10 permit any\n", "10", "permit"),
    ],
)
def test_a_list_whose_lines_name_it(text: str, name: str, wanted: str) -> None:
    assert verdict(EOS, text, _tcp(), name) == wanted


def test_replies_of_translated_connections_are_let_in_or_not_by_what_is_not_modelled() -> None:
    text = "ip access-list L\n   10 deny ip any any\n   permit response traffic nat\n"
    assert verdict(EOS, text, _tcp(), "L") == "deny"
    assert verdict(EOS, text, _tcp(**_OPEN), "L") == "unknown"


def test_the_same_name_for_ipv4_ipv6_and_a_policy_is_three_rulesets() -> None:
    text = """\
        ip access-list X
           10 permit ip any any
        ipv6 access-list X
           10 deny ipv6 any any
        traffic-policies
           traffic-policy X
              match a ipv4
                 actions
                    drop
        """
    found = state(EOS, text).rulesets
    assert {"X", "ipv6 X", "traffic-policy X"} <= found.keys()
    assert verdict(EOS, text, _tcp(), "X") == "permit"
    assert verdict(EOS, text, _tcp(), "traffic-policy X") == "deny"
    assert verdict(EOS, text, _tcp("2001:db8::1", "2001:db8::2"), "ipv6 X") == "deny"


BOUND = """\
    ip access-list WEB
       10 permit tcp any any eq 443
    ipv6 access-list NONE6
       10 deny ipv6 any any
    interface Ethernet1
       no switchport
       vrf RED
       ip address 10.0.0.1/24
       ip address 10.0.9.1/24 secondary
       ip access-group WEB in
       ipv6 access-group NONE6 in
    interface Ethernet2
       no switchport
       shutdown
       ip access-group WEB out
    interface Ethernet3
       ip access-group MISSING in
    interface Ethernet8-9
    """


@pytest.mark.parametrize(
    ("flow", "wanted"),
    [
        (_tcp(in_interface="Ethernet1", out_interface="Ethernet9"), "permit"),
        (_tcp(port=80, in_interface="Ethernet1", out_interface="Ethernet9"), "deny"),
        (_tcp("2001:db8::1", "2001:db8::2", in_interface="Ethernet1", out_interface="Ethernet9"), "deny"),
        (_tcp("2001:db8::1", "2001:db8::2", in_interface="Ethernet8", out_interface="Ethernet2"), "permit"),
        (_tcp(port=80, in_interface="Ethernet8", out_interface="Ethernet9"), "permit"),
        (_tcp(in_interface="Ethernet8", out_interface="Ethernet2"), "permit"),
        (_tcp(port=80, in_interface="Ethernet8", out_interface="Ethernet2"), "deny"),
        # Trap 28: bound the other way it decides nothing.
        (_tcp(port=80, in_interface="Ethernet2", out_interface="Ethernet9"), "permit"),
        # Trap 28: bound and not defined.
        (_tcp(in_interface="Ethernet3", out_interface="Ethernet9"), "unknown"),
        (_tcp("2001:db8::1", "2001:db8::2", in_interface="Ethernet3", out_interface="Ethernet9"), "permit"),
    ],
)
def test_lists_at_interfaces(flow: dict[str, Any], wanted: str) -> None:
    assert verdict(EOS, BOUND, flow) == wanted


def test_interfaces_have_their_addresses_vrf_and_state() -> None:
    found = state(EOS, BOUND).interfaces
    assert found["Ethernet1"].addresses == ["10.0.0.1/24", "10.0.9.1/24"]
    assert (found["Ethernet1"].master, found["Ethernet1"].up, found["Ethernet2"].up) == ("RED", True, False)


def test_a_list_bound_nowhere_decides_nothing() -> None:
    text = _entry("deny ip any any") + "interface Ethernet1-2\n   no switchport\n"
    flow = _tcp(in_interface="Ethernet1", out_interface="Ethernet2")
    assert verdict(EOS, text, flow, "forward") == "permit"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("   ip access-group L in\n   no ip access-group L in\n", "permit"),
        ("   ip access-group OTHER in\n   ip access-group L in\n", "deny"),
        ("ip access-group L in\n", "deny"),
        ("   mac access-group M in\n", "unknown"),
        ("   address locking ipv4\n", "unknown"),
        ("   ip verify unicast source reachable-via rx\n", "unknown"),
        ("   ip access-group L sideways\n", "unknown"),
        ("   ip access-group\n", "unknown"),
    ],
)
def test_what_stands_under_an_interface(body: str, wanted: str) -> None:
    text = _entry("deny ip any any") + f"!\ninterface Ethernet9\ninterface Ethernet1-2,5\n{body}"
    for name in ("Ethernet1", "Ethernet2", "Ethernet5"):
        flow = _tcp(in_interface=name, out_interface="Ethernet9")
        assert verdict(EOS, text, flow, "forward") == wanted


def test_a_range_of_interfaces_that_is_not_understood_makes_all_unknown() -> None:
    text = _entry("deny ip any any") + "interface Ethernet3/1-3/4\n   ip access-group L in\n"
    found = state(EOS, text)
    assert found.not_understood
    flow = _tcp(in_interface="Ethernet7", out_interface="Ethernet9")
    assert Questions(found).verdict(flow, "forward")["verdict"] == "unknown"


CONTROL = dedent("""\
    ip access-list MGMT
       10 permit tcp 10.0.0.0/8 any eq ssh
    interface Management1
       vrf OOB
       ip address 10.5.0.1/24
    interface Ethernet1
       no switchport
       ip address 10.0.0.1/24
    interface Ethernet2
    system control-plane
       ip access-group MGMT in
    """)


@pytest.mark.parametrize(
    ("flow", "wanted"),
    [
        (_tcp(dst="10.0.0.1", port=22, in_interface="Ethernet1"), "permit"),
        (_tcp(dst="10.0.0.1", port=23, in_interface="Ethernet1"), "deny"),
        # The list of one VRF is not the list of another, which has its own that is not shown.
        (_tcp(dst="10.5.0.1", port=22, in_interface="Management1"), "unknown"),
        (_tcp(dst="10.0.0.9", port=23, in_interface="Ethernet1", out_interface="Ethernet2"), "permit"),
    ],
)
def test_lists_of_the_control_plane(flow: dict[str, Any], wanted: str) -> None:
    assert verdict(EOS, CONTROL, flow) == wanted


def test_a_list_of_the_control_plane_in_a_vrf() -> None:
    text = CONTROL + "   ip access-group MGMT vrf OOB in\n"
    assert verdict(EOS, text, _tcp(dst="10.5.0.1", port=22, in_interface="Management1")) == "permit"
    assert verdict(EOS, text, _tcp(dst="10.5.0.1", port=80, in_interface="Management1")) == "deny"


def test_a_list_of_a_service_is_asked_too_and_not_modelled() -> None:
    text = CONTROL + "management ssh\n   ip access-group MGMT in\n"
    found = state(EOS, text)
    assert found.not_understood
    asked = Questions(found)
    assert asked.verdict(_tcp(dst="10.0.0.1", port=22, in_interface="Ethernet1"))["verdict"] == "unknown"
    assert asked.verdict(_tcp(dst="10.0.0.1", port=23, in_interface="Ethernet1"))["verdict"] == "deny"


def test_without_a_list_of_the_control_plane_what_the_device_lets_in_is_unknown() -> None:
    text = "interface Ethernet1\n   ip address 10.0.0.1/24\n"
    assert verdict(EOS, text, _tcp(dst="10.0.0.1", port=22, in_interface="Ethernet1")) == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "! Command: show running-config\n! device: r1\nip access-list L\n   10 permit ip any any\n",
        "% Invalid input (privileged mode required)\n",
        "leaf1>show running-config\n% Invalid input (privileged mode required)\nleaf1>\n",
        "Connection refused\n",
        "! Command: show startup-config\nip access-list L\n   10 permit ip any any\n",
        "",
    ],
)
def test_an_answer_that_is_not_the_whole_configuration_is_no_permit(text: str) -> None:
    found = state(EOS, text)
    assert not found.firewall_known
    assert found.unreadable
    assert (
        Questions(found).verdict(_tcp(in_interface="Ethernet1", out_interface="Ethernet2"))["verdict"]
        == "unknown"
    )


def test_a_whole_configuration_ends_with_end() -> None:
    text = "! Command: show running-config\nbanner motd\nip access-list L\nEOF\nip access-list L\n   10 permit ip any any\nend\n"
    assert verdict(EOS, text, _tcp(), "L") == "permit"


def test_a_rule_is_found_again_by_its_sequence_number() -> None:
    (rule,) = Questions(state(EOS, _entry("permit tcp any any"))).verdict(_tcp(), "L")["rules"]
    assert (rule["text"], rule["line"]) == ("10 permit tcp any any", 10)


def test_segment_security_makes_what_is_forwarded_unknown() -> None:
    text = "router segment-security\n   no shutdown\n"
    flow = _tcp(in_interface="Ethernet1", out_interface="Ethernet2")
    assert verdict(EOS, text, flow, "forward") == "unknown"


NAT = """\
    ip access-list OUT
       10 permit ip 10.0.0.0/8 any
    ip access-list ALL
       10 permit ip any any
    interface Ethernet1
       ip nat source static 10.0.0.5 198.51.100.5
       ip access-group OUT out
    interface Ethernet2
       ip nat source dynamic access-list ALL overload
       ip access-group ALL out
    interface Ethernet9
    """


@pytest.mark.parametrize(
    ("flow", "wanted"),
    [
        # The list sees another source than the packet had.
        (_tcp(in_interface="Ethernet9", out_interface="Ethernet1"), "unknown"),
        (_tcp("10.0.0.6", in_interface="Ethernet9", out_interface="Ethernet1"), "permit"),
        (_tcp("11.0.0.6", in_interface="Ethernet9", out_interface="Ethernet1"), "deny"),
        # Whatever the source has become.
        (_tcp("11.0.0.6", in_interface="Ethernet9", out_interface="Ethernet2"), "permit"),
    ],
)
def test_a_list_behind_a_translation(flow: dict[str, Any], wanted: str) -> None:
    assert verdict(EOS, NAT, flow) == wanted
    assert state(EOS, NAT).not_understood


def test_trap_25_a_wildcard_destination_is_not_its_first_address() -> None:
    text = _entry("permit tcp any 10.9.0.0 0.0.255.254 eq 443")
    assert verdict(EOS, text, _tcp(dst="10.9.7.4"), "L") == "permit"
    assert verdict(EOS, text, _tcp(dst="10.9.7.5"), "L") == "deny"
    assert verdict(EOS, text, _tcp(dst="10.9.7.4/30"), "L") == "mixed"


def test_trap_28_a_list_that_is_bound_and_not_defined_or_empty_is_unknown_and_shown() -> None:
    for defined in ("", "ip access-list L\n"):
        text = f"{defined}interface Ethernet1\n   ip access-group L in\n"
        flow = _tcp(in_interface="Ethernet1", out_interface="Ethernet2")
        assert verdict(EOS, text, flow) == "unknown"
    assert state(EOS, "interface Ethernet1\n   ip access-group L in\n").not_understood


def test_trap_29_a_word_that_is_not_understood_keeps_what_the_others_say() -> None:
    text = _entry("permit tcp 10.0.0.0/8 any eq 443 zqx")
    assert verdict(EOS, text, _tcp(), "L") == "unknown"
    assert verdict(EOS, text, _tcp("11.0.0.1"), "L") == "deny"


def test_a_text_that_is_nested_without_end_is_read() -> None:
    deep = "\n".join(f"{' ' * depth}traffic-policy P" for depth in range(1, 3000))
    assert state(EOS, f"traffic-policies\n{deep}\n").firewall_known
