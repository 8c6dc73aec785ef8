# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: audit_step
short_description: One step of an audit (internal to the path_audit role)
version_added: 0.1.0
description:
  - What the role P(pathguard.network.path_audit#role) calls. Use the role; this action's options may change without
    notice.
  - Logs in to all hosts at once and changes nothing on them, or reads what was saved of them.
extends_documentation_fragment:
  - pathguard.network.attributes
  - pathguard.network.attributes.read_only
  - pathguard.network.attributes.once
  - pathguard.network.login
  - pathguard.network.login.command_timeout
  - pathguard.network.playbook
options:
  step:
    description:
      - V(audit) does all the work and sets the summary that AWX takes for an artifact. It does not fail, because a task
        that fails sets none.
      - V(join) does the same for an audit that was cut into slices, from what they have left.
      - V(verdict) fails where the audit, by its O(result), was not good.
    type: str
    choices: [audit, join, verdict]
    required: true
  policies:
    description: Policy files, folders of them, or policies themselves; an empty list for none.
    type: raw
  hosts:
    description: The hosts to audit. Required where O(step) is V(audit) or V(join).
    type: list
    elements: str
  baseline:
    description: A folder of snapshots to compare with, or that of an earlier audit.
    type: str
    default: ""
  snapshots:
    description: A folder of snapshots to audit instead of the hosts themselves.
    type: str
    default: ""
  files:
    description: A folder of saved outputs to audit instead of the hosts themselves.
    type: str
    default: ""
  report_dir:
    description: The folder in which each audit gets one of its own.
    type: str
    default: pathguard
  snapshot_dir:
    description: The folder for snapshots. By default in the audit's own.
    type: str
    default: ""
  history_dir:
    description: A git repository that keeps snapshots and reports.
    type: str
    default: ""
  prometheus_file:
    description: A file that node_exporter reads.
    type: str
    default: ""
  formats:
    description: The forms of the report; V(json) is always among them.
    type: list
    elements: str
    default: [json, text, html]
  fail_on:
    description: What the verdict is about.
    type: list
    elements: str
    default: [violation]
  name:
    description: What people call the audit.
    type: str
    default: ""
  id:
    description: Its id and its folder's name, by default its time.
    type: str
    default: ""
  boot:
    description: Whether to ask, too, what the hosts would load at boot.
    type: bool
    default: true
  unserved:
    description: Whether to tell of rules that serve no path of any policy.
    type: bool
    default: false
  seconds:
    description: For one host's drift, and for its hygiene. What takes longer is told as not examined.
    type: float
    default: 20.0
  slice_number:
    description:
      - Which slice of O(hosts) this is, from 1, each being every O(slice_count)-th of them by name.
      - V(0) with a O(slice_count) above 1 means that the inventory was cut already, and that nobody said which slice
        this is.
    type: int
    default: 0
  slice_count:
    description: How many slices there are.
    type: int
    default: 0
  slices_dir:
    description: The folder that slices have left their reports in. By default O(report_dir).
    type: str
    default: ""
  result:
    description: What the step V(audit) has returned. Required where O(step) is V(verdict).
    type: raw
seealso:
  - module: pathguard.network.firewall_info
  - module: pathguard.network.policy_validate
author:
  - PathGuard developers (@pathguard)
"""

EXAMPLES = r"""
- name: Use the role instead
  ansible.builtin.import_role:
    name: pathguard.network.path_audit
  vars:
    path_audit_policies: policies
    path_audit_baseline: baseline
"""

RETURN = r"""
id:
  description: The audit's id.
  returned: where O(step) is V(audit), and it could begin
  type: str
  sample: audit-20261123-043210
verdict:
  description: V(pass), V(fail), or V(error) where the audit could not begin.
  returned: where O(step) is V(audit)
  type: str
  sample: fail
reasons:
  description: Why it fails, a line each.
  returned: where O(step) is V(audit), and it could begin
  type: list
  elements: str
summary:
  description: What becomes an artifact of an AWX job, as C(path_audit_summary), or C(path_audit_summary_2) for slice 2.
  returned: where O(step) is V(audit), and it could begin
  type: dict
report:
  description: The audit as JSON, by schemas/audit.schema.json; empty where it could not be written.
  returned: where O(step) is V(audit), and it could begin
  type: str
files:
  description: The forms of the report that were written, and where.
  returned: where O(step) is V(audit), and it could begin
  type: dict
folder:
  description: The audit's own folder; empty where none could be made.
  returned: where O(step) is V(audit), and it could begin
  type: str
trouble:
  description: What could not be written or kept. It changes no verdict, and the step V(verdict) fails on it.
  returned: where O(step) is V(audit), and it could begin
  type: list
  elements: str
seconds:
  description: How long each part took.
  returned: where O(step) is V(audit), and it could begin
  type: dict
error:
  description: Why the audit could not begin.
  returned: where C(verdict) is V(error)
  type: str
"""
