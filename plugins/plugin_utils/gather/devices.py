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


@dataclass(frozen=True)
class Shows:
    """``commands``: by their stable names, in the order in which they run. ``boot``: those that show what the device
    would load when it starts. ``aliases``: other texts of the same. ``network_os``: values of ansible_network_os."""

    commands: Mapping[str, str]
    boot: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    network_os: tuple[str, ...] = ()

    def collector(self) -> Callable[[Channel, bool], dict[str, RawOutput]]:
        def collect(channel: Channel, with_boot: bool) -> dict[str, RawOutput]:
            found = {}
            for name, command in {**self.commands, **(self.boot if with_boot else {})}.items():
                reply = channel.run(command)
                found[name] = RawOutput(name, command, reply.rc, reply.stdout, reply.stderr)
            return found

        return collect


_SHOW_RUN = {"show run": "running_config", "show configuration": "running_config"}

# Platform, which is also netmiko's device type -> what shows its firewall, interfaces and routes.
DEVICES: dict[str, Shows] = {
    "cisco_ios": Shows(
        {
            "running_config": "show running-config",
            "interfaces": "show interfaces",
            "routes4": "show ip route",
            "routes6": "show ipv6 route",
        },
        {"startup_config": "show startup-config"},
        _SHOW_RUN,
        ("ios", "cisco.ios.ios", "iosxe"),
    ),
}
