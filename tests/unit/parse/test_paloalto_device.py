# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Palo Alto Networks PAN-OS: the forms of a configuration, zones, virtual systems, Panorama, NAT."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.device_texts import state, verdict
from tests.support.fuzz_firewalls import PANOS, PANOS_XML

BRACES = """\
admin@edge> show config running

config {
  devices {
    localhost.localdomain {
      network {
        interface {
          ethernet {
            ethernet1/1 {
              layer3 {
                units {
                  ethernet1/1.10 {
                    ip {
                      10.1.0.1/16;
                    }
                    tag 10;
                  }
                }
              }
            }
            ethernet1/2 {
              layer3 {
                ip {
                  10.2.0.1/16;
                }
              }
              link-state down;
            }
          }
        }
      }
      vsys {
        vsys1 {
          zone {
            users {
              network {
                layer3 [ ethernet1/1.10];
              }
            }
            servers {
              network {
                layer3 ethernet1/2;
              }
            }
          }
          rulebase {
            security {
              rules {
                "app to db" {
                  from users;
                  to servers;
                  source [ 10.1.1.0/24 10.1.8.0/24];
                  destination any;
                  application any;
                  service postgres;
                  action allow;
                  description "ends with ; and }";
                }
              }
            }
          }
        }
      }
    }
  }
  shared {
    service {
      postgres {
        protocol {
          tcp {
            port 5432;
          }
        }
      }
    }
  }
}
admin@edge>
"""
THROUGH = {"in_interface": "ethernet1/1", "out_interface": "ethernet1/2"}
POSTGRES = {"src": "10.1.1.5", "dst": "10.2.0.10", "protocol": "tcp", "src_port": 40000, "dst_port": 5432}


def asked(text: str, **flow: Any) -> str:
    return verdict("paloalto_panos", text, {**POSTGRES, **flow})


def rule(name: str, base: str = "rulebase", **settings: str) -> str:
    given = {"from": "any", "to": "any", "source": "any", "destination": "any", "service": "any"}
    given.update({"application": "any", "action": "allow"})
    given.update({key.replace("_", "-").replace("came", "from"): said for key, said in settings.items()})
    return "".join(f"set {base} security rules {name} {key} {said}\n" for key, said in given.items())


@pytest.mark.parametrize(
    ("text", "by"), [(BRACES, "ethernet1/1.10"), (PANOS, "ethernet1/1"), (PANOS_XML, "ethernet1/1")]
)
def test_each_form_of_a_configuration(text: str, by: str) -> None:
    way = {"in_interface": by, "out_interface": "ethernet1/2"}
    assert asked(text, **way) == "permit"
    assert asked(text, **way, dst_port=3306) == "deny"
    assert asked(text, in_zone="users", out_zone="servers") == "permit"
    assert state("paloalto_panos", text).interfaces["ethernet1/2"].zone == "servers"


def test_what_the_api_answers_is_a_configuration_too() -> None:
    body = PANOS_XML.partition("?>")[2]
    text = f'<response status="success"><result>{body}</result></response>'
    assert asked(text, in_zone="users", out_zone="servers") == "permit"
    recorded = f"admin@edge> show config running\n\n{PANOS_XML}\nadmin@edge> \n"
    assert asked(recorded, in_zone="users", out_zone="servers") == "permit"


def test_addresses_and_state_of_interfaces() -> None:
    found = state("paloalto_panos", BRACES).interfaces
    assert found["ethernet1/1.10"].addresses == ["10.1.0.1/16"]
    assert (found["ethernet1/1"].up, found["ethernet1/2"].up) == (True, False)
    more = "set address own ip-netmask 10.3.0.1/24\n"
    more += "set network interface ethernet ethernet1/3 layer3 ip own\n"
    more += "set network interface loopback units loopback.1 ip 10.255.0.1/32\n"
    more += "set network interface ethernet ethernet1/4 layer3 ip $variable\n"
    of_set = state("paloalto_panos", PANOS + more)
    assert of_set.interfaces["ethernet1/3"].addresses == ["10.3.0.1/24"]
    assert of_set.interfaces["loopback.1"].addresses == ["10.255.0.1/32"]
    assert of_set.not_understood[0]["text"] == "$variable"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PANOS_XML[:-40], "no XML that is whole"),
        (
            "<config><devices><entry name='x'>{% if y %}<vsys/></entry></devices></config>",
            "text between elements",
        ),
        ('<!DOCTYPE c [<!ENTITY a "b">]>\n<config>&a;</config>', "a document type or an entity"),
        ("<config>&a;</config>", "no XML that is whole"),
        ("<config><devices><entry/></devices></config>", "an entry without a name"),
        ("<other/>", "no element 'config'"),
        (f"<config>{'<a>' * 400}{'</a>' * 400}</config>", "nested more than"),
        (BRACES[: BRACES.rindex("shared")], "breaks off"),
        (BRACES.replace('}";', "}"), "quotation mark"),
        ('set rulebase security rules a description "open\n', "quotation mark"),
        ("set rulebase security rules a source [ b c\n", "not closed"),
        ("Unknown command: show config\n", "no part of a configuration"),
        ("lines 1-48 \nset zone a\n", "paged"),
        ("", "no output"),
    ],
)
def test_what_can_not_be_read_as_a_whole_is_one_clear_error(text: str, reason: str) -> None:
    found = state("paloalto_panos", text)
    assert not found.firewall_known
    assert reason in found.unreadable[0]["reason"]


