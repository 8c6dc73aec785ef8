# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of resource modules: they mean what the configuration means that they were made of, and say what they lack."""

from __future__ import annotations

import itertools
from textwrap import dedent
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.pathguard.network.plugins.filter.from_resource_facts import from_resource_facts
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MAX_LINES
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.resource_facts import state_from_facts
from tests.support import device_texts


def three(source: str, database: str, ip: str, first: str = "") -> str:
    """The facts of a list of three entries. ``source``, ``database``: the ends of the first one; ``ip``: what the last
    one says beside its ends; ``first``: what comes before them."""
    permit = "grant: permit"
    database = f"{database}, port_protocol: {{eq: '5432'}}"
    entries = [
        first,
        f"{{sequence: 10, {permit}, protocol: tcp, source: {{{source}}}, destination: {{{database}}}}}",
        "{sequence: 20, grant: deny, protocol: udp, source: {any: true}, "
        "destination: {any: true, port_protocol: {eq: domain}}}",
        f"{{sequence: 30, {permit}, {ip}, source: {{host: 10.10.1.200}}, destination: {{any: true}}}}",
    ]
    return f"acls: [{{afi: ipv4, acls: [{{name: A, aces: [{', '.join(filter(None, entries))}]}}]}}]"


# Platform -> (configuration, the same as facts, the list that is asked).
SAME: dict[str, tuple[str, str, str]] = {
    "cisco_ios": (
        """\
        ip access-list extended A
         10 permit tcp 10.10.1.0 0.0.0.127 host 10.20.1.10 eq 5432
         15 permit tcp any range 6432 6440 10.10.0.0 0.0.255.255 established
         20 deny udp any any eq domain
         25 permit icmp any any echo
         30 permit udp any gt 1023 any neq syslog
         40 permit ip host 10.10.1.200 any
        """,
        """\
        acls:
          - afi: ipv4
            acls:
              - name: A
                acl_type: extended
                aces:
                  - {sequence: 40, grant: permit, protocol: ip, source: {host: 10.10.1.200}, destination: {any: true}}
                  - sequence: 10
                    grant: permit
                    protocol: tcp
                    source: {address: 10.10.1.0, wildcard_bits: 0.0.0.127}
                    destination: {host: 10.20.1.10, port_protocol: {eq: "5432"}}
                  - sequence: 15
                    grant: permit
                    protocol: tcp
                    protocol_options: {tcp: {established: true}}
                    source: {any: true, port_protocol: {range: {start: 6432, end: 6440}}}
                    destination: {address: 10.10.0.0, wildcard_bits: 0.0.255.255}
                  - sequence: 20
                    grant: deny
                    protocol: udp
                    source: {any: true}
                    destination: {any: true, port_protocol: {eq: domain}}
                  - sequence: 25
                    grant: permit
                    protocol: icmp
                    protocol_options: {icmp: {echo: true}}
                    source: {any: true}
                    destination: {any: true}
                    log: {set: true}
                  - sequence: 30
                    grant: permit
                    protocol: udp
                    source: {any: true, port_protocol: {gt: "1023"}}
                    destination: {any: true, port_protocol: {neq: syslog}}
                  - {sequence: 35, remarks: [what comes now, is old]}
        """,
        "A",
    ),
    "cisco_nxos": (
        """\
        ip access-list A
          10 permit tcp 10.10.1.0/25 10.20.1.10/32 eq 5432
          20 deny udp any any eq domain
          30 permit ip 10.10.1.200/32 any
        """,
        three("prefix: 10.10.1.0/25", "prefix: 10.20.1.10/32", "protocol: ip"),
        "A",
    ),
    "cisco_xr": (
        """\
        ipv4 access-list A
         10 permit tcp 10.10.1.0 0.0.0.127 host 10.20.1.10 eq 5432
         20 deny udp any any eq domain
         30 permit ipv4 host 10.10.1.200 any
        """,
        three(
            "address: 10.10.1.0, wildcard_bits: 0.0.0.127",
            "host: 10.20.1.10",
            "protocol: ipv4",
            "{sequence: 5, remark: databases}",
        ),
        "A",
    ),
    "arista_eos": (
        """\
        ip access-list A
           10 permit tcp 10.10.1.0/25 host 10.20.1.10 eq 5432
           20 deny udp any any eq domain
           30 permit ip host 10.10.1.200 any log
        """,
        three("subnet_address: 10.10.1.0/25", "host: 10.20.1.10", "protocol: ip, log: true"),
        "A",
    ),
    "cisco_asa": (
        """\
        object-group network APPS
         network-object 10.10.1.0 255.255.255.128
         group-object MORE
        object-group network MORE
         network-object host 10.10.1.200
        access-list A extended permit tcp object-group APPS host 10.20.1.10 eq 5432
        access-list A extended deny udp any any eq domain inactive
        access-list A extended permit icmp any any echo
        access-list A extended permit udp any range 1024 65535 any4
        """,
        """\
        acls:
          acls:
            - name: A
              acl_type: extended
              aces:
                - grant: permit
                  line: 1
                  protocol_options: {tcp: true}
                  source: {object_group: APPS}
                  destination: {host: 10.20.1.10, port_protocol: {eq: "5432"}}
                - grant: deny
                  line: 2
                  protocol_options: {udp: true}
                  source: {any: true}
                  destination: {any: true, port_protocol: {eq: domain}}
                  inactive: true
                - grant: permit
                  line: 3
                  protocol_options: {icmp: {echo: true}}
                  source: {any: true}
                  destination: {any: true}
                - grant: permit
                  line: 4
                  protocol_options: {udp: true}
                  source: {any: true, port_protocol: {range: {start: 1024, end: 65535}}}
                  destination: {any4: true}
        ogs:
          - object_type: network
            object_groups:
              - name: APPS
                description: those that ask
                network_object: {address: [10.10.1.0 255.255.255.128]}
                group_object: [MORE]
              - {name: MORE, network_object: {host: [10.10.1.200]}}
        """,
        "A",
    ),
    "juniper_junos": (
        """\
        set firewall family inet filter A term db from source-address 10.10.1.0/25
        set firewall family inet filter A term db from destination-address 10.20.1.10/32
        set firewall family inet filter A term db from protocol tcp
        set firewall family inet filter A term db from destination-port 5432
        set firewall family inet filter A term db then accept
        set firewall family inet filter A term no from protocol udp
        set firewall family inet filter A term no then discard
        set firewall family inet filter A term old from source-address 10.10.1.200/32
        set firewall family inet filter A term old then accept
        """,
        """\
        acls:
          - afi: ipv4
            acls:
              - name: A
                aces:
                  - name: db
                    grant: permit
                    protocol: tcp
                    source: {address: 10.10.1.0/25}
                    destination: {address: [10.20.1.10/32], port_protocol: {eq: "5432"}}
                  - {name: "no", grant: deny, protocol: "['udp']"}
                  - {name: old, grant: permit, source: {address: 10.10.1.200/32}}
        """,
        "A",
    ),
    "vyos": (
        """\
        set firewall group network-group APPS network 10.10.1.0/25
        set firewall name A default-action drop
        set firewall name A rule 10 action accept
        set firewall name A rule 10 protocol tcp
        set firewall name A rule 10 source group network-group APPS
        set firewall name A rule 10 destination address 10.20.1.10
        set firewall name A rule 10 destination port 5432
        set firewall name A rule 20 action accept
        set firewall name A rule 20 state established enable
        set firewall name A rule 20 state related enable
        set firewall name A rule 30 action reject
        set firewall name A rule 40 action accept
        set firewall name A rule 40 disable
        """,
        """\
        firewall_rules:
          - afi: ipv4
            rule_sets:
              - name: A
                default_action: drop
                description: of the apps
                rules:
                  - number: 10
                    action: accept
                    protocol: tcp
                    description: the database, for all of them
                    source: {group: {network_group: APPS}}
                    destination: {address: 10.20.1.10, port: "5432"}
                  - {number: 20, action: accept, state: {established: true, related: true, invalid: false}}
                  - {number: 30, action: reject}
                  - {number: 40, action: accept, disable: true}
        firewall_global:
          group: {network_group: [{name: APPS, members: [{address: 10.10.1.0/25}]}]}
        """,
        "A",
    ),
}
# Whose modules lose parts of entries without a word: what they may have lost is unknown.
LOSING = ("cisco_ios", "juniper_junos", "vyos")
ACE = {
    "sequence": 10,
    "grant": "permit",
    "protocol": "tcp",
    "source": {"any": True},
    "destination": {"host": "10.20.1.10", "port_protocol": {"eq": "5432"}},
}
FLOW = {"src": "10.10.1.5", "dst": "10.20.1.10", "protocol": "tcp", "dst_port": 5432}


