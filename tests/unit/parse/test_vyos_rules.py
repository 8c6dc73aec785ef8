# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of VyOS: what stands under one, a question, and the only right answer."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from tests.support.device_texts import state, verdict

VYOS = "vyos"


def _tcp(src: str = "10.0.0.5", dst: str = "10.9.0.5", port: int = 443, **more: Any) -> dict[str, Any]:
    return {"src": src, "dst": dst, "protocol": "tcp", "dst_port": port, **more}


GROUPS = """\
set firewall group address-group HOSTS address '10.0.0.5'
set firewall group address-group HOSTS address '10.0.1.1-10.0.1.9'
set firewall group address-group MORE include 'HOSTS'
set firewall group address-group MORE address '10.7.0.1'
set firewall group address-group EMPTY description 'none yet'
set firewall group address-group LOOP include 'LOOP'
set firewall group network-group NETS network '10.0.0.0/24'
set firewall group port-group WEB port '80'
set firewall group port-group WEB port '440-443'
set firewall group port-group WEB port 'ssh'
set firewall group ipv6-network-group SIX network '2001:db8::/32'
set firewall group interface-group LAN interface 'eth1'
set firewall group interface-group LAN interface 'wg*'
"""
_LINES_OF_RULE = "set firewall {word} L rule 10 {line}\n"


def _rule(*lines: str, word: str = "ipv4 name", action: str = "accept") -> str:
    """A list that drops all but what a rule with these lines lets pass."""
    said = "".join(_LINES_OF_RULE.format(word=word, line=line) for line in (f"action {action}", *lines))
    return f"{GROUPS}set firewall {word} L default-action 'drop'\n{said}"


_OPEN = {"connection": "established", "tcp_flags": ["ack"]}
PINGS: dict[str, Any] = {
    "src": "10.0.0.5",
    "dst": "10.9.0.5",
    "protocol": "icmp",
    "icmp_type": 8,
    "icmp_code": 0,
}
TCP443 = ("protocol tcp", "destination port 443")


