# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: firewall_checkpoint_info
short_description: Tell who holds a firewall checkpoint on a host
version_added: 0.1.0
description:
  - Tells of each host whether a checkpoint is held, by which run, since when, and how many seconds are left.
  - Also tells what differs from the record now, and whether the timer is alive.
extends_documentation_fragment:
  - pathguard.network.attributes
  - pathguard.network.attributes.read_only
  - pathguard.network.attributes.each_host
  - pathguard.network.checkpoint
  - pathguard.network.login
  - pathguard.network.login.hosts
  - pathguard.network.login.timeout
seealso:
  - module: pathguard.network.firewall_checkpoint
author:
  - PathGuard developers (@pathguard)
"""

EXAMPLES = r"""
- name: Who holds the firewalls?
  pathguard.network.firewall_checkpoint_info:
    hosts: "{{ groups['firewalls'] }}"
  become: true
  run_once: true
  register: held
"""

RETURN = r"""
checkpoints:
  description: Each host's checkpoint, by name.
  returned: always
  type: dict
  contains:
    host:
      description: The host's name.
      type: str
      sample: fw1
    error:
      description: Why the host refused or did not answer. Then C(host), C(state) and this are all there is.
      type: str
      returned: when C(state=unknown)
    state:
      description:
        - V(none), V(armed), V(confirmed), V(restoring), V(restored) (by hand), V(fired) (by the timer) or
          V(failed).
        - V(unknown) for a host that did not answer.
      type: str
      sample: armed
    id:
      description: The run that holds it.
      type: str
      sample: update-2026-11-22
    remaining:
      description: Seconds until the timer fires.
      type: float
      sample: 297.4
    fingerprint:
      description:
        - SHA-256 of the rules as they are now. C(static) are the administrator's rules and sets,
          C(dynamic) those of dynamic owners, C(saved) the configuration files. Counters and handles do not
          count.
        - On network devices C(static) is of the running configuration, and C(saved), ten digits, of the startup
          configuration, where there is one of its own.
      type: dict
      sample: {static: 9c1b, dynamic: e3b0, saved: b5cd}
    armed_fingerprint:
      description: The same, as recorded when it was armed.
      type: dict
      sample: {static: 9c1b, dynamic: e3b0, saved: b5cd}
    protection:
      description: What the platform can do, V(arm_before), V(wraps_commit) or V(none).
      type: str
      sample: arm_before
    disruption:
      description: What a restore disturbs, V(none), V(sessions) or V(reboot).
      type: str
      sample: none
    script:
      description: The program that restores at once, on the host's own console and without Ansible.
      type: str
      sample: /var/lib/pathguard/update-2026-11-22/restore-now
    holder:
      description: Who armed it.
      type: dict
      sample: {user: alice, controller: ctl}
    since:
      description: When it was armed, UTC.
      type: str
      sample: "2026-11-22T14:58:53Z"
    changed_tables:
      description: What differs from the record; after a restore, what was put back.
      type: list
      elements: str
      sample: [nft/inet/filter, file/etc/nftables.conf]
    proven:
      description: After a restore, whether rules, sets and files are proven to be as recorded.
      type: bool
    survives_reboot:
      description: Whether the timer is started again when the host boots.
      type: bool
    timer:
      description: What runs the timer, V(systemd) or V(process).
      type: str
      sample: systemd
    newly_armed:
      description: Whether this task armed it.
      type: bool
    messages:
      description: What there is to know about it.
      type: list
      elements: str
    manual:
      description: What to do by hand, where a restore is not proven.
      type: list
      elements: str
errors:
  description: Why a host did not answer, by host.
  returned: when there is one
  type: dict
"""
