# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translations of Cisco ASA since 8.3: lists see real addresses, and the table decides what becomes of packets."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import HostFirewall
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.model import text
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import Space
from tests.support.asa_texts import OUTSIDE_AND_INSIDE
from tests.support.device_texts import state

ASA = "cisco_asa"
PORTS = f"""
ASA Version 9.8(1)
{OUTSIDE_AND_INSIDE}interface GigabitEthernet0/2
 nameif dmz
 security-level 50
 ip address 10.9.0.1 255.255.255.0
object network web
 host 10.9.0.80
object network web-mapped
 host 198.51.100.80
object network net
 subnet 10.9.0.128 255.255.255.192
object network net-mapped
 subnet 198.51.100.128 255.255.255.192
object network big
 subnet 10.16.0.0 255.255.0.0
object network big-mapped
 subnet 172.16.0.0 255.255.0.0
object network partner
 host 203.0.113.7
object network partner-inside
 host 10.0.0.200
object network pool
 range 198.51.100.40 198.51.100.49
object network inside-net
 subnet 10.0.0.0 255.255.255.0
object network remote
 subnet 192.168.7.0 255.255.255.0
object service www
 service tcp destination eq www
object service alt
 service tcp destination eq 8080
object service web-source
 service tcp source eq www
object service alt-source
 service tcp source eq 8080
access-list OUT extended permit tcp any host 10.9.0.80 eq www
access-list OUT extended permit tcp any 10.9.0.128 255.255.255.192 eq www
access-list OUT extended permit tcp any object big eq www
access-list OUT extended deny ip any any
access-group OUT in interface outside
"""
WEB = "object network web\n nat (dmz,outside) static web-mapped\n"
SERVICE = "object network web\n nat (dmz,outside) static 198.51.100.80 service tcp www 8080\n"
BY_INTERFACE = "object network web\n nat (dmz,outside) static interface service tcp www 8080\n"
NET = "nat (dmz,outside) source static net net-mapped\n"
INLINE = "object network net\n nat (dmz,outside) static 198.51.100.128\n"
BIG = "nat (dmz,outside) source static big big-mapped\n"
HIDE = "object network inside-net\n nat (inside,outside) dynamic interface\n"
HIDE_DMZ = "object network any4\n subnet 0.0.0.0 0.0.0.0\n nat (dmz,outside) dynamic interface\n"
POOL = "nat (inside,outside) source dynamic inside-net pool\n"
TWICE = (
    "nat (inside,outside) source dynamic inside-net web-mapped destination static partner-inside partner\n"
)
EXEMPT = "nat (inside,outside) source static inside-net inside-net destination static remote remote no-proxy-arp route-lookup\n"


def _in(dst: str, port: int = 80, out: str = "dmz", **more: Any) -> dict[str, Any]:
    return {
        "src": "203.0.113.9", "dst": dst, "protocol": "tcp", "dst_port": port, "src_port": 40000,
        "in_interface": "outside", "out_interface": out, **more,
    }  # fmt: skip


@pytest.mark.parametrize(("port", "wanted"), [(8080, "unknown"), (80, "deny")])
def test_an_address_that_the_device_gets_from_somebody_may_be_any(port: int, wanted: str) -> None:
    config = PORTS.replace(" ip address 198.51.100.1 255.255.255.0", " ip address dhcp setroute")
    found = state(ASA, config + BY_INTERFACE)
    assert Questions(found).verdict(_in("192.0.2.33", port))["verdict"] == wanted
    assert "interface outside" in [note["where"] for note in found.not_understood]


