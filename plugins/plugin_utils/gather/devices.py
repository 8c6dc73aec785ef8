# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is gathered of network devices: the commands of each platform, run one after the other in one login.

All of them only show something. What a device does not know is its answer, and the parser's to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..model.raw import RawOutput
from .channel import Channel
from .device_secrets import without_secrets

# What holds secrets that no snapshot needs.
CONFIGURATIONS = frozenset({"running_config", "startup_config"})


@dataclass(frozen=True)
class Shows:
    """``commands``: by their stable names, in the order in which they run. ``boot``: those that show what the device
    would load when it starts. ``aliases``: other texts of the same. ``network_os``: values of ansible_network_os.
    ``given``: commands that are never run, and whose saved output is read."""

    commands: Mapping[str, str]
    boot: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    network_os: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)

    def collector(self) -> Callable[[Channel, bool], dict[str, RawOutput]]:
        def collect(channel: Channel, with_boot: bool) -> dict[str, RawOutput]:
            found = {}
            for name, command in {**self.commands, **(self.boot if with_boot else {})}.items():
                reply = channel.run(command)
                text = without_secrets(reply.stdout) if name in CONFIGURATIONS else reply.stdout
                found[name] = RawOutput(name, command, reply.rc, text, reply.stderr)
            return found

        return collect


# What people call them; those that a platform names itself come first.
_SHOW_RUN = {
    "show run": "running_config",
    "sh run": "running_config",
    "show running": "running_config",
    "show configuration": "running_config",
    "running-config": "running_config",
    "show startup": "startup_config",
    "show start": "startup_config",
    "startup-config": "startup_config",
    "show interface": "interfaces",
    "show interfaces": "interfaces",
    "show route": "routes4",
    "show ip route": "routes4",
    "show ipv6 route": "routes6",
}
# What the parsers of these platforms take for a configuration of which the places of lists are not known.
_LISTS = dict.fromkeys(
    ("show access-lists", "show ip access-lists", "show access-lists ipv4"), "running_config"
)
_STARTUP = {"startup_config": "show startup-config"}

# Platform, which is also netmiko's device type -> what shows its firewall, interfaces and routes.
DEVICES: dict[str, Shows] = {
    "cisco_ios": Shows(
        {
            "running_config": "show running-config",
            "interfaces": "show interfaces",
            "routes4": "show ip route",
            "routes4_vrf": "show ip route vrf *",
            "routes6": "show ipv6 route",
            "routes6_vrf": "show ipv6 route vrf *",
        },
        _STARTUP,
        {**_SHOW_RUN, "show ip access-lists": "access_lists", "show access-list": "access_lists"},
        ("ios", "cisco.ios.ios", "cisco.ios", "iosxe", "ios-xe", "ios_xe", "cisco_xe"),
        {"access_lists": "show access-lists", "access_lists6": "show ipv6 access-list"},
    ),
    "cisco_nxos": Shows(
        {
            "running_config": "show running-config",
            "interfaces": "show interface",
            "routes4": "show ip route vrf all",
            "routes6": "show ipv6 route vrf all",
        },
        _STARTUP,
        {**_SHOW_RUN, **_LISTS, "show running-config aclmgr": "running_config"},
        ("nxos", "cisco.nxos.nxos", "cisco.nxos", "nx-os", "nxos_ssh"),
    ),
    "cisco_xr": Shows(
        {
            "running_config": "show running-config",
            "interfaces": "show interfaces",
            "routes4": "show route ipv4",
            "routes4_vrf": "show route vrf all ipv4",
            "routes6": "show route ipv6",
            "routes6_vrf": "show route vrf all ipv6",
        },
        {},  # what is committed is what starts
        {**_SHOW_RUN, **_LISTS, "show running-config formal": "running_config"},
        ("iosxr", "cisco.iosxr.iosxr", "cisco.iosxr", "ios-xr", "ios_xr", "xr", "cisco_iosxr"),
    ),
    "cisco_asa": Shows(
        {
            "running_config": "show running-config",
            "interfaces": "show interface",
            "routes4": "show route",
            "routes6": "show ipv6 route",
        },
        _STARTUP,
        {
            **_SHOW_RUN,
            **dict.fromkeys(("more system:running-config", "show access-list"), "running_config"),
        },
        ("asa", "cisco.asa.asa", "cisco.asa"),
    ),
    "arista_eos": Shows(
        {
            "running_config": "show running-config",
            "interfaces": "show interfaces",
            "routes4": "show ip route vrf all",
            "routes6": "show ipv6 route vrf all",
        },
        _STARTUP,
        _SHOW_RUN,
        ("eos", "arista.eos.eos", "arista.eos", "arista"),
    ),
    "juniper_junos": Shows(
        {
            "running_config": "show configuration",
            "interfaces": "show interfaces",
            "routes4": "show route",  # all tables, of both families
        },
        {},  # what is committed is what starts
        {
            **{
                f"show configuration{modifiers}": "running_config"
                for modifiers in (" | display set", " | display inheritance", " | display xml", " | no-more")
            },
            "show configuration | display set | no-more": "running_config",
            "show route table inet.0": "routes4",
            "show route table inet6.0": "routes6",
        },
        ("junos", "junipernetworks.junos.junos", "junipernetworks.junos", "juniper"),
    ),
    "paloalto_panos": Shows(
        {
            "running_config": "show config running",
            "interfaces": "show interface all",
            "routes4": "show routing route",
        },
        {},  # what is committed is what starts
        {"show": "running_config", "show config candidate": "running_config"},
        ("panos", "paloaltonetworks.panos.panos", "paloaltonetworks.panos", "pan-os", "paloalto"),
    ),
    "fortinet": Shows(
        {
            "running_config": "show",
            "interfaces": "get system interface",
            "routes4": "get router info routing-table all",
            "routes6": "get router info6 routing-table",
        },
        {},  # every change is saved as it is made
        {"show full-configuration": "running_config"},
        ("fortios", "fortinet.fortios.fortios", "fortinet.fortios", "fortigate"),
    ),
    "vyos": Shows(
        {
            "running_config": "show configuration commands",
            "interfaces": "show interfaces",
            "routes4": "show ip route",
            "routes4_vrf": "show ip route vrf all",
            "routes6": "show ipv6 route",
            "routes6_vrf": "show ipv6 route vrf all",
        },
        {},
        {"show configuration": "running_config", "show": "running_config"},
        ("vyos.vyos.vyos", "vyos.vyos"),
    ),
}