def flows() -> list[dict[str, Any]]:
    """A flow for each side of what the lists above tell apart."""
    found: list[dict[str, Any]] = []
    ends = itertools.product(
        ("10.10.1.5", "10.10.1.127", "10.10.1.128", "10.10.1.200"), ("10.20.1.10", "10.20.1.11")
    )
    for src, dst in ends:
        found.append({"src": src, "dst": dst, "protocol": "icmp", "icmp_type": 8})
        for protocol, ports in itertools.product(("tcp", "udp"), ((1024, 5432), (6433, 53), (53, 514))):
            found.append(
                {"src": src, "dst": dst, "protocol": protocol, "src_port": ports[0], "dst_port": ports[1]}
            )
    back = {"src": "10.20.1.10", "dst": "10.10.1.5", "protocol": "tcp", "src_port": 6433, "dst_port": 50000}
    return [*found, {**back, "tcp_flags": "ack", "connection": "established"}]


def facts_of(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(dedent(text))
    return found


def ios(*aces: dict[str, Any], **more: Any) -> dict[str, Any]:
    acl = {"name": "A", "acl_type": "extended", "aces": list(aces), **more}
    return {"acls": [{"afi": "ipv4", "acls": [acl]}]}


def verdict(platform: str, facts: Any, flow: dict[str, Any] | None = None, ruleset: str | None = "A") -> str:
    answer = Questions(state_from_facts(platform, "r1", facts)).verdict(flow or FLOW, ruleset)
    return str(answer["verdict"])


@pytest.mark.parametrize("platform", SAME)
def test_facts_mean_what_their_configuration_means(platform: str) -> None:
    text, facts, name = SAME[platform]
    configured = Questions(device_texts.state(platform, text))
    stated = Questions(state_from_facts(platform, "r1", facts_of(facts)))
    told = set()
    for flow in flows():
        expected, found = configured.verdict(flow, name)["verdict"], stated.verdict(flow, name)["verdict"]
        assert found == expected or (found == "unknown" and platform in LOSING), flow
        told.add(found)
    assert told - {"unknown"} == ({"deny"} if platform == "juniper_junos" else {"permit", "deny"})


@pytest.mark.parametrize("platform", SAME)
def test_what_facts_do_not_carry_is_said(platform: str) -> None:
    state = state_from_facts(platform, "r1", {**facts_of(SAME[platform][1]), "vlans": []})
    lacking = {item["what"] for item in state.unreadable}
    assert {"routes", "addresses", "zones", "NAT"} <= lacking
    assert "vlans" in {item["text"] for item in state.not_understood}
    assert State.from_dict(state.to_dict()).to_dict() == state.to_dict()


@pytest.mark.parametrize("platform", SAME)
def test_where_lists_are_bound_is_not_known_without_its_facts(platform: str) -> None:
    facts = facts_of(SAME[platform][1])
    assert verdict(platform, facts, {**FLOW, "in_interface": "x", "out_interface": "y"}, None) == "unknown"


@pytest.mark.parametrize(
    "extra",
    [
        {"ttl": {"eq": 10}},
        {"dscp": "ef"},
        {"time_range": "NIGHT"},
        {"something_new": True},
        {"protocol_options": {"tcp": {"odd_flag": True}}},
        {"destination": {"host": "10.20.1.10", "port_protocol": {"eq": "5432", "odd": 5}}},
        {"source": {"object_group": "GONE"}},
        {"grant": None},
    ],
)
def test_trap_29_a_key_that_is_not_consumed_makes_the_rule_unknown(extra: dict[str, Any]) -> None:
    assert verdict("cisco_ios", ios({**ACE, **extra})) == "unknown"
    udp = {**FLOW, "protocol": "udp"}
    if "grant" not in extra:  # what is known of the rule stays: it asks for tcp
        assert verdict("cisco_ios", ios({**ACE, **extra}), udp) == "deny"


@pytest.mark.parametrize("grant", ["permit", "deny"])
def test_what_is_certain_is_named_and_not_the_rule_before_it_that_is_not(grant: str) -> None:
    unsure = {**ACE, "something_new": True, "grant": grant}
    facts = ios(unsure, {**ACE, "sequence": 20, "grant": grant, "destination": {"any": True}})
    answer = Questions(state_from_facts("cisco_ios", "r1", facts)).verdict(FLOW, "A")
    assert answer["verdict"] == grant
    assert [rule["line"] for rule in answer["rules"]] == [20]


def test_keys_without_a_value_are_none() -> None:
    assert verdict("cisco_ios", ios({**ACE, "ttl": None, "log": False, "fragments": ""})) == "permit"


def test_a_list_without_entries_may_have_some_that_the_module_passed_over() -> None:
    assert verdict("cisco_ios", ios()) == "unknown"
    assert verdict("cisco_ios", ios({"sequence": 10, "remarks": ["x"]})) == "unknown"
    assert verdict("cisco_ios", ios(ACE, odd_setting=True)) == "unknown"


BOUND = [
    {
        "name": "GigabitEthernet0/0",
        "access_groups": [{"afi": "ipv4", "acls": [{"name": "A", "direction": "in"}]}],
    }
]


def test_bindings() -> None:
    facts = {**ios(ACE), "acl_interfaces": [*BOUND, {"name": "GigabitEthernet0/1"}]}
    came = {**FLOW, "in_interface": "GigabitEthernet0/0", "out_interface": "GigabitEthernet0/1"}
    assert verdict("cisco_ios", facts, came, None) == "permit"
    assert verdict("cisco_ios", facts, {**came, "protocol": "udp"}, None) == "deny"


@pytest.mark.parametrize("platform", ["cisco_ios", "cisco_nxos", "cisco_xr", "arista_eos", "juniper_junos"])
def test_a_bound_list_that_is_not_among_the_facts(platform: str) -> None:
    (interface,) = BOUND
    bound = [{**interface, "name": "ge-0/0/0" if platform == "juniper_junos" else "Ethernet1"}]
    unit = "ge-0/0/0.0" if platform == "juniper_junos" else "Ethernet1"
    assert verdict(platform, {"acl_interfaces": bound}, {**FLOW, "in_interface": unit}, None) == "unknown"


def test_a_bound_set_of_vyos_that_is_not_among_the_facts() -> None:
    rules = [{"name": "A", "direction": "in"}]
    bound = [{"name": "eth0", "access_rules": [{"afi": "ipv4", "rules": rules}]}]
    facts = {"firewall_interfaces": bound}
    assert (
        verdict("vyos", facts, {**FLOW, "in_interface": "eth0", "out_interface": "eth1"}, None) == "unknown"
    )


def test_a_set_of_vyos_1_4_is_at_its_hook() -> None:
    rule = {"number": 10, "action": "accept", "protocol": "tcp", "destination": {"port": "5432"}}
    sets = [{"filter": "forward", "default_action": "drop", "rules": [rule]}]
    facts = {"firewall_rules": [{"afi": "ipv4", "rule_sets": sets}], "firewall_interfaces": []}
    assert verdict("vyos", facts, FLOW, "forward") == "permit"
    assert verdict("vyos", facts, {**FLOW, "dst_port": 80}, "forward") == "deny"


def test_a_group_of_asa_with_members_that_are_not_read() -> None:
    facts = facts_of(SAME["cisco_asa"][1])
    facts["ogs"][0]["object_groups"][1]["odd_members"] = ["10.10.1.201"]
    assert verdict("cisco_asa", facts, {**FLOW, "src": "10.10.1.200"}) != "deny"
    assert verdict("cisco_asa", facts, {**FLOW, "src": "10.10.1.201"}) == "unknown"


def test_ios_keeps_the_first_of_several_ports() -> None:
    """Of ``permit tcp any host 10.20.1.10 eq 5432 6432`` the facts have the first port."""
    assert verdict("cisco_ios", ios(ACE)) == "permit"
    assert verdict("cisco_ios", ios(ACE), {**FLOW, "dst_port": 6432}) == "unknown"
    assert verdict("cisco_ios", ios(ACE), {**FLOW, "dst": "10.20.1.11"}) == "deny"
    but = {**ACE, "destination": {"any": True, "port_protocol": {"neq": "22"}}}
    assert verdict("cisco_ios", ios(but)) == "unknown"
    assert verdict("cisco_ios", ios(but), {**FLOW, "dst_port": 22}) == "deny"
    between = {**ACE, "destination": {"any": True, "port_protocol": {"range": {"start": 5432, "end": 5440}}}}
    assert verdict("cisco_ios", ios(between), {**FLOW, "dst_port": 80}) == "deny"


@pytest.mark.parametrize("platform", ["cisco_ios", "cisco_nxos"])
def test_icmp_types_given_as_numbers_are_not_in_the_facts(platform: str) -> None:
    ace = {
        "sequence": 10,
        "grant": "permit",
        "protocol": "icmp",
        "source": {"any": True},
        "destination": {"any": True},
    }
    echo = {"src": "10.10.1.5", "dst": "10.20.1.10", "protocol": "icmp", "icmp_type": 8}
    assert verdict(platform, ios(ace), echo) == "unknown"
    assert verdict(platform, ios({**ace, "protocol_options": {"icmp": {"echo": True}}}), echo) == "permit"


@pytest.mark.parametrize("platform", ["cisco_xr", "arista_eos"])
def test_entries_that_the_module_keeps_as_a_line(platform: str) -> None:
    line = "permit tcp any host 10.20.1.10 eq 5432 ack"
    facts = ios({"sequence": 10, "line": line if platform == "cisco_xr" else f"10 {line}", "grant": "permit"})
    del facts["acls"][0]["acls"][0]["acl_type"]
    assert verdict(platform, facts, {**FLOW, "tcp_flags": "syn"}) == "deny"
    assert verdict(platform, facts, {**FLOW, "tcp_flags": "ack", "connection": "established"}) == "permit"


def test_forms_of_single_modules() -> None:
    """As the modules' own code gives them."""
    gre = {"sequence": 10, "grant": "permit", "source": {"any": True}, "destination": {"any": True}}
    gre["protocol_options"] = {"protocol_number": 47}
    assert verdict("cisco_ios", ios(gre), {**FLOW, "protocol": "gre", "dst_port": None}) == "permit"
    several = {**ACE, "destination": {"any": True, "port_protocol": {"eq": "5432 6432"}}}
    eos = {"acls": [{"afi": "ipv4", "acls": [{"name": "A", "aces": [several]}]}]}
    assert verdict("arista_eos", eos, {**FLOW, "dst_port": 6432}) == "permit"
    several["destination"]["port_protocol"] = {"range": "5432 5440"}
    assert verdict("arista_eos", eos, {**FLOW, "dst_port": 5440}) == "permit"
    asa = {**ACE, "sequence": None, "protocol_options": {"tcp": True}, "time_range": "time-range NIGHT"}
    assert verdict("cisco_asa", {"acls": [{"name": "A", "aces": [asa]}]}) == "unknown"
    del asa["time_range"]
    assert verdict("cisco_asa", {"acls": [{"name": "A", "aces": [asa]}]}) == "permit"


def test_conditions_of_junos_that_the_module_does_not_know() -> None:
    """Of ``from { protocol tcp; tcp-established; } then accept`` the facts have no more than the protocol."""
    facts = {
        "acls": [
            {
                "afi": "ipv4",
                "acls": [{"name": "A", "aces": [{"name": "t", "grant": "permit", "protocol": "tcp"}]}],
            }
        ]
    }
    assert verdict("juniper_junos", facts) == "unknown"
    assert verdict("juniper_junos", facts, {**FLOW, "protocol": "udp"}) == "deny"


def test_terms_of_junos_have_no_action_in_the_facts() -> None:
    ace = {"name": "t", "protocol": "tcp", "destination": {"port_protocol": {"eq": "5432"}}}
    facts = {"acls": [{"afi": "ipv4", "acls": [{"name": "A", "aces": [ace]}]}]}
    assert verdict("juniper_junos", facts) == "unknown"


@pytest.mark.parametrize(
    "facts",
    [
        None,
        [],
        "acls",
        {},
        {"interfaces": []},
        {"acls": "x"},
        {"acls": [5]},
        {"acls": [{"afi": "ipx", "acls": []}]},
        {"acls": [{"afi": "ipv4", "acls": [{"aces": []}]}]},
        {"acls": [{"afi": "ipv4", "acls": [{"name": "A any\npermit ip any any", "aces": []}]}]},
        {"acls": [{"afi": "ipv4", "acls": [{"name": "A", "aces": [{**ACE, "source": "any"}]}]}]},
        {"acls": [{"afi": "ipv4", "acls": [{"name": "A", "aces": [{**ACE, "grant": ["permit"]}]}]}]},
        {"acls": [{"afi": "ipv4", "acls": [], "odd": 1}]},
        {"acl_interfaces": [{"name": "x", "access_groups": [{"afi": "ipv4", "acls": [{"name": "A"}]}]}]},
    ],
)
def test_what_are_no_facts_is_one_clear_error(facts: Any) -> None:
    with pytest.raises(AnsibleFilterError) as raised:
        from_resource_facts(facts, "cisco.ios.ios", "r1")
    assert 0 < len(str(raised.value).splitlines()) <= MAX_LINES


@pytest.mark.parametrize("platform", ["linux", "fortinet", "zqx", ""])
def test_platforms_without_such_facts(platform: str) -> None:
    with pytest.raises(AnsibleFilterError):
        from_resource_facts(ios(ACE), platform)


def test_the_filter_takes_network_resources_and_any_name_of_a_platform() -> None:
    wrapped = {"ansible_network_resources": ios(ACE)}
    found = from_resource_facts(wrapped, "cisco.ios.ios", "r1")
    assert (found["host"], found["platform"]) == ("r1", "cisco_ios")
    assert found == from_resource_facts(ios(ACE), "ios", "r1")
    assert found["rulesets"]["A"]["rules"][0]["text"] == "10 permit tcp any host 10.20.1.10 eq 5432"
