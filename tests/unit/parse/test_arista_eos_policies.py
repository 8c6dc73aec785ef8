# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic policies of Arista EOS: a policy, a question, and the only right answer."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from tests.support.device_texts import state, verdict

EOS = "arista_eos"


def _tcp(src: str = "10.0.0.5", dst: str = "10.9.0.5", port: int = 443, **more: Any) -> dict[str, Any]:
    return {"src": src, "dst": dst, "protocol": "tcp", "dst_port": port, **more}


def _policy(*lines: str, sets: str = "") -> str:
    """A match that lets pass what these lines say; all else is dropped."""
    body = "".join(f"         {line}\n" for line in lines)
    return f"""traffic-policies
{sets}   traffic-policy P
      match asked ipv4
{body}      !
      match ipv4-all-default ipv4
         actions
            drop
         !
      !
      match ipv6-all-default ipv6
         actions
            drop
"""


SETS = """   field-set ipv4 prefix NETS
      10.0.0.0/24 10.2.0.0/16
      except 10.0.0.128/25
   !
   field-set l4-port PORTS
      80,440-450
      except 445
   !
   field-set ipv4 prefix EMPTY
   !
   field-set ipv4 prefix ODD
      10.0.0.0/24 source bgp
   !
"""
_OPEN = {"connection": "established", "tcp_flags": ["ack"]}
PINGS: dict[str, Any] = {
    "src": "10.0.0.5",
    "dst": "10.9.0.5",
    "protocol": "icmp",
    "icmp_type": 8,
    "icmp_code": 0,
}


@pytest.mark.parametrize(
    ("lines", "flow", "wanted"),
    [
        (("source prefix 10.0.0.0/8 192.0.2.1/32",), _tcp(), "permit"),
        (("source prefix 10.0.0.0/8 192.0.2.1/32",), _tcp("192.0.2.2"), "deny"),
        (("destination prefix 10.9.0.0/16",), _tcp(), "permit"),
        (("source prefix 10.0.0.0/8", "destination prefix 10.8.0.0/16"), _tcp(), "deny"),
        (("protocol tcp destination port 80 440-443",), _tcp(), "permit"),
        (("protocol tcp destination port 80,440-443",), _tcp(), "permit"),
        (("protocol tcp destination port 80, 443",), _tcp(), "permit"),
        (("protocol tcp destination port 80 444",), _tcp(), "deny"),
        (("protocol tcp udp destination port 443",), {**_tcp(), "protocol": "udp"}, "permit"),
        (("protocol tcp source port 1024-65535 destination port 443",), _tcp(src_port=1023), "deny"),
        # Of several lines that begin with protocol, one must hold.
        (("protocol icmp", "protocol tcp destination port 443"), _tcp(), "permit"),
        (("protocol icmp", "protocol tcp destination port 443"), _tcp(port=80), "deny"),
        (("protocol 1,5-7",), _tcp(), "permit"),
        (("protocol 1,7-9",), _tcp(), "deny"),
        (("protocol tcp flags established",), _tcp(), "deny"),
        (("protocol tcp flags established",), _tcp(**_OPEN), "permit"),
        (("protocol tcp flags established source port 443",), _tcp(**_OPEN), "mixed"),
        (("protocol tcp flags initial",), _tcp(), "permit"),
        (("protocol tcp flags initial",), _tcp(**_OPEN), "deny"),
        (("protocol icmp type 0,8 code all",), PINGS, "permit"),
        (("protocol icmp type 3 code 4",), {**PINGS, "icmp_type": 3, "icmp_code": 4}, "permit"),
        (("protocol icmp type 3 code 4",), {**PINGS, "icmp_type": 3, "icmp_code": 1}, "deny"),
        (("protocol icmp type echo echo-reply code all",), PINGS, "permit"),
        (("fragment",), _tcp(), "deny"),
        (("fragment offset 1-3",), _tcp(), "deny"),
        (("source prefix field-set NETS",), _tcp(), "permit"),
        (("source prefix field-set NETS",), _tcp("10.0.0.200"), "deny"),
        (("protocol tcp destination port field-set PORTS",), _tcp(), "permit"),
        (("protocol tcp destination port field-set PORTS",), _tcp(port=445), "deny"),
        (("actions", "   count c", "   set dscp 9", "   log"), _tcp(), "permit"),
        (("actions", "   drop", "   count c"), _tcp(), "deny"),
        # What a flow does not tell, what is not defined, and what is not understood.
        (("ttl 10-20",), _tcp(), "unknown"),
        (("source prefix 11.0.0.0/8", "ttl 10-20"), _tcp(), "deny"),
        (("source prefix field-set NOWHERE",), _tcp(), "unknown"),
        (("source prefix field-set EMPTY",), _tcp(), "unknown"),
        (("source prefix field-set ODD",), _tcp(), "unknown"),
        (("protocol tcp destination prt 443",), _tcp(), "unknown"),
        (("protocol bgp neighbors",), _tcp(), "unknown"),
        (("sourc prefix 10.0.0.0/8",), _tcp(), "unknown"),
        (("source prefix 10.0.0.0/8 10.1.0.0/33",), _tcp(), "unknown"),
        (("protocol tcp flags urg",), _tcp(), "unknown"),
        (("actions", "   drp"), _tcp(), "unknown"),
        (("actions", "   drop later"), _tcp(), "unknown"),
    ],
)
def test_a_match(lines: tuple[str, ...], flow: dict[str, Any], wanted: str) -> None:
    assert verdict(EOS, _policy(*lines, sets=SETS), flow, "P") == wanted


