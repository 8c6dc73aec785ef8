# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces of VyOS, and what is bound to them.

Source: VyOS documentation, "Interfaces": ``interfaces TYPE NAME``, with ``vif`` (VLAN), ``vif-s`` and ``vif-c`` (QinQ)
below; in 1.2, ``pppoe NUMBER`` is below its Ethernet interface.
"""

from __future__ import annotations

from collections.abc import Iterator

from . import asks, virtual_gateways
from .device import Device
from .entries import is_number
from .vyos_tree import Node
from .words import NotUnderstoodError

# word -> how the name below is made of the name above and the number
_BELOW = {"vif": "{0}.{1}", "vif-s": "{0}.{1}", "vif-c": "{0}.{1}", "pppoe": "pppoe{1}"}
_MODES = {"strict": 1, "loose": 2, "disable": 0}


def all_of(root: Node) -> Iterator[tuple[str, Node]]:
    """Every interface with its configuration."""
    for listed in root.items("interfaces").values():
        for name, node in listed.children.items():
            yield from _with_those_below(name, node)


def _with_those_below(name: str, node: Node) -> Iterator[tuple[str, Node]]:
    yield name, node
    for word, made in _BELOW.items():
        for number, below in node.items(word).items():
            yield from _with_those_below(made.format(name, number), below)


def interfaces(device: Device, root: Node) -> None:
    for name, node in all_of(root):
        found = device.interface(name)
        found.up = not node.has("disable")
        try:
            found.addresses = [said for said in node.values("address") if _is_address(said)]
            found.master = node.value("vrf") if node.has("vrf") else found.master
            mtu = node.value("mtu") if node.has("mtu") else ""
            found.mtu = int(mtu) if is_number([mtu]) else None
            members = node.at("member").children.get("interface", Node()).children
        except NotUnderstoodError as error:
            device.not_understood(f"interface {name}", name, str(error))
            continue
        for member in members:
            device.interface(member).master = name
    for group in root.at("high-availability", "vrrp").items("group").values():
        for name in group.items("interface") if not group.has("disable") else ():
            for said in (*group.items("address"), *group.items("virtual-address")):
                virtual_gateways.share(device.interface(name), said.split("/")[0])


def _is_address(said: str) -> bool:
    try:
        asks.network("src", said)
    except ValueError:
        return False  # dhcp, dhcpv6: what it is given is not in the configuration
    return True


def settings(device: Device, root: Node) -> None:
    """Settings of the kernel that decide about packets, as sysctl(8) names them: source validation, forwarding."""
    wanted = [root.at("firewall"), root.at("firewall", "global-options")]
    overall = [_mode(node) for node in wanted if node.has("source-validation")]
    by_interface = {name: _mode(node.at("ip")) for name, node in all_of(root)}
    if any(overall) or any(by_interface.values()):
        device.state.settings["net.ipv4.conf.all.rp_filter"] = max(overall, default=0)
        for name, mode in by_interface.items():
            device.state.settings[f"net.ipv4.conf.{name.replace('.', '/')}.rp_filter"] = mode
    for family, word in (("ipv4", "ip"), ("ipv6", "ipv6")):
        device.state.forwarding[family] = not root.has("system", word, "disable-forwarding")


def _mode(node: Node) -> int:
    return max((_MODES.get(said, 1) for said in node.items("source-validation")), default=0)
