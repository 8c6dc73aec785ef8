# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VyOS: both forms of its configuration, where rule sets are bound, zones and NAT."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from tests.support.device_texts import state, verdict

VYOS = "vyos"


def _tcp(src: str = "10.0.0.5", dst: str = "10.9.0.5", port: int = 443, **more: Any) -> dict[str, Any]:
    return {"src": src, "dst": dst, "protocol": "tcp", "dst_port": port, **more}


def _through(port: int = 443, inside: str = "eth1", outside: str = "eth2", **more: Any) -> dict[str, Any]:
    return _tcp(port=port, in_interface=inside, out_interface=outside, **more)


_OPEN = {"connection": "established", "tcp_flags": ["ack"]}
BRACES = """\
firewall {
    all-ping enable
    group {
        address-group HOSTS {
            address 10.0.0.5
            description "those { with a brace"
        }
    }
    name IN {
        default-action drop
        enable-default-log
        rule 10 {
            action accept
            description "Lorem 'ipsum' } dolor"
            destination {
                port 443,8443
            }
            protocol tcp
            source {
                group {
                    address-group HOSTS
                }
            }
            state {
                new enable
            }
        }
    }
}
/* a comment {
   of two lines */
interfaces {
    ethernet eth1 {
        address 10.0.0.1/24
        firewall {
            in {
                name IN
            }
        }
        vif 10 {
            address 10.0.10.1/24
            vrf RED
        }
    }
    ethernet eth2 {
    }
    loopback lo {
    }
}
// vyos-config-version: "firewall@5"
// Release version: 1.3.2
"""
COMMANDS = """\
set firewall all-ping 'enable'
set firewall group address-group HOSTS address '10.0.0.5'
set firewall group address-group HOSTS description 'those { with a brace'
set firewall name IN default-action 'drop'
set firewall name IN enable-default-log
set firewall name IN rule 10 action 'accept'
set firewall name IN rule 10 description "Lorem 'ipsum' } dolor"
set firewall name IN rule 10 destination port '443,8443'
set firewall name IN rule 10 protocol 'tcp'
set firewall name IN rule 10 source group address-group 'HOSTS'
set firewall name IN rule 10 state new 'enable'
set interfaces ethernet eth1 address '10.0.0.1/24'
set interfaces ethernet eth1 firewall in name 'IN'
set interfaces ethernet eth1 vif 10 address '10.0.10.1/24'
set interfaces ethernet eth1 vif 10 vrf 'RED'
set interfaces ethernet eth2
set interfaces loopback lo
"""


def test_both_forms_say_the_same() -> None:
    one, other = state(VYOS, BRACES), state(VYOS, COMMANDS)
    assert one.to_dict() == other.to_dict()
    assert not one.not_understood
    assert one.interfaces["eth1"].addresses == ["10.0.0.1/24"]
    assert one.interfaces["eth1.10"].master == "RED"


@pytest.mark.parametrize("text", [BRACES, COMMANDS], ids=["braces", "commands"])
@pytest.mark.parametrize(
    ("flow", "wanted"),
    [
        (_through(), "permit"),
        (_through(8443), "permit"),
        (_through(80), "deny"),
        (_through(src="10.0.0.6"), "deny"),
        (_through(80, "eth2", "eth1"), "permit"),  # trap 28: the other way
        (_tcp(dst="10.0.0.1", port=80, in_interface="eth1"), "permit"),  # "in" is for what is forwarded
        (_through(80, src="2001:db8::1", dst="2001:db8::2"), "permit"),
    ],
)
def test_a_set_at_an_interface(text: str, flow: dict[str, Any], wanted: str) -> None:
    assert verdict(VYOS, text, flow) == wanted


@pytest.mark.parametrize(
    "text",
    [
        BRACES[: BRACES.index("            source {")],
        BRACES + "}\n",
        "firewall {\n" + "group {\n" * 5000 + "}\n" * 5001,
        "",
        "Invalid command: [show configuration]\n",
        "vyos@vyos:~$ show configuration\n",
    ],
)
def test_what_is_not_the_whole_configuration_is_no_permit(text: str) -> None:
    found = state(VYOS, text)
    assert not found.firewall_known
    assert found.unreadable
    assert Questions(found).verdict(_through())["verdict"] == "unknown"


