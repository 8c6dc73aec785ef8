# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: policy_validate
short_description: Prove a policy of network paths on gathered snapshots
version_added: 0.1.0
description:
  - Proves, for whole sets of flows, whether the paths that a policy requires are open and those that it
    forbids are closed, along the routes of the snapshots and through every firewall on the way, replies
    included. It also checks what the policy says about configurations.
  - The answer holds the complete part that is cut off, the share of hosts and address pairs that is left,
    the deciding rules verbatim, and, with O(baseline), what these rules said before.
  - What can't be known is reported as unknown, with the reason, and counts as a violation. So does a host
    of an inventory group that has no snapshot.
  - Nothing is gathered and no host is logged in to. Runs once for all hosts of the play.
extends_documentation_fragment:
  - pathguard.network.attributes
  - pathguard.network.attributes.read_only
  - pathguard.network.attributes.once
options:
  policy:
    description:
      - The policy, as the path of a YAML or JSON file, or inline as a mapping.
      - A relative path is relative to the playbook's folder. So are those of the other options.
    type: raw
    required: true
  snapshots:
    description:
      - The snapshots of the hosts, as the folder that holds them or a list of files. See
        O(pathguard.network.firewall_info#module:snapshot_dir).
    type: raw
    required: true
  candidates:
    description:
      - What is planned, by host. The hosts are judged as they would be once it is applied; nothing is applied.
      - For each host the path of a file, a mapping, or a list of these, which are loaded one after the other. A
        mapping has the C(path) of a file or the C(text) itself, and, where needed, its C(kind).
      - C(kind) is C(auto) unless given. For Linux it is C(nft) (a script for C(nft -f)), C(iptables) or C(ip6tables)
        (a file for C(iptables-restore); C(noflush=true) as with its option; C(backend) C(nft) or C(legacy) for a host
        that uses both) or C(ipset) (a file for C(ipset restore)). For a device it is C(configuration) (all of it) or
        C(lines) (what is entered in configuration mode, merged into the running configuration).
      - Interfaces, routes and settings stay as the snapshot has them, and so do the rules that the candidate leaves.
        A command that is not understood, or that would be refused, is an error.
      - Without O(baseline), the snapshots themselves are the baseline.
    type: raw
  expected_changes:
    description:
      - What the change since the baseline is meant to alter, as a list of names of paths, and of flows
        (C(src), C(dst), C(protocol), C(src_port), C(dst_port), and C(host) where it is meant for one host alone).
      - It sorts RV(report.changes); whether a path is as the policy wants is not asked less.
    type: raw
    default: []
  baseline:
    description:
      - A folder of snapshots (or a list of files) from before a change. The report then also tells what
        each path was, which rule to put back, and which flows the change has moved.
    type: raw
  groups:
    description:
      - Names of groups and their hosts, for the policy's endpoints. By default the inventory's groups.
    type: dict
  fail_on:
    description:
      - With V(violation), the task fails if a path or a fact is not certainly as the policy wants, unless a
        waiver accepts it.
      - With V(never), it only reports. A malformed policy or snapshot fails in any case.
    type: str
    choices: [violation, never]
    default: violation
notes:
  - RV(report) reaches only the first host of the play, unless the task also says C(run_once=true).
  - A C(when) that is false on the first host of the play skips the task for all of them.
seealso:
  - module: pathguard.network.firewall_info
  - plugin: pathguard.network.to_report
    plugin_type: filter
author:
  - PathGuard developers (@pathguard)
"""

EXAMPLES = r"""
- name: Gather all hosts of the paths
  pathguard.network.firewall_info:
    hosts: "{{ groups['app'] + groups['firewalls'] + groups['db'] }}"
    snapshot_dir: snapshots/now
  run_once: true

- name: The application must reach its databases
  pathguard.network.policy_validate:
    policy: policies/shop.yml
    snapshots: snapshots/now
    baseline: snapshots/last-good
  run_once: true
  register: proof

- name: What would the planned rules do? Nothing is applied
  pathguard.network.policy_validate:
    policy: policies/shop.yml
    snapshots: snapshots/now
    candidates:
      fw1: files/fw1.nft
      fw2: {path: files/rules.v4, kind: iptables}
      edge1:
        kind: lines
        text: |
          ip access-list extended FROM-APP
           no 20
           20 permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432
    expected_changes:
      - {src: 192.0.2.0/24, protocol: tcp, dst_port: 443}
  run_once: true

- name: A policy of one path, inline
  pathguard.network.policy_validate:
    policy:
      requiredPaths:
        - name: app to primary
          from: {group: app}
          to: {group: db_primary}
          service: postgresql
    snapshots: snapshots/now
  run_once: true
"""

RETURN = r"""
report:
  description:
    - The report, by C(schemas/report.schema.json) of this collection.
    - The filter P(pathguard.network.to_report#filter) makes text, Markdown, JUnit and more of it.
  returned: when the policy and the snapshots could be read
  type: dict
  contains:
    summary:
      description: Counts, and the C(verdict), V(pass) or V(fail).
      type: dict
      sample:
        verdict: fail
        paths: 2
        status: {open: 1, partial: 1, blocked: 0, unknown: 0}
        satisfied: {"yes": 1, "no": 1, unknown: 0}
        configuration: 0
        violations: 1
        waived: 0
        hosts: 14
    paths:
      description:
        - For each path, its C(status) (V(open), V(partial), V(blocked), V(unknown)), whether the policy is
          C(satisfied), the C(share), the C(cut) or C(permitted) and C(unknown) parts as exact flow sets, a
          C(witness), the C(deciding) rules, the C(legs), what it was C(before), and the C(remedy).
      type: list
      elements: dict
    findings:
      description: What else was seen, such as ports without a listener, expired waivers, rules not understood.
      type: list
      elements: dict
    hosts:
      description: By host, its platform, snapshot, fingerprint and numbers of rules, and C(candidates) if it was
        judged by some.
      type: dict
    changes:
      description:
        - With O(baseline) or O(candidates), the flows that fare otherwise on each host, with the rules that did it,
          sorted into C(violations) (a path got worse), C(expected), C(touching) (a path's, which did not get worse)
          and C(harmless) (of no path).
        - C(touches_no_required_path) is V(true) only if that is proven; C(statement) says so in words.
      type: dict
    rule_changes:
      description: By host, what changed in its rules since the baseline.
      type: dict
"""
