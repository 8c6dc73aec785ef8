# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Palo Alto Networks PAN-OS: destinations that are translated, dynamic groups, and overrides of applications."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.parse.config import panos_dnat
from tests.support.device_texts import state, verdict


def rule(name: str, base: str = "rulebase", **settings: str) -> str:
    given = {"from": "any", "to": "any", "source": "any", "destination": "any", "service": "any"}
    given.update({"application": "any", "action": "allow"})
    given.update({key.replace("_", "-").replace("came", "from"): said for key, said in settings.items()})
    return "".join(f"set {base} security rules {name} {key} {said}\n" for key, said in given.items())


DNAT = """\
set network interface ethernet ethernet1/1 layer3 ip 203.0.113.1/24
set network interface ethernet ethernet1/2 layer3 ip 10.2.0.1/16
set zone outside network layer3 ethernet1/1
set zone dmz network layer3 ethernet1/2
set address web ip-netmask 203.0.113.10
set address pool ip-range 203.0.113.20-203.0.113.22
set service high protocol tcp port 8000-9000
set rulebase nat rules not-me from outside
set rulebase nat rules not-me to outside
set rulebase nat rules not-me source 198.51.100.66
set rulebase nat rules not-me destination web
set rulebase nat rules not-me service any
set rulebase nat rules out from dmz
set rulebase nat rules out to outside
set rulebase nat rules out source any
set rulebase nat rules out destination any
set rulebase nat rules out service any
set rulebase nat rules out source-translation dynamic-ip-and-port interface-address interface ethernet1/1
set rulebase nat rules web from outside
set rulebase nat rules web to outside
set rulebase nat rules web source any
set rulebase nat rules web destination web
set rulebase nat rules web service service-https
set rulebase nat rules web destination-translation translated-address 10.2.0.10
set rulebase nat rules web destination-translation translated-port 8443
set rulebase nat rules many from outside
set rulebase nat rules many to outside
set rulebase nat rules many source any
set rulebase nat rules many destination pool
set rulebase nat rules many service any
set rulebase nat rules many destination-translation translated-address 10.2.0.20-10.2.0.22
"""
FROM_OUTSIDE = {
    "src": "198.51.100.7",
    "dst": "203.0.113.10",
    "protocol": "tcp",
    "src_port": 40000,
    "dst_port": 443,
    "in_interface": "ethernet1/1",
    "out_interface": "ethernet1/2",
}


@pytest.mark.parametrize(
    ("settings", "flow", "right"),
    [
        # Security rules name the address and port that the packet came with, and the zone that it leaves for.
        ({"destination": "web"}, {}, "permit"),
        ({"destination": "10.2.0.10"}, {}, "deny"),
        ({"destination": "web", "to": "outside"}, {}, "deny"),
        ({"destination": "web"}, {"dst_port": 80}, "permit"),  # not translated, and by this way all the same
        ({"destination": "web"}, {"dst": "10.2.0.10", "dst_port": 8443}, "deny"),
        ({"destination": "10.2.0.10"}, {"dst": "10.2.0.10", "dst_port": 8443}, "permit"),
        ({"destination": "web", "service": "service-https"}, {}, "permit"),
        ({"destination": "web", "service": "service-http"}, {}, "deny"),
        ({"destination": "web", "service": "high"}, {}, "deny"),
        ({"destination": "any", "service": "high"}, {"dst": "10.2.0.10", "dst_port": 8443}, "permit"),
        ({"destination": "web"}, {"src": "198.51.100.66"}, "permit"),
        ({"destination": "pool"}, {"dst": "203.0.113.22"}, "permit"),
        ({"destination": "pool", "service": "service-http"}, {"dst": "203.0.113.22"}, "deny"),
        ({"destination": "203.0.113.0/24"}, {"dst": "203.0.113.22"}, "permit"),
        ({"destination": "203.0.113.22"}, {"dst": "203.0.113.22"}, "unknown"),
        ({"destination": "web", "negate_destination": "yes"}, {}, "deny"),
        ({"destination": "any"}, {}, "permit"),
    ],
)
def test_a_translated_destination(settings: dict[str, str], flow: dict[str, Any], right: str) -> None:
    text = DNAT + rule("in", **{"came": "outside", "to": "dmz", **settings})
    assert verdict("paloalto_panos", text, {**FROM_OUTSIDE, **flow}) == right