def test_what_a_terminal_prints_around_it_is_left_out_and_a_word_too_many_is_not() -> None:
    around = f"vyos@vyos:~$ show configuration commands\n{COMMANDS}vyos@vyos:~$ exit\n"
    assert state(VYOS, around).to_dict() == state(VYOS, COMMANDS).to_dict()
    strange = state(VYOS, COMMANDS + "sett firewall name IN default-action accept\n")
    assert strange.not_understood[0]["text"] == "sett firewall name IN default-action accept"
    assert Questions(strange).verdict(_through())["verdict"] == "unknown"
    assert Questions(strange).verdict(_tcp(), "IN")["verdict"] == "unknown"
    motd = state(VYOS, "Last login: Mon\n" + COMMANDS)
    assert Questions(motd).verdict(_through())["verdict"] == "permit"


def test_a_candidate_deletes_and_sets_anew() -> None:
    text = COMMANDS + "delete firewall name IN rule 10 state\nset firewall name IN rule 10 protocol udp\n"
    assert verdict(VYOS, text, _through()) == "deny"
    assert verdict(VYOS, text, {**_through(), "protocol": "udp"}) == "permit"
    assert (
        verdict(VYOS, COMMANDS + "delete interfaces ethernet eth1 firewall in name IN\n", _through(80))
        == "permit"
    )


@pytest.mark.parametrize("path", ["firewall nam X", "firewall global-option all-ping enable"])
def test_a_word_under_firewall_that_is_not_understood_is_shown(path: str) -> None:
    assert state(VYOS, f"set {path} enable\n").not_understood


OLD = """\
    set firewall name IN default-action drop
    set firewall name IN rule 1 action accept
    set firewall name IN rule 1 protocol tcp
    set firewall name OUT default-action accept
    set firewall name OUT rule 1 action drop
    set firewall name OUT rule 1 protocol tcp
    set firewall name OUT rule 1 destination port 80
    set firewall name LOCAL default-action drop
    set firewall ipv6-name SIX default-action reject
    set firewall state-policy established action accept
    set firewall state-policy invalid action drop
    set firewall all-ping disable
    set interfaces ethernet eth1 address 10.0.0.1/24
    set interfaces ethernet eth1 firewall in name IN
    set interfaces ethernet eth1 firewall in ipv6-name SIX
    set interfaces ethernet eth1 firewall local name LOCAL
    set interfaces ethernet eth2 vif 7 firewall out name OUT
    set interfaces ethernet eth9
    set interfaces ethernet eth3 firewall in name NOWHERE
    """


@pytest.mark.parametrize(
    ("flow", "wanted"),
    [
        (_through(outside="eth2.7"), "permit"),
        # What one stage accepts, the next may drop.
        (_through(80, outside="eth2.7"), "deny"),
        (_through(80, outside="eth2"), "permit"),
        ({**_through(outside="eth9"), "protocol": "udp"}, "deny"),
        ({**_through(outside="eth9", connection="established"), "protocol": "udp"}, "permit"),
        (_tcp(dst="10.0.0.1", in_interface="eth1"), "deny"),
        (_tcp(dst="10.0.0.1", in_interface="eth2"), "permit"),
        (_through(src="2001:db8::1", dst="2001:db8::2"), "deny"),
        # Trap 28: bound and not defined.
        (_through(inside="eth3"), "unknown"),
        (
            {
                "src": "10.9.0.5",
                "dst": "10.0.0.1",
                "protocol": "icmp",
                "icmp_type": 8,
                "in_interface": "eth2",
            },
            "deny",
        ),
    ],
)
def test_sets_at_interfaces_of_1_3(flow: dict[str, Any], wanted: str) -> None:
    assert verdict(VYOS, OLD, flow) == wanted