def test_an_interface_in_no_zone_passes_nothing() -> None:
    text = PANOS + "set network interface ethernet ethernet1/9 layer3 ip 10.9.0.1/16\n" + rule("open")
    assert asked(text, in_interface="ethernet1/1", out_interface="ethernet1/2", dst_port=9) == "permit"
    assert asked(text, in_interface="ethernet1/9", out_interface="ethernet1/2") == "deny"
    assert asked(text, in_interface="ethernet1/1", out_interface="ethernet1/9") == "deny"


VSYS = (
    """\
set network interface ethernet ethernet1/1 layer3 ip 10.1.0.1/16
set network interface ethernet ethernet1/2 layer3 ip 10.2.0.1/16
set network interface ethernet ethernet1/3 layer3 ip 10.3.0.1/16
set network interface ethernet ethernet1/4 layer3 ip 10.4.0.1/16
set vsys vsys1 zone inside network layer3 ethernet1/1
set vsys vsys1 zone outside network layer3 ethernet1/2
set vsys vsys2 zone inside network layer3 ethernet1/3
set vsys vsys2 zone shop network layer3 ethernet1/4
set vsys vsys1 address db ip-netmask 10.2.0.10
set vsys vsys2 address db ip-netmask 10.4.0.10
"""
    + rule("r", base="vsys vsys1 rulebase", destination="db")
    + rule("r", base="vsys vsys2 rulebase", destination="db")
)


@pytest.mark.parametrize(
    ("flow", "right"),
    [
        ({"in_interface": "ethernet1/1", "out_interface": "ethernet1/2"}, "permit"),
        ({"in_interface": "ethernet1/1", "out_interface": "ethernet1/2", "dst": "10.4.0.10"}, "deny"),
        ({"in_interface": "ethernet1/3", "out_interface": "ethernet1/4", "dst": "10.4.0.10"}, "permit"),
        ({"in_interface": "ethernet1/3", "out_interface": "ethernet1/4"}, "deny"),
        ({"in_interface": "ethernet1/1", "out_interface": "ethernet1/4", "dst": "10.4.0.10"}, "deny"),
        ({"in_zone": "vsys2/inside", "out_zone": "shop", "dst": "10.4.0.10"}, "permit"),
    ],
)
def test_each_virtual_system_has_its_own_rules_objects_and_zones(flow: dict[str, Any], right: str) -> None:
    assert asked(VSYS, **flow) == right


TO_SHOP = {"in_interface": "ethernet1/1", "out_interface": "ethernet1/4", "dst": "10.4.0.10"}


def test_between_virtual_systems_both_rules_and_external_zones_count() -> None:
    there = "set vsys vsys1 zone there network external vsys2\n"
    back = "set vsys vsys2 zone back network external vsys1\n"
    out = rule("out", base="vsys vsys1 rulebase", to="there")
    assert asked(VSYS + there + out, **TO_SHOP) == "deny"
    assert asked(VSYS + back + out, **TO_SHOP) == "deny"
    assert asked(VSYS + there + back, **TO_SHOP) == "deny"
    assert asked(VSYS + there + back + out, **TO_SHOP) == "permit"
    assert asked(VSYS + there + back + out, **{**TO_SHOP, "dst": "10.4.0.11"}) == "deny"
    closed = rule("closed", base="vsys vsys2 rulebase", came="back", action="deny")
    closed += "move vsys vsys2 rulebase security rules closed top\n"
    assert asked(VSYS + there + back + out + closed, **TO_SHOP) == "deny"
    nat = "set vsys vsys1 rulebase nat rules n source any\n"
    assert asked(VSYS + there + back + out + nat, **TO_SHOP) == "unknown"