@pytest.mark.parametrize(
    ("nat", "flow", "wanted"),
    [
        # Trap 26: the list has the real address, the packet the mapped one.
        (WEB, _in("198.51.100.80"), "permit"),
        (WEB, _in("198.51.100.80", 22), "deny"),
        (WEB, _in("198.51.100.81"), "deny"),
        ("", _in("198.51.100.80"), "deny"),
        # Who knows the real address does not get through: the answers would be translated.
        ("", _in("10.9.0.80"), "permit"),
        (WEB, _in("10.9.0.80"), "deny"),
        (HIDE_DMZ, _in("10.9.0.80"), "deny"),
        (WEB + HIDE_DMZ, _in("198.51.100.80"), "permit"),
        (HIDE_DMZ + WEB, _in("198.51.100.80"), "permit"),
        # One port, to another one.
        (SERVICE, _in("198.51.100.80", 8080), "permit"),
        (SERVICE, _in("198.51.100.80", 80), "deny"),
        (SERVICE, _in("10.9.0.80", 80), "deny"),
        (BY_INTERFACE, _in("198.51.100.1", 8080), "permit"),
        ("nat (dmz,outside) source static web web-mapped service web-source alt-source\n", _in("198.51.100.80", 8080), "permit"),
        ("nat (dmz,outside) source static web web-mapped service web-source alt-source\n", _in("198.51.100.80", 80), "deny"),
        # Networks: each address becomes its counterpart; of large ones it is not followed which.
        (NET, _in("198.51.100.130"), "permit"),
        (NET, _in("198.51.100.192"), "deny"),
        (INLINE, _in("198.51.100.191"), "permit"),
        (BIG, _in("172.16.3.9"), "unknown"),
        (BIG, _in("172.17.3.9"), "deny"),
        # Interfaces of the translation.
        ("nat (inside,outside) source static web web-mapped\n", _in("198.51.100.80"), "permit"),
        ("nat (dmz,inside) source static web web-mapped\n", _in("198.51.100.80"), "deny"),
        ("nat source static web web-mapped\n", _in("198.51.100.80"), "permit"),
        ("nat (any,outside) source static web web-mapped\n", _in("198.51.100.80"), "permit"),
        # Not in force, or of one direction.
        ("nat (dmz,outside) source static web web-mapped inactive\n", _in("198.51.100.80"), "deny"),
        ("nat (dmz,outside) source static web web-mapped unidirectional\n", _in("198.51.100.80"), "deny"),
        ("nat (dmz,outside) source static web web-mapped unidirectional\n", _in("10.9.0.80"), "unknown"),
        ("nat (dmz,outside) source static web web-mapped description not inactive\n", _in("198.51.100.80"), "permit"),
        # A source that others must have.
        ("nat (dmz,outside) source static web web-mapped destination static partner partner\n", _in("198.51.100.80"), "deny"),
        ("nat (dmz,outside) source static web web-mapped destination static partner partner\n",
         _in("198.51.100.80", src="203.0.113.7"), "permit"),
        # The first that fits: twice NAT comes before objects, and these before twice NAT after them.
        (f"nat (dmz,outside) source static web pool\n{WEB}", _in("198.51.100.80"), "permit"),
        (f"{WEB}nat (outside,any) source static any any destination static web-mapped web-mapped\n", _in("198.51.100.80"), "deny"),
        (f"{WEB}nat (outside,any) after-auto source static any any destination static web-mapped web-mapped\n",
         _in("198.51.100.80"), "permit"),
        # A candidate may take one away.
        ("nat (dmz,outside) source static web web-mapped\nno nat (dmz,outside) source static web web-mapped\n",
         _in("198.51.100.80"), "deny"),
        (f"{WEB}object network web\n no nat (dmz,outside) static web-mapped\n", _in("198.51.100.80"), "deny"),
        # What is not modelled, or not known, leaves packets by these interfaces unknown.
        ("nat (dmz,outside) source static web web-mapped bogus\n", _in("198.51.100.80"), "unknown"),
        ("nat (dmz,outside) source static web GONE\n", _in("10.9.0.80"), "unknown"),
        ("nat (dmz,outside) source static web GONE\n",
         {**_in("203.0.113.5"), "in_interface": "inside", "out_interface": "outside", "src": "10.0.0.5"}, "permit"),
        # Connections to the outside.
        (HIDE, {**_in("203.0.113.5"), "in_interface": "inside", "out_interface": "outside", "src": "10.0.0.5"}, "permit"),
        (HIDE, {"src": "10.0.0.5", "dst": "203.0.113.5", "protocol": 50, "in_interface": "inside", "out_interface": "outside"}, "unknown"),
        (HIDE, _in("10.0.0.5", out="inside"), "deny"),
    ],
)  # fmt: skip
def test_a_connection(nat: str, flow: dict[str, Any], wanted: str) -> None:
    assert Questions(state(ASA, PORTS + nat)).verdict(flow)["verdict"] == wanted