NEW = """\
    set firewall global-options state-policy established action accept
    set firewall global-options state-policy related action accept
    set firewall global-options state-policy invalid action drop
    set firewall ipv4 forward filter default-action drop
    set firewall ipv4 forward filter rule 10 action accept
    set firewall ipv4 forward filter rule 10 protocol tcp
    set firewall ipv4 forward filter rule 10 destination port 443
    set firewall ipv4 input filter rule 10 action drop
    set firewall ipv4 input filter rule 10 protocol tcp
    set firewall ipv4 input filter rule 10 destination port 22
    set firewall ipv4 input filter rule 10 inbound-interface name eth2
    set firewall ipv4 output filter default-action accept
    set firewall ipv4 prerouting raw rule 5 action drop
    set firewall ipv4 prerouting raw rule 5 source address 10.66.0.0/16
    set firewall ipv6 forward filter default-action accept
    set interfaces ethernet eth1 address 10.0.0.1/24
    """


@pytest.mark.parametrize(
    ("flow", "wanted"),
    [
        (_through(), "permit"),
        (_through(80), "deny"),
        (_through(80, **_OPEN), "permit"),
        (_through(src="10.66.0.1"), "deny"),
        (_through(80, src="2001:db8::1", dst="2001:db8::2"), "permit"),
        (_tcp(dst="10.0.0.1", port=22, in_interface="eth2"), "deny"),
        (_tcp(dst="10.0.0.1", port=22, in_interface="eth1"), "permit"),
        (_tcp(src="10.0.0.1", port=22, out_interface="eth2"), "permit"),
    ],
)
def test_filters_of_1_4(flow: dict[str, Any], wanted: str) -> None:
    assert verdict(VYOS, NEW, flow) == wanted


def test_a_filter_of_1_4_is_asked_by_its_place() -> None:
    assert verdict(VYOS, NEW, _through(80), "ipv4/forward/filter") == "deny"
    assert verdict(VYOS, NEW, _tcp(port=22, in_interface="eth2"), "ipv4/input/filter") == "deny"


OLD_ZONES = """\
    set zone-policy zone LAN default-action drop
    set zone-policy zone LAN interface eth1
    set zone-policy zone LAN interface eth3
    set zone-policy zone LAN from WAN firewall name WAN-LAN
    set zone-policy zone WAN default-action drop
    set zone-policy zone WAN interface eth2
    set zone-policy zone WAN from LAN firewall name ALL
    set zone-policy zone WAN from LOCAL firewall name ALL
    set zone-policy zone LOCAL default-action drop
    set zone-policy zone LOCAL local-zone
    set zone-policy zone LOCAL from LAN firewall name ALL
"""
NEW_ZONES = OLD_ZONES.replace("zone-policy zone", "firewall zone")
SETS_OF_ZONES = """\
    set firewall name ALL default-action accept
    set firewall name WAN-LAN default-action drop
    set firewall name WAN-LAN rule 1 action accept
    set firewall name WAN-LAN rule 1 protocol tcp
    set firewall name WAN-LAN rule 1 destination port 443
    set interfaces ethernet eth1 address 10.0.0.1/24
    set interfaces ethernet eth2 address 10.9.0.1/24
    set interfaces ethernet eth3 address 10.3.0.1/24
    set interfaces ethernet eth4 address 10.4.0.1/24
    set interfaces ethernet eth5 address 10.5.0.1/24
"""
# As the migration of VyOS writes what 1.3 accepted: a packet that returns from a set to its zone passes.
MIGRATED = NEW_ZONES + SETS_OF_ZONES.replace("firewall name", "firewall ipv4 name").replace(
    "action accept", "action return"
)


@pytest.mark.parametrize(
    "text", [OLD_ZONES + SETS_OF_ZONES, NEW_ZONES + SETS_OF_ZONES, MIGRATED], ids=["1.3", "1.4", "migrated"]
)
@pytest.mark.parametrize(
    ("flow", "wanted"),
    [
        (_through(80), "permit"),
        (_through(80, "eth2", "eth1"), "deny"),
        (_through(443, "eth2", "eth1"), "permit"),
        (_through(80, "eth1", "eth3"), "permit"),  # within a zone
        (_through(80, "eth4", "eth1"), "deny"),  # from no zone to one
        (_through(80, "eth1", "eth4"), "unknown"),  # from a zone to none
        (_through(80, "eth5", "eth4"), "permit"),
        (_through(src="2001:db8::1", dst="2001:db8::2"), "deny"),  # no set for IPv6
        (_tcp(dst="10.0.0.1", in_interface="eth1"), "permit"),
        (_tcp(dst="10.9.0.1", in_interface="eth2"), "deny"),
        (_tcp(src="10.9.0.1", dst="10.77.0.1", out_interface="eth2"), "permit"),
        (_tcp(src="10.0.0.1", dst="10.0.0.9", out_interface="eth1"), "deny"),
        (_tcp(src="10.0.0.1", dst="10.4.0.9", out_interface="eth4"), "unknown"),
        ({**_tcp(port=80), "in_zone": "WAN", "out_zone": "LAN"}, "deny"),
        ({**_tcp(port=443), "in_zone": "WAN", "out_zone": "LAN"}, "permit"),
    ],
)
def test_zones(text: str, flow: dict[str, Any], wanted: str) -> None:
    assert verdict(VYOS, text, flow) == wanted


