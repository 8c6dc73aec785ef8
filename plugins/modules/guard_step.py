# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: guard_step
short_description: One step of the guard (internal to the path_guard role)
version_added: 0.1.0
description:
  - What the role P(pathguard.network.path_guard#role) calls before and after a change. Use the role; this
    action's options may change without notice.
  - Every step runs once for all hosts of the batch, and logs in to all hosts of the policy at once, also to those
    outside of the play.
extends_documentation_fragment:
  - pathguard.network.attributes
  - pathguard.network.login
  - pathguard.network.login.command_timeout
  - pathguard.network.playbook
options:
  step:
    description:
      - V(pre) proves the paths and arms the checkpoints; V(post) proves them anew, and confirms or restores.
      - V(revert) restores a run's hosts; V(close) does so for runs that an interrupted play has left open.
      - V(verdict) fails if the step before came to no good decision.
    type: str
    required: true
    choices: [pre, post, revert, close, verdict]
  policy:
    description: The policy, as a path or as a mapping. Needed by O(step=pre).
    type: raw
  hops:
    description:
      - Hosts to read beside those that the policy names.
      - By default the routers that the routes between those lead over.
    type: list
    elements: str
  protect:
    description: Hosts that get a checkpoint. By default all that can.
    type: list
    elements: str
  change_tasks:
    description: The file of tasks that the role is going to include; checked before anything is armed.
    type: str
  snapshot_dir:
    description: The folder for the records, snapshots and reports of all runs.
    type: str
    default: pathguard
  run_id:
    description: The run that a step is about; with O(step=pre), what the new run is to be called.
    type: str
    default: ""
  timeout:
    description: Seconds after which the checkpoints restore by themselves.
    type: int
    default: 300
  expected_changes:
    description: Names of paths, and flows, that the change is meant to alter.
    type: list
    elements: raw
    default: []
  candidates:
    description:
      - By host, what the change is going to apply, as in
        O(pathguard.network.policy_validate#module:candidates).
    type: raw
  accept_violations:
    description: Go on although the policy is violated before the change.
    type: bool
    default: false
  probe:
    description: Make new connections from every source address as well.
    type: bool
    default: true
  probe_timeout:
    description: Seconds for one attempt.
    type: float
    default: 2.0
  settle:
    description: Seconds between the two proofs after the change; 0 proves once.
    type: float
    default: 3.0
  reason:
    description: Why a run is reverted by hand; it is kept in the hosts' records.
    type: str
    default: ""
  result:
    description: What the step before returned. Needed by O(step=verdict).
    type: raw
attributes:
  check_mode:
    description: In check mode the paths are read and proven, nothing is armed, and the change counts as not tested.
    support: partial
    details: A change that is only pretended can't be judged.
  bypass_host_loop:
    description: Runs once for all hosts of the batch, by the C(run_once) that the role gives it.
    support: none
    details: Without C(run_once), and with a strategy in which hosts don't wait for each other, it fails.
  diff_mode:
    description: Shows the flows that were gained and lost, and the rules that were changed.
    support: full
seealso:
  - module: pathguard.network.firewall_checkpoint
  - module: pathguard.network.policy_validate
author:
  - PathGuard developers (@pathguard)
"""

EXAMPLES = r"""
- name: Use the role instead
  ansible.builtin.import_role:
    name: pathguard.network.path_guard
  vars:
    path_guard_policy: policy.yml
    path_guard_change_tasks: change.yml
"""

RETURN = r"""
run_id:
  description: The run's id, which is its folder's name too.
  returned: always
  type: str
  sample: 20261122-153147-ed16
decision:
  description:
    - V(confirmed), V(reverted) (and proven), V(unproven) (act by hand), V(failed) (not good, and nothing to
      revert), V(not tested) (check mode), V(closed).
  returned: with any step but pre
  type: str
  sample: confirmed
good:
  description: Whether the change was kept, or what was asked for is done.
  returned: with post, revert and close
  type: bool
paths:
  description: Each path of the policy with C(name), C(status), C(satisfied) and C(share).
  returned: with pre, post and revert
  type: list
  elements: dict
report:
  description: The report as JSON, by schemas/report.schema.json.
  returned: with pre, post and revert
  type: str
  sample: /srv/update/pathguard/20261122-153147-ed16/report.json
report_text:
  description: The same for people.
  returned: with post and revert
  type: str
summary:
  description: At most five lines.
  returned: with post and revert
  type: str
change_tasks:
  description: The change's file of tasks, absolute.
  returned: with pre
  type: str
protected:
  description: The hosts whose checkpoints are armed.
  returned: with pre
  type: list
  elements: str
errors:
  description: Where several hosts could not be read, each one's whole error; the message tells the first of them.
  returned: when several hosts could not be read
  type: dict
unprotected:
  description: Hosts that can't get a checkpoint, and why.
  returned: with pre
  type: dict
"""