def test_what_no_match_fits_is_forwarded() -> None:
    text = "traffic-policies\n   traffic-policy P\n      match a ipv4\n         protocol udp\n         actions\n            drop\n"
    assert verdict(EOS, text, _tcp(), "P") == "permit"
    assert verdict(EOS, text, _tcp("2001:db8::1", "2001:db8::2"), "P") == "permit"


def test_the_default_matches_are_last_wherever_they_stand() -> None:
    text = """\
        traffic-policies
           traffic-policy P
              match ipv4-all-default ipv4
                 actions
                    drop
              match a ipv4
                 protocol tcp
        """
    assert verdict(EOS, text, _tcp(), "P") == "permit"
    assert verdict(EOS, text, {**_tcp(), "protocol": "udp"}, "P") == "deny"
    assert verdict(EOS, text, _tcp("2001:db8::1", "2001:db8::2"), "P") == "permit"


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ("   no traffic-policy P\n", "gone"),
        ("   no traffic-policy P\n   traffic-policy P\n      match b ipv4\n", "permit"),
        ("   traffic-policy P\n      no match a ipv4\n", "permit"),
        ("   traffic-policy P\n      match b ipv4 before a\n         protocol tcp\n", "permit"),
        ("   traffic-policy P\n      match b ipv4 after a\n         protocol tcp\n", "deny"),
        ("   traffic-policy P\n      match b ipv4 befor a\n         protocol tcp\n", "unknown"),
    ],
)
def test_a_candidate_deletes_and_inserts(more: str, wanted: str) -> None:
    text = (
        "traffic-policies\n   traffic-policy P\n      match a ipv4\n         actions\n            drop\n"
        + more
    )
    found = state(EOS, text)
    if wanted == "gone":
        assert "P" not in found.rulesets
    else:
        assert Questions(found).verdict(_tcp(), "P")["verdict"] == wanted


def test_lines_are_told_apart_by_their_words_where_they_are_indented_otherwise() -> None:
    text = """\
        traffic-policies
           traffic-policy P
           counter c d
              match a ipv4
                 !! a comment
                 protocol tcp
                 actions
                    drop
                 !
              !
              match b ipv4
        """
    assert verdict(EOS, text, _tcp(), "P") == "deny"
    assert verdict(EOS, text, {**_tcp(), "protocol": "udp"}, "P") == "permit"


BOUND = """\
    ip access-list L
       10 permit tcp any any
    traffic-policies
       traffic-policy P
          match a ipv4
             protocol tcp destination port 80
             actions
                drop
    interface Ethernet1
       ip access-group L in
       traffic-policy input P
    interface Ethernet2
       traffic-policy output P
    interface Ethernet3
       traffic-policy input NOWHERE
    interface Ethernet8-9
    """


@pytest.mark.parametrize(
    ("flow", "wanted"),
    [
        # What an interface's list and its policy both let pass goes on.
        (_tcp(in_interface="Ethernet1", out_interface="Ethernet9"), "permit"),
        (_tcp(port=80, in_interface="Ethernet1", out_interface="Ethernet9"), "deny"),
        ({**_tcp(), "protocol": "udp", "in_interface": "Ethernet1", "out_interface": "Ethernet9"}, "deny"),
        (_tcp(port=80, in_interface="Ethernet8", out_interface="Ethernet2"), "deny"),
        (_tcp(port=80, in_interface="Ethernet2", out_interface="Ethernet9"), "permit"),
        (_tcp(port=80, in_interface="Ethernet3", out_interface="Ethernet9"), "unknown"),
    ],
)
def test_policies_at_interfaces(flow: dict[str, Any], wanted: str) -> None:
    assert verdict(EOS, BOUND, flow) == wanted