def test_what_returns_from_a_set_that_only_zones_use_passes() -> None:
    found = Questions(state(VYOS, MIGRATED))
    assert found.verdict(_tcp(), "WAN-LAN")["verdict"] == "permit"
    assert found.verdict(_tcp(port=80), "WAN-LAN")["verdict"] == "deny"
    jumps = "set firewall ipv4 forward filter rule 1 action jump\nset firewall ipv4 forward filter rule 1 jump-target WAN-LAN\n"
    assert verdict(VYOS, MIGRATED + jumps, _tcp(), "WAN-LAN") == "unknown"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("intra-zone-filtering action drop", "deny"),
        ("intra-zone-filtering action accept", "permit"),
        ("intra-zone-filtering action maybe", "unknown"),
        ("intra-zone-filtering firewall name WAN-LAN", "deny"),
    ],
)
def test_within_a_zone(line: str, wanted: str) -> None:
    text = f"{NEW_ZONES}    set firewall zone LAN {line}\n{SETS_OF_ZONES}"
    assert verdict(VYOS, text, _through(80, "eth1", "eth3")) == wanted


def test_a_zone_whose_set_is_not_defined_is_unknown() -> None:
    text = OLD_ZONES + SETS_OF_ZONES.replace("name WAN-LAN", "name OTHER")
    assert verdict(VYOS, text, _through(80, "eth2", "eth1")) == "unknown"
    assert state(VYOS, text).not_understood


NAT = """\
    set nat destination rule 10 inbound-interface {name}eth2
    set nat destination rule 10 destination address 203.0.113.1
    set nat destination rule 10 destination port 8443
    set nat destination rule 10 protocol tcp
    set nat destination rule 10 translation address 10.0.0.5
    set nat destination rule 10 translation port 443
    set nat source rule 5 outbound-interface {name}eth2
    set nat source rule 5 destination address 10.8.0.0/16
    set nat source rule 5 exclude
    set nat source rule 10 outbound-interface {name}eth2
    set nat source rule 10 translation address masquerade
    set nat source rule 20 outbound-interface {name}eth3
    set nat source rule 20 translation address 198.51.100.7
    set firewall name IN default-action drop
    set firewall name IN rule 1 action accept
    set firewall name IN rule 1 protocol tcp
    set firewall name IN rule 1 destination address 10.0.0.5
    set firewall name IN rule 1 destination port 443
    set interfaces ethernet eth2 address 203.0.113.1/24
    set interfaces ethernet eth2 firewall in name IN
    set interfaces ethernet eth1
    """


@pytest.mark.parametrize("name", ["", "name "], ids=["1.3", "1.4"])
def test_rules_see_what_destinations_were_translated_to(name: str) -> None:
    text = NAT.format(name=name)
    outside = {"in_interface": "eth2", "out_interface": "eth1"}
    assert verdict(VYOS, text, _tcp("192.0.2.9", "203.0.113.1", 8443, **outside)) == "permit"
    assert verdict(VYOS, text, _tcp("192.0.2.9", "10.0.0.5", 8443, **outside)) == "deny"


def test_what_is_translated_and_what_is_left_out() -> None:
    found = state(VYOS, NAT.format(name=""))
    sources = found.rulesets["nat/source"]
    assert [(rule.line, [effect.kind for effect in rule.effects]) for rule in sources.rules] == [
        (5, []),
        (10, ["masquerade"]),
        (20, ["snat"]),
    ]
    assert (sources.hook, sources.priority, sources.type) == ("postrouting", 100, "nat")
    assert found.rulesets["nat/destination"].rules[0].effects[0].port == (443, 443)


