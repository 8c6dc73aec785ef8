# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that several routers share, to which hosts send what leaves their network: HSRP, VRRP, GLBP.

Sources: Cisco IOS First Hop Redundancy Protocols Command Reference ("standby ip", "vrrp ip", "vrrp address-family",
"glbp ip"); Cisco Nexus 9000 Series NX-OS Unicast Routing Configuration Guide, "Configuring HSRP", "Configuring VRRP";
Arista EOS User Manual, "VRRP and VARP"; IOS XR IP Addresses and Services Command Reference, "router hsrp", "router
vrrp" (the interfaces stand below these); Junos High Availability User Guide, "vrrp-group", and EVPN User Guide,
"virtual-gateway-address"; VyOS documentation, "High availability"; FortiOS CLI Reference, "config vrrp". Which of the
routers answers is not in a configuration: any of them may. An ASA that takes over takes the addresses of the other, so
these need no second one.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from ...model.state import Interface, State

PLATFORMS = ("cisco_ios", "cisco_nxos", "arista_eos", "cisco_xr")
_ADDRESS = r"(?P<address>[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*)(?:/\d+)?(?: \w+)*"
_SHARED = re.compile(
    rf"(?:(?:standby|vrrp|glbp)(?: \d+)? (?:ip|ipv4|ipv6)|ip(?:v6)? virtual-router address) {_ADDRESS}"
)
_GROUP = re.compile(r"(?:hsrp|vrrp|vrrpv3) \d+(?: ipv[46]| version \d)?|vrrp \d+ address-family ipv[46]")
_BELOW = ("router hsrp", "router vrrp")
_OF_GROUP = re.compile(rf"(?:ip|address|address global) {_ADDRESS}")


def add(state: State, text: str, long: Callable[[str], str]) -> None:
    """``long``: an interface's name as the state has it."""
    if state.platform not in PLATFORMS:
        return
    interface: Interface | None = None
    below = False
    group: int | None = None  # how far the line is indented that began one
    for line in text.splitlines():
        words = " ".join(line.split())
        if not words or words.startswith("!"):
            continue
        depth = len(line) - len(line.lstrip())
        if not depth:
            below = words in _BELOW
        if not depth or (below and words.startswith("interface ")):
            named = words.removeprefix("interface ")
            interface = state.interfaces.get(long(named)) if named != words else None
            group = None
        if interface is None:
            continue
        if group is not None and depth <= group:
            group = None
        found = _SHARED.fullmatch(words) or (_OF_GROUP.fullmatch(words) if group is not None else None)
        if found is not None:
            share(interface, found["address"])
        elif _GROUP.fullmatch(words):
            group = depth


def share(interface: Interface, said: str) -> None:
    """Adds an address of one of the networks that the interface is in."""
    try:
        address = ipaddress.ip_address(said)
        own = [ipaddress.ip_interface(one) for one in interface.addresses]
    except ValueError:
        return
    around = [one.network.prefixlen for one in own if address in one.network]
    if around and not any(one.ip == address for one in own):
        interface.addresses.append(f"{address}/{max(around)}")