def test_a_member_that_leaves_a_field_set_changes_the_fingerprint() -> None:
    one = state(EOS, _policy("source prefix field-set NETS", sets=SETS))
    other = state(EOS, _policy("source prefix field-set NETS", sets=SETS.replace(" 10.2.0.0/16", "")))
    assert one.fingerprint["static"] != other.fingerprint["static"]


def test_a_rule_shows_its_lines_and_where_they_stand() -> None:
    (rule,) = Questions(state(EOS, _policy("protocol tcp"))).verdict(_tcp(), "P")["rules"]
    assert (rule["text"], rule["line"]) == ("match asked ipv4; protocol tcp", 3)


SERVICES = """traffic-policies
   vrf {vrf}
      traffic-policy input seg physical
   !
   field-set service DNS
      protocol udp source port all destination port domain
      protocol tcp source port all destination port domain
   transforms interface prefix common source-destination
   !
   traffic-policy seg
      description #policy-id=1
      match dns ipv4
         source prefix 10.0.0.0/24
         protocol service field-set DNS
         actions
            count
      !
      match web ipv4
         protocol tcp source port all destination port http, https
         protocol tcp source port bgp destination port all
      !
      match ipv4-all-default ipv4
         actions
            drop
!
interface Ethernet1
   no switchport
   ip address 10.0.0.1/24
interface Ethernet2
   no switchport
   vrf RED
   ip address 10.9.0.1/24
"""


@pytest.mark.parametrize(
    ("flow", "wanted"),
    [
        ({"protocol": "udp", "dst_port": 53}, "permit"),
        ({"protocol": "udp", "dst_port": 54}, "deny"),
        ({"protocol": "tcp", "dst_port": 53}, "permit"),
        ({"protocol": "tcp", "dst_port": 80}, "permit"),
        ({"protocol": "tcp", "src_port": 179, "dst_port": 5000}, "permit"),
        ({"protocol": "tcp", "src_port": 180, "dst_port": 5000}, "deny"),
        ({"protocol": "udp", "dst_port": 80}, "deny"),
    ],
)
def test_field_sets_of_services_and_ports_by_name(flow: dict[str, Any], wanted: str) -> None:
    whole = {"src": "10.0.0.5", "dst": "10.9.0.5", **flow}
    assert verdict(EOS, SERVICES.format(vrf="ALL"), whole, "seg") == wanted


@pytest.mark.parametrize(
    ("vrf", "port", "wanted"),
    [
        ("ALL", 80, "permit"),
        ("ALL", 81, "unknown"),
        ("default", 81, "unknown"),
        ("default", 80, "permit"),
        ("RED", 81, "permit"),
    ],
)
def test_a_policy_of_a_vrf_leaves_unknown_what_it_drops(vrf: str, port: int, wanted: str) -> None:
    flow = {**_tcp(port=port), "src_port": 5000, "in_interface": "Ethernet1", "out_interface": "Ethernet9"}
    assert verdict(EOS, SERVICES.format(vrf=vrf) + "interface Ethernet9\n", flow) == wanted


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("         actions\n            drop", "         xyz\n            drop"),
        ("         actions\n            drop", "         actions xyz\n            drop"),
        ("match ipv4-all-default ipv4", "xyz ipv4-all-default ipv4"),
        ("match asked ipv4", "xyz asked ipv4"),
        ("match ipv4-all-default ipv4", "match ipv4-all-default xyz"),
        ("match ipv4-all-default ipv4", "match xyz ipv4-all-default ipv4"),
    ],
)
def test_trap_29_a_garbled_line_of_a_policy_opens_nothing(line: str, wrong: str) -> None:
    text = _policy("protocol udp")
    assert verdict(EOS, text, _tcp(), "P") == "deny"
    assert line in text
    assert verdict(EOS, text.replace(line, wrong, 1), _tcp(), "P") == "unknown"


def test_trap_29_a_policy_at_what_is_no_interface_may_be_at_any() -> None:
    text = _policy("protocol udp") + "interface Ethernet1\n   no switchport\n   traffic-policy input P\n"
    flow = {**_tcp(), "in_interface": "Ethernet1", "out_interface": "Ethernet2"}
    assert verdict(EOS, text, flow) == "deny"
    assert verdict(EOS, text.replace("interface Ethernet1", "xyz Ethernet1"), flow) == "unknown"