def test_a_translation_that_is_not_understood_is_shown() -> None:
    text = NAT.format(name="").replace("translation address 10.0.0.5", "translation adress 10.0.0.5")
    found = state(VYOS, text)
    assert found.not_understood
    outside = {"in_interface": "eth2", "out_interface": "eth1"}
    asked = Questions(found).verdict(_tcp("192.0.2.9", "203.0.113.1", 8443, **outside))
    assert asked["verdict"] == "unknown"


def test_a_policy_that_may_drop_makes_packets_by_its_interface_unknown() -> None:
    text = """\
        set policy route PBR rule 10 action drop
        set policy route PBR rule 10 source address 10.0.0.0/8
        set interfaces ethernet eth1 policy route PBR
        set interfaces ethernet eth2
        """
    assert verdict(VYOS, text, _through()) == "unknown"
    assert verdict(VYOS, text, _through(inside="eth2", outside="eth1")) == "permit"
    routed = text.replace("action drop", "set table 100")
    assert verdict(VYOS, routed, _through()) == "permit"
    assert state(VYOS, routed).not_understood


def test_a_connection_that_is_not_tracked_is_not_new() -> None:
    text = """\
        set system conntrack ignore ipv4 rule 1 protocol udp
        set system conntrack ignore ipv4 rule 1 destination port 53
        set firewall ipv4 forward filter default-action drop
        set firewall ipv4 forward filter rule 1 action accept
        set firewall ipv4 forward filter rule 1 state new
        """
    assert verdict(VYOS, text, {**_through(53), "protocol": "udp"}) == "deny"
    assert verdict(VYOS, text, {**_through(54), "protocol": "udp"}) == "permit"


def test_rules_that_name_interfaces_don_t_see_those_of_a_vrf_as_such() -> None:
    text = BRACES.replace("vrf RED", "vrf RED\n            firewall {\n in {\n name IN\n }\n }")
    assert verdict(VYOS, text, _through(80, "eth1.10")) == "unknown"
    assert verdict(VYOS, text, _through(80, "eth1")) == "deny"


@pytest.mark.parametrize(
    ("word", "garbled"),
    [
        ("interfaces {", "interfaces zqx {"),
        ("ethernet eth1 {", "eth1 {"),
        ("ethernet eth1 {", "ethernet {"),
        ("        firewall {", "        zqx {"),
        ("            in {", "            zqx {"),
        ("                name IN", "                IN"),
        ("of two lines */", "of two lines"),
        ("firewall {\n    all", "firewal {\n    all"),
        ("name IN {", "nam IN {"),
    ],
)
def test_trap_29_a_binding_with_a_garbled_word_is_not_none(word: str, garbled: str) -> None:
    assert word in BRACES
    assert verdict(VYOS, BRACES.replace(word, garbled), _through(80)) == "unknown"


@pytest.mark.parametrize("path", ["zone-policy zon LAN default-action drop", "nat sorce rule 1 exclude"])
def test_trap_29_a_garbled_zone_or_translation_leaves_nothing_certain(path: str) -> None:
    assert verdict(VYOS, f"{COMMANDS}set {path}\n", _through()) == "unknown"


def test_settings_of_the_kernel_are_named_as_sysctl_names_them() -> None:
    text = """\
        set firewall source-validation strict
        set interfaces ethernet eth1 vif 5 ip source-validation loose
        set system ipv6 disable-forwarding
        """
    found = state(VYOS, text)
    assert found.settings["net.ipv4.conf.all.rp_filter"] == 1
    assert found.settings["net.ipv4.conf.eth1/5.rp_filter"] == 2
    assert found.forwarding == {"ipv4": True, "ipv6": False}


def test_a_command_of_too_many_words_is_none() -> None:
    found = state(VYOS, f"{COMMANDS}set firewall {'name ' * 5000}\n")
    assert found.not_understood
    assert Questions(found).verdict(_through())["verdict"] == "unknown"
