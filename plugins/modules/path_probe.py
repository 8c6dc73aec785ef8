# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: path_probe
short_description: Try new connections from hosts to targets
version_added: 0.1.0
description:
  - Opens new TCP connections from a host to targets, from each of its addresses that is asked for, and
    tells what became of them. It also looks at the connections that the host already has open to them.
  - A firewall change shows in new connections only. Those in a pool live on through the rule for
    established ones, so an application may look well while nothing new gets through.
  - The program that does it is sent to the source host over the login and leaves nothing behind. It needs
    Python 3.8 or later there, and no rights.
  - A target that can't be reached does not fail the task. Use C(failed_when) with RV(probes).
extends_documentation_fragment:
  - pathguard.network.attributes
  - pathguard.network.attributes.read_only
  - pathguard.network.attributes.each_host
  - pathguard.network.login
  - pathguard.network.login.hosts
options:
  hosts:
    description:
      - Names of inventory hosts to probe from. By default the task's own host.
    type: list
    elements: str
  targets:
    description:
      - What to connect to. Either this or O(policy) is needed.
      - Do not probe MySQL or MariaDB. A connection that is broken off before the login counts towards the
        server's C(max_connect_errors), after which the server blocks the host.
    type: list
    elements: dict
    suboptions:
      address:
        description: An IPv4 or IPv6 address, or a name that is resolved on the source host.
        type: str
        required: true
      port:
        description: A TCP port.
        type: int
        required: true
      handshake:
        description:
          - How to make sure that the server itself answers, and not only something on the way. V(none) is
            content with a connection. V(postgresql) asks whether the server speaks TLS, waits for its
            answer of one byte, and goes no further.
          - There is no handshake for MySQL, for the reason above.
        type: str
        default: none
  policy:
    description:
      - A path policy (a file, relative to the playbook's folder, or inline). Its required TCP paths say what
        is tried from which host, from which address.
      - Of a service with more than four ports in a row, those are tried that the destination was seen to
        listen on. An end of more than 64 addresses is not tried; see RV(untried).
    type: raw
  paths:
    description:
      - Names of the policy's required paths to probe. By default all of them.
    type: list
    elements: str
  snapshots:
    description:
      - Snapshot files, or folders of them, relative to the playbook's folder. With them, sources and
        destinations are those that routing chooses, and each row says what the rules let expect.
      - Without them only paths to plain addresses can be probed.
    type: list
    elements: str
  sources:
    description:
      - Addresses to connect from. Of these, a host uses those that it has; it is an error if it has none.
      - By default the address that routing chooses. Not together with O(policy), which says it itself.
    type: list
    elements: str
    default: []
  attempts:
    description: How often to try each target from each source address.
    type: int
    default: 3
  timeout:
    description: The most seconds for one attempt.
    type: float
    default: 2.0
seealso:
  - module: pathguard.network.firewall_info
author:
  - PathGuard developers (@pathguard)
"""

EXAMPLES = r"""
- name: Each application host must be able to make new connections to the database
  pathguard.network.path_probe:
    targets:
      - address: 10.20.1.10
        port: 5432
        handshake: postgresql
  register: database
  failed_when: not database.probe.all_reachable

- name: The same, from several hosts by one task
  pathguard.network.path_probe:
    hosts: "{{ groups['app'] }}"
    targets:
      - {address: db1.example.org, port: 5432}
    attempts: 5
  run_once: true

- name: What the policy asks for, from each application host
  pathguard.network.path_probe:
    hosts: "{{ groups['app'] }}"
    policy: policies/shop.yml
    paths: [app to primary]
    snapshots: [snapshots]
  run_once: true
"""

RETURN = r"""
probes:
  description: What was found, by source host; hosts that could not be used are in RV(errors).
  returned: always
  type: dict
  contains:
    all_reachable:
      description: Whether every attempt from every source to every target got through.
      type: bool
    missing_sources:
      description: Those of O(sources) that the host does not have.
      type: list
      elements: str
    paths:
      description: A row for each source address and target.
      type: list
      elements: dict
      contains:
        source:
          description: The address that the connections came from, or null if there was no route.
          type: str
        address:
          description: The target's address.
          type: str
        port:
          description: The target's port.
          type: int
        name:
          description: The target's name, if it was given by name.
          type: str
        handshake:
          description: As asked for.
          type: str
        result:
          description:
            - V(reachable) if all attempts got through, V(flapping) if some did, else what became of most
              of them. V(refused), V(timeout), V(reset) speak for themselves; V(handshake_failed) means
              connected but not answered as it should be, V(no_route) that the host itself knows no way,
              V(network_error) anything else, told in C(error).
          type: str
        reachable:
          description: How many attempts got through.
          type: int
        attempts:
          description: How many attempts were made.
          type: int
        failures:
          description: How often each kind of failure was met.
          type: dict
        path:
          description: The name of the policy's path.
          type: str
          returned: with O(policy)
        expect:
          description:
            - What the rules let expect, V(open), V(cut) (on some leg at least) or V(unknown).
          type: str
          returned: with O(policy)
        error:
          description: What the kernel or the server said, if it said more than its kind.
          type: str
        ms:
          description: Shortest, median and longest time of the attempts that got through, in milliseconds.
          type: dict
        pooled:
          description:
            - C(established) connections that the host had open to the target before, and how many of them
              look C(alive), that is, are not waiting in vain for an answer.
          type: dict
          sample: {established: 3, alive: 3}
probe:
  description: The same as in RV(probes), for a task that names a single host.
  returned: when there is one host
  type: dict
untried:
  description:
    - Those of the policy's paths of which nothing can be tried, from any host. They have no TCP service, too
      many addresses, or, without O(snapshots), a destination that is no plain address.
  returned: with O(policy)
  type: list
  elements: str
errors:
  description: Why a host could not be used, by host.
  returned: when a host could not be used
  type: dict
"""
