# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Object groups of Cisco IOS: members, a question, the only right answer."""

from __future__ import annotations

import json
from textwrap import indent
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from tests.support.device_texts import state, verdict

Flow = dict[str, Any]
TCP: Flow = {"src": "10.0.0.5", "dst": "10.1.0.9", "protocol": "tcp", "dst_port": 5432}
UDP: Flow = {"src": "10.0.0.5", "dst": "10.1.0.9", "protocol": "udp", "dst_port": 53}
PING: Flow = {"src": "10.0.0.5", "dst": "10.1.0.9", "protocol": "icmp", "icmp_type": 8}

NETWORK: list[tuple[str, str]] = [
    ("host 10.0.0.5", "permit"),
    ("host 10.0.0.6", "deny"),
    ("10.0.0.0 255.255.255.0", "permit"),
    ("10.0.0.0 255.255.255.252", "deny"),
    ("10.0.0.0 /24", "permit"),
    ("10.0.0.0 /30", "deny"),
    ("range 10.0.0.1 10.0.0.5", "permit"),
    ("range 10.0.0.6 10.0.0.9", "deny"),
    ("any", "permit"),
    ("description host 10.0.0.5", "deny"),
    ("group-object INNER", "permit"),
    ("host 10.0.0.6\ngroup-object INNER", "permit"),
    # A wildcard where a mask belongs, and other members that can't be read.
    ("10.0.0.0 0.0.0.255", "unknown"),
    ("host 10.0.0.5\nnonsense", "permit"),
    ("host 10.0.0.6\nnonsense", "unknown"),
    ("host", "unknown"),
    ("range 10.0.0.9 10.0.0.1", "unknown"),
    ("group-object MISSING", "unknown"),
    ("host 10.0.0.5\ngroup-object MISSING", "permit"),
    ("group-object NET", "unknown"),
    ("group-object EMPTY", "deny"),
    ("host 10.0.0.5\nno host 10.0.0.5", "deny"),
]


@pytest.mark.parametrize("use", ["object-group", "addrgroup"])
@pytest.mark.parametrize(("members", "wanted"), NETWORK)
def test_groups_of_addresses(members: str, wanted: str, use: str) -> None:
    text = (
        "object-group network EMPTY\nobject-group network INNER\n host 10.0.0.5\n"
        f"object-group network NET\n{indent(members, ' ')}\n"
        f"ip access-list extended L\n permit tcp {use} NET host 10.1.0.9 eq 5432\n"
    )
    assert verdict("cisco_ios", text, TCP, "L") == wanted
    assert verdict("cisco_ios", text, UDP, "L") == "deny"
    assert verdict("cisco_ios", text, {**TCP, "dst_port": 5433}, "L") == "deny"


SERVICE: list[tuple[str, Flow, str]] = [
    ("tcp eq 5432", TCP, "permit"),
    ("tcp eq 5432", UDP, "deny"),
    ("tcp 5432", TCP, "permit"),
    ("tcp eq 1 5432", TCP, "permit"),
    ("tcp source eq 1 eq 2", {**TCP, "src_port": 1, "dst_port": 2}, "permit"),
    ("tcp source eq 1 eq 2", {**TCP, "src_port": 2, "dst_port": 1}, "deny"),
    ("tcp source eq 1", {**TCP, "src_port": 1}, "permit"),
    ("tcp source gt 1023 eq 5432", {**TCP, "src_port": 1023}, "deny"),
    ("tcp range 5000 6000", TCP, "permit"),
    ("tcp-udp eq domain", UDP, "permit"),
    ("tcp-udp eq domain", {**TCP, "dst_port": 53}, "permit"),
    ("tcp-udp eq domain", TCP, "deny"),
    ("tcp-udp source range 1 9 gt 50", {**UDP, "src_port": 10}, "deny"),
    ("tcp", TCP, "permit"),
    ("ip", PING, "permit"),
    ("icmp", PING, "permit"),
    ("icmp echo", PING, "permit"),
    ("icmp echo-reply", PING, "deny"),
    ("icmp 8", PING, "permit"),
    ("17", UDP, "permit"),
    ("89", UDP, "deny"),
    ("esp", {"src": "10.0.0.5", "dst": "10.1.0.9", "protocol": 50}, "permit"),
    ("group-object INNER", TCP, "permit"),
    ("group-object INNER", UDP, "deny"),
    ("group-object MISSING", TCP, "unknown"),
    ("group-object SVC", TCP, "unknown"),
    ("udp eq telnet", TCP, "unknown"),
    ("tcp eq 5432 nonsense", TCP, "unknown"),
    ("tcp eq 5432\nudp nonsense", TCP, "permit"),
    ("tcp eq", TCP, "unknown"),
]


@pytest.mark.parametrize(("members", "flow", "wanted"), SERVICE)
def test_groups_of_services(members: str, flow: Flow, wanted: str) -> None:
    text = (
        "object-group service INNER\n tcp eq 5432\n"
        f"object-group service SVC\n{indent(members, ' ')}\n"
        "object-group network NET\n 10.0.0.0 /24\n"
        "ip access-list extended L\n permit object-group SVC object-group NET any\n"
    )
    assert verdict("cisco_ios", text, flow, "L") == wanted
    assert verdict("cisco_ios", text, {**flow, "src": "10.0.9.5"}, "L") == "deny"


