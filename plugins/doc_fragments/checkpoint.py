# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules about checkpoints have in common."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  platform:
    description:
      - What the hosts are, as a netmiko device type. By default from C(ansible_network_os), else V(linux).
      - A checkpoint can be armed on V(linux), V(cisco_ios), V(cisco_nxos), V(arista_eos) and V(juniper_junos); the
        others are told as protection C(none).
    type: str
notes:
  - Needs root on a Linux host (C(become)) and Python 3.8 or later there; of a network device, a login that may
    change it.
"""