def test_a_shared_gateway_has_no_rules_and_external_zones_lead_to_it() -> None:
    gate = "set network interface ethernet ethernet1/7 layer3 ip 192.0.2.1/24\n"
    gate += "set network shared-gateway sg1 import network interface ethernet1/7\n"
    led = "set zone outside network external sg1\n" + rule(
        "out", came="users", to="outside", destination="192.0.2.9"
    )
    way = {"in_interface": "ethernet1/1", "out_interface": "ethernet1/7", "dst": "192.0.2.9"}
    assert asked(PANOS + gate + led, **way) == "permit"
    assert asked(PANOS + gate + led, **{**way, "dst": "192.0.2.8"}) == "deny"
    assert asked(PANOS + gate + rule("open"), **way) == "deny"


def test_trap_27_pre_rules_come_first_and_post_rules_last() -> None:
    closed = {"action": "deny", "destination": "10.2.0.10"}
    way = {"in_zone": "users", "out_zone": "servers"}
    assert asked(PANOS + rule("pre", base="panorama pre-rulebase", **closed), **way) == "deny"
    assert asked(PANOS + rule("post", base="panorama post-rulebase", **closed), **way) == "permit"
    assert asked(PANOS + rule("pushed", base="policy panorama pre-rulebase", **closed), **way) == "deny"
    opened = PANOS + rule("post", base="panorama post-rulebase", destination="10.2.0.10")
    assert asked(opened, **way, dst_port=3306) == "permit"


GROUPS = (
    "set shared address db ip-netmask 10.2.0.99\n"
    "set device-group parent address db ip-netmask 10.2.0.10\n"
    "set device-group child devices 0001\n"
    "set device-group child parent-dg parent\n"
    + rule("shared-pre", base="shared pre-rulebase", action="deny", service="service-http")
    + rule("parent-pre", base="device-group parent pre-rulebase", action="deny", destination="10.2.0.11")
    + rule("child-pre", base="device-group child pre-rulebase", destination="[ db 10.2.0.11 ]")
    + rule("child-post", base="device-group child post-rulebase", destination="10.2.0.12")
    + rule("parent-post", base="device-group parent post-rulebase", action="deny", destination="10.2.0.12")
    + rule("parent-post-2", base="device-group parent post-rulebase", destination="10.2.0.13")
    + rule("shared-post", base="shared post-rulebase", action="deny")
)


@pytest.mark.parametrize(
    ("flow", "right"),
    [
        ({}, "permit"),
        ({"dst_port": 80}, "deny"),
        ({"dst": "10.2.0.11"}, "deny"),
        ({"dst": "10.2.0.12"}, "permit"),
        ({"dst": "10.2.0.13"}, "permit"),
        ({"dst": "10.2.0.14"}, "deny"),
        ({"dst": "10.2.0.99"}, "deny"),
    ],
)
def test_trap_27_device_groups_with_parents_and_shared(flow: dict[str, Any], right: str) -> None:
    assert asked(GROUPS, **THROUGH, **flow) == right
    shown = [
        one.text.split()[0] for one in state("paloalto_panos", GROUPS).rulesets["device-group child"].rules
    ]
    assert shown[1:8] == ["shared", "parent", "child", "child", "parent", "parent", "shared"]


def test_which_of_several_device_groups_is_the_device_s_is_not_known() -> None:
    text = (
        GROUPS + "set device-group other devices 0002\n" + rule("o", base="device-group other pre-rulebase")
    )
    assert asked(text, **THROUGH) == "unknown"
    assert verdict("paloalto_panos", text, {**POSTGRES, "dst": "10.2.0.14"}, "device-group other") == "permit"
    assert verdict("paloalto_panos", text, {**POSTGRES, "dst": "10.2.0.14"}, "device-group child") == "deny"
    assert verdict("paloalto_panos", text, POSTGRES, "device-group child") == "permit"


def test_zones_of_rules_that_are_for_any_zone() -> None:
    text = (
        "set device-group D devices 0123\nset device-group D pre-rulebase security rules r from any to any source "
        "10.0.0.0/8 destination any application any service any action deny\n"
    )
    flow = {"src": "10.1.1.5", "dst": "192.0.2.1", "protocol": "tcp", "dst_port": 22}
    asked = {**flow, "in_zone": "trust", "out_zone": "dmz"}
    assert verdict("paloalto_panos", text, asked, "device-group D") == "deny"


def test_parents_as_panorama_itself_shows_them() -> None:
    shown = "set readonly devices localhost.localdomain device-group child parent-dg parent\n"
    text = GROUPS.replace("set device-group child parent-dg parent\n", shown)
    assert asked(text, **THROUGH, dst="10.2.0.11") == "deny"
    loop = GROUPS + "set device-group parent parent-dg child\n"
    assert state("paloalto_panos", loop).not_understood[0]["reason"] == "it is its own ancestor"