def _seen(nat: str, hooks: str, flow: dict[str, Any]) -> list[dict[str, str | None]]:
    """What a new packet becomes at these hooks, in each way that it may go."""
    space = Space()
    firewall = HostFirewall(state(ASA, PORTS + nat), space)
    found = []
    begun = flows_from(space, flow).only("mark", ((0, 0),))
    for passed in firewall.hooks(hooks.split(), begun).passed:
        shown: dict[str, str | None] = {}
        for name, value in passed.rewrites.items():
            if name in ("src", "dst", "src_port", "dst_port"):
                number = value if isinstance(value, int) else None
                is_port = name.endswith("port")
                shown[name] = (
                    None if number is None else str(number) if is_port else text.address_text(4, number)
                )
        found.append(shown)
    return found


def _out(dst: str = "203.0.113.5", src: str = "10.0.0.5", **more: Any) -> dict[str, Any]:
    return {
        "src": src, "dst": dst, "protocol": "tcp", "src_port": 40000, "dst_port": 443,
        "in_interface": "inside", "out_interface": "outside", **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("nat", "hooks", "flow", "wanted"),
    [
        (WEB, "prerouting", _in("198.51.100.80"), {"dst": "10.9.0.80"}),
        (SERVICE, "prerouting", _in("198.51.100.80", 8080), {"dst": "10.9.0.80", "dst_port": "80"}),
        (NET, "prerouting", _in("198.51.100.130"), {"dst": "10.9.0.130"}),
        (WEB, "postrouting", _out(src="10.9.0.80", in_interface="dmz"), {"src": "198.51.100.80"}),
        (WEB, "postrouting", _out(src="10.9.0.80", in_interface="dmz", out_interface="inside"), {}),
        (HIDE, "postrouting", _out(), {"src": "198.51.100.1"}),
        (HIDE, "postrouting", _out(src="10.0.7.5"), {}),
        (HIDE, "postrouting", _out(out_interface="dmz"), {}),
        (POOL, "postrouting", _out(), {"src": None}),
        ("nat (inside,outside) source dynamic inside-net web-mapped\n", "postrouting", _out(), {"src": "198.51.100.80"}),
        # Exempt from what would hide it, to one destination alone.
        (EXEMPT + HIDE, "postrouting", _out("192.168.7.9"), {}),
        (EXEMPT + HIDE, "postrouting", _out(), {"src": "198.51.100.1"}),
        # Both ends.
        (TWICE, "prerouting", _out("10.0.0.200"), {"dst": "203.0.113.7"}),
        (TWICE, "prerouting postrouting", _out("10.0.0.200"), {"dst": "203.0.113.7", "src": "198.51.100.80"}),
        (TWICE, "prerouting postrouting", _out("203.0.113.7"), {}),
        (TWICE, "postrouting", _out(), {}),
    ],
)  # fmt: skip
def test_what_packets_become(
    nat: str, hooks: str, flow: dict[str, Any], wanted: dict[str, str | None]
) -> None:
    assert _seen(nat, hooks, flow) == [wanted]


def test_the_order_of_objects() -> None:
    """Static before dynamic, fewer addresses before more, lower ones before higher, then by name."""
    text_of = (
        "object network z\n subnet 10.5.0.0 255.255.255.0\n nat (inside,outside) dynamic interface\n"
        "object network b\n host 10.5.0.9\n nat (inside,outside) static 198.51.100.9\n"
        "object network a\n host 10.5.0.10\n nat (inside,outside) static 198.51.100.10\n"
        "object network d\n subnet 10.5.0.0 255.255.255.252\n nat (inside,outside) static 198.51.100.64\n"
        "object network c\n host 10.5.0.9\n nat (inside,outside) dynamic 198.51.100.11\n"
        "nat (inside,outside) after-auto source dynamic any interface\n"
        "nat (inside,outside) source static web web-mapped\n"
        "nat (inside,outside) 1 source static partner partner\n"
    )
    listed = [rule.text.split(":")[0] for rule in state(ASA, PORTS + text_of).rulesets["nat/source"].rules]
    assert list(dict.fromkeys(listed)) == [
        "nat (inside,outside) 1 source static partner partner",
        "nat (inside,outside) source static web web-mapped",
        "object network b",
        "object network a",
        "object network d",
        "object network c",
        "object network z",
        "nat (inside,outside) after-auto source dynamic any interface",
    ]


def test_packets_of_a_translated_connection_are_not_taken_for_its_first_one() -> None:
    asked = {**_in("198.51.100.80"), "connection": "established", "tcp_flags": ["ack"]}
    assert Questions(state(ASA, PORTS + WEB)).verdict(asked)["verdict"] == "unknown"
