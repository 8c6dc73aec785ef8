# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: document_step
short_description: Document firewalls and paths (internal to the path_document role)
version_added: 0.1.0
description:
  - What the role P(pathguard.network.path_document#role) calls. Use the role; this action's options may change without
    notice.
  - Reads all hosts at once, or what was saved of them, and writes pages on the controller. Nothing is changed on any
    host.
extends_documentation_fragment:
  - pathguard.network.attributes
  - pathguard.network.attributes.once
  - pathguard.network.login
  - pathguard.network.login.command_timeout
  - pathguard.network.playbook
options:
  title:
    description: What the documented network is called.
    type: str
    required: true
  policies:
    description: Policy files, folders of them, or policies themselves. An empty list is none, on purpose.
    type: raw
  hosts:
    description: The hosts to document.
    type: list
    elements: str
    required: true
  snapshots:
    description: A folder of snapshots to read instead of the hosts.
    type: str
    default: ""
  files:
    description: A folder of saved outputs to read instead of the hosts.
    type: str
    default: ""
  dir:
    description: The folder for the pages.
    type: str
    default: documentation
  formats:
    description: Some of V(markdown), V(html) and V(runbook).
    type: list
    elements: str
    default: [markdown, html, runbook]
attributes:
  check_mode:
    description: Tells which pages would be written, and writes none.
    support: full
  diff_mode:
    description: Shows what differs in each page.
    support: full
seealso:
  - module: pathguard.network.firewall_info
  - module: pathguard.network.policy_validate
author:
  - PathGuard developers (@pathguard)
"""

EXAMPLES = r"""
- name: Use the role instead
  ansible.builtin.import_role:
    name: pathguard.network.path_document
  vars:
    path_document_policies: policies
"""

RETURN = r"""
directory:
  description: The folder with the pages.
  returned: success
  type: str
pages:
  description: Those that are new, changed or removed.
  returned: success
  type: list
  elements: str
hosts:
  description: How many hosts there are in the documentation.
  returned: success
  type: int
unread:
  description: Hosts that could not be read. They are in the documentation as that.
  returned: success
  type: list
  elements: str
not_judged:
  description: Policies that could not be judged.
  returned: success
  type: list
  elements: str
paths:
  description: How many paths there are.
  returned: success
  type: int
rules_without_path:
  description: How many rules let connections begin and serve no path; null where that is not known.
  returned: success
  type: int
"""
