# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: firewall_checkpoint
short_description: Put a firewall back by itself unless a change is confirmed in time
version_added: 0.1.0
description:
  - Records the running and the saved firewall of hosts, and starts a timer on each host that puts both
    back, without the controller, unless the change is confirmed before it ends.
  - Several hosts are one run. All are armed or none; all are confirmed, or all are restored.
  - A restore touches only what changed, each table with the tool that owns it (nft, iptables of either
    variant, ipset), leaves rules of dynamic owners such as docker as they are, and is proven by comparing
    fingerprints.
  - On network devices (Cisco IOS, IOS XR and NX-OS, Arista EOS, Juniper Junos, VyOS) it is made of the device's own
    means, a copy of the running configuration on the device and the device's own timer. RV(checkpoints) says with
    C(protection) what the platform can do, and with C(disruption) what going back by that timer interrupts. IOS
    begins its timer before the change (it needs C(archive) with a C(path)); on Junos, EOS, IOS XR and VyOS the timer
    is that of the change's own commit; NX-OS has none, and goes back only from here. On IOS XR only the session
    that made a confirmed commit can confirm it; on VyOS the timer reboots the device, unless it is configured to
    reload. The whole of it is told in docs/checkpoint-devices.md of the collection.
extends_documentation_fragment:
  - pathguard.network.attributes
  - pathguard.network.attributes.each_host
  - pathguard.network.checkpoint
  - pathguard.network.login
  - pathguard.network.login.hosts
  - pathguard.network.login.command_timeout
options:
  hosts:
    description:
      - Names of inventory hosts. For O(state=confirmed) these are the peers of which all or none is
        confirmed.
      - By default the task's own host.
    type: list
    elements: str
  id:
    description:
      - Name of the run, such as the change's ticket. Letters, digits, dots, dashes and underscores, 64 at
        most; on network devices 30 at most, and no two dashes in a row.
      - A host holds one checkpoint. While it does, another run is refused.
    type: str
    required: true
  state:
    description:
      - V(armed) records the firewall, proves that the record can be loaded, and starts the timer. Repeated
        by the same run, it keeps the first record and renews the timer.
      - V(renewed) lets the timer run for O(timeout) seconds from now.
      - V(confirmed) keeps the change on all hosts, or, where one can't be confirmed, restores all of them
        and fails.
      - V(restored) puts back at once what changed since arming.
      - V(absent) drops the checkpoint and changes no rule.
    type: str
    choices: [armed, renewed, confirmed, restored, absent]
    default: armed
  timeout:
    description: Seconds until the timer fires, 1 to 604800.
    type: int
    default: 300
  take_over:
    description:
      - Take the checkpoint of another run. With O(state=armed) it becomes this run's, with what the other
        run recorded, because that is the last state that is known to be good. With O(state=absent) it is
        dropped.
      - Needs O(reason), which is logged on the host.
    type: bool
    default: false
  reason:
    description: Why a checkpoint is taken over or restored; logged on the host.
    type: str
    default: ""
  dynamic_owners:
    description:
      - Programs that change rules of their own all the time; these rules are left as they are by a restore.
      - Any of V(docker), V(fail2ban), V(kube-proxy), V(calico), V(cni), V(libvirt), V(podman). By default
        all of them. The elements of sets with timeouts are always left as they are.
    type: list
    elements: str
  boot_hook:
    description:
      - What starts the timer again when the host reboots before it has ended. V(auto) is a systemd unit
        where systemd runs, and nothing elsewhere; V(cron) is an C(@reboot) line below C(/etc/cron.d). Both
        go when the checkpoint ends.
    type: str
    choices: [auto, cron, none]
    default: auto
attributes:
  check_mode:
    description: Says how things are, and changes nothing.
    support: full
  diff_mode:
    description: Returns details on what has changed, or could be changed.
    support: none
notes:
  - The whole life cycle, and what can't be promised, is told in docs/checkpoint.md of the collection.
seealso:
  - module: pathguard.network.firewall_checkpoint_info
  - module: pathguard.network.firewall_info
author:
  - PathGuard developers (@pathguard)
"""

EXAMPLES = r"""
- name: Arm both firewalls for five minutes
  pathguard.network.firewall_checkpoint:
    hosts: [fw1, fw2]
    id: CHG-4711
    timeout: 300
  become: true
  run_once: true

- name: Keep the change on both, or on none
  pathguard.network.firewall_checkpoint:
    hosts: [fw1, fw2]
    id: CHG-4711
    state: confirmed
  become: true
  run_once: true

- name: Take over what a run left behind that never ended, and put the rules back
  pathguard.network.firewall_checkpoint:
    hosts: [fw1]
    id: cleanup-1
    state: "{{ item }}"
    take_over: true
    reason: CHG-4711's controller is lost
  become: true
  run_once: true
  loop: [armed, restored]
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
decision:
  description:
    - What became of the run's hosts together, V(armed), V(refused) (none is armed), V(renewed),
      V(confirmed), V(restored) (all are proven to be as before), V(unproven) (at least one is not),
      V(absent), or V(checked) in check mode.
  returned: always
  type: str
  sample: confirmed
messages:
  description: What went otherwise than wanted, a line for each host.
  returned: always
  type: list
  elements: str
errors:
  description: Why a host refused or did not answer, by host.
  returned: when there is one
  type: dict
"""
