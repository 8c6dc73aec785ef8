# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: diagnose_step
short_description: Find why hosts can't reach a service (internal to the path_diagnose role)
version_added: 0.1.0
description:
  - What the role P(pathguard.network.path_diagnose#role) calls. Use the role; this action's options may change without
    notice.
  - Logs in to all hosts of the question and to the routers between them at once, changes nothing on them, and tries few
    connections.
extends_documentation_fragment:
  - pathguard.network.attributes
  - pathguard.network.attributes.by_role
  - pathguard.network.attributes.read_only
  - pathguard.network.login
  - pathguard.network.login.command_timeout
  - pathguard.network.playbook
options:
  from:
    description: The hosts that can't reach something - a group, hosts, or addresses - as a list or separated by commas.
    type: raw
  to:
    description: What they can't reach - a group, hosts, addresses, or DNS names.
    type: raw
  service:
    description: The service as policies write it, such as V(postgresql) or V(6432/tcp).
    type: raw
  policy:
    description:
      - A policy instead, as a path or as a mapping. What of its required paths is cut off, and of its forbidden ones
        open.
    type: raw
  paths:
    description: Names of those paths of O(policy) that are in question. By default all.
    type: list
    elements: str
  names:
    description: DNS names by which the sources know the destination.
    type: list
    elements: str
  login:
    description:
      - A C(user) and a C(database) of PostgreSQL. With them one login from each source is begun and given up when the
        server asks for a password.
    type: dict
  hops:
    description:
      - Firewalls and routers on the way.
      - By default the routers that the routes lead over.
    type: list
    elements: str
  history:
    description: A folder with folders of earlier snapshots. By default O(dir), where runs leave theirs.
    type: str
    default: ""
  baseline:
    description: A folder of snapshots in which all was good.
    type: str
    default: ""
  probe:
    description: Whether to try connections and large packets.
    type: bool
    default: true
  probe_timeout:
    description: Seconds for one attempt.
    type: float
    default: 2.0
  dir:
    description: The folder for what a diagnosis leaves, in a folder of its own.
    type: str
    default: pathguard
  bundle:
    description: Whether to make an archive of it for the ticket.
    type: bool
    default: true
  run_id:
    description: What the diagnosis is to be called, by default its time.
    type: str
    default: ""
seealso:
  - module: pathguard.network.path_probe
  - module: pathguard.network.policy_validate
author:
  - PathGuard developers (@pathguard)
"""

EXAMPLES = r"""
- name: Use the role instead
  ansible.builtin.import_role:
    name: pathguard.network.path_diagnose
  vars:
    path_diagnose_from: app
    path_diagnose_to: db_primary
    path_diagnose_service: postgresql
"""

RETURN = r"""
run_id:
  description: The diagnosis' id, which is its folder's name too.
  returned: success
  type: str
  sample: diagnosis-20261123-043210
verdict:
  description:
    - What it is. C(kind) is V(firewall), V(not_firewall) (something else), V(nothing) (all works now) or V(unknown).
    - C(text) is one line for people, C(certain) tells whether it is proven or measured, and C(cleared) whether no
      firewall rule that was read can be the cause.
  returned: success
  type: dict
  sample: {kind: not_firewall, certain: true, cleared: true, text: "It is not the firewall: db1: ..."}
summary:
  description: At most five lines.
  returned: success
  type: str
causes:
  description: The likeliest five, each with C(layer), C(host), C(what), C(confidence), C(firewall), C(commands),
    C(when) and C(hosts).
  returned: success
  type: list
  elements: dict
paths:
  description: Each path in question with C(name), C(status) and C(share), by rules and routes.
  returned: success
  type: list
  elements: dict
seconds:
  description: How long each step took.
  returned: success
  type: dict
report:
  description: The diagnosis as JSON, by schemas/diagnosis.schema.json.
  returned: success
  type: str
report_text:
  description: The same for people.
  returned: success
  type: str
bundle:
  description: The archive for the ticket.
  returned: success, with O(bundle)
  type: str
errors:
  description: Where several hosts could not be read, each one's whole error; the message tells the first of them.
  returned: when no source host could be read
  type: dict
"""