@pytest.mark.parametrize("word", ["ipv4 name", "name"])
@pytest.mark.parametrize(
    ("lines", "flow", "wanted"),
    [
        ((), _tcp(), "permit"),
        (("source address 10.0.0.0/8",), _tcp(), "permit"),
        (("source address '!10.0.0.0/8'",), _tcp(), "deny"),
        (("source address '!10.0.0.0/8'",), _tcp("11.0.0.1"), "permit"),
        (("source address 10.0.0.1-10.0.0.5",), _tcp(), "permit"),
        (("source address 10.0.0.1-10.0.0.4",), _tcp(), "deny"),
        (("destination address 10.0.0.5", "destination address-mask 255.0.0.255"), _tcp(), "permit"),
        (
            ("destination address 10.0.0.5", "destination address-mask 255.0.0.255"),
            _tcp(dst="10.9.0.6"),
            "deny",
        ),
        (TCP443, _tcp(), "permit"),
        (TCP443, _tcp(port=80), "deny"),
        (TCP443, {**_tcp(), "protocol": "udp"}, "deny"),
        (("protocol tcp_udp", "destination port 443"), {**_tcp(), "protocol": "udp"}, "permit"),
        (("protocol '!tcp'",), _tcp(), "deny"),
        (("protocol '!tcp_udp'",), PINGS, "permit"),
        (("protocol all",), PINGS, "permit"),
        (("protocol 6",), _tcp(), "permit"),
        (("protocol tcp", "destination port '22,80,440-450'"), _tcp(), "permit"),
        (("protocol tcp", "destination port https"), _tcp(), "permit"),
        (("protocol tcp", "destination port '!443'"), _tcp(), "deny"),
        (("protocol tcp", "destination port '!22'"), _tcp(), "permit"),
        (("protocol tcp", "source port '1024-65535'"), _tcp(src_port=1023), "deny"),
        (("source group address-group HOSTS",), _tcp(), "permit"),
        (("source group address-group HOSTS",), _tcp("10.0.1.10"), "deny"),
        (("source group address-group '!HOSTS'",), _tcp(), "deny"),
        (("source group address-group MORE",), _tcp("10.0.1.9"), "permit"),
        (("source group network-group NETS",), _tcp(), "permit"),
        (("source group address-group EMPTY",), _tcp(), "deny"),
        (("source group address-group '!EMPTY'",), _tcp(), "permit"),
        (("protocol tcp", "destination group port-group WEB"), _tcp(), "permit"),
        (("protocol tcp", "destination group port-group WEB"), _tcp(port=22), "permit"),
        (("protocol tcp", "destination group port-group WEB"), _tcp(port=444), "deny"),
        (("protocol tcp", "destination group port-group '!WEB'"), _tcp(port=444), "permit"),
        (("state established enable", "state related enable"), _tcp(), "deny"),
        (("state established enable", "state related enable"), _tcp(**_OPEN), "permit"),
        (("state established", "state related"), _tcp(**_OPEN), "permit"),
        (("state new enable", "state established disable"), _tcp(), "permit"),
        (("protocol tcp", "tcp flags 'SYN,!ACK,!FIN,!RST'"), _tcp(), "permit"),
        (("protocol tcp", "tcp flags 'SYN,!ACK,!FIN,!RST'"), _tcp(**_OPEN), "deny"),
        (("protocol tcp", "tcp flags syn", "tcp flags not ack"), _tcp(), "permit"),
        (("protocol tcp", "tcp flags ack"), _tcp(), "deny"),
        (("protocol icmp", "icmp type-name echo-request"), PINGS, "permit"),
        (("protocol icmp", "icmp type 8", "icmp code 0"), PINGS, "permit"),
        (("protocol icmp", "icmp type 0"), PINGS, "deny"),
        (("inbound-interface name eth1",), _tcp(in_interface="eth1"), "permit"),
        (("inbound-interface name '!eth1'",), _tcp(in_interface="eth1"), "deny"),
        (("inbound-interface name 'eth*'",), _tcp(in_interface="eth7"), "permit"),
        (("inbound-interface group LAN",), _tcp(in_interface="wg3"), "permit"),
        (("inbound-interface group '!LAN'",), _tcp(in_interface="wg3"), "deny"),
        (("outbound-interface name eth2",), _tcp(out_interface="eth2"), "permit"),
        (("fragment match-frag",), _tcp(), "deny"),
        (("fragment match-non-frag",), _tcp(), "permit"),
        (("log", "description 'a b'", "log-options level info"), _tcp(), "permit"),
        (("log enable",), _tcp(), "permit"),
        (("disable",), _tcp(), "deny"),
        # Trap 8: what a flow does not tell, or what packets before it decide.
        (("limit rate 5/minute",), _tcp(), "unknown"),
        (("recent count 4", "recent time minute"), _tcp(), "unknown"),
        (("time starttime 08:00:00",), _tcp(), "unknown"),
        (("ipsec match-ipsec",), _tcp(), "unknown"),
        (("source mac-address '!00:11:22:33:44:55'",), _tcp(), "unknown"),
        (("source geoip country-code de",), _tcp(), "unknown"),
        (("destination fqdn example.org",), _tcp(), "unknown"),
        (("source group mac-group M",), _tcp(), "unknown"),
        (("source address 11.0.0.0/8", "limit rate 5/minute"), _tcp(), "deny"),
        # Trap 28: groups that are missing, or contain themselves.
        (("source group address-group NONE",), _tcp(), "unknown"),
        (("source group address-group LOOP",), _tcp(), "unknown"),
        # Trap 29: words that are not understood.
        (("protcol tcp",), _tcp(), "unknown"),
        (("protocol tcp udp",), _tcp(), "unknown"),
        (("protocol",), _tcp(), "unknown"),
        (("protocol nosuch",), _tcp(), "unknown"),
        (("source addres 10.0.0.0/8",), _tcp(), "unknown"),
        (("source address 10.0.0.0/40",), _tcp(), "unknown"),
        (("source address 2001:db8::1",), _tcp(), "unknown"),
        (("destination port 443",), _tcp(), "unknown"),
        (("protocol icmp", "destination port 443"), PINGS, "unknown"),
        (("protocol tcp", "destination port 443-80"), _tcp(), "unknown"),
        (("protocol tcp", "destination port nosuch"), _tcp(), "unknown"),
        (("state establised enable",), _tcp(), "unknown"),
        (("state established maybe",), _tcp(), "unknown"),
        (("state established disable",), _tcp(), "unknown"),
        (("tcp flags syn",), _tcp(), "unknown"),
        (("protocol tcp", "tcp flags sin"), _tcp(), "unknown"),
        (("protocol icmp", "icmp type-name pings"), PINGS, "unknown"),
        (("inbound-interface group NONE",), _tcp(in_interface="eth1"), "unknown"),
    ],
)
def test_what_a_rule_asks_for(lines: tuple[str, ...], flow: dict[str, Any], wanted: str, word: str) -> None:
    assert verdict(VYOS, _rule(*lines, word=word), flow, "L") == wanted