def test_each_destination_becomes_what_the_rule_says() -> None:
    found = state("paloalto_panos", DNAT).rulesets["nat destinations"]
    assert (found.hook, found.type) == ("prerouting", "nat")
    effects = [rule.effects[0] for rule in found.rules if rule.effects]
    assert [effect.address for effect in effects] == [
        (0x0A02000A,) * 2,
        *((0x0A020014 + n,) * 2 for n in range(3)),
    ]
    assert [effect.port for effect in effects] == [(8443, 8443), None, None, None]


@pytest.mark.parametrize(
    "change",
    [
        "set address web fqdn www.example.com\ndelete address web ip-netmask\n",
        "set rulebase nat rules web target devices 0001\n",
        "set network interface ethernet ethernet1/1 layer3 ip 192.0.2.1/24\n"
        "delete network interface ethernet ethernet1/1 layer3 ip 203.0.113.1/24\n",
        "set rulebase nat rules both source-translation static-ip bi-directional yes\n"
        "set rulebase nat rules both source-translation static-ip translated-address web\n",
    ],
)
def test_a_translation_that_is_not_plain_is_unknown(change: str) -> None:
    text = DNAT + rule("in", came="outside", to="dmz", destination="any") + change
    assert verdict("paloalto_panos", text, FROM_OUTSIDE) == "unknown"


@pytest.mark.parametrize(
    ("services", "right"),
    [
        # By which of two ports a packet came that is for the same place now can't be told.
        (["t2222"], "unknown"),
        (["t2222", "t2223"], "permit"),
        (["service-http"], "deny"),
    ],
)
def test_two_ports_that_lead_to_one_place(services: list[str], right: str) -> None:
    text = DNAT
    for port in (2222, 2223):
        text += f"set service t{port} protocol tcp port {port}\n"
        text += f"set rulebase nat rules p{port} from outside\nset rulebase nat rules p{port} to outside\n"
        text += f"set rulebase nat rules p{port} source any\nset rulebase nat rules p{port} service t{port}\n"
        text += f"set rulebase nat rules p{port} destination 203.0.113.1\n"
        text += f"set rulebase nat rules p{port} destination-translation translated-address 10.2.0.40\n"
        text += f"set rulebase nat rules p{port} destination-translation translated-port 22\n"
    text += rule(
        "in", came="outside", to="dmz", destination="203.0.113.1", service=f"[ {' '.join(services)} ]"
    )
    flow = {**FROM_OUTSIDE, "dst": "203.0.113.1", "dst_port": 2222}
    assert verdict("paloalto_panos", text, flow) == right


@pytest.mark.parametrize(
    ("asked", "right"),
    [
        ("'web' and 'prod'", "permit"),
        ("web", "permit"),
        ("'db' or ('web' and 'prod')", "permit"),
        # Who else is of the group can't be known, and so nobody surely is not.
        ("'web' and 'db'", "unknown"),
        ("'db' or 'web' and 'test'", "unknown"),
        ("('web'", "unknown"),
        ("'web' and", "unknown"),
        ("not 'db'", "unknown"),
        ("'web", "unknown"),
    ],
)
def test_objects_with_the_tags_of_a_dynamic_group(asked: str, right: str) -> None:
    text = f'set address app ip-netmask 10.0.1.5\nset address app tag [ web prod ]\nset address-group G dynamic filter "{asked}"\n'
    text += "set zone a network layer3\nset zone b network layer3\n" + rule(
        "in", came="a", to="b", source="G"
    )
    flow = {"src": "10.0.1.5", "dst": "10.0.2.1", "protocol": "tcp", "in_zone": "a", "out_zone": "b"}
    assert verdict("paloalto_panos", text, flow) == right
    assert verdict("paloalto_panos", text, {**flow, "src": "10.0.1.6"}) == "unknown"


