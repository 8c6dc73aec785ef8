# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of modules that log in to hosts, see plugin_utils/gather/action.py."""

from __future__ import annotations


class ModuleDocFragment:
    # How hosts are logged in to.
    DOCUMENTATION = r"""
options:
  transport:
    description:
      - How a host is reached. V(netmiko) logs in by SSH with netmiko on the controller, V(connection)
        uses the host's Ansible connection (local, containers, ssh as Ansible does it).
      - V(auto) is V(netmiko) where the host's connection is an SSH one and netmiko is installed, else
        V(connection).
    type: str
    choices: [auto, netmiko, connection]
    default: auto
  host_key_checking:
    description:
      - Whether the SSH host key must be known. By default the host's C(ansible_host_key_checking) or
        C(ansible_ssh_host_key_checking) says so, then Ansible's configuration, then
        C(StrictHostKeyChecking) in the host's ssh arguments and in C(~/.ssh/config), and then it must.
    type: bool
  workers:
    description: How many hosts are worked on at once.
    type: int
    default: 10
"""

    # Which hosts, where a task may name some.
    HOSTS = r"""
options:
  hosts:
    description:
      - Names of inventory hosts. Groups are written as C({{ groups['firewalls'] }}).
      - By default the task's own host.
    type: list
    elements: str
  platform:
    description:
      - What the hosts are, as a netmiko device type. By default from C(ansible_network_os), else V(linux).
      - Firewalls are read of V(linux), V(cisco_ios) (IOS and IOS-XE), V(cisco_nxos), V(cisco_xr), V(cisco_asa),
        V(arista_eos), V(juniper_junos), V(paloalto_panos), V(fortinet) and V(vyos). What a module runs on the host
        itself needs V(linux).
      - The values of C(ansible_network_os) are known with and without their collection, C(cisco.ios.ios) or C(ios).
    type: str
"""

    # For how long a silent host is waited for; where `timeout` means something else, by another name.
    TIMEOUT = r"""
options:
  timeout:
    description: The most seconds that a host may take to answer a command.
    type: int
    default: 60
"""

    COMMAND_TIMEOUT = r"""
options:
  command_timeout:
    description: The most seconds that a host may take to answer a command.
    type: int
    default: 60
"""