PORTS: list[tuple[str, str]] = [
    ("eq 5432", "permit"),
    ("eq 5431", "deny"),
    ("range 5000 6000", "permit"),
    ("gt 5432", "deny"),
    ("lt 5433", "permit"),
    ("neq 5432", "deny"),
    ("nonsense", "unknown"),
    ("eq nonsense", "unknown"),
]


@pytest.mark.parametrize(("members", "wanted"), PORTS)
def test_groups_of_ports(members: str, wanted: str) -> None:
    text = f"object-group ip port P\n {members}\nip access-list extended L\n permit tcp any any portgroup P\n"
    assert verdict("cisco_ios", text, TCP, "L") == wanted
    assert verdict("cisco_ios", text, UDP, "L") == "deny"


def test_groups_of_ipv6() -> None:
    text = """        object-group v6-network APP
         2001:db8:1::/64
         host 2001:db8:2::5
        object-group v6-service WEB
         tcp eq 443
         icmp echo-request
        ipv6 access-list L6
         permit object-group WEB object-group APP any
        """
    flow = {"src": "2001:db8:1::7", "dst": "2001:db8:9::1", "protocol": "tcp", "dst_port": 443}
    assert verdict("cisco_ios", text, flow, "L6") == "permit"
    assert verdict("cisco_ios", text, {**flow, "src": "2001:db8:2::5"}, "L6") == "permit"
    assert verdict("cisco_ios", text, {**flow, "src": "2001:db8:2::6"}, "L6") == "deny"
    ping = {"src": "2001:db8:1::7", "dst": "2001:db8:9::1", "protocol": "icmpv6", "icmp_type": 128}
    assert verdict("cisco_ios", text, ping, "L6") == "permit"


def test_groups_as_generators_write_them() -> None:
    text = """\
        object-group network ipv4 APP
         10.0.0.0/24
        exit
        object-group port 5000-6000
         range 5000 6000
        exit
        ip access-list extended L
         permit tcp net-group APP any port-group 5000-6000
        """
    assert verdict("cisco_ios", text, TCP, "L") == "permit"
    assert verdict("cisco_ios", text, {**TCP, "dst_port": 22}, "L") == "deny"
    assert verdict("cisco_ios", text.replace("group 5000-6000\n", "group 1-1\n"), TCP, "L") == "unknown"


class TestTrap28:
    """A deleted member of a nested group; a missing group; one that contains itself."""

    TEXT = """        object-group network INNER
         host 10.0.0.5
        object-group network OUTER
         group-object INNER
        access-list 101 permit ip object-group OUTER any
        """

    def test_a_member_of_a_nested_group_that_is_deleted(self) -> None:
        assert verdict("cisco_ios", self.TEXT, TCP, "101") == "permit"
        assert (
            verdict("cisco_ios", self.TEXT.replace(" host 10.0.0.5", " host 10.0.0.6"), TCP, "101") == "deny"
        )

    def test_a_group_that_is_missing_is_named_as_the_reason(self) -> None:
        text = self.TEXT.replace("OUTER any", "ELSEWHERE any")
        assert verdict("cisco_ios", text, TCP, "101") == "unknown"
        shown = str(state("cisco_ios", text).to_dict()["rulesets"]["101"])
        assert "the object group ELSEWHERE is not defined" in shown

    def test_a_group_that_contains_itself(self) -> None:
        text = self.TEXT.replace("host 10.0.0.5", "group-object OUTER")
        assert verdict("cisco_ios", text, TCP, "101") == "unknown"
        assert "contains itself" in str(state("cisco_ios", text).to_dict()["rulesets"]["101"])

    def test_a_deny_of_a_missing_group_leaves_what_follows_unknown(self) -> None:
        text = "access-list 101 deny ip object-group GONE any\naccess-list 101 permit tcp any any\n"
        assert verdict("cisco_ios", text, TCP, "101") == "unknown"
        assert verdict("cisco_ios", text, UDP, "101") == "deny"


def test_a_kind_of_group_that_is_not_modelled_is_named() -> None:
    text = "object-group fqdn SITES\n pattern example\naccess-list 101 permit tcp any object-group SITES\n"
    assert "object-group fqdn SITES" in [one["text"] for one in state("cisco_ios", text).not_understood]
    assert verdict("cisco_ios", text, TCP, "101") == "unknown"


def test_groups_of_protocols_are_no_groups_of_ios_and_a_second_definition_is_not_known() -> None:
    text = """        object-group protocol P
         protocol-object tcp
        object-group protocol P
         protocol-object udp
        access-list 101 permit object-group P any any
        """
    assert verdict("cisco_ios", text, TCP, "101") == "permit"
    assert verdict("cisco_ios", text, UDP, "101") == "unknown"
    assert verdict("cisco_ios", text, PING, "101") == "deny"


def test_groups_in_groups_without_end_survive_the_states_document() -> None:
    inner = "".join(
        f"object-group service G{level}\n tcp eq {level}\n udp nonsense\n group-object G{level + 1}\n"
        for level in range(1, 60)
    )
    found = state("cisco_ios", inner + "access-list 101 permit object-group G1 any any\n")
    assert State.from_dict(json.loads(json.dumps(found.to_dict()))).to_dict() == found.to_dict()
    assert Questions(found).verdict({**TCP, "dst_port": 5}, "101")["verdict"] == "permit"
    assert Questions(found).verdict({**TCP, "dst_port": 59}, "101")["verdict"] == "unknown"