@pytest.mark.parametrize(("named", "right"), [("203.0.113.10", "unknown"), ("203.0.113.0/24", "permit")])
def test_two_addresses_that_lead_to_one_server(named: str, right: str) -> None:
    """What the server is called by decides, and the other address is in no rule: no error, and not known."""
    text = DNAT
    for address in ("203.0.113.10", "203.0.113.200"):
        name = f"to-{address}"
        text += f"set rulebase nat rules {name} from outside\nset rulebase nat rules {name} to outside\n"
        text += f"set rulebase nat rules {name} source any\nset rulebase nat rules {name} service any\n"
        text += f"set rulebase nat rules {name} destination {address}\n"
        text += f"set rulebase nat rules {name} destination-translation translated-address 10.2.0.30\n"
    text += "move rulebase nat rules to-203.0.113.10 top\n"
    text += rule("in", came="outside", to="dmz", destination=named)
    assert verdict("paloalto_panos", text, FROM_OUTSIDE) == right


OVERRIDE = """\
set zone a network layer3
set zone b network layer3
set application mine category networking
set application ported default port tcp/7000
set application other category networking
set application-group G members [ mine other ]
set application-filter F category networking
set rulebase application-override rules first from a
set rulebase application-override rules first to b
set rulebase application-override rules first source 10.0.1.0/24
set rulebase application-override rules first destination any
set rulebase application-override rules first protocol tcp
set rulebase application-override rules first port 7000-7005,80
set rulebase application-override rules first application mine
set rulebase application-override rules second from any
set rulebase application-override rules second to any
set rulebase application-override rules second source any
set rulebase application-override rules second destination any
set rulebase application-override rules second protocol tcp
set rulebase application-override rules second port 7000-7100
set rulebase application-override rules second application ported
"""


@pytest.mark.parametrize(
    ("settings", "flow", "right"),
    [
        ({"application": "mine"}, {}, "permit"),
        ({"application": "G"}, {}, "permit"),
        ({"application": "F"}, {}, "unknown"),
        ({"application": "other"}, {}, "deny"),
        ({"application": "ported"}, {}, "deny"),
        ({"application": "mine", "service": "application-default"}, {}, "permit"),
        ({"application": "mine", "service": "service-https"}, {}, "deny"),
        # The first override that fits counts.
        ({"application": "mine"}, {"src": "10.0.2.5"}, "deny"),
        ({"application": "ported"}, {"src": "10.0.2.5"}, "permit"),
        ({"application": "ported", "service": "application-default"}, {"src": "10.0.2.5"}, "permit"),
        (
            {"application": "ported", "service": "application-default"},
            {"src": "10.0.2.5", "dst_port": 7001},
            "deny",
        ),
        ({"application": "any", "service": "application-default"}, {"src": "10.0.2.5"}, "permit"),
        (
            {"application": "any", "service": "application-default"},
            {"src": "10.0.2.5", "dst_port": 7001},
            "deny",
        ),
        # What no override is for is identified by what it carries.
        ({"application": "mine"}, {"dst_port": 6999}, "unknown"),
        ({"application": "mine"}, {"protocol": "udp"}, "unknown"),
        # A well-known port under an override is not the well-known application.
        ({"application": "web-browsing"}, {"dst_port": 80}, "deny"),
        ({"application": "web-browsing"}, {"dst_port": 80, "src": "10.0.2.5"}, "unknown"),
    ],
)
def test_application_override(settings: dict[str, str], flow: dict[str, Any], right: str) -> None:
    text = OVERRIDE + rule("in", **{"came": "a", "to": "b", **settings})
    asked = {"src": "10.0.1.5", "dst": "10.0.9.1", "protocol": "tcp", "dst_port": 7000}
    assert verdict("paloalto_panos", text, {**asked, "in_zone": "a", "out_zone": "b", **flow}) == right