def test_zones_come_from_the_template_of_the_group() -> None:
    template = "set template {0} config devices localhost.localdomain "
    text = GROUPS.replace("from any", "from users")
    for name, interface in (("t1", "ethernet1/1"), ("t2", "ethernet1/2")):
        line = template.format(name)
        text += f"{line}network interface ethernet {interface} layer3 ip 10.1.0.1/16\n"
        text += f"{line}vsys vsys1 zone users network layer3 {interface}\n"
    text += "set template-stack s templates [ t2 ]\nset template-stack s devices 0001\n"
    assert list(state("paloalto_panos", text).interfaces) == ["ethernet1/2"]
    assert asked(text, in_interface="ethernet1/2") == "permit"


NAT = PANOS + (
    "set rulebase nat rules none from users\n"
    "set rulebase nat rules none source 10.1.1.7\n"
    "set rulebase nat rules none destination 10.2.0.10\n"
    "set rulebase nat rules in from users\n"
    "set rulebase nat rules in to users\n"
    "set rulebase nat rules in source any\n"
    "set rulebase nat rules in destination 10.2.0.10\n"
    "set rulebase nat rules in service postgres\n"
    "set rulebase nat rules in destination-translation translated-address 10.2.0.20\n"
)


def test_sources_are_translated_after_the_security_rules() -> None:
    found = state("paloalto_panos", PANOS).rulesets["nat sources"]
    assert (found.hook, found.type) == ("postrouting", "nat")
    assert found.rules[0].effects[0].address == (0x0A020063, 0x0A020063)


@pytest.mark.parametrize(
    ("flow", "right"),
    [
        ({"src": "10.1.8.5"}, "unknown"),
        ({"src": "10.1.8.5", "dst_port": 80}, "deny"),
        ({"src": "10.1.8.5", "dst": "10.2.0.11"}, "permit"),
        ({"src": "10.1.1.5"}, "permit"),  # the rule "out" comes first, and translates the source only
        ({"src": "10.1.1.7"}, "permit"),
    ],
)
def test_only_what_a_rule_translates_is_unknown(flow: dict[str, Any], right: str) -> None:
    assert asked(NAT, in_interface="ethernet1/1", out_interface="ethernet1/2", **flow) == right


@pytest.mark.parametrize(
    "said",
    [
        "pbf rules p action discard",
        "dos rules p action deny",
        "authentication rules p authentication-enforcement default-web-form",
        "captive-portal rules p action web-form",
    ],
)
def test_rulebases_that_may_stop_packets_are_not_passed_over(said: str) -> None:
    kind = said.split()[0]
    text = f"{PANOS}set rulebase {said}\nset rulebase {kind} rules p source 10.1.1.5\n"
    way = {"in_zone": "users", "out_zone": "servers"}
    assert asked(text, **way) == "unknown"
    assert asked(text, **way, src="10.1.1.6") == "permit"


def test_users_who_need_no_login() -> None:
    text = (
        f"{PANOS}set rulebase authentication rules p authentication-enforcement default-no-captive-portal\n"
    )
    assert asked(text, in_zone="users", out_zone="servers") == "permit"


def test_what_is_for_the_device_itself_is_not_modelled() -> None:
    assert asked(PANOS, in_interface="ethernet1/1", dst="10.1.0.1") == "unknown"


WIRES = (
    "set network interface ethernet ethernet1/1 virtual-wire\n"
    "set network interface ethernet ethernet1/2 virtual-wire\n"
    "set network interface ethernet ethernet1/3 layer3 ip 10.3.0.1/16\n"
    "set network interface ethernet ethernet1/4 tap\n"
    "set zone left network virtual-wire ethernet1/1\n"
    "set zone right network virtual-wire ethernet1/2\n"
    "set zone routed network layer3 ethernet1/3\n"
    "set zone seen network tap ethernet1/4\n"
) + rule("open")


@pytest.mark.parametrize(
    ("by", "to", "right"),
    [
        ("ethernet1/1", "ethernet1/2", "permit"),
        ("ethernet1/1", "ethernet1/3", "unknown"),
        ("ethernet1/4", "ethernet1/3", "deny"),
    ],
)
def test_interfaces_that_do_not_route(by: str, to: str, right: str) -> None:
    assert asked(WIRES, in_interface=by, out_interface=to) == right


def test_lines_that_may_hold_a_secret_are_not_repeated() -> None:
    text = PANOS + "sexx mgt-config users admin phash $5$verysecret\n"
    assert "verysecret" not in str(state("paloalto_panos", text).to_dict())
    torn = PANOS_XML.replace("<action>deny</action>", "verysecret<action>deny</action>")
    assert "verysecret" not in str(state("paloalto_panos", torn).to_dict())