@pytest.mark.parametrize("word", ["ipv6 name", "ipv6-name"])
@pytest.mark.parametrize(
    ("lines", "flow", "wanted"),
    [
        (("source address 2001:db8::/32",), _tcp("2001:db8::1", "2001:db9::1"), "permit"),
        (("source group network-group SIX",), _tcp("2001:db8::1", "2001:db9::1"), "permit"),
        (("source group network-group '!SIX'",), _tcp("2001:db8::1", "2001:db9::1"), "deny"),
        (
            ("protocol ipv6-icmp", "icmpv6 type-name echo-request"),
            {"src": "2001:db8::1", "dst": "2001:db8::2", "protocol": "icmpv6", "icmp_type": 128},
            "permit",
        ),
        (
            ("protocol icmpv6", "icmpv6 type 128/0"),
            {
                "src": "2001:db8::1",
                "dst": "2001:db8::2",
                "protocol": "icmpv6",
                "icmp_type": 128,
                "icmp_code": 0,
            },
            "permit",
        ),
        (("source address 10.0.0.0/8",), _tcp("2001:db8::1", "2001:db9::1"), "unknown"),
    ],
)
def test_what_an_ipv6_rule_asks_for(
    lines: tuple[str, ...], flow: dict[str, Any], wanted: str, word: str
) -> None:
    assert verdict(VYOS, _rule(*lines, word=word), flow, "L") == wanted


@pytest.mark.parametrize(("port", "wanted"), [(22, "deny"), (80, "deny"), (443, "permit")])
def test_1_3_negates_a_whole_list_of_ports(port: int, wanted: str) -> None:
    text = _rule("protocol tcp", "destination port '!22,80'", word="name")
    assert verdict(VYOS, text, _tcp(port=port), "L") == wanted


def test_later_releases_document_that_otherwise_than_they_do_it() -> None:
    assert verdict(VYOS, _rule("protocol tcp", "destination port '!22,80'"), _tcp(), "L") == "unknown"
    assert verdict(VYOS, _rule("protocol tcp", "destination port '!22,!80'"), _tcp(), "L") == "permit"
    assert verdict(VYOS, _rule("protocol tcp", "destination port '!22,!80'"), _tcp(port=80), "L") == "deny"


@pytest.mark.parametrize(
    ("action", "wanted"),
    [
        ("accept", "permit"),
        ("drop", "deny"),
        ("reject", "deny"),
        ("continue", "deny"),
        ("offload", "deny"),
        ("queue", "unknown"),
        ("inspect", "unknown"),
        ("return", "unknown"),
        ("acept", "unknown"),
    ],
)
def test_actions(action: str, wanted: str) -> None:
    assert verdict(VYOS, _rule("protocol tcp", action=action), _tcp(), "L") == wanted


def test_a_rule_without_an_action_is_unknown() -> None:
    text = "set firewall ipv4 name L default-action drop\nset firewall ipv4 name L rule 10 protocol tcp\n"
    assert verdict(VYOS, text, _tcp(), "L") == "unknown"


