# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: monitor_step
short_description: Look whether paths are as they should be, and tell changes (internal to the path_monitor role)
version_added: 0.1.0
description:
  - What the role P(pathguard.network.path_monitor#role) calls. Use the role; this action's options may change without
    notice.
  - Logs in to all hosts of the policy and to the routers between them, changes nothing on them, and tries few
    connections.
extends_documentation_fragment:
  - pathguard.network.attributes
  - pathguard.network.attributes.by_role
  - pathguard.network.attributes.read_only
  - pathguard.network.login
  - pathguard.network.playbook
options:
  policy:
    description: The policy, as a path or as a mapping. It must be given.
    type: raw
  name:
    description: What notices and metrics call this monitor.
    type: str
    default: monitor
  hops:
    description:
      - Firewalls and routers on the way.
      - By default the routers that the routes lead over.
    type: list
    elements: str
  only:
    description: Hosts that have just changed. Only these are read, and no connection is tried.
    type: list
    elements: str
  interval:
    description: Seconds from the beginning of a round to that of the next.
    type: float
    default: 30.0
  lasting:
    description: Seconds for which rounds are begun. V(0) is one round.
    type: float
    default: 0.0
  confirm:
    description: How many times in a row something must be seen before it is told.
    type: int
    default: 2
  pause:
    description: Seconds between these.
    type: float
    default: 3.0
  flaps:
    description: So many changes within 15 minutes make a path flap; V(0) never.
    type: int
    default: 12
  probe:
    description: Whether to try connections.
    type: bool
    default: true
  probe_timeout:
    description: Seconds for one connection.
    type: float
    default: 2.0
  per_minute:
    description: The most connections in a minute to one address and port.
    type: int
    default: 60
  host_timeout:
    description: Seconds for one host, login and work together.
    type: float
    default: 15.0
  fail_on:
    description: Whether a path that is not as wanted fails the task. That is told either way.
    type: str
    choices: [never, violation]
    default: never
  webhooks:
    description:
      - URLs that notices are posted to. By default the one of the environment variable E(PATHGUARD_WEBHOOK_URL), in the
        shape of E(PATHGUARD_WEBHOOK_SHAPE).
      - Where there is one, and it has no token of its own, its token is that of E(PATHGUARD_WEBHOOK_TOKEN), unless
        E(PATHGUARD_WEBHOOK_URL) is another receiver's.
    type: list
    elements: dict
    default: []
    suboptions:
      url:
        description: The URL, which is a secret.
        type: str
        required: true
      shape:
        description: What it takes.
        type: str
        choices: [generic, slack, teams]
        default: generic
      token:
        description: Sent as a Bearer token, where the receiver wants one. A secret.
        type: str
        default: ""
  mail:
    description: A mail server that takes notices.
    type: dict
    suboptions:
      host:
        description: Its name or address.
        type: str
        required: true
      port:
        description: Its port. V(0) is the usual one.
        type: int
        default: 0
      security:
        description: How the connection is protected.
        type: str
        choices: [starttls, tls, none]
        default: starttls
      user:
        description: Who logs in; empty for nobody.
        type: str
        default: ""
      password:
        description: The password. By default that of the environment variable E(PATHGUARD_MAIL_PASSWORD).
        type: str
        default: ""
      from:
        description: The sender.
        type: str
        required: true
      to:
        description: Who gets the notices.
        type: list
        elements: str
        required: true
  channel_timeout:
    description: Seconds for connecting to a webhook or mail server, and for each answer.
    type: float
    default: 5.0
  textfile:
    description: A file of metrics for Prometheus' node exporter.
    type: str
    default: ""
  state_dir:
    description: What one run leaves to the next. By default a folder for each policy, in C(pathguard/monitor).
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
    name: pathguard.network.path_monitor
  vars:
    path_monitor_policy: policy.yml
"""

RETURN = r"""
busy:
  description: Whether another monitor has the same files and does the work.
  returned: success
  type: bool
rounds:
  description: How many rounds came to an end.
  returned: success
  type: int
paths:
  description: Path -> its C(status), C(satisfied), C(connections) (V(failing) or V(passing) against the rules) and
    C(good).
  returned: success
  type: dict
notices:
  description: What was told, by schemas/notice.schema.json; the last 20.
  returned: success
  type: list
  elements: dict
delivered:
  description: How many deliveries arrived.
  returned: success
  type: int
waiting:
  description: Channel -> notices that it has not got yet.
  returned: success
  type: dict
troubles:
  description: What did not work - hosts that could not be read, files that could not be written, channels that are
    down.
  returned: success
  type: list
  elements: str
state_dir:
  description: The folder for what one run leaves to the next.
  returned: success
  type: str
"""