@pytest.mark.parametrize(
    ("more", "right"),
    [
        ("disabled yes", "unknown"),
        ("disabled no", "permit"),
        ("negate-source yes", "unknown"),
        ("source-user corp", "unknown"),
        ("protocol sctp", "unknown"),
        ("application other", "unknown"),
    ],
)
def test_an_override_that_is_not_in_force_or_not_understood(more: str, right: str) -> None:
    text = OVERRIDE.partition("set rulebase application-override rules second")[0]
    text += f"set rulebase application-override rules first {more}\n"
    text += rule("in", came="a", to="b", application="mine")
    asked = {"src": "10.0.1.5", "dst": "10.0.9.1", "protocol": "tcp", "dst_port": 7000}
    assert verdict("paloalto_panos", text, {**asked, "in_zone": "a", "out_zone": "b"}) == right


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("rulebase pbf rules p from zone a action discard", "unknown"),
        ("rulebase pbf rules p from zone b action forward", "permit"),
        ("rulebase dos rules d from zone [ a b ] to interface ethernet1/1 source any action deny", "unknown"),
        ("rulebase security rules in profile-setting group strict action deny", "deny"),
        ("rulebase security rules in option disable-server-response-inspection yes action drop", "deny"),
        ("rulebase security rules in profile-setting group action", "permit"),
        ("rulebase security rules in from zone to b", "deny"),  # a zone of that name
    ],
)
def test_a_line_goes_on_behind_parts_of_a_rule(line: str, right: str) -> None:
    text = "set zone a network layer3\nset zone b network layer3\nset zone zone network layer3\n"
    if "security rules in from" in line:
        text += "set rulebase security rules in source any destination any application any service any action allow\n"
    else:
        text += rule("in", came="a", to="b")
    if "action d" in line and "security" in line:
        text = text.replace("set rulebase security rules in action allow\n", "")
    flow = {"src": "10.0.1.5", "dst": "10.0.9.1", "protocol": "tcp", "dst_port": 22}
    text += f"set {line}\n"
    assert verdict("paloalto_panos", text, {**flow, "in_zone": "a", "out_zone": "b"}) == right


def test_a_rule_asks_for_overrides_that_may_meet_it_alone() -> None:
    """Else a state grows with the square of the overrides, times the rules: 57 MB of 60 and 200."""

    def size(overrides: int) -> int:
        text = (
            "set zone a network layer3\nset zone b network layer3\nset application mine category networking\n"
        )
        for number in range(overrides):
            text += (
                f"set rulebase application-override rules O{number} from a to b source any destination 10.9.0.{number} "
                f"port 7000 protocol tcp application mine\n"
            )
        found = state(
            "paloalto_panos", text + rule("in", came="a", to="b", destination="10.9.0.1", application="mine")
        )
        return len(str(found.to_dict()["rulesets"]))

    assert size(40) - size(2) < 1000


def test_many_translations_to_one_place_are_looked_at_once_for_a_rule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hundred and fifty of them, and 600 rules, took more than two minutes."""
    calls = []
    real = panos_dnat._before
    monkeypatch.setattr(panos_dnat, "_before", lambda *asked: (calls.append(1), real(*asked))[1])
    text = "set network interface ethernet ethernet1/1 layer3 ip 198.51.0.1/16\nset zone a network layer3 ethernet1/1\n"
    for number in range(20):
        text += (
            f"set service s{number} protocol tcp port {2000 + number}\n"
            f"set rulebase nat rules N{number} from a to a source any destination 198.51.0.9 service s{number} "
            f"destination-translation translated-address 10.2.0.9 translated-port 80\n"
            + rule(f"R{number}", destination="198.51.0.9", service=f"s{number}")
        )
    state("paloalto_panos", text)
    assert 20 <= len(calls) <= 20 * 20 * 3
