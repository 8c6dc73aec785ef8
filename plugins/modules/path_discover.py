# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: path_discover
short_description: Propose a path policy from what is connected now
version_added: 0.1.0
description:
  - Looks at the open connections of hosts (their own sockets, and what connection tracking knows of those that they
    pass on), and proposes required paths in the words of the inventory, each with the evidence, as a policy to edit.
  - Nothing is sent to anybody but the login itself. The program that looks is sent over it and leaves nothing behind.
    It needs Python 3.8 or later on the host.
  - Without C(become), connection tracking and the names of other users' programs can't be read. It is told.
  - What connection tracking shows as unanswered is no evidence, and neither are loopback, link-local and multicast
    addresses, and logins from where this runs.
extends_documentation_fragment:
  - pathguard.network.attributes
  - pathguard.network.attributes.once
  - pathguard.network.login
  - pathguard.network.login.hosts
  - pathguard.network.login.timeout
attributes:
  check_mode:
    description: Looks, and does not write the file.
    support: full
  diff_mode:
    description: Returns details on what has changed, or could be changed.
    support: none
options:
  seconds:
    description:
      - For how long to look. A connection is seen if it is open at one of the looks, one each second, or if
        connection tracking still knows it, which is two minutes after its end as a rule.
    type: float
    default: 10.0
  file:
    description:
      - Where to write the policy, relative to the playbook's folder. Its mode is 0600.
      - By default none is written; RV(text) has it.
    type: str
  force:
    description: Whether to write over a file that is there.
    type: bool
    default: false
  title:
    description: The policy's title.
    type: str
    default: What is connected
  groups:
    description: Group names and their hosts, in whose words to speak. By default the inventory's.
    type: dict
seealso:
  - module: pathguard.network.policy_validate
author:
  - PathGuard developers (@pathguard)
"""

EXAMPLES = r"""
- name: Nobody starts with an empty page
  pathguard.network.path_discover:
    hosts: "{{ groups['app'] + groups['db'] + groups['firewalls'] }}"
    seconds: 60
    file: policies/proposed.yml
  become: true
  run_once: true
  register: seen

- name: What was seen
  ansible.builtin.debug:
    var: seen.proposed
"""

RETURN = r"""
proposed:
  description: The required paths, those with the most sources first.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The path's name, unique in the policy.
      type: str
      sample: postgresql from app to db_primary
    from:
      description: An endpoint, as in a policy.
      type: dict
      sample: {group: app}
    to:
      description: An endpoint, as in a policy.
      type: dict
      sample: {group: db_primary}
    service:
      description: A service, as in a policy.
      type: raw
      sample: postgresql
    families:
      description: The address family, where only one was seen and the ends don't tell.
      returned: when there is one
      type: list
      elements: str
    evidence:
      description:
        - C(connections) (how many), C(from) and C(to) (hosts, or addresses that none has), C(sockets_of) and
          C(tracked_by) (who showed them), C(client_programs), C(server_programs), C(translated_to) (where connection
          tracking sends them), C(not_seen) (hosts of the proposed group without any), C(family).
      type: dict
policy:
  description: The whole policy. Empty if nothing was connected.
  returned: success
  type: dict
text:
  description: The same as YAML, with the evidence as comments.
  returned: success
  type: str
file:
  description: Where it was written.
  returned: success
  type: str
left_out:
  description: Connections that are in no proposal, by reason.
  returned: success
  type: dict
  sample: {logins from where this discovery runs: 3}
unreadable:
  description: What could not be seen, with C(host), C(what) and C(reason). A host that did not answer is one of them.
  returned: success
  type: list
  elements: dict
skipped:
  description: Hosts that are no Linux hosts.
  returned: success
  type: list
  elements: str
errors:
  description: Why a host did not answer, by host.
  returned: when none did
  type: dict
"""