def test_rules_are_tried_by_number_and_a_set_without_a_default_action_drops() -> None:
    text = """\
        set firewall ipv4 name L rule 100 action accept
        set firewall ipv4 name L rule 20 action drop
        set firewall ipv4 name L rule 20 protocol tcp
        set firewall ipv4 name L rule 100 protocol '!udp'
        """
    assert verdict(VYOS, text, _tcp(), "L") == "deny"
    assert verdict(VYOS, text, PINGS, "L") == "permit"
    assert verdict(VYOS, text, {**_tcp(), "protocol": "udp"}, "L") == "deny"


JUMPS = """\
    set firewall ipv4 forward filter default-action drop
    set firewall ipv4 forward filter rule 10 action jump
    set firewall ipv4 forward filter rule 10 jump-target A
    set firewall ipv4 forward filter rule 10 inbound-interface name eth1
    set firewall ipv4 forward filter rule 20 action accept
    set firewall ipv4 forward filter rule 20 protocol udp
    set firewall ipv4 name A default-action return
    set firewall ipv4 name A rule 1 action return
    set firewall ipv4 name A rule 1 protocol udp
    set firewall ipv4 name A rule 2 action jump
    set firewall ipv4 name A rule 2 jump-target B
    set firewall ipv4 name B default-action drop
    set firewall ipv4 name B rule 1 action accept
    set firewall ipv4 name B rule 1 protocol tcp
    set firewall ipv4 name B rule 1 destination port 443
    set firewall ipv4 name B rule 2 action return
    set firewall ipv4 name B rule 2 protocol icmp
    """


@pytest.mark.parametrize(
    ("flow", "wanted"),
    [
        (_tcp(), "permit"),
        (_tcp(port=80), "deny"),
        ({**_tcp(), "protocol": "udp"}, "permit"),
        (PINGS, "deny"),
        (_tcp(in_interface="eth2"), "deny"),
        ({**_tcp(), "protocol": "udp", "in_interface": "eth2"}, "permit"),
    ],
)
def test_trap_11_jump_and_return(flow: dict[str, Any], wanted: str) -> None:
    asked = {"in_interface": "eth1", "out_interface": "eth2", **flow}
    assert verdict(VYOS, JUMPS, asked, "forward") == wanted


def test_a_set_asked_alone_does_not_know_what_becomes_of_a_packet_that_returns() -> None:
    found = Questions(state(VYOS, JUMPS))
    assert found.verdict(PINGS, "B")["verdict"] == "unknown"
    assert found.verdict(_tcp(), "B")["verdict"] == "permit"
    assert found.verdict(_tcp(), "A")["verdict"] == "permit"
    assert found.verdict({**_tcp(), "protocol": "udp"}, "A")["verdict"] == "unknown"


def test_a_jump_to_a_set_that_is_not_defined_is_unknown() -> None:
    text = JUMPS.replace("jump-target A", "jump-target NOWHERE")
    asked = _tcp(in_interface="eth1", out_interface="eth2")
    assert verdict(VYOS, text, asked, "forward") == "unknown"


def test_a_rule_shows_its_words_and_number() -> None:
    (rule,) = Questions(state(VYOS, _rule(*TCP443))).verdict(_tcp(), "L")["rules"]
    assert (rule["text"], rule["line"]) == ("rule 10: action accept; protocol tcp; destination port 443", 10)


def test_a_member_that_leaves_a_group_changes_the_fingerprint() -> None:
    text = _rule("source group address-group HOSTS")
    other = text.replace("set firewall group address-group HOSTS address '10.0.0.5'\n", "")
    assert state(VYOS, text).fingerprint["static"] != state(VYOS, other).fingerprint["static"]


def test_the_same_name_for_ipv4_and_ipv6_is_two_rulesets() -> None:
    text = """\
        set firewall ipv4 name X default-action accept
        set firewall ipv6 name X default-action drop
        """
    assert verdict(VYOS, text, _tcp(), "X") == "permit"
    assert verdict(VYOS, text, _tcp("2001:db8::1", "2001:db8::2"), "ipv6 X") == "deny"
